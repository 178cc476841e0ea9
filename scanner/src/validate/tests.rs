#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what must be there")]
use super::*;
use proptest::prelude::*;

const HEAD: &str = "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1209600\n";

fn fixed_policy(text: &str) -> Option<String> {
    match policy(text.as_bytes()).fix {
        Fix::Text(text) => Some(text),
        Fix::NotNeeded | Fix::Uncertain(_) => None,
    }
}

fn fixed_record(txts: &[&str]) -> Option<String> {
    match record(txts).fix {
        Fix::Text(text) => Some(text),
        Fix::NotNeeded | Fix::Uncertain(_) => None,
    }
}

fn fixed_tlsrpt(txt: &str) -> Option<String> {
    match tlsrpt_record(&[txt]).fix {
        Fix::Text(text) => Some(text),
        Fix::NotNeeded | Fix::Uncertain(_) => None,
    }
}

#[test]
fn what_a_policy_was_meant_to_be_is_fixed_where_it_is_certain() {
    for text in [
        "\u{feff}version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1209600\n",
        "  version: STSv1\n  mode: enforce\n  mx: a.example\n  max_age: 1209600",
        "version: STSv1\n\nmode: enforce\nmx: a.example\n\nmax_age: 1209600\n\n",
        "version: stsv1;\nmode: \"Enforce\"\nmx: a.example.\nmax_age: +1209600",
        "Version: STSv1\nMode: enforce\nMX: a.example\nMAX_AGE: 1209600",
        "mode: enforce\nmx: a.example\nmax_age: 1209600",
        "version=STSv1\nmode enforce\nmx: a.example\nmax_age: 1209600",
        "version : STSv1\nmode:\u{a0}enforce\nmx: a.example\nmax_age: 1209600",
        "version: STSv1\nmode: enforce\nmode: testing\nmx: a.example\nmax_age: 1209600",
        "---\nlayout: none\n# comment: yes\n\n---\nversion: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1209600",
        "# our policy\nversion: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1209600",
    ] {
        assert_eq!(fixed_policy(text).as_deref(), Some(HEAD), "{text:?}");
    }
    assert_eq!(
        fixed_policy(
            "version: STSv1\r\nmode: enforce\r\nmx: b.example, *.ñaca.com\r\nmax_age: 1209600\r\n\r\n"
        )
        .unwrap(),
        "version: STSv1\r\nmode: enforce\r\nmx: b.example\r\nmx: *.xn--aca-6ma.com\r\nmax_age: 1209600\r\n"
    );
}

#[test]
fn what_a_policy_was_meant_to_be_is_never_guessed() {
    for text in [
        "",
        "<html>",
        "garbage",
        "version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 1209600",
        "version: STSv1\nmode: report\nmx: a.example\nmax_age: 1209600",
        "version: STSv1\nmode: enforced\nmode: enforce\nmx: a.example\nmax_age: 1209600",
        "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 86,400",
        "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 31557601",
        "version: STSv1\nmode: enforce\nmx: a.example",
        "version: STSv1\nmode: enforce\nnmx: a.example\nmax_age: 1209600",
        "version: STSv1\nmode: enforce\nmx: 10 a.example\nmax_age: 1209600",
        "version: STSv1\nmode: enforce\nmx: a.example, 10\nmax_age: 1209600",
        "version: STSv1\nmode: enforce\nmx: a_b.example\nmax_age: 1209600",
        "version: STSv1\nmode: enforce\nmx: *.*.example\nmax_age: 1209600",
        "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1209600\nsomething else",
        "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1209600\next:",
        "---\nmode: testing\n---\nversion: STSv1\nmode\nmx: a.example\nmax_age: 1209600",
        "version: STSv1 mode: enforce mx: mail.example.com max_age: 86400",
    ] {
        assert!(matches!(policy(text.as_bytes()).fix, Fix::Uncertain(why) if !why.is_empty()), "{text:?}");
    }
    let not_utf8 = [HEAD.as_bytes(), b"x: \xff\n"].concat();
    assert!(matches!(policy(&not_utf8).fix, Fix::Uncertain(_)));
}

