//! `sts-scan validate` and `sts-scan findings` as a stranger runs them: the program, its output, its exit
//! codes.
#![allow(clippy::disallowed_methods, reason = "its thread is joined where it is started")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what must be there")]

use serde_json::Value;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// Runs the program with this on its standard input. A program that reads no further closes it, which is its
/// right.
fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sts-scan"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let feeding = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Feeds the cases of one kind through `--batch`; gives how many there were.
fn conformance(kind: &str, cases: &str) -> usize {
    let output = run(&["validate", kind, "--batch"], cases.as_bytes());
    assert_eq!(output.status.code(), Some(1), "some cases do not pass: {}", text(&output.stderr));
    let answers: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.lines().count());
    for (case, answer) in cases.lines().zip(&answers) {
        let case: Value = serde_json::from_str(case).unwrap();
        assert_eq!(answer["id"], case["id"]);
        assert_eq!(answer["verdict"], case["expect"], "{case}\n{answer}");
        let passes = |word: &Value| matches!(word.as_str().unwrap(), "valid" | "match");
        let tolerated = passes(&case["expect"]) || case["tolerated_by_most"] == true;
        assert_eq!(passes(&answer["lenient"]), tolerated, "{case}\n{answer}");
        // Every refusal of a sender has a finding that says why; a record that simply does not exist has
        // none.
        let errors =
            answer["findings"].as_array().unwrap().iter().filter(|one| one["severity"] == "error").count();
        let silent = passes(&case["expect"]) || case["expect"] == "absent";
        let forgiven = answer["findings"].to_string().contains("record_trailing_space");
        assert!(silent || errors > 0 || forgiven, "{case}\n{answer}");
    }
    answers.len()
}

#[test]
fn every_report_of_the_conformance_cases_is_judged_with_the_place_of_each_fault() {
    let cases = include_str!("../../tests/cases/tlsrpt_report.jsonl");
    let output = run(&["validate", "tlsrpt-report", "--batch"], cases.as_bytes());
    assert_eq!(output.status.code(), Some(1), "some cases do not pass: {}", text(&output.stderr));
    let answers: Vec<&str> = text(&output.stdout).lines().collect();
    assert_eq!(answers.len(), 23);
    for (case, answer) in cases.lines().zip(answers) {
        let (case, answer): (Value, Value) =
            (serde_json::from_str(case).unwrap(), serde_json::from_str(answer).unwrap());
        assert_eq!((&answer["id"], &answer["verdict"]), (&case["id"], &case["expect"]), "{answer}");
        let tolerated = case["expect"] == "valid" || case["tolerated_by_most"] == true;
        assert_eq!(answer["lenient"] == "valid", tolerated, "{answer}");
        if case["id"] == "J030" {
            let path = "$['policies'][0]['summary']['total-failure-session-count']";
            assert_eq!(answer["findings"][0]["path"], path);
        }
    }
    let one = run(&["validate", "tlsrpt-report"], b"{\"report-id\": \"1\", \"policies\": {}}");
    assert_eq!(one.status.code(), Some(1));
    let told = text(&one.stdout);
    assert!(told.starts_with("by the RFC:   invalid\nmost readers: invalid\n"), "{told}");
    assert!(
        told.contains("\n$['policies']: error: policies is not an array (report_policies_type)\n"),
        "{told}"
    );
}

#[test]
fn every_conformance_case_passes_through_the_program() {
    let counts = [
        ("record", conformance("record", include_str!("../../tests/cases/record.jsonl"))),
        ("policy", conformance("policy", include_str!("../../tests/cases/policy.jsonl"))),
        ("mx-match", conformance("mx-match", include_str!("../../tests/cases/mx_match.jsonl"))),
        (
            "tlsrpt-record",
            conformance("tlsrpt-record", include_str!("../../tests/cases/tlsrpt_record.jsonl")),
        ),
    ];
    assert_eq!(counts.map(|(_, count)| count).iter().sum::<usize>(), 150, "{counts:?}");
}

