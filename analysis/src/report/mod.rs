//! The report: one page with figures and tables of one or many datasets.

pub mod figure;
