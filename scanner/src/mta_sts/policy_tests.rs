#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;
use proptest::prelude::*;

const HEAD: &str = "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1209600\n";

/// Codes of a text with their places.
fn faults(text: &str) -> Vec<String> {
    parse(text.as_bytes()).faults.iter().map(|f| format!("{} {}:{}", f.code, f.line, f.column)).collect()
}

#[test]
fn each_fault_is_told_where_it_stands() {
    let cases: &[(&str, &[&str])] = &[
        (HEAD, &[]),
        ("", &["policy_empty 1:1"]),
        (" \r\n", &["policy_empty 1:1"]),
        ("\n<!DOCTYPE html>\n", &["policy_html 1:1"]),
        (
            "garbage",
            &[
                "policy_line_invalid 1:1",
                "policy_version_missing 2:1",
                "policy_mode_missing 2:1",
                "policy_max_age_missing 2:1",
                "policy_mx_missing 2:1",
            ],
        ),
        ("version: STSv2\nmode: none\nmax_age: 1", &["policy_version_invalid 1:10"]),
        ("version: STSv1\nmode: off\nmx: a.b\nmax_age: 1", &["policy_mode_invalid 2:7"]),
        ("version: STSv1\nmode: none\nmax_age: 99999999999", &["policy_max_age_invalid 3:10"]),
        ("version: STSv1\nmode: none\nmax_age: 31557601", &["policy_max_age_too_large 3:10"]),
        ("version: STSv1\nmode: none\nmax_age:", &["policy_max_age_invalid 3:9"]),
        ("version: STSv1\nmode: enforce\nmx: a.b\nmax_age: 0", &["policy_max_age_zero 4:10"]),
        ("version: STSv1\nmode: enforce\nmx: a.b\nmax_age: 1209599", &["policy_max_age_short 4:10"]),
        ("version: STSv1\nmode: testing\nmx: a.b\nmax_age: 86399", &["policy_max_age_short 4:10"]),
        ("version: STSv1\nmode: testing\nmax_age: 86400", &["policy_mx_missing 4:1"]),
        ("\u{feff}version: STSv1\nmode: none\nmax_age: 1", &["policy_bom 1:1"]),
        ("version: STSv1\n\tmode: none\nmax_age: 1", &["policy_leading_space 2:1"]),
        ("version: STSv1\nmode : none\nmax_age: 1", &["policy_line_invalid 2:5"]),
        ("version: STSv1\n \nmode: none\nmax_age: 1\n", &["policy_blank_line 2:1"]),
        ("version: STSv1\r\nmode: none\r\nmax_age: 1\r\n\r\n", &["policy_blank_line 4:1"]),
        ("version: STSv1\nmode: none\nmax_age: 1\r", &["policy_max_age_invalid 3:10"]),
        ("version: STSv1\nmode: none\nmode: x\nmax_age: 1", &["policy_duplicate_field 3:1"]),
        (
            "version: STSv1\nmode: none\nmode:\nmax_age: 1",
            &["policy_duplicate_field 3:1", "policy_line_invalid 3:1"],
        ),
        ("version: STSv1\nmode: none\nmax_age: 1\nx: y", &["policy_unknown_field 4:1"]),
        ("version: STSv1\nmode: none\nmax_age: 1\nx:", &["policy_line_invalid 4:1"]),
        ("version: STSv1\nmode: none\nmax_age: 1\nmx: a b", &["policy_mx_invalid 4:5"]),
        ("version: STSv1\nmode: none\nmax_age: 1\nmx: ñ.example", &["policy_mx_u_label 4:5"]),
    ];
    for (text, expected) in cases {
        assert_eq!(&faults(text), expected, "{text:?}");
    }
}

#[test]
fn an_extension_that_comes_twice_is_unknown_twice_and_duplicate_once() {
    assert_eq!(
        faults(&format!("{HEAD}x: 1\nx: 2\n")),
        ["policy_unknown_field 5:1", "policy_duplicate_field 6:1", "policy_unknown_field 6:1"]
    );
}

#[test]
fn keys_are_not_blind_to_case() {
    let parsed = parse(b"version: STSv1\nMode: none\nmax_age: 1\n");
    assert_eq!((parsed.mode, parsed.valid, parsed.lenient), (None, false, false));
}

#[test]
fn a_value_too_large_is_kept() {
    assert_eq!(parse(b"max_age: 9999999999").max_age_s, Some(9_999_999_999));
    assert_eq!(parse(b"max_age: 10000000000").max_age_s, None);
}

#[test]
fn the_largest_max_age_is_valid() {
    assert!(parse(b"version: STSv1\nmode: none\nmax_age: 31557600").valid);
    assert!(parse(b"version: STSv1\nmode: none\nmax_age: 0031557600").valid);
}

#[test]
fn mode_is_read_from_text_that_is_not_valid() {
    let parsed = parse(b"mode: testing\nmx: *.a.example\nmx: B\n");
    assert_eq!((parsed.mode, parsed.valid), (Some(Mode::Testing), false));
    assert_eq!(parsed.mx_escaped(), ["*.a.example", "B"]);
}

#[test]
fn only_a_lenient_sender_reads_a_mode_behind_a_no_break_space() {
    let parsed = parse("version: STSv1\nmode:\u{a0}enforce\nmx: a.b\nmax_age: 1209600".as_bytes());
    assert_eq!((parsed.mode, parsed.lenient_mode), (None, Some(Mode::Enforce)));
    assert_eq!((parsed.valid, parsed.lenient), (false, true));
}

#[test]
fn a_body_of_line_feeds_and_colons_is_read_in_linear_time() {
    let lines = 65_536 / 3;
    let text = "x:\n".repeat(lines);
    // Each line is no extension, each but the first a duplicate, and four fields are missing.
    assert_eq!(parse(text.as_bytes()).faults.len(), lines + (lines - 1) + 4);
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_without_panic(body: Vec<u8>) {
        let _ = parse(&body);
    }

    #[test]
    fn what_resembles_a_policy_never_panics_and_prints_stably(
        lines in prop::collection::vec("(version|mode|max_age|mx|ext| ?mx ?)?:? ?(STSv1|enforce|testing|none|[0-9+-]{0,11}|\\*?\\.?[a-zé.]{0,9})[ \t\r]?", 0..9),
        good: bool,
    ) {
        let mut text = if good { HEAD.to_owned() } else { String::new() };
        text.push_str(&lines.join("\n"));
        let parsed = parse(text.as_bytes());
        prop_assert!(parsed.lenient || !parsed.valid, "what is strictly valid is valid to a lenient sender");
        if let Some(printed) = parsed.print() {
            let again = parse(printed.as_bytes());
            prop_assert!(again.valid);
            prop_assert_eq!((again.mode, again.max_age_s, &again.mx), (parsed.mode, parsed.max_age_s, &parsed.mx));
            prop_assert_eq!(again.print().unwrap(), printed);
        }
    }
}
