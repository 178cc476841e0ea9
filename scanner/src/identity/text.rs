//! The checks, shown to a person.

use super::{Check, CheckOutcome};
use std::fmt::Write as _;

/// A line per check, and what to do below it.
#[must_use]
pub fn text(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let outcome = match check.outcome {
            CheckOutcome::Good => "good",
            CheckOutcome::Bad => "bad",
            CheckOutcome::Open => "open",
        };
        let _ = writeln!(text, "{outcome:<5} {}: {}", check.what, check.found);
        if let Some(remedy) = &check.remedy {
            let _ = writeln!(text, "      {remedy}");
        }
    }
    text
}