#[test]
fn exit_codes_tell_valid_from_invalid_from_usage() {
    let good = b"version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n";
    for (arguments, input, code) in [
        (&["validate", "policy"][..], &good[..], 0),
        (&["validate", "policy", "-"], &good[..], 0),
        (&["validate", "policy"], b"mode: none", 1),
        (&["validate", "record"], b"v=STSv1; id=1\n", 0),
        (&["validate", "record"], b"v=spf1 -all\n", 1),
        (&["validate", "record"], b"", 1),
        (&["validate", "record"], b"\"v=STSv1; id=1\"\n\"v=STSv1; id=2\"\n", 1),
        (&["validate", "record"], b"\"not closed", 2),
        (&["validate", "tlsrpt-record"], b"v=TLSRPTv1; rua=mailto:a@b.example\n", 0),
        (&["validate", "mx-match"], b"{\"mx\": \"a.b\", \"patterns\": [\"*.b\"]}", 0),
        (&["validate", "mx-match"], b"{\"mx\": \"a.b\", \"patterns\": [\"*.c\"]}", 1),
        (&["validate", "mx-match"], b"a.b", 2),
        (
            &["validate", "mx-match", "--mx", "a.b", "--mx", "c.b", "-"],
            b"version: STSv1\nmode: enforce\nmx: *.b\nmax_age: 1209600",
            0,
        ),
        (&["validate", "policy", "--mx", "a.b"], b"", 2),
        (&["validate", "record", "--batch"], b"{\"id\": 1, \"input\": \"v=STSv1; id=1\"}", 0),
        (&["validate", "record", "--batch"], b"{\"id\": 1}", 2),
        (&["validate", "policy", "/nonexistent/policy.txt"], b"", 2),
        (&["validate", "nonsense"], b"", 2),
        (&["findings"], b"", 0),
        (&["findings", "--format", "xml"], b"", 2),
    ] {
        let output = run(arguments, input);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        assert_eq!(output.stderr.is_empty(), code != 2, "{arguments:?}: {}", text(&output.stderr));
    }
}

#[test]
fn a_finding_says_where_how_bad_and_what_to_do() {
    let output =
        run(&["validate", "policy"], b"version: STSv1\nmode: enforce\nmx: a.example.\nmax_age: 1209600\n");
    let told = text(&output.stdout);
    for part in [
        "strict sender:  invalid",
        "lenient sender: valid",
        "3:5: error: An mx value is not a host name or pattern (policy_mx_invalid)",
        "    | mx: a.example.\n    |     ^",
        "Write a host name, or *. followed by a name",
        "fixed, and valid to the letter:\n\n    version: STSv1\n    mode: enforce\n    mx: a.example\n    max_age: 1209600\n",
    ] {
        assert!(told.contains(part), "{part}\n---\n{told}");
    }
    let output =
        run(&["validate", "policy"], b"version: STSv1\nmode: enforced\nmx: a.example\nmax_age: 1209600\n");
    assert!(
        text(&output.stdout).contains("no fixed text, because\n- it is not certain which mode was meant")
    );
}

#[cfg(target_os = "linux")]
#[test]
fn an_endless_policy_is_refused_after_the_limit() {
    // The program has to end although its input never does.
    for (kind, code) in [("policy", 1), ("record", 2), ("tlsrpt-record", 2), ("mx-match", 2)] {
        let output = run(&["validate", kind, "/dev/zero"], b"");
        assert_eq!(output.status.code(), Some(code), "{kind}: {}", text(&output.stderr));
    }
    let output = run(&["validate", "policy", "/dev/zero"], b"");
    assert!(text(&output.stdout).contains("policy_too_large"));
    assert_eq!(run(&["validate", "policy", "--batch", "/dev/zero"], b"").status.code(), Some(2));
}

#[test]
fn the_catalogue_is_json_that_a_program_can_read() {
    let output = run(&["findings", "--format", "json"], b"");
    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(findings.len() > 100);
    for finding in findings {
        for key in ["code", "stage", "severity", "title", "advice", "source"] {
            assert!(finding[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {finding}");
        }
        assert!(finding["may_pass"].is_boolean() && finding["columns"].is_array(), "{finding}");
    }
}
