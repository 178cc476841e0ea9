//! The scanner of STS Census: domain lists in, evidence about MTA-STS (RFC 8461) out, as Parquet.
pub mod dataset;
