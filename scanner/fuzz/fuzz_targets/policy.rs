//! A policy's text: parsed without a panic, printed stably, faults inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sts_scanner::mta_sts::policy;

fuzz_target!(|data: &[u8]| {
    let parsed = policy::parse(data);
    assert!(parsed.lenient || !parsed.valid);
    if let Some(printed) = parsed.print() {
        let again = policy::parse(printed.as_bytes());
        assert!(again.valid);
        assert_eq!((again.mode, again.max_age_s, &again.mx), (parsed.mode, parsed.max_age_s, &parsed.mx));
        assert_eq!(again.print().as_deref(), Some(printed.as_str()));
    }
    let lines = data.split(|&b| b == b'\n').count();
    assert!(parsed.faults.iter().all(|fault| (1..=lines + 1).contains(&fault.line) && fault.column > 0));
});
