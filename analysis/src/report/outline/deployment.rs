//! The sections about who deploys what.

use super::{D1, Entry, Kind, Of, Pick, Plan, RANGE, SIGNALLERS, SIGNALLERS_RANGE, Section, table};
use crate::report::figure::Tone;

/// From the list to protected mail.
pub(super) const OVERVIEW: Section = Section {
    id: "overview",
    title: "Overview",
    lead: "From the list to protected mail, and what happens to mail to domains that signal.",
    entries: &[
        Entry {
            query: "funnel",
            figures: &[Plan {
                title: "Names left after each step",
                keep: &[],
                kind: Kind::Funnel(["stage", "names", "pct", "of_all_pct"]),
            }],
        },
        Entry {
            query: "verdicts",
            figures: &[
                Plan {
                    title: "Verdicts of a strict sender",
                    keep: &[],
                    kind: Kind::Bars {
                        label: &["verdict"],
                        value: "strict_pct",
                        range: Some(("strict_low", "strict_high")),
                        of: Some(Of { count: "strict", of: "", less: None }),
                        axis: "% of decided signallers",
                        pick: Pick::AsGiven,
                        tone: Tone::Main,
                    },
                },
                Plan {
                    title: "Verdicts of a lenient sender",
                    keep: &[],
                    kind: Kind::Bars {
                        label: &["verdict"],
                        value: "lenient_pct",
                        range: Some(("lenient_low", "lenient_high")),
                        of: Some(Of { count: "lenient", of: "", less: None }),
                        axis: "% of decided signallers",
                        pick: Pick::AsGiven,
                        tone: Tone::Main,
                    },
                },
            ],
        },
        table("strict-lenient"),
    ],
};

/// Who signals, by suffix, rank and provider.
pub(super) const ADOPTION: Section = Section {
    id: "adoption",
    title: "Adoption",
    lead: "Who signals MTA-STS, by rank, suffix and provider. D1 to D4 are the denominators of METHODS.md.",
    entries: &[
        table("adoption"),
        Entry {
            query: "rank",
            figures: &[Plan {
                title: "Signallers by rank",
                keep: &[D1, ("bin", &["1", "2", "3", "4", "5", "6"])],
                kind: Kind::Bars {
                    label: &["ranks"],
                    value: "signallers_pct",
                    range: SIGNALLERS_RANGE,
                    of: Some(SIGNALLERS),
                    axis: "% of decided names with MX records (D1)",
                    pick: Pick::AsGiven,
                    tone: Tone::Main,
                },
            }],
        },
        Entry {
            query: "suffix",
            figures: &[Plan {
                title: "Signallers by public suffix, the largest suffixes first",
                keep: &[D1],
                kind: Kind::Bars {
                    label: &["suffix"],
                    value: "signallers_pct",
                    range: SIGNALLERS_RANGE,
                    of: Some(SIGNALLERS),
                    axis: "% of decided names with MX records (D1)",
                    pick: Pick::First(20),
                    tone: Tone::Main,
                },
            }],
        },
        Entry {
            query: "mx-provider",
            figures: &[Plan {
                title: "Signallers among the customers of MX providers, the largest providers first",
                keep: &[],
                kind: Kind::Bars {
                    label: &["provider"],
                    value: "signallers_pct",
                    range: SIGNALLERS_RANGE,
                    of: Some(SIGNALLERS),
                    axis: "% of decided names with MX records (D1)",
                    pick: Pick::First(15),
                    tone: Tone::Main,
                },
            }],
        },
        table("rank-width"),
        table("tlsrpt"),
        table("joint"),
    ],
};

/// What policies say, and who manages them.
pub(super) const POLICIES: Section = Section {
    id: "policies",
    title: "Policies and their hosts",
    lead: "What usable policies say, for how long, and who serves them.",
    entries: &[
        Entry {
            query: "mode",
            figures: &[Plan {
                title: "Modes of usable policies",
                keep: &[("policy", &["usable"])],
                kind: Kind::Bars {
                    label: &["mode"],
                    value: "signallers_pct",
                    range: SIGNALLERS_RANGE,
                    of: Some(Of { count: "signallers", of: "of_signallers", less: None }),
                    axis: "% of usable policies",
                    pick: Pick::AsGiven,
                    tone: Tone::Main,
                },
            }],
        },
        Entry {
            query: "max-age-values",
            figures: &[Plan {
                title: "Lifetime of usable policies (max_age)",
                keep: &[],
                kind: Kind::Lifetimes(
                    "max_age_s",
                    "upto_pct",
                    "% of usable policies with at most this max_age",
                ),
            }],
        },
        table("max-age"),
        Entry {
            query: "policy-host-provider",
            figures: &[Plan {
                title: "Providers of policy hosts",
                keep: &[],
                kind: Kind::Bars {
                    label: &["provider"],
                    value: "signallers_pct",
                    range: SIGNALLERS_RANGE,
                    of: Some(Of { count: "signallers", of: "all_signallers", less: None }),
                    axis: "% of signallers whose policy host is known",
                    pick: Pick::First(15),
                    tone: Tone::Third,
                },
            }],
        },
        Entry {
            query: "managers",
            figures: &[Plan {
                title: "Signallers by manager",
                keep: &[],
                kind: Kind::Bars {
                    label: &["entity", "manager"],
                    value: "pct",
                    range: RANGE,
                    of: Some(Of { count: "signallers", of: "", less: None }),
                    axis: "% of signallers whose manager is known",
                    pick: Pick::AsGiven,
                    tone: Tone::Third,
                },
            }],
        },
        table("manager-thresholds"),
        table("unusable-text"),
    ],
};
