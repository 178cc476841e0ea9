//! Points at which a test breaks the program off, as a kill or a panic of a library would. A release build
//! has none of them.

#[cfg(debug_assertions)]
use std::sync::LazyLock;

/// The variable that names the point.
#[cfg(debug_assertions)]
const BREAK_AT: &str = "STS_SCAN_BREAK_AT";

#[cfg(debug_assertions)]
static POINT: LazyLock<Option<String>> = LazyLock::new(|| std::env::var(BREAK_AT).ok());

/// A point that is reached: the program ends here without another word where a test named it.
#[inline]
pub fn at(point: &str) {
    #[cfg(debug_assertions)]
    if POINT.as_deref() == Some(point) {
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = point;
}

/// A domain or host that is looked at: its task panics here where a test named it.
#[inline]
#[allow(clippy::panic, reason = "this is what it is for")]
pub fn looking_at(name: &str) {
    #[cfg(debug_assertions)]
    if POINT.as_deref().is_some_and(|point| point.strip_prefix("look:") == Some(name)) {
        panic!("a test broke the look at {name} off");
    }
    #[cfg(not(debug_assertions))]
    let _ = name;
}
