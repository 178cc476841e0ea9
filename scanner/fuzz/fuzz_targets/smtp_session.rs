//! What an SMTP server sends, whole and byte by byte: the same conversation, but for bytes that follow the
//! 220 to STARTTLS.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sts_scanner::evidence::SmtpOutcome;
use sts_scanner::smtp::session::{Phase, Session, Step, Transcript};

fuzz_target!(|data: &[u8]| {
    let whole = converse(data, data.len().max(1));
    let bytewise = converse(data, 1);
    if whole.end == Some(SmtpOutcome::AnswerInjection) {
        assert_eq!((bytewise.end, bytewise.phase), (None, Phase::Tls));
    } else {
        assert_eq!(whole, bytewise);
    }
    assert!(whole.end.is_some() || whole.phase == Phase::Tls);
    let texts = whole.text.iter().chain(&whole.banner).chain(whole.ehlo.iter().flatten());
    for text in texts {
        assert!(text.bytes().all(|b| matches!(b, 0x20..=0x7e)));
    }
});

fn converse(data: &[u8], piece: usize) -> Transcript {
    let mut session = Session::new("scan.example");
    for bytes in data.chunks(piece) {
        let mut step = session.receive(bytes);
        while let Step::Send(_) = step {
            step = session.receive(&[]);
        }
        if step != Step::Read {
            return session.into_transcript();
        }
    }
    session.closed();
    session.into_transcript()
}
