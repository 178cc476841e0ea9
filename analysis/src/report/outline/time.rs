//! The section about several scans.

use super::{D1, Entry, Kind, Pick, Plan, RANGE, SIGNALLERS_RANGE, Section, table};
use crate::report::figure::Tone;

/// What changed between scans.
pub(super) const TIME: Section = Section {
    id: "time",
    title: "Over time",
    lead: "What changed from scan to scan. A transition needs a definite state in both scans; lists that differ are told \
           apart from changes in the world.",
    entries: &[
        Entry {
            query: "adoption-series",
            figures: &[Plan {
                title: "Signallers and adopters over time",
                keep: &[D1],
                kind: Kind::Series {
                    by: "names_of",
                    lines: &[
                        ("all", "signallers_pct", SIGNALLERS_RANGE, "signal"),
                        ("all", "adopters_pct", Some(("adopters_low", "adopters_high")), "adopt"),
                        ("common", "signallers_pct", None, "signal, common names"),
                    ],
                    jumps: &["signallers"],
                    axis: "% of decided names with MX records (D1)",
                },
            }],
        },
        Entry {
            query: "error-series",
            figures: &[Plan {
                title: "Signallers with an error over time",
                keep: &[("names_of", &["all"]), ("code", &["(all)"])],
                kind: Kind::Series {
                    by: "stage",
                    lines: &[
                        ("policy", "pct", RANGE, "policy"),
                        ("mx_tls", "pct", RANGE, "MX TLS"),
                        ("mismatch", "pct", RANGE, "mismatch"),
                        ("record", "pct", RANGE, "record"),
                        ("smtp", "pct", RANGE, "SMTP"),
                    ],
                    jumps: &["record", "policy", "mx_tls", "mismatch"],
                    axis: "% of decided signallers",
                },
            }],
        },
        Entry {
            query: "flows",
            figures: &[Plan {
                title: "States before and after",
                keep: &[],
                kind: Kind::Matrix("from_state", "to_state", "names"),
            }],
        },
        Entry {
            query: "transitions",
            figures: &[Plan {
                title: "Transitions",
                keep: &[],
                kind: Kind::Bars {
                    label: &["transition"],
                    value: "changed",
                    range: None,
                    of: None,
                    axis: "names",
                    pick: Pick::AsGiven,
                    tone: Tone::Main,
                },
            }],
        },
        table("comparable"),
        table("jumps"),
        table("list-changes"),
        table("survival"),
        table("certificate-rollovers"),
        table("mx-rollovers"),
        table("obsolete-mismatches"),
        table("transition-domains"),
    ],
};
