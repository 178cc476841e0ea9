//! The table `assessments`.

use super::{Kind, SCAN, TEXTS, Table, may, must};
use crate::evidence::{Code, DaneOutcome, Entry, MismatchKind, Verdict, Vocabulary as _, every};

const DANE: Kind = Kind::Struct(&[
    must("host", Kind::Text, "MX host."),
    must("outcome", Kind::Text, "{words} (RFC 7672).").of(every::<DaneOutcome>),
]);

/// Findings that a second look can repeat.
fn passing() -> Vec<Entry> {
    Code::ALL.iter().filter(|code| code.may_pass()).map(|code| code.entry()).collect()
}

/// One row a domain that signals or publishes TLSRPT: what the evidence shows.
pub const ASSESSMENTS: Table = Table {
    name: "assessments",
    row: "one domain that signals MTA-STS or publishes a TLSRPT record",
    columns: &[
        SCAN,
        must("domain", Kind::Text, "The domain, as in domains."),
        must("findings", TEXTS, "Codes of its findings in the order of the catalogue, each once.").of(every::<Code>),
        must("lasting", TEXTS, "Those of its findings that may pass and that the second look repeated.").of(passing),
        may(
            "mismatch_kind",
            Kind::Text,
            "Kind of mismatch between policy and MX: {words}; null where every host matches.",
        ).of(every::<MismatchKind>),
        may(
            "verdict_strict",
            Kind::Text,
            "What a strict sender does: {words}; null where the domain does not signal or could not be asked.",
        ).of(every::<Verdict>),
        may("verdict_lenient", Kind::Text, "The same for a lenient sender.").of(every::<Verdict>),
        may("verdict_primary", Kind::Text, "The strict verdict over the MX hosts of lowest preference only.").of(every::<Verdict>),
        may(
            "dane",
            Kind::List(&DANE),
            "DANE outcome of each MX host whose TLSA records were asked for, in the order of the set; null where there is none.",
        ),
    ],
};
