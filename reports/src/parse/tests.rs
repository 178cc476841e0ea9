#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what must be there")]
use super::parse;
use crate::fault::Code;
use crate::report::{Judged, MOST_NOTES};

fn codes(judged: &Judged) -> Vec<&'static str> {
    judged.notes.iter().map(|note| note.code.as_str()).collect()
}

/// A report whose policies are these.
fn with(policies: &str) -> Judged {
    parse(
        format!(
            r#"{{"organization-name":"Sender","date-range":{{"start-datetime":"2026-01-01T00:00:00Z","end-datetime":"2026-01-01T23:59:59Z"}},"contact-info":"a@sender.example","report-id":"1","policies":{policies}}}"#
        )
        .as_bytes(),
    )
}

fn policy(members: &str) -> Judged {
    with(&format!(
        r#"[{{"policy":{{"policy-type":"sts","policy-domain":"d.example"{members}}},"summary":{{"total-successful-session-count":1,"total-failure-session-count":0}}}}]"#
    ))
}

#[test]
fn a_report_without_fault_is_read_whole() {
    let judged =
        policy(r#","policy-string":["version: STSv1","mode:  enforce "],"mx-host":["mx.d.example"]"#);
    assert!(judged.is_valid(), "{judged:?}");
    let report = judged.report.unwrap();
    assert_eq!(report.organization.as_deref(), Some("Sender"));
    assert_eq!(report.end.unwrap() - report.begin.unwrap(), 86_399_000_000);
    assert_eq!(report.policies[0].mode(), Some("enforce"));
    assert_eq!((report.policies[0].successful, report.policies[0].failed), (Some(1), Some(0)));
    assert_eq!(report.other, None);
}

#[test]
fn what_the_rfc_does_not_have_is_kept_as_it_stands() {
    let judged = policy(r#","mx-port": [25, {"a":1}],"policy-string":5"#);
    assert_eq!(codes(&judged), ["report_member_type", "report_unknown_member"]);
    assert_eq!(judged.notes[1].path, "$['policies'][0]['policy']['mx-port']");
    let other = judged.report.unwrap().policies[0].other.clone().unwrap();
    assert_eq!(other, r#"{"policy.mx-port":[25, {"a":1}],"policy.policy-string":5}"#);
}

#[test]
fn of_a_member_written_twice_the_last_counts_and_the_first_is_kept() {
    let judged = policy(r#","policy-domain":"e.example""#);
    assert_eq!(codes(&judged), ["report_duplicate_member"]);
    let policy = &judged.report.unwrap().policies[0];
    assert_eq!(policy.domain.as_deref(), Some("e.example"));
    assert_eq!(policy.other.as_deref(), Some(r#"{"policy.policy-domain":"d.example"}"#));
}

#[test]
fn the_records_that_microsoft_packs_into_a_string_are_unpacked() {
    for packed in [
        r#","policy-string":"[\"3 1 1 AA\",\"3 1 1 BB\"]""#,
        r#","policy-string":["[\"3 1 1 AA\",\"3 1 1 BB\"]"]"#,
    ] {
        let judged = policy(packed);
        assert!(judged.notes.iter().any(|note| note.code == Code::report_policy_string_packed));
        assert_eq!(judged.report.unwrap().policies[0].strings.clone().unwrap(), ["3 1 1 AA", "3 1 1 BB"]);
    }
}

#[test]
fn a_policy_that_is_not_nested_is_read_all_the_same() {
    let judged = with(
        r#"[{"policy-type":"sts","policy-domain":"d.example","summary":{"total-successful-session-count":8,"total-failure-session-count":2},"failure-details":[{"result-type":"starttls-not-supported","failed-session-count":2}]}]"#,
    );
    assert_eq!(codes(&judged), ["report_policy_not_nested"]);
    let policy = &judged.report.unwrap().policies[0];
    assert_eq!((policy.domain.as_deref(), policy.failed_in_details()), (Some("d.example"), Some(2)));
}

#[test]
fn details_that_do_not_add_up_are_kept_beside_the_summary() {
    let judged = with(
        r#"[{"policy":{"policy-type":"sts","policy-domain":"d.example"},"summary":{"total-successful-session-count":8,"total-failure-session-count":1},"failure-details":[{"result-type":"sts-policy-fetch-error","failed-session-count":"2","failure-reason-code":"404"}]}]"#,
    );
    assert_eq!(codes(&judged), ["report_count_text", "report_details_sum"]);
    let policy = &judged.report.unwrap().policies[0];
    assert_eq!((policy.failed, policy.failed_in_details()), (Some(1), Some(2)));
}

#[test]
fn counts_that_are_none_are_null_and_kept() {
    for (count, code) in [
        ("-1", Code::report_count_negative),
        ("1.5", Code::report_count_invalid),
        ("9223372036854775808", Code::report_count_invalid),
        ("\"many\"", Code::report_count_invalid),
        ("null", Code::report_member_null),
        ("{}", Code::report_count_invalid),
    ] {
        let judged = with(&format!(
            r#"[{{"policy":{{"policy-type":"sts","policy-domain":"d.example"}},"summary":{{"total-successful-session-count":{count},"total-failure-session-count":0}}}}]"#
        ));
        assert_eq!(judged.notes[0].code, code, "{count}");
        let policy = &judged.report.unwrap().policies[0];
        assert_eq!(policy.successful, None);
        assert!(policy.other.as_ref().unwrap().contains(count), "{count}");
    }
}

#[test]
fn bounds_refuse_what_no_real_report_has() {
    let many = |item: &str, count: usize| format!("[{}]", vec![item; count].join(","));
    assert!(with(&many("{}", 10_000)).report.is_some());
    let judged = with(&many("{}", 10_001));
    assert!(judged.report.is_none());
    assert_eq!(judged.notes[0].code, Code::report_too_large);
    assert!(with(&format!("[{{\"failure-details\":{}}}]", many("{}", 100_001))).report.is_none());
    let members: Vec<String> = (0..1001).map(|number| format!("\"m{number}\":0")).collect();
    assert!(parse(format!("{{\"policies\":[],{}}}", members.join(",")).as_bytes()).report.is_none());
}

#[test]
fn faults_are_listed_up_to_a_bound_and_counted_beyond() {
    let judged = with(&format!("[{}]", vec!["{}"; 1000].join(",")));
    assert_eq!((judged.notes.len(), judged.unlisted), (MOST_NOTES, 1000));
}

#[test]
fn what_is_no_report_says_why() {
    for (text, code) in [
        ("", Code::report_not_json),
        ("{'policies': []}", Code::report_not_json),
        ("{\"policies\": [],}", Code::report_not_json),
        ("[]", Code::report_not_a_report),
        ("{\"feedback\": {}}", Code::report_not_a_report),
        ("{\"policies\": 1}", Code::report_not_a_report),
    ] {
        let judged = parse(text.as_bytes());
        assert!(judged.report.is_none() && !judged.is_valid() && !judged.is_tolerated(), "{text}");
        assert_eq!(judged.why_not(), Some(code), "{text}");
    }
    assert!(parse("[".repeat(100_000).as_bytes()).report.is_none());
}

#[test]
fn bytes_before_the_text_and_in_it_are_faults_and_no_loss() {
    let judged = parse(b"\xEF\xBB\xBF{\"organization-name\":\"M\xFCller\",\"policies\":[]}");
    assert_eq!(codes(&judged)[..2], ["report_bom", "report_not_utf8"]);
    assert_eq!(judged.report.unwrap().organization.as_deref(), Some("M\u{FFFD}ller"));
}

#[test]
fn a_path_cannot_be_broken_by_a_name() {
    let judged = parse(br#"{"policies":[],"a'\\\u0001b":1}"#);
    assert_eq!(judged.notes.last().unwrap().path, r"$['a\'\\\u0001b']");
}
