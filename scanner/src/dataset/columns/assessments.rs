//! The table `assessments`.

use super::table::{group, table};
use crate::evidence::rows::AssessmentRow;
use crate::evidence::{Code, DaneOutcome, MismatchKind, Verdict, Vocabulary as _, WordEntry};

group! {
    /// DANE at an MX host, as a dataset has it.
    SeenDane; one: (String, DaneOutcome) {
        host: String = one.0,
            "MX host.";
        outcome: DaneOutcome = one.1,
            "{words} (RFC 7672).";
    }
}

/// Findings that a second look can repeat.
fn passing() -> Vec<WordEntry> {
    Code::ALL.iter().filter(|code| code.may_pass()).map(|code| code.entry()).collect()
}

table! {
    /// One row per domain that signals or publishes TLSRPT: what the evidence shows.
    ASSESSMENTS = "assessments", "one domain that signals MTA-STS or publishes a TLSRPT record"; row: AssessmentRow {
        domain: String = row.domain,
            "The domain, as in domains.";
        findings: Vec<Code> = row.findings,
            "Codes of its findings, in the order of the catalogue, each once.";
        lasting: Vec<Code> = row.lasting,
            "Those of its findings that may pass, but that the second look repeated.", of(passing);
        mismatch_kind: Option<MismatchKind> = row.mismatch_kind,
            "Kind of mismatch between policy and MX: {words}; null where every host matches.";
        verdict_strict: Option<Verdict> = row.verdict_strict,
            "What a strict sender does: {words}; null where the domain does not signal or could not be asked.";
        verdict_lenient: Option<Verdict> = row.verdict_lenient,
            "The same for a lenient sender.";
        verdict_primary: Option<Verdict> = row.verdict_primary,
            "The strict verdict over the MX hosts of lowest preference only.";
        verdict_postfix_classic: Option<Verdict> = row.verdict_postfix_classic,
            "As verdict_strict, of Postfix before 3.10.5, or later without a plugin that gives it TLSRPT attributes (METHODS.md, named senders); null in layouts before 1.3.", since("1.3");
        verdict_dane_first: Option<Verdict> = row.verdict_dane_first,
            "As verdict_strict, of a sender that takes DANE first, such as Exchange Online (METHODS.md, named senders); null in layouts before 1.3.", since("1.3");
        dane: Option<Vec<(String, DaneOutcome)>> = row.dane,
            "DANE outcome of each MX host whose addresses were asked for, in the order of the MX set; null where there is none.";
    }
}
