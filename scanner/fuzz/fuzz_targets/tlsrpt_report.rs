//! Reports in any form: found and judged without a panic, within bounds, and none lost without a reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sts_reports::input::{MOST_UNPACKED, Met, stream};
use sts_reports::parse::{MOST_DETAILS, MOST_POLICIES, parse};
use sts_reports::report::MOST_NOTES;

fuzz_target!(|data: &[u8]| {
    let mut met = 0;
    let done = stream(&mut &*data, "fuzz", &mut |one| {
        met += 1;
        let Met::Text(text, _) = one else { return Ok(()) };
        assert!(text.len() <= MOST_UNPACKED);
        let judged = parse(text);
        assert!(judged.notes.len() <= MOST_NOTES);
        assert!(judged.is_tolerated() || !judged.is_valid());
        assert_eq!(judged.report.is_none(), judged.why_not().is_some());
        if let Some(report) = &judged.report {
            assert!(report.policies.len() <= MOST_POLICIES);
            let details = report.policies.iter().flat_map(|policy| &policy.failures).flatten().count();
            assert!(details <= MOST_DETAILS);
            for policy in &report.policies {
                assert!(policy.successful.is_none_or(|count| count >= 0));
                let _ = (policy.mode(), policy.failed_in_details());
                for other in [&report.other, &policy.other].into_iter().flatten() {
                    assert!(serde_json::from_str::<serde::de::IgnoredAny>(other).is_ok());
                }
            }
        }
        Ok(())
    });
    assert!(done.is_ok() && met > 0);
});