#[test]
fn what_is_valid_is_left_as_it_is() {
    for text in [HEAD, "version:STSv1\nmode:none\t\nmax_age:1", &format!("{HEAD}MX: b.example\n")] {
        assert_eq!(policy(text.as_bytes()).fix, Fix::NotNeeded, "{text}");
    }
    for txts in [&["v=STSv1; id=1"][..], &["v=STSv1;id=1;"], &["v=STSv1; id=1;", "v=STSv1 ; id=2"]] {
        assert_eq!(record(txts).fix, Fix::NotNeeded, "{txts:?}");
    }
}

#[test]
fn records_are_fixed_where_it_is_certain() {
    for txts in [
        &["v=STSv1 ; id=1"][..],
        &["v=STSv1;\r\nid = 1"],
        &["v=STSv1; id=1;;"],
        &["v=STSv1; id=1 "],
        &[" v=stsv1; ID=1"],
        &["v=STSv1; id=1; id=2"],
        &["v=STSv1; id=1;", "v=STSv1; id=1;"],
        &["x", "v=STSv1; id=1;; "],
        &["v=STSv12; id=7", "v=STSv1; id=1 "],
    ] {
        assert_eq!(fixed_record(txts).as_deref(), Some("v=STSv1; id=1;"), "{txts:?}");
    }
    assert_eq!(
        fixed_record(&["v=STSv1; id=2024-01-01T00:00:00Z; x=y"]).unwrap(),
        "v=STSv1; id=20240101T000000Z; x=y;"
    );
}

#[test]
fn what_a_record_was_meant_to_be_is_never_guessed() {
    for txts in [
        &[][..],
        &["v=spf1 -all"],
        &["v=STSv1;"],
        &["v=STSv1; id="],
        &["v=STSv1; id=###"],
        &["v=STSv1; id=123v=STSv1"],
        &["v=STSv1; id=1; x"],
        &["v=STSv1; id=1; x="],
        &["v=STSv2; id=1"],
        &["v=STSv1; id=1", "v=STSv1; id=2"],
    ] {
        assert!(matches!(record(txts).fix, Fix::Uncertain(why) if !why.is_empty()), "{txts:?}");
    }
}

#[test]
fn report_addresses_are_fixed_where_it_is_certain() {
    for (txt, wanted) in [
        ("v=TLSRPTv1; rua=a@b.example", Some("v=TLSRPTv1; rua=mailto:a@b.example;")),
        ("v=TLSRPTv1; rua=mailto:a@b.example;; ", Some("v=TLSRPTv1; rua=mailto:a@b.example;")),
        (
            "v=tlsrptv1;RUA=mailto:a@b.example, ,https://c.example/",
            Some("v=TLSRPTv1; rua=mailto:a@b.example,https://c.example/;"),
        ),
        ("v=TLSRPTv1; rua=http://a.example/", None),
        ("v=TLSRPTv1; rua=mailto:a@b.example!10m", None),
        ("v=TLSRPTv1;", None),
        ("v=spf1 -all", None),
    ] {
        assert_eq!(fixed_tlsrpt(txt).as_deref(), wanted, "{txt}");
    }
}

#[test]
fn a_match_tells_bad_patterns_and_addresses() {
    let codes = |host: &str, patterns: &[&str]| -> Vec<(&str, usize)> {
        let report = mx_match(host, patterns);
        report.findings.iter().map(|note| (note.code.as_str(), note.line)).collect()
    };
    assert_eq!(codes("a.b", &["x.y", "*.b"]), []);
    assert_eq!(
        codes("a.b", &["a.b.", "*"]),
        [("policy_mx_invalid", 1), ("policy_mx_invalid", 2), ("mx_mismatch_all", 0)]
    );
    assert_eq!(codes("192.0.2.1", &[]), [("mx_is_address", 0), ("mx_mismatch_all", 0)]);
}

fn told(kind: InputKind, input: &str) -> (Result<bool, Unreadable>, String) {
    let mut out = Vec::new();
    let passes = run(&ValidateJob { kind, form: Form::One }, &mut input.as_bytes(), &mut out);
    (passes, String::from_utf8(out).unwrap())
}

