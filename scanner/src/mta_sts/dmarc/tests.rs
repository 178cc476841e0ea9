#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
use super::*;
use DmarcPolicy::{None as NoPolicy, Quarantine, Reject};
use proptest::prelude::*;

/// State, policy, policy of subdomains and testing.
fn of(txt: &str) -> (RecordState, Option<DmarcPolicy>, Option<DmarcPolicy>, bool) {
    let judged = judge(&[txt]);
    let record = judged.record.unwrap();
    (judged.state, record.policy, record.subdomains, record.testing)
}

fn state(txt: &str) -> RecordState {
    judge(&[txt]).state
}

#[test]
fn policies_are_read_blind_to_case_in_any_order_and_subdomains_follow_the_domain() {
    let valid = RecordState::Valid;
    assert_eq!(of("v=DMARC1; p=reject"), (valid, Some(Reject), Some(Reject), false));
    assert_eq!(of("v=DMARC1;sp=None;P=Quarantine;"), (valid, Some(Quarantine), Some(NoPolicy), false));
    assert_eq!(of("v = DMARC1 ; p = none ; "), (valid, Some(NoPolicy), Some(NoPolicy), false));
    // Its own example in appendix B.2.4, and one of RFC 7489 with tags that are gone.
    assert_eq!(
        of(
            "v=DMARC1; p=quarantine; rua=mailto:dmarc-feedback@example.com, mailto:tld-test@thirdparty.example.net; t=y"
        ),
        (valid, Some(Quarantine), Some(Quarantine), true)
    );
    assert_eq!(
        of("v=DMARC1; p=none; pct=50; rf=afrf; ri=86400; fo=1:d:s; adkim=s; rua=mailto:a@b.example!10m"),
        (valid, Some(NoPolicy), Some(NoPolicy), false)
    );
}

#[test]
fn without_a_valid_p_it_is_none_where_reports_are_asked_for_and_no_dmarc_elsewhere() {
    let rua = "rua=mailto:a@b.example";
    assert_eq!(of(&format!("v=DMARC1; {rua}")), (RecordState::Valid, Some(NoPolicy), Some(NoPolicy), false));
    for faulty in ["p=block", "p=reject; sp=block", "p=reject; np=block", "p="] {
        let with = of(&format!("v=DMARC1; {faulty}; {rua}"));
        assert_eq!(with, (RecordState::Invalid, Some(NoPolicy), Some(NoPolicy), false), "{faulty}");
        let without = of(&format!("v=DMARC1; {faulty}; rua=a@b.example"));
        assert_eq!(without, (RecordState::Invalid, None, None, false), "{faulty}");
    }
    assert_eq!(of("v=DMARC1"), (RecordState::Invalid, None, None, false));
}

#[test]
fn testing_is_t_and_pct_0_only_where_there_is_no_t() {
    let testing = |tags: &str| of(&format!("v=DMARC1; p=reject; {tags}")).3;
    assert_eq!([testing("t=y"), testing("t=n"), testing("t=maybe")], [true, false, false]);
    assert_eq!([testing("pct=0"), testing("pct=10"), testing("pct=100")], [true, false, false]);
    assert_eq!(
        [testing("t=n; pct=0"), testing("t=maybe; pct=0"), testing("t=Y; pct=100")],
        [false, false, true]
    );
}

#[test]
fn what_receivers_pass_over_is_invalid_and_leaves_the_policy() {
    for tag in [
        "adkim=strict",
        "aspf=x",
        "fo=2",
        "fo=0:1",
        "fo=d:d",
        "psd=maybe",
        "t=maybe",
        "ruf=nobody",
        "rua=mailto:@",
        "rua=mailto:a@b.example,",
        "rua=mailto:a@b.example!10x",
        "please",
        "x-tag=1",
        "x=",
        "x=\u{e9}",
        "p=none",
        ";",
    ] {
        let read = of(&format!("v=DMARC1; p=reject; {tag};"));
        assert_eq!(read, (RecordState::Invalid, Some(Reject), Some(Reject), false), "{tag}");
    }
    let faults = judge(&["x", "v=DMARC1; p=reject; fo=2"]).faults;
    assert_eq!(faults.iter().map(|fault| (fault.line, fault.column)).collect::<Vec<_>>(), [(2, 21)]);
}

#[test]
fn the_place_in_the_tree_is_read() {
    let psd = |tag: &str| judge(&[format!("v=DMARC1; p=none; {tag}")]).record.unwrap().psd;
    assert_eq!(
        [psd("psd=y"), psd("psd=N"), psd("psd=u"), psd("x=y")],
        [Psd::Yes, Psd::No, Psd::Unknown, Psd::Unknown]
    );
}

#[test]
fn two_records_count_as_none_and_other_text_beside_one_does_not_matter() {
    let one = "v=DMARC1; p=reject";
    let two = judge(&[one, "V=DMARC1; p=none"]);
    assert_eq!((two.state, two.record), (RecordState::Multiple, None));
    assert_eq!(judge(&["v=spf1 -all", one, "v=DMARC2; p=none"]).state, RecordState::Valid);
}

#[test]
fn what_does_not_begin_with_the_version_is_no_record_and_an_attempt_is_invalid() {
    for attempt in [
        "v=dmarc1; p=reject",
        "v=DMARC10; p=reject",
        "v=DMARC1 p=reject",
        " v=DMARC1; p=reject",
        "\"v=DMARC1; p=reject\"",
        "v=DMARC; p=reject",
    ] {
        let judged = judge(&[attempt]);
        assert_eq!((judged.state, judged.record), (RecordState::Invalid, None), "{attempt}");
    }
    for other in ["p=reject; v=DMARC1", "v=spf1 -all", "", "DMARC1"] {
        assert_eq!(state(other), RecordState::Absent, "{other}");
    }
    assert_eq!(judge::<&[u8]>(&[]).state, RecordState::Absent);
}

proptest! {
    #[test]
    fn any_bytes_are_judged_without_panic(txts: Vec<Vec<u8>>, tail: Vec<u8>) {
        let _ = judge(&txts);
        let read = judge(&[[b"v=DMARC1;", tail.as_slice()].concat()]);
        prop_assert!(read.record.is_some());
    }
}
