//! A host and patterns, one per line: case never matters, and a wildcard never crosses a label.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sts_scanner::mta_sts::mx_pattern;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let host = lines.next().unwrap_or_default();
    for pattern in lines {
        let found = mx_pattern::matches(host, pattern);
        if host.is_ascii() {
            assert_eq!(found, mx_pattern::matches(&host.to_ascii_uppercase(), &pattern.to_ascii_lowercase()));
            let labels = |name: &str| name.strip_suffix('.').unwrap_or(name).split('.').count();
            assert!(!found || labels(host) == pattern.split('.').count(), "{host} {pattern}");
        }
        let _ = mx_pattern::check(pattern.as_bytes());
        if let Some(a_label) = mx_pattern::a_label(pattern.as_bytes()) {
            assert_eq!(mx_pattern::check(a_label.as_bytes()), Ok(()));
        }
    }
});
