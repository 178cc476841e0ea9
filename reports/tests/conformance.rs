//! The conformance cases of `tests/cases/tlsrpt_report.jsonl`: every line, for the RFC's letter and for what
//! most readers take.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use serde::Deserialize;
use std::io::Write as _;
use sts_reports::fault::Code;
use sts_reports::parse::parse;

#[derive(Deserialize)]
struct Case {
    id: String,
    kind: String,
    input: String,
    expect: String,
    why: String,
    tolerated_by_most: bool,
}

/// The fault that each invalid case is about.
const ABOUT: [(&str, Code); 12] = [
    ("J007", Code::report_details_null),
    ("J012", Code::report_policy_type_unknown),
    ("J013", Code::report_policy_domain_missing),
    ("J015", Code::report_contact_missing),
    ("J016", Code::report_member_null),
    ("J017", Code::report_id_missing),
    ("J018", Code::report_policies_missing),
    ("J019", Code::report_policies_type),
    ("J022", Code::report_time_no_zone),
    ("J025", Code::report_time_invalid),
    ("J028", Code::report_count_negative),
    ("J030", Code::report_count_missing),
];

#[test]
fn every_case_is_judged_as_it_expects() {
    let text = include_str!("../../tests/cases/tlsrpt_report.jsonl");
    let cases: Vec<Case> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(cases.len(), 23);
    for case in &cases {
        assert_eq!(case.kind, "tlsrpt_report");
        let judged = parse(case.input.as_bytes());
        let valid = case.expect == "valid";
        assert_eq!(judged.is_valid(), valid, "{}: {}: {:?}", case.id, case.why, judged.notes);
        let tolerated = valid || case.tolerated_by_most;
        assert_eq!(judged.is_tolerated(), tolerated, "{}: {}: {:?}", case.id, case.why, judged.notes);
        // Nothing is lost, whatever the verdict.
        assert!(judged.report.is_some(), "{}", case.id);
    }
    for (id, code) in ABOUT {
        let case = cases.iter().find(|case| case.id == id).unwrap();
        let judged = parse(case.input.as_bytes());
        assert!(judged.notes.iter().any(|note| note.code == code), "{id}: {:?}", judged.notes);
    }
    writeln!(std::io::stderr(), "conformance: {} tlsrpt_report, all pass", cases.len()).unwrap();
}
