use super::{Phase, Session, SmtpOutcome as End, Starttls, Step, Transcript};
use proptest::prelude::*;

/// Talks: each line of `server` is one piece as it arrives; gives what we sent, the last step, and what was
/// seen.
fn talk(server: &[&[u8]]) -> (String, Step, Transcript) {
    let mut session = Session::new("probe.example");
    let mut sent = String::new();
    let mut pieces = server.iter();
    let mut step = session.receive(b"");
    loop {
        step = match step {
            Step::Read => match pieces.next() {
                Some(piece) => session.receive(piece),
                None => {
                    session.closed();
                    return (sent, Step::Read, session.into_transcript());
                }
            },
            Step::Send(line) => {
                sent.push_str(&String::from_utf8_lossy(&line));
                session.receive(b"")
            }
            last => return (sent, last, session.into_transcript()),
        };
    }
}

const GREETING: &[u8] = b"220 mx.example.org\r\n";
const OFFER: &[u8] = b"250-mx.example.org hello\r\n250-SIZE 100\r\n250 STARTTLS\r\n";

#[test]
fn a_server_that_offers_starttls_gets_to_tls() {
    let (sent, step, seen) = talk(&[GREETING, OFFER, b"220 go\r\n"]);
    assert_eq!(sent, "EHLO probe.example\r\nSTARTTLS\r\n");
    assert_eq!(step, Step::StartTls);
    assert_eq!((seen.phase, seen.end), (Phase::Tls, None));
    assert_eq!((seen.code, seen.text.as_deref()), (Some(220), Some("go")));
    assert_eq!(seen.banner.as_deref(), Some("mx.example.org"));
    assert_eq!(seen.ehlo, Some(vec!["SIZE 100".to_owned(), "STARTTLS".to_owned()]));
    assert_eq!(seen.starttls, Starttls::Offered);
}

/// Pieces, then: outcome, phase, code, state of STARTTLS, last step.
type Case = (&'static [&'static [u8]], End, Phase, Option<u16>, Starttls, Step);

