//! TLS-RPT aggregate reports (RFC 8460) as senders write them: read without loss, with every fault listed.
//!
//! [`parse::parse`] judges one report's JSON.

pub mod fault;
pub mod parse;
pub mod report;
