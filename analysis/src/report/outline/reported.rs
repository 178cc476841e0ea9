//! The sections about TLS reports: what senders saw, and what the scans saw of it.

use super::{Entry, Kind, Of, Pick, Plan, Section, table};
use crate::report::figure::Tone;

/// Bars of the largest values.
const fn largest(
    label: &'static [&'static str],
    value: &'static str,
    of: Option<Of>,
    axis: &'static str,
    tone: Tone,
) -> Kind {
    Kind::Bars { label, value, range: None, of, axis, pick: Pick::Largest(12), tone }
}

/// What senders saw.
pub(super) const REPORTED: Section = Section {
    id: "reported",
    title: "What senders reported",
    lead: "TLS-RPT reports (RFC 8460) as they were received, whoever says to have sent them: no signature is verified. Counts \
           are sessions, never rows. A report that a later one supersedes does not count.",
    entries: &[
        Entry {
            query: "report-days",
            figures: &[Plan {
                title: "Sessions that failed, per day",
                keep: &[],
                kind: Kind::Daily { day: "day", by: "", value: "failure_pct", axis: "% of sessions" },
            }],
        },
        Entry {
            query: "report-results",
            figures: &[Plan {
                title: "Failed sessions by result type",
                keep: &[],
                kind: largest(&["result_type"], "failed", None, "sessions", Tone::Fault),
            }],
        },
        Entry {
            query: "report-result-days",
            figures: &[Plan {
                title: "Failed sessions per day and result type",
                keep: &[],
                kind: Kind::Daily { day: "day", by: "result_type", value: "failed", axis: "sessions" },
            }],
        },
        Entry {
            query: "report-senders",
            figures: &[Plan {
                title: "Sessions by sender",
                keep: &[],
                kind: largest(&["sender"], "sessions", None, "sessions", Tone::Main),
            }],
        },
        Entry {
            query: "report-sender-days",
            figures: &[Plan {
                title: "Failed sessions per day and sender",
                keep: &[],
                kind: Kind::Daily { day: "day", by: "sender", value: "failed", axis: "sessions" },
            }],
        },
        Entry {
            query: "report-modes",
            figures: &[Plan {
                title: "Sessions by the policy that senders applied",
                keep: &[],
                kind: largest(
                    &["applied"],
                    "pct",
                    Some(Of { count: "sessions", of: "all_sessions", less: None }),
                    "% of sessions",
                    Tone::Main,
                ),
            }],
        },
        table("report-failures"),
        table("report-mx"),
        table("report-sending-mtas"),
        table("report-domains"),
        Entry {
            query: "report-faults",
            figures: &[Plan {
                title: "Faults of reports",
                keep: &[],
                kind: largest(&["sender", "code"], "reports", None, "reports", Tone::Warning),
            }],
        },
    ],
};

/// What senders saw beside what the scans saw.
pub(super) const EXPLAINED: Section = Section {
    id: "explained",
    title: "What senders reported, beside what the scans saw",
    lead: "Each day's failures are held against the scan nearest to it that looked at the same stage of the same domain. A \
           scan looks from one place at one time, and senders need not come to every host: what only one side saw is no \
           contradiction.",
    entries: &[
        Entry {
            query: "report-agreement",
            figures: &[Plan {
                title: "Failed sessions by result type, and who saw why",
                keep: &[],
                kind: largest(&["result_type", "seen"], "failed", None, "sessions", Tone::Fault),
            }],
        },
        Entry {
            query: "report-enforce",
            figures: &[Plan {
                title: "Sessions that enforce would have lost, by domain in testing",
                keep: &[],
                kind: largest(&["domain"], "lost", None, "sessions", Tone::Fault),
            }],
        },
        table("report-enforce-failures"),
        table("report-explained"),
    ],
};
