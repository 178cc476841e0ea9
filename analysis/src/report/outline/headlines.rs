//! The numbers at the head of the report.

use super::{ALL, D1, Headline, Of, RANGE, SIGNALLERS, SIGNALLERS_RANGE};

/// The numbers at the head.
pub const HEADLINES: [Headline; 8] = [
    Headline {
        query: "adoption",
        keep: &[D1, ALL],
        value: "names",
        range: None,
        of: None,
        label: "names with MX records",
    },
    Headline {
        query: "adoption",
        keep: &[D1, ALL],
        value: "signallers_pct",
        range: SIGNALLERS_RANGE,
        of: Some(SIGNALLERS),
        label: "of them signal MTA-STS",
    },
    Headline {
        query: "adoption",
        keep: &[D1, ALL],
        value: "adopters_pct",
        range: Some(("adopters_low", "adopters_high")),
        of: Some(Of { count: "adopters", of: "names", less: Some("undecided") }),
        label: "adopt it with one valid record",
    },
    Headline {
        query: "mode",
        keep: &[("policy", &["usable"]), ("mode", &["enforce"])],
        value: "signallers_pct",
        range: SIGNALLERS_RANGE,
        of: Some(Of { count: "signallers", of: "of_signallers", less: None }),
        label: "of usable policies enforce",
    },
    Headline {
        query: "stages",
        keep: &[("stage", &["any"])],
        value: "pct",
        range: RANGE,
        of: Some(Of { count: "errors", of: "signallers", less: Some("open") }),
        label: "of signallers have an error",
    },
    Headline {
        query: "verdicts",
        keep: &[("verdict", &["validated"])],
        value: "strict_pct",
        range: Some(("strict_low", "strict_high")),
        of: Some(Of { count: "strict", of: "of_strict", less: None }),
        label: "of signallers: every MX host passes, enforced",
    },
    Headline {
        query: "verdicts",
        keep: &[("verdict", &["refused"])],
        value: "strict",
        range: None,
        of: None,
        label: "domains to which a strict sender does not deliver",
    },
    Headline {
        query: "tlsrpt",
        keep: &[D1, ALL],
        value: "valid_pct",
        range: Some(("valid_low", "valid_high")),
        of: Some(Of { count: "valid", of: "names", less: Some("undecided") }),
        label: "of names with MX ask for TLS reports",
    },
];
