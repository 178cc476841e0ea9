//! The sections about what is wrong.

use super::{Entry, Keep, Kind, Of, Pick, Plan, RANGE, Section, table};
use crate::report::figure::Tone;

/// Errors by stage, and whom they cost mail.
pub(super) const MISCONFIGURATION: Section = Section {
    id: "misconfiguration",
    title: "Misconfiguration",
    lead: "What is wrong, at which stage, and for whom. Transient and inconclusive findings are never part of an error count: \
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
                title: "The most common errors of signallers",
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
                title: "How far policies depend on few hosts",
                keep: &[],
                kind: Kind::Concentration(
                    "place",
                    &[("upto_pct", "all"), ("upto_valid_pct", "valid"), ("upto_invalid_pct", "invalid")],
                    "% of domains on the N largest policy hosts",
                ),
            }],
        },
        Entry {
            query: "mx-concentration",
            figures: &[Plan {
                title: "How far mail depends on few hosts",
                keep: &[],
                kind: Kind::Concentration(
                    "place",
                    &[("upto_pct", "all"), ("upto_valid_pct", "valid"), ("upto_invalid_pct", "invalid")],
                    "% of domains on the N largest MX hosts",
                ),
            }],
        },
        table("result-types"),
        table("tlsrpt-errors"),
    ],
};

/// What the handshakes agreed on.
const fn handshakes(title: &'static str, keep: &'static [Keep], label: &'static [&'static str]) -> Plan {
    let kind = Kind::Bars {
        label,
        value: "pct",
        range: None,
        of: Some(Of { count: "handshakes", of: "of_handshakes", less: None }),
        axis: "% of finished handshakes",
        pick: Pick::First(16),
        tone: Tone::Third,
    };
    Plan { title, keep, kind }
}

/// Protocol and certificates of policy hosts and MX hosts.
pub(super) const TLS: Section = Section {
    id: "tls",
    title: "TLS and certificates",
    lead: "Which TLS policy hosts and MX hosts speak, and with which certificates.",
    entries: &[
        Entry {
            query: "tls",
            figures: &[
                handshakes("TLS versions", &[("what", &["version"])], &["entity", "value"]),
                handshakes("Key exchange groups", &[("what", &["key exchange"])], &["entity", "value"]),
                handshakes(
                    "Post-quantum key exchange",
                    &[("what", &["post-quantum"]), ("value", &["yes"])],
                    &["entity"],
                ),
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
};