#[test]
fn every_way_to_fail_has_its_outcome() {
    let cases: &[Case] = &[
        (&[b"554 go away\r\n"], End::Rejected5xx, Phase::Banner, Some(554), Starttls::Unknown, Step::Quit),
        (&[b"450 later\r\n"], End::Rejected4xx, Phase::Banner, Some(450), Starttls::Unknown, Step::Quit),
        (&[b"421 busy\r\n"], End::Limited, Phase::Banner, Some(421), Starttls::Unknown, Step::Close),
        (&[b"250 hm\r\n"], End::Protocol, Phase::Banner, Some(250), Starttls::Unknown, Step::Quit),
        (&[], End::Closed, Phase::Banner, None, Starttls::Unknown, Step::Read),
        (&[b"220 mx"], End::Closed, Phase::Banner, None, Starttls::Unknown, Step::Read),
        (&[b"HTTP/1.1 400 Bad"], End::Protocol, Phase::Banner, None, Starttls::Unknown, Step::Close),
        (&[b"\x15\x03\x01\x00\x02"], End::Protocol, Phase::Banner, None, Starttls::Unknown, Step::Close),
        (&[GREETING], End::Closed, Phase::Ehlo, Some(220), Starttls::Unknown, Step::Read),
        (&[GREETING, b"421 bye\r\n"], End::Limited, Phase::Ehlo, Some(421), Starttls::Unknown, Step::Close),
        (&[GREETING, b"450 no\r\n"], End::Rejected4xx, Phase::Ehlo, Some(450), Starttls::Unknown, Step::Quit),
        (&[GREETING, b"354 hm\r\n"], End::Protocol, Phase::Ehlo, Some(354), Starttls::Unknown, Step::Quit),
        (&[GREETING, b"junk"], End::Protocol, Phase::Ehlo, Some(220), Starttls::Unknown, Step::Close),
        (
            &[GREETING, b"250 STARTTLS\r\n"],
            End::NotOffered,
            Phase::Ehlo,
            Some(250),
            Starttls::NotOffered,
            Step::Quit,
        ),
        (
            &[GREETING, b"502 no\r\n", b"250 ok\r\n"],
            End::NotOffered,
            Phase::Helo,
            Some(250),
            Starttls::NotOffered,
            Step::Quit,
        ),
        (
            &[GREETING, b"502 no\r\n", b"550 no\r\n"],
            End::Rejected5xx,
            Phase::Helo,
            Some(550),
            Starttls::Unknown,
            Step::Quit,
        ),
        (
            &[GREETING, b"502 no\r\n", b"421 no\r\n"],
            End::Limited,
            Phase::Helo,
            Some(421),
            Starttls::Unknown,
            Step::Close,
        ),
        (&[GREETING, b"502 no\r\n"], End::Rejected5xx, Phase::Helo, Some(502), Starttls::Unknown, Step::Read),
        (&[GREETING, OFFER], End::Closed, Phase::StartTls, Some(250), Starttls::Offered, Step::Read),
        (
            &[GREETING, OFFER, b"454 no\r\n"],
            End::Refused,
            Phase::StartTls,
            Some(454),
            Starttls::Refused,
            Step::Quit,
        ),
        (
            &[GREETING, OFFER, b"421 no\r\n"],
            End::Limited,
            Phase::StartTls,
            Some(421),
            Starttls::Refused,
            Step::Close,
        ),
        (
            &[GREETING, OFFER, b"454 4.7.0 Error: too many new TLS sessions\r\n"],
            End::Limited,
            Phase::StartTls,
            Some(454),
            Starttls::Refused,
            Step::Quit,
        ),
        (
            &[GREETING, OFFER, b"250 ok\r\n"],
            End::Refused,
            Phase::StartTls,
            Some(250),
            Starttls::Refused,
            Step::Quit,
        ),
        (
            &[GREETING, OFFER, b"220 go\r\n250 x\r\n"],
            End::AnswerInjection,
            Phase::StartTls,
            Some(220),
            Starttls::Offered,
            Step::Close,
        ),
        (
            &[GREETING, OFFER, b"220 go\r\nx"],
            End::AnswerInjection,
            Phase::StartTls,
            Some(220),
            Starttls::Offered,
            Step::Close,
        ),
        (
            &[GREETING, OFFER, b"garbage"],
            End::Protocol,
            Phase::StartTls,
            Some(250),
            Starttls::Offered,
            Step::Close,
        ),
    ];
    for (pieces, end, phase, code, starttls, step) in cases {
        let (_, last, seen) = talk(pieces);
        let found = (seen.end, seen.phase, seen.code, seen.starttls, last);
        assert_eq!(found, (Some(*end), *phase, *code, *starttls, step.clone()), "{pieces:?}");
    }
}

#[test]
fn a_deadline_is_a_banner_timeout_before_the_greeting_and_closed_after_it() {
    let mut session = Session::new("probe.example");
    session.receive(b"220-half a greeting\r\n");
    session.timed_out();
    assert_eq!(session.into_transcript().end, Some(End::BannerTimeout));
    let mut session = Session::new("probe.example");
    session.receive(GREETING);
    session.timed_out();
    assert_eq!(session.into_transcript().end, Some(End::Closed));
}

#[test]
fn an_end_behind_a_refused_ehlo_is_that_refusal_whoever_hangs_up() {
    for break_off in [Session::closed, Session::reset, Session::timed_out] {
        let mut session = Session::new("probe.example");
        session.receive(GREETING);
        session.receive(b"550 HELO name is not acceptable here\r\n");
        break_off(&mut session);
        let seen = session.into_transcript();
        assert_eq!((seen.end, seen.code, seen.ehlo), (Some(End::Rejected5xx), Some(550), None));
    }
}

#[test]
fn helo_leaves_no_keywords_and_a_refusal_leaves_none_known() {
    assert_eq!(talk(&[GREETING, b"502 no\r\n", b"250 ok\r\n"]).2.ehlo, Some(Vec::new()));
    assert_eq!(talk(&[GREETING, b"450 no\r\n"]).2.ehlo, None);
    assert_eq!(talk(&[GREETING, b"250 only a name\r\n"]).2.ehlo, Some(Vec::new()));
}

