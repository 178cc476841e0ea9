#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what must be there")]
use super::*;
use proptest::prelude::*;

fn wish() -> Wish {
    Wish {
        mode: Mode::Testing,
        max_age_s: DEFAULT_MAX_AGE_S,
        preset: None,
        patterns: Vec::new(),
        rua: Vec::new(),
        id: "20261121223725Z".to_owned(),
    }
}

fn names(hosts: &[&str]) -> Vec<String> {
    hosts.iter().map(|host| (*host).to_owned()).collect()
}

#[test]
fn the_hosts_themselves_are_the_patterns() {
    let made = deployment("example.com", &names(&["mx1.example.com", "mx2.example.net"]), &wish()).unwrap();
    assert_eq!(made.record, "v=STSv1; id=20261121223725Z;");
    assert_eq!(
        made.policy,
        "version: STSv1\r\nmode: testing\r\nmx: mx1.example.com\r\nmx: mx2.example.net\r\nmax_age: 604800\r\n"
    );
    assert_eq!((made.tlsrpt, made.unused, made.warnings), (None, vec![], vec![]));
}

#[test]
fn an_id_tells_its_time() {
    assert_eq!(fresh_id("2026-11-21T22:37:25Z"), "20261121223725Z");
}

#[test]
fn presets_match_what_their_providers_hand_out() {
    for (preset, hosts) in [
        (Preset::Google, &["aspmx.l.google.com", "alt1.aspmx.l.google.com"][..]),
        (Preset::Google, &["smtp.google.com"]),
        (Preset::Microsoft365, &["example-com.mail.protection.outlook.com"]),
        (Preset::Microsoft365, &["example-com.h-v1.mx.microsoft"]),
    ] {
        let made = deployment("example.com", &names(hosts), &Wish { preset: Some(preset), ..wish() });
        assert!(made.is_ok(), "{hosts:?}: {made:?}");
    }
}

#[test]
fn a_preset_without_known_hosts_says_what_to_see_to() {
    let preset = Wish { preset: Some(Preset::Microsoft365), ..wish() };
    let made = deployment("example.com", &[], &preset).unwrap();
    assert!(made.policy.contains("mx: *.mail.protection.outlook.com\r\n"));
    for said in [text::all(&made), text::steps(&made)] {
        assert!(said.contains("a host below mx.microsoft, which no pattern of the preset matches"), "{said}");
    }
    let known = deployment("example.com", &names(&["a-com.mail.protection.outlook.com"]), &preset).unwrap();
    assert_eq!(known.unheld, None);
    let none = Wish { mode: Mode::None, max_age_s: 86_400, ..preset };
    assert_eq!(deployment("example.com", &[], &none).unwrap().unheld, None);
}

#[test]
fn a_policy_that_would_not_match_is_refused_with_the_missing_pattern() {
    let hosts = names(&["smtp.google.com", "aspmx2.googlemail.com"]);
    let preset = Wish { preset: Some(Preset::Google), ..wish() };
    let refused = deployment("example.com", &hosts, &preset).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the policy would not match aspmx2.googlemail.com, where mail for example.com goes: \
         the pattern `aspmx2.googlemail.com` is missing (add --pattern aspmx2.googlemail.com)"
    );
    let fixed = Wish { patterns: names(&["aspmx2.googlemail.com"]), ..preset };
    assert!(deployment("example.com", &hosts, &fixed).is_ok());
}

#[test]
fn what_is_not_valid_is_never_given_out() {
    let hosts = names(&["mx.example.com"]);
    for (wish, host) in [
        (Wish { patterns: names(&["*.*.example.com"]), ..wish() }, &hosts),
        (Wish { patterns: names(&["mx.example.com\r\nmode: none"]), ..wish() }, &hosts),
        (Wish { rua: names(&["mailto:a@b.example!10m"]), ..wish() }, &hosts),
        (Wish { rua: names(&["mailto:a@b.example,https://c.example/"]), ..wish() }, &hosts),
        (Wish { rua: names(&["http://c.example/"]), ..wish() }, &hosts),
        (Wish { id: "a-b".to_owned(), ..wish() }, &hosts),
        (Wish { max_age_s: 31_557_601, ..wish() }, &hosts),
        (wish(), &names(&["mail_1.example.com"])),
        (wish(), &Vec::new()),
    ] {
        let made = deployment("example.com", host, &wish);
        assert!(matches!(made, Err(Refused::Invalid { .. })), "{wish:?}: {made:?}");
    }
    let made = deployment("example.com", &names(&["192.0.2.1"]), &wish());
    assert!(matches!(made, Err(Refused::Address { .. })));
}

