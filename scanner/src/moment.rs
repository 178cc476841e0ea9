//! The clock: the only place that asks for the time of day (`clippy.toml` forbids it elsewhere).
//!
//! The time of day may jump: it dates rows and says whether a certificate is valid. What waits, measures or
//! gives up goes by `Instant`, which does not.

use crate::evidence::rows::Micros;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Microseconds since 1970-01-01T00:00:00Z; 0 where the machine's clock stands before that.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "this is the place")]
pub fn now() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Seconds since 1970-01-01T00:00:00Z; 0 where the machine's clock stands before that.
#[must_use]
pub fn seconds() -> u64 {
    u64::try_from(now() / 1_000_000).unwrap_or(0)
}

/// A duration in whole milliseconds, for columns.
#[must_use]
pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A moment as RFC 3339 writes it, to the second, UTC; for the manifest and messages.
#[must_use]
pub fn rfc3339(at: Micros) -> String {
    let since = Duration::from_micros(u64::try_from(at).unwrap_or(0));
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string()
}

/// The moment so many seconds from now, as RFC 3339 writes it.
#[must_use]
pub fn rfc3339_in(seconds: u64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(self::seconds() + seconds)).to_string()
}

/// Seconds since 1970 of a moment as RFC 3339 writes it; `None` where it is none, or before that.
#[must_use]
pub fn seconds_of_rfc3339(text: &str) -> Option<u64> {
    let at = humantime::parse_rfc3339(text).ok()?;
    Some(at.duration_since(UNIX_EPOCH).ok()?.as_secs())
}
