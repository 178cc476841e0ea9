//! Tables, drawn by SQL from one or many datasets of `sts-scan`.
