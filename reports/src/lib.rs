//! TLS-RPT aggregate reports (RFC 8460) as senders write them: read without loss, with every fault listed.
//!
//! [`input`] finds the reports in files, folders, mailboxes, mails and archives; [`parse::parse`] judges one
//! report's JSON; [`store`] keeps them as Parquet tables.

pub mod fault;
pub mod input;
pub mod parse;
pub mod report;
pub mod store;
pub mod visible;
