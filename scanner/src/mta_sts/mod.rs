//! MTA-STS, TLSRPT and DMARC text, read to the letter and as a lenient sender reads it.
//!
//! Pure: no sockets, no clock, no allocation where there is nothing to say. Every reader takes any bytes,
//! never panics and needs time linear in what it is given.
//!
//! Two senders are told apart throughout. The *strict* one follows RFC 8461 and RFC 8460 to the letter. The
//! *lenient* one forgives what most deployed senders forgive; each reader's documentation lists its rules.
//! What a text is to either follows from the [`Weight`] of its faults.

pub mod dmarc;
pub(crate) mod escaped;
mod fields;
pub mod mx_pattern;
pub mod policy;
pub mod record;
pub mod text;
pub mod tlsrpt;

use crate::evidence::Code;

/// What a fault costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weight {
    /// Neither sender can use the text.
    Broken,
    /// Against the RFC's letter, but most deployed senders take it.
    Forgiven,
    /// Worth saying; the text is valid all the same.
    Remark,
}

/// One thing to say about a text, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Code of the finding.
    pub code: Code,
    /// What it costs.
    pub weight: Weight,
    /// Line of a policy, or number of the TXT record among those given, from 1. 0 where it is the whole.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
}

impl Fault {
    const fn new(code: Code, weight: Weight, line: usize, column: usize) -> Self {
        Self { code, weight, line, column }
    }
}

/// Whether a text with these faults is valid to the letter.
#[must_use]
pub(crate) fn strictly_valid(faults: &[Fault]) -> bool {
    faults.iter().all(|fault| fault.weight == Weight::Remark)
}

/// Whether a lenient sender takes a text with these faults.
#[must_use]
pub(crate) fn leniently_valid(faults: &[Fault]) -> bool {
    faults.iter().all(|fault| fault.weight != Weight::Broken)
}
