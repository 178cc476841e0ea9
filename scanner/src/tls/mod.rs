//! TLS as a measurement: a client that accepts every certificate and records it, and a judge that is apart
//! from it.

pub mod certificate;
pub mod client;
mod der;
mod differs;
pub mod failure;
#[cfg(test)]
mod issuing;
pub mod judge;
pub mod legacy;
mod names;
mod path;
pub mod paths;
mod policies;
pub mod presented;
mod rsa;
pub(crate) mod sealed;
mod signature;
pub mod store;
pub mod tlsa;
pub mod trust;
mod witness;

pub use client::{Hello, TlsClient};
pub use trust::{Trust, TrustError, TrustSource};
pub use witness::KeyProof;
