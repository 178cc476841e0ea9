//! The table `assessments`.

use super::{Kind, SCAN, TEXTS, Table, may, must};

const DANE: Kind = Kind::Struct(&[
    must("host", Kind::Text, "MX host."),
    must("outcome", Kind::Text, "valid | invalid | insecure | unusable | bogus | none | unknown (RFC 7672)."),
]);

/// One row a domain that signals or publishes TLSRPT: what the evidence shows.
pub const ASSESSMENTS: Table = Table {
    name: "assessments",
    row: "one domain that signals MTA-STS or publishes a TLSRPT record",
    columns: &[
        SCAN,
        must("domain", Kind::Text, "The domain, as in domains."),
        must("findings", TEXTS, "Codes of its findings in the order of the catalogue, each once."),
        must("lasting", TEXTS, "Those of its findings that may pass and that the second look repeated."),
        may(
            "mismatch_kind",
            Kind::Text,
            "Kind of mismatch between policy and MX: mta_sts_label | wildcard_depth | third_level | top_level_only | typo | different_domain; null where every host matches.",
        ),
        may(
            "verdict_strict",
            Kind::Text,
            "What a strict sender does: validated | partial | refused | testing_passing | testing_failing | withdrawn | no_mail | no_policy | indeterminate; null where the domain does not signal or could not be asked.",
        ),
        may("verdict_lenient", Kind::Text, "The same for a lenient sender."),
        may("verdict_primary", Kind::Text, "The strict verdict over the MX hosts of lowest preference only."),
        may(
            "dane",
            Kind::List(&DANE),
            "DANE outcome of each MX host whose TLSA records were asked for, in the order of the set; null where there is none.",
        ),
    ],
};
