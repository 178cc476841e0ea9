//! The scanner of STS Census: domain lists in, evidence about MTA-STS (RFC 8461) out, as Parquet.
//!
//! The modules in the order of a domain's way: `input` → `dns` → `policy_host` → `smtp` (with `tls`) → `dataset` →
//! `assess`. `plan` holds every limit, `admission` every permission, `probe` the order of the stages, `scan` the threads.

pub mod admission;
pub mod assess;
pub mod check;
pub mod cli;
pub mod companion;
pub mod dataset;
pub mod dictionary;
pub mod dns;
pub mod error;
pub mod evidence;
pub mod fault;
pub mod findings;
pub mod generate;
pub mod identity;
pub mod input;
pub mod interrupt;
pub mod line;
pub mod moment;
pub mod mta_sts;
pub mod plan;
pub mod policy_host;
pub mod probe;
pub mod progress;
pub mod runtime;
pub mod scan;
pub mod smtp;
pub mod summary;
pub mod telemetry;
pub mod tls;
pub mod validate;