#[test]
fn a_finding_is_shown_under_its_line() {
    let (passes, text) = told(InputKind::Record, "v=STSv1; id=a-b\n");
    assert!(!passes.unwrap());
    assert!(text.starts_with("strict sender:  invalid\nlenient sender: valid\n"), "{text}");
    assert!(text.contains("1:10: error: "), "{text}");
    assert!(text.contains("    | v=STSv1; id=a-b\n    |          ^\n"), "{text}");
    assert!(text.ends_with("fixed, and valid to the letter:\n\n    v=STSv1; id=ab;\n"), "{text}");
}

#[test]
fn a_policy_over_the_limit_is_refused_unread() {
    let (passes, text) = told(InputKind::Policy, &format!("{HEAD}{}", "x: y\n".repeat(14_000)));
    assert!(!passes.unwrap());
    assert!(text.contains("policy_too_large"), "{text}");
}

#[test]
fn a_batch_goes_on_after_a_line_that_is_none() {
    let lines = concat!(
        "{\"id\": 1, \"input\": \"v=STSv1; id=1\"}\n",
        "no json\n\n",
        "{\"id\": \"b\", \"input\": 7}\n",
        "{\"id\": \"c\", \"input\": [[\"v=STSv1\", \"; id=1\"]], \"why\": \"joined\"}"
    );
    let mut out = Vec::new();
    let job = ValidateJob { kind: InputKind::Record, form: Form::Batch };
    let Err(Unreadable::Lines { count, all, first, .. }) = run(&job, &mut lines.as_bytes(), &mut out) else {
        panic!("lines that are none were not told")
    };
    assert_eq!((count, all, first), (2, 4, 2));
    let out = String::from_utf8(out).unwrap();
    let answers: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 4);
    assert_eq!((answers[0]["id"].clone(), answers[0]["verdict"].clone()), (1.into(), "valid".into()));
    assert!(answers[1]["error"].is_string() && answers[1]["id"].is_null());
    assert_eq!(answers[2]["id"], "b");
    assert_eq!(answers[3]["lenient"], "valid");
}

proptest! {
    #[test]
    fn any_bytes_are_told_without_panic(body: Vec<u8>, kind in 0..4_usize) {
        let kind = InputKind::from_word(InputKind::WORDS[kind]).unwrap();
        let mut out = Vec::new();
        let _ = run(&ValidateJob { kind, form: Form::One }, &mut body.as_slice(), &mut out);
        let _ = run(&ValidateJob { kind, form: Form::Batch }, &mut body.as_slice(), &mut out);
    }

    #[test]
    fn what_is_fixed_is_valid_and_needs_no_second_fix(
        lines in prop::collection::vec("#?( |\t)?([vV]ersion|mode|MODE|max_age|mx|ext|---)?[:= ]? ?\"?(stsv1|STSv1|enforce|none|[0-9+,]{0,9}|(\\*\\.)?[a-zé.,]{0,9})\"?[; ]?\r?", 0..9),
    ) {
        let report = policy(lines.join("\n").as_bytes());
        if let Fix::Text(text) = report.fix {
            let again = policy(text.as_bytes());
            prop_assert_eq!(again.strict, SenderView::Valid);
            prop_assert_eq!(again.fix, Fix::NotNeeded);
        }
    }

    #[test]
    fn a_fixed_record_is_valid_and_needs_no_second_fix(tail in "[;, =a-bIDid@:\r\n-]{0,16}", head in "v=STSv1|v=stsv1| v=STSv1 |v=TLSRPTv1") {
        let txt = format!("{head};{tail}");
        if let Fix::Text(text) = record(&[&txt]).fix {
            prop_assert_eq!((record(&[&text]).strict, record(&[&text]).fix), (SenderView::Valid, Fix::NotNeeded));
        }
        if let Fix::Text(text) = tlsrpt_record(&[&txt]).fix {
            prop_assert_eq!((tlsrpt_record(&[&text]).strict, tlsrpt_record(&[&text]).fix), (SenderView::Valid, Fix::NotNeeded));
        }
    }
}