#[test]
fn a_mask_has_the_length_of_starttls_and_a_masked_greeting_little_but_asterisks() {
    let end = |greeting: &str, ehlo: &str| talk(&[greeting.as_bytes(), ehlo.as_bytes()]).2.end;
    let plain = "220 mx.example.org\r\n";
    for mask in ["XXXXXXXA", "XXXXXXXX"] {
        assert_eq!(end(plain, &format!("250-mx\r\n250 {mask}\r\n")), Some(End::Masked), "{mask}");
    }
    for other in ["XXXXXXXXA", "XXXXXXA", "XSTARTTLS", "XXXXXXXB", "X-EXTEND"] {
        assert_eq!(end(plain, &format!("250-mx\r\n250 {other}\r\n")), Some(End::NotOffered), "{other}");
    }
    // A PIX of version 5.1 and later leaves digits and blanks.
    for greeting in ["220 ********\r\n", "220 *********0*********** ****2****** 0*\r\n"] {
        assert_eq!(end(greeting, "250 mx\r\n"), Some(End::Masked), "{greeting}");
        assert_eq!(end(greeting, "250-mx\r\n250 STARTTLS\r\n"), Some(End::Closed), "{greeting}");
    }
    for greeting in ["220 *******\r\n", "220 ******** ESMTP\r\n", "220 2020\r\n"] {
        assert_eq!(end(greeting, "250 mx\r\n"), Some(End::NotOffered), "{greeting}");
    }
    let helo = talk(&[b"220 ************\r\n", b"500 no\r\n", b"250 mx\r\n"]).2;
    assert_eq!((helo.end, helo.starttls), (Some(End::Masked), Starttls::Masked));
}

#[test]
fn starttls_is_found_blind_to_case_and_not_inside_another_word() {
    let offered = |line: &str| {
        let ehlo = format!("250-mx\r\n250 {line}\r\n");
        talk(&[GREETING, ehlo.as_bytes()]).2.starttls
    };
    assert_eq!(offered("starttls"), Starttls::Offered);
    assert_eq!(offered("STARTTLS "), Starttls::Offered);
    assert_eq!(offered("XSTARTTLS"), Starttls::NotOffered);
    assert_eq!(offered("STARTTLSX"), Starttls::NotOffered);
    assert_eq!(offered("AUTH STARTTLS"), Starttls::NotOffered);
}

#[test]
fn text_is_escaped_with_its_line_feeds() {
    let (_, _, seen) = talk(&[b"554-a\\b\r\n554 \xe4\r\n"]);
    assert_eq!(seen.banner.as_deref(), Some("a\\092b\\010\\228"));
    assert_eq!(seen.text, seen.banner);
}

#[test]
fn replies_that_come_early_are_taken_in_their_turn() {
    let together = [GREETING, OFFER].concat();
    let (sent, step, _) = talk(&[&together, b"220 go\r\n"]);
    assert_eq!((sent.as_str(), step), ("EHLO probe.example\r\nSTARTTLS\r\n", Step::StartTls));
}

proptest! {
    #[test]
    fn any_bytes_end_in_something_and_pieces_do_not_matter(
        bytes in proptest::collection::vec(
            prop_oneof![any::<u8>(), Just(b'2'), Just(b'5'), Just(b'0'), Just(b' '), Just(b'\n')], 0..400),
    ) {
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        let (sent, step, whole) = talk(&[&bytes]);
        prop_assert!(sent.len() < 100);
        prop_assert!(whole.end.is_some() || step == Step::StartTls);
        // What is injected is only known by coming together with the 220.
        if whole.end != Some(End::AnswerInjection) {
            prop_assert_eq!(talk(&single).2, whole);
        }
    }

    #[test]
    fn a_whole_conversation_in_any_pieces_gets_to_tls(size in 1_usize..20) {
        let greeting: Vec<&[u8]> = GREETING.chunks(size).collect();
        let offer: Vec<&[u8]> = OFFER.chunks(size).collect();
        let go: Vec<&[u8]> = b"220 go\r\n".chunks(size).collect();
        let (_, step, seen) = talk(&[greeting, offer, go].concat());
        prop_assert_eq!((step, seen.end), (Step::StartTls, None));
    }
}
