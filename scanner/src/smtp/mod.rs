//! One SMTP conversation up to STARTTLS and its handshake (RFC 5321, RFC 3207). No mail is ever offered.

pub mod connection;
mod inside;
mod limited;
pub mod registry;
pub mod reply;
pub mod session;

pub use connection::{Deadlines, Greeting, SmtpRequest, probe, probe_legacy};
