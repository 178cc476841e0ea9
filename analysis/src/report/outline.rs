//! What the report shows, in which order: headline numbers, sections, and the figures of each table. Everything is drawn from
//! columns of named queries; a test holds every name against the queries' answers.

use super::figure::Tone;

/// Keeps the rows that have one of these values in a column.
pub type Keep = (&'static str, &'static [&'static str]);

/// A number at the head of the report.
#[derive(Debug)]
pub struct Headline {
    /// The query it is taken from.
    pub query: &'static str,
    /// The row it is taken from, besides the scan.
    pub keep: &'static [Keep],
    /// Its column; a column that ends in `pct`, `low` or `high` holds a share.
    pub value: &'static str,
    /// The range that the undecided leave open.
    pub range: Option<(&'static str, &'static str)>,
    /// The count and what it is a share of; `None` where the number is itself a count.
    pub of: Option<Of>,
    /// What it says.
    pub label: &'static str,
}

/// Where the numbers behind a share stand.
#[derive(Debug, Clone, Copy)]
pub struct Of {
    /// Column of the count.
    pub count: &'static str,
    /// Column of what it is a share of.
    pub of: &'static str,
    /// Column of what is not decided and is taken off that.
    pub less: Option<&'static str>,
}

/// A line over the scans: value in the column that tells lines apart, column of the value, columns of its range, name.
pub type LinePlan = (&'static str, &'static str, Option<(&'static str, &'static str)>, &'static str);

/// What kind of figure a query's answer is drawn as.
#[derive(Debug)]
pub enum Kind {
    /// Bars over the rows.
    Bars {
        /// Columns of the label, joined by a space.
        label: &'static [&'static str],
        /// Column of the value.
        value: &'static str,
        /// Columns of the range.
        range: Option<(&'static str, &'static str)>,
        /// The numbers behind it.
        of: Option<Of>,
        /// What the axis measures.
        axis: &'static str,
        /// Which rows, and in which order.
        pick: Pick,
        /// Their colour.
        tone: Tone,
    },
    /// The stages of a funnel: columns of stage, count, share of the stage before, and share of all.
    Funnel([&'static str; 4]),
    /// A cumulative distribution of seconds: columns of value and share up to it, and what the shares are of.
    Lifetimes(&'static str, &'static str, &'static str),
    /// A cumulative distribution over places: column of the place, and columns and names of the curves.
    Concentration(&'static str, &'static [(&'static str, &'static str)], &'static str),
    /// Lines over the scans.
    Series {
        /// Column that tells the lines apart, and the values of it that are drawn, with their names.
        by: &'static str,
        /// The lines: value in `by`, column of the value, columns of its range, name.
        lines: &'static [LinePlan],
        /// Measures of the query `jumps` that are told.
        jumps: &'static [&'static str],
        /// What the axis measures.
        axis: &'static str,
    },
    /// Changes from state to state between the last two scans: columns of state before, state after, count.
    Matrix(&'static str, &'static str, &'static str),
}

/// Which rows are drawn.
#[derive(Debug, Clone, Copy)]
pub enum Pick {
    /// All, as the query orders them.
    AsGiven,
    /// So many at most, as the query orders them.
    First(usize),
    /// So many at most, the largest values first, without zeros.
    Largest(usize),
}

/// A figure.
#[derive(Debug)]
pub struct Plan {
    /// What it shows.
    pub title: &'static str,
    /// Rows that are drawn, besides the scan.
    pub keep: &'static [Keep],
    /// How they are drawn.
    pub kind: Kind,
}

/// A table and its figures.
#[derive(Debug)]
pub struct Entry {
    /// Name of the query.
    pub query: &'static str,
    /// Its figures.
    pub figures: &'static [Plan],
}

/// A part of the report.
#[derive(Debug)]
pub struct Section {
    /// For links.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it is about.
    pub lead: &'static str,
    /// Its tables; those of a query that was not asked are passed over.
    pub entries: &'static [Entry],
}

const fn table(query: &'static str) -> Entry {
    Entry { query, figures: &[] }
}

const D1: Keep = ("denominator", &["D1"]);
const ALL: Keep = ("part", &["all"]);
const SIGNALLERS: Of = Of { count: "signallers", of: "names", less: Some("undecided") };
const SIGNALLERS_RANGE: Option<(&str, &str)> = Some(("signallers_low", "signallers_high"));
const RANGE: Option<(&str, &str)> = Some(("low", "high"));

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
        of: None,
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

/// The parts of the report.
pub const SECTIONS: [Section; 6] = [
    Section {
        id: "overview",
        title: "Overview",
        lead: "From the list to mail that is protected, and what becomes of mail to those that signal.",
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
    },
    Section {
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
    },
    Section {
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
                        "% of usable policies with at most so much",
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
    },
    Section {
        id: "misconfiguration",
        title: "Misconfiguration",
        lead: "What is wrong, at which stage, and for whom. What may pass, or does not decide, is never inside an error count: \
               the whiskers say what it leaves open.",
        entries: &[
            Entry {
                query: "stages",
                figures: &[Plan {
                    title: "Signallers with an error, by stage",
                    keep: &[(
                        "stage",
                        &[
                            "record",
                            "policy_dns",
                            "policy_tcp",
                            "policy_tls",
                            "policy_http",
                            "policy_text",
                            "mx",
                            "smtp",
                            "mx_tls",
                            "mismatch",
                        ],
                    )],
                    kind: Kind::Bars {
                        label: &["stage"],
                        value: "pct",
                        range: RANGE,
                        of: Some(Of { count: "errors", of: "signallers", less: Some("open") }),
                        axis: "% of decided signallers; a domain may have errors at several stages",
                        pick: Pick::AsGiven,
                        tone: Tone::Fault,
                    },
                }],
            },
            Entry {
                query: "findings",
                figures: &[Plan {
                    title: "The errors that most signallers have",
                    keep: &[("counts_as", &["error"])],
                    kind: Kind::Bars {
                        label: &["code"],
                        value: "pct",
                        range: RANGE,
                        of: Some(Of { count: "domains", of: "signallers", less: Some("transient") }),
                        axis: "% of signallers",
                        pick: Pick::Largest(20),
                        tone: Tone::Fault,
                    },
                }],
            },
            table("record-errors"),
            Entry {
                query: "policy-errors",
                figures: &[Plan {
                    title: "Faulty policy hosts, by who manages them",
                    keep: &[("stage", &["(any)"])],
                    kind: Kind::Bars {
                        label: &["manager"],
                        value: "pct",
                        range: RANGE,
                        of: Some(Of { count: "faulty", of: "domains", less: Some("open") }),
                        axis: "% of the manager's decided policy hosts",
                        pick: Pick::AsGiven,
                        tone: Tone::Fault,
                    },
                }],
            },
            table("policy-error-codes"),
            table("mx-certificates"),
            table("mx-invalid"),
            Entry {
                query: "mismatch",
                figures: &[Plan {
                    title: "Policies that do not match the MX hosts, by kind",
                    keep: &[],
                    kind: Kind::Bars {
                        label: &["kind"],
                        value: "pct",
                        range: None,
                        of: Some(Of { count: "domains", of: "with_policy", less: None }),
                        axis: "% of signallers with a usable policy and an MX set",
                        pick: Pick::AsGiven,
                        tone: Tone::Fault,
                    },
                }],
            },
            table("losing-mail"),
            table("same-provider"),
            Entry {
                query: "policy-host-concentration",
                figures: &[Plan {
                    title: "How far the policies hang on few hosts",
                    keep: &[],
                    kind: Kind::Concentration(
                        "place",
                        &[("upto_pct", "all"), ("upto_valid_pct", "valid"), ("upto_invalid_pct", "invalid")],
                        "% of domains on the so many largest policy hosts",
                    ),
                }],
            },
            Entry {
                query: "mx-concentration",
                figures: &[Plan {
                    title: "How far the mail hangs on few hosts",
                    keep: &[],
                    kind: Kind::Concentration(
                        "place",
                        &[("upto_pct", "all"), ("upto_valid_pct", "valid"), ("upto_invalid_pct", "invalid")],
                        "% of domains on the so many largest MX hosts",
                    ),
                }],
            },
            table("result-types"),
            table("tlsrpt-errors"),
        ],
    },
    Section {
        id: "tls",
        title: "TLS and certificates",
        lead: "What policy hosts and MX hosts speak, and with which certificates.",
        entries: &[
            Entry {
                query: "tls",
                figures: &[
                    Plan {
                        title: "TLS versions",
                        keep: &[("what", &["version"])],
                        kind: Kind::Bars {
                            label: &["entity", "value"],
                            value: "pct",
                            range: None,
                            of: Some(Of { count: "handshakes", of: "of_handshakes", less: None }),
                            axis: "% of finished handshakes",
                            pick: Pick::First(16),
                            tone: Tone::Third,
                        },
                    },
                    Plan {
                        title: "Key exchange groups",
                        keep: &[("what", &["key exchange"])],
                        kind: Kind::Bars {
                            label: &["entity", "value"],
                            value: "pct",
                            range: None,
                            of: Some(Of { count: "handshakes", of: "of_handshakes", less: None }),
                            axis: "% of finished handshakes",
                            pick: Pick::First(16),
                            tone: Tone::Third,
                        },
                    },
                    Plan {
                        title: "Post-quantum key exchange",
                        keep: &[("what", &["post-quantum"]), ("value", &["yes"])],
                        kind: Kind::Bars {
                            label: &["entity"],
                            value: "pct",
                            range: None,
                            of: Some(Of { count: "handshakes", of: "of_handshakes", less: None }),
                            axis: "% of finished handshakes",
                            pick: Pick::First(16),
                            tone: Tone::Third,
                        },
                    },
                ],
            },
            table("certificate-keys"),
            Entry {
                query: "issuers",
                figures: &[Plan {
                    title: "The largest issuers",
                    keep: &[],
                    kind: Kind::Bars {
                        label: &["entity", "issuer"],
                        value: "pct",
                        range: None,
                        of: Some(Of { count: "certificates", of: "", less: None }),
                        axis: "% of the distinct certificates of the kind of host",
                        pick: Pick::Largest(15),
                        tone: Tone::Third,
                    },
                }],
            },
            Entry {
                query: "certificate-validity",
                figures: &[Plan {
                    title: "For how long certificates are issued",
                    keep: &[],
                    kind: Kind::Bars {
                        label: &["entity", "span"],
                        value: "pct",
                        range: None,
                        of: Some(Of { count: "certificates", of: "of_certificates", less: None }),
                        axis: "% of the distinct certificates of the kind of host",
                        pick: Pick::AsGiven,
                        tone: Tone::Third,
                    },
                }],
            },
            table("addresses"),
        ],
    },
    Section {
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
            table("jumps"),
            table("list-changes"),
            table("repairs"),
            table("certificate-rollovers"),
            table("mx-rollovers"),
            table("obsolete-mismatches"),
            table("transition-domains"),
        ],
    },
];
