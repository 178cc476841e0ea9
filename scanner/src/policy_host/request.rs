//! What is asked of a policy host, and how the exchange ends.

use crate::tls::Hello;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

/// What to fetch, and how.
#[derive(Debug, Clone, Copy)]
pub struct Fetch<'a> {
    /// `mta-sts.<domain>`: the name in the URL, in Host and in SNI, and the one the certificate is judged
    /// for.
    pub host: &'a str,
    /// One of its addresses, and the port, which the URL does not show.
    pub addr: SocketAddr,
    /// What the ClientHello has.
    pub hello: Hello,
    /// Whether HTTP/2 is offered, and not HTTP/1.1.
    pub is_http2: bool,
    /// For all of it, from the connect to the last byte.
    pub deadline: Duration,
    /// User-Agent, with how to reach us.
    pub user_agent: &'a str,
    /// Most bytes of a body that are kept; one more is too large.
    pub max_bytes: usize,
}

/// Why an exchange broke off.
pub(super) type Cause = Box<dyn Error + Send + Sync>;

/// How the exchange ended.
pub(super) enum Ending {
    /// With the last byte, or with the first that is too many.
    Whole,
    /// Before that, by the host or by the way there.
    Broken(Cause),
    /// By the deadline.
    Deadline,
}
