//! TLS as a measurement: a client that accepts every certificate and records it, and a judge that is apart
//! from it.

pub mod certificate;
pub mod client;
pub mod failure;
pub mod judge;
pub mod legacy;
pub mod paths;
pub mod presented;
pub(crate) mod sealed;
mod signature;
pub mod store;
pub mod tlsa;
pub mod trust;
mod witness;

pub use client::{Hello, TlsClient};
pub use trust::{Trust, TrustError, TrustSource};
pub use witness::KeyProof;
