//! The scanner of STS Census: domain lists in, evidence about MTA-STS (RFC 8461) out, as Parquet.
//!
//! The modules in the order of a domain's way: [`input`] → [`dns`] → [`policy_host`] → [`smtp`] (with
//! [`tls`]) → [`dataset`] → [`assess`]. Below them lies [`evidence`], what the program says about the world.
//! [`plan`] holds what an operator sets, [`admission`] every permission, [`probe`] the stages, [`scan`] the
//! threads. Which may import which is a table in `tests/map`.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "tests raise servers of their own; the library is linted without them too"
    )
)]

pub mod admission;
pub mod assess;
pub mod check;
pub mod cli;
pub mod companion;
pub mod dataset;
pub mod destination;
pub mod dictionary;
pub mod dns;
pub mod error;
pub mod evidence;
pub mod fault;
pub mod findings;
pub mod generate;
pub mod hook;
pub mod identity;
pub mod input;
pub mod interrupt;
pub mod lists;
pub mod meters;
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
pub mod terminal;
pub mod tls;
pub mod uplink;
pub mod validate;