#[test]
fn mode_none_needs_no_hosts() {
    let none = Wish { mode: Mode::None, max_age_s: 86_400, ..wish() };
    let made = deployment("example.com", &[], &none).unwrap();
    assert_eq!(made.policy, "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n");
    let steps = text::steps(&made);
    let (policy, record) =
        (steps.find("Serve this policy").unwrap(), steps.find("publish the _mta-sts").unwrap());
    let (wait, remove) = (steps.find("From then on, wait").unwrap(), steps.find("remove").unwrap());
    assert!(policy < record && record < wait && wait < remove, "{steps}");
}

#[test]
fn the_policy_is_served_before_the_record_is_published() {
    let with_reports = Wish { rua: names(&["mailto:tls@example.com"]), ..wish() };
    let made = deployment("example.com", &names(&["mx.example.com"]), &with_reports).unwrap();
    let steps = text::steps(&made);
    let order = [
        "STARTTLS",
        "TLSRPT record first",
        "Serve the policy",
        "Only then publish",
        "--mode enforce",
        "--mode none",
    ];
    let places: Vec<usize> =
        order.iter().map(|step| steps.find(step).unwrap_or_else(|| panic!("{step}"))).collect();
    assert!(places.is_sorted(), "{steps}");
}

#[test]
fn a_short_max_age_in_enforce_is_a_warning() {
    let by_default = Wish { mode: Mode::Enforce, max_age_s: default_max_age_s(Mode::Enforce), ..wish() };
    let made = deployment("example.com", &names(&["mx.example.com"]), &by_default).unwrap();
    assert_eq!(made.warnings, []);
    let enforce = Wish { mode: Mode::Enforce, ..wish() };
    let made = deployment("example.com", &names(&["mx.example.com"]), &enforce).unwrap();
    assert_eq!(made.warnings, [Code::policy_max_age_short]);
    assert!(text::steps(&made).starts_with("1. Only after weeks of mode testing"));
}

#[test]
fn long_records_are_cut_into_character_strings() {
    let rua: Vec<String> = (0..10).map(|n| format!("mailto:tls-reports-{n}@reports.example.com")).collect();
    let many = Wish { rua, ..wish() };
    let made = deployment("example.com", &names(&["mx.example.com"]), &many).unwrap();
    let zone = text::zone(&made);
    let line = zone.lines().find(|line| line.starts_with("_smtp._tls.")).unwrap();
    let strings: Vec<&str> = line.split_once("TXT ").unwrap().1.trim_matches('"').split("\" \"").collect();
    assert!(strings.len() > 1 && strings.iter().all(|string| string.len() <= 255));
    assert_eq!(strings.concat(), made.tlsrpt.unwrap());
}

proptest! {
    #[test]
    fn what_is_given_out_matches_every_host(
        hosts in prop::collection::vec("[a-z]{1,3}(\\.[a-z-]{1,4}){1,3}", 1..5),
        patterns in prop::collection::vec("(\\*\\.)?[a-z]{1,3}\\.[a-z]{1,4}", 0..4),
    ) {
        if let Ok(made) = deployment("example.com", &hosts, &Wish { patterns, ..wish() }) {
            let parsed = policy::parse(made.policy.as_bytes());
            prop_assert!(parsed.valid);
            prop_assert!(hosts.iter().all(|host| mx_pattern::first_match(host, &parsed.mx_escaped()).is_some()));
        }
    }
}
