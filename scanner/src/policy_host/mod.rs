//! Fetching a policy (RFC 8461 section 3.3) from one address of `mta-sts.<domain>`. The only place that names
//! reqwest.
//!
//! The TLS client accepts every certificate, so that the text behind a bad one is kept; the judgement of the
//! certificate is apart, and decides the outcome before anything that HTTP says.

mod fetch;
mod fetched;
mod http;
mod http2;
mod request;
mod watch;

pub use fetch::{POLICY_HEADERS, fetch};
pub use fetched::Fetched;
pub use http::HEADER_BYTES;
pub use http2::{HTTP2_BYTES, HTTP2_HEADER_BYTES, HTTP2_WINDOW};
pub use request::Fetch;

/// Whether a name can stand as the host of a URL: broken punycode, for one, cannot, and then no sender can
/// ask for a policy.
#[must_use]
pub fn is_url_host(name: &str) -> bool {
    reqwest::Url::parse(&format!("https://{name}/")).is_ok_and(|url| url.host_str() == Some(name))
}
