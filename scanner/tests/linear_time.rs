//! No parser of what strangers send takes more than time linear in its length: each is given text of growing
//! length that is made to hurt it, and the processor time of this thread is counted.
//!
//! The bound is on growth, not on speed, so it holds on any machine: eight times the length may take 24 times
//! as long, which leaves caches and allocators a factor of three; a quadratic parser takes 64 times as long.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::time::Duration;
use sts_scanner::mta_sts::{dmarc, mx_pattern, policy, record, tlsrpt};
use sts_scanner::smtp::session::{Session, Step};
use sts_scanner::tls::{certificate, legacy};
use sts_scanner::validate;

/// Bytes of the shorter text. The longer is as long as the longest policy that is taken.
const SHORT: usize = 8_192;
const GROWTH: usize = 8;
/// What the longer text may cost, in costs of the shorter.
const MOST: u32 = 24;
/// Below this the clock and the first touch of memory are what is measured.
const LEAST: Duration = Duration::from_micros(20);

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// The least of some runs: what else the machine does can only add.
fn cost(parse: fn(&[u8]), text: &[u8]) -> Duration {
    let run = || {
        let began = cpu();
        parse(black_box(text));
        cpu().saturating_sub(began)
    };
    (0..5).map(|_| run()).min().unwrap_or_default()
}

fn repeated(head: &str, unit: &str, length: usize) -> Vec<u8> {
    let mut text = head.as_bytes().to_vec();
    while text.len() < length {
        text.extend_from_slice(unit.as_bytes());
    }
    text
}

/// How much more a text of eight times the length costs.
fn grows(parse: fn(&[u8]), head: &str, unit: &str) -> f64 {
    let short = cost(parse, &repeated(head, unit, SHORT)).max(LEAST);
    let long = cost(parse, &repeated(head, unit, SHORT * GROWTH));
    long.as_secs_f64() / short.as_secs_f64()
}

type Parser = (&'static str, fn(&[u8]), &'static [&'static str]);

/// Each with beginnings that lead into its depth.
const PARSERS: &[Parser] = &[
    ("record", |text| drop(black_box(record::judge(&[text]))), &["v=STSv1; id=1", "v=STSv1 ;", ""]),
    ("records", |text| drop(black_box(record::judge(&by_line(text)))), &["v=STSv1; id=1\n", ""]),
    (
        "tlsrpt_record",
        |text| drop(black_box(tlsrpt::judge(&[text]))),
        &["v=TLSRPTv1; rua=mailto:a@b.c", "v=TLSRPTv1;rua=", ""],
    ),
    (
        "dmarc_record",
        |text| drop(black_box(dmarc::judge(&[text]))),
        &["v=DMARC1; p=none; rua=mailto:a@b.c", "v=DMARC1;fo=", "v=DMARC1; a", ""],
    ),
    ("policy", |text| drop(black_box(policy::parse(text))), &["version: STSv1\nmode: enforce\n", "mx: ", ""]),
    ("mx_pattern", match_pattern, &["*.", "a.", ""]),
    ("smtp_session", converse, &["220 mx\r\n250-", "220-", ""]),
    ("certificate", |text| drop(black_box(certificate::facts(text))), &["\u{30}", ""]),
    (
        "server_hello",
        |text| _ = black_box(legacy::read(text)),
        &["\u{16}\u{3}\u{1}\0\u{1}", "\u{15}\u{3}\u{3}\0\u{2}"],
    ),
    ("validate policy", |text| drop(black_box(validate::policy(text))), &["version: STSv1\n", ""]),
    ("validate record", |text| drop(black_box(validate::record(&[text]))), &["v=STSv1; id=1;", ""]),
    (
        "validate tlsrpt-record",
        |text| drop(black_box(validate::tlsrpt_record(&[text]))),
        &["v=TLSRPTv1;rua=", ""],
    ),
];

/// What hurts parsers: separators, blanks, fields, labels, line ends and bytes that must be escaped, over and
/// over.
const UNITS: &[&str] = &[
    "; x=1",
    ";",
    "; ",
    " ",
    "=",
    ",",
    ", mailto:a@b",
    "!",
    "%",
    "%41",
    "\n",
    "\r\n",
    "x:\n",
    "mx: a.b\n",
    ":",
    ": ",
    "a.",
    "*.",
    ".",
    "-",
    "a",
    "\u{a0}",
    "é",
    "\0",
    "mode: enforce\n",
    "version: STSv1\n",
    "v=STSv1; id=1\n",
    "250-x\r\n",
    "220 x\r\n",
    "250",
    "\u{16}\u{3}\u{1}\0\u{1}\u{2}",
    "\u{15}\u{3}\u{3}\0\u{2}\u{1}\0",
    "<p>",
    "xn--a.",
];

fn by_line(text: &[u8]) -> Vec<&[u8]> {
    text.split(|&byte| byte == b'\n').collect()
}

fn match_pattern(text: &[u8]) {
    let _ = black_box(mx_pattern::check(text));
    let _ = black_box(mx_pattern::a_label(text));
    let text = String::from_utf8_lossy(text);
    let _ = black_box(mx_pattern::matches(&text, &text));
}

/// In pieces as they come from a socket.
fn converse(text: &[u8]) {
    let mut session = Session::new("scan.example");
    for piece in text.chunks(1_400) {
        let mut step = session.receive(piece);
        while let Step::Send(_) = step {
            step = session.receive(&[]);
        }
    }
    drop(black_box(session.into_transcript()));
}

#[test]
fn eight_times_the_length_costs_no_parser_24_times_the_time() {
    for (name, parse, heads) in PARSERS {
        for head in *heads {
            for unit in UNITS {
                let grown = grows(*parse, head, unit);
                assert!(
                    grown <= f64::from(MOST),
                    "{name}: {head:?} and {unit:?} over and over: {grown:.1} times"
                );
            }
        }
    }
}

#[test]
fn nor_does_any_mixture_of_what_hurts() {
    let mixture = prop::collection::vec(prop::sample::select(UNITS), 1..6);
    let case = (prop::sample::select(PARSERS), any::<prop::sample::Index>(), mixture);
    let done = TestRunner::new(Config { cases: 200, ..Config::default() }).run(
        &case,
        |((name, parse, heads), head, unit)| {
            let head = head.get(heads);
            let grown = grows(parse, head, &unit.concat());
            prop_assert!(grown <= f64::from(MOST), "{}: {:?} and {:?}: {:.1} times", name, head, unit, grown);
            Ok(())
        },
    );
    assert!(done.is_ok(), "{done:?}");
}

/// The measure itself must see a parser that is quadratic.
#[test]
fn a_quadratic_parser_would_be_seen() {
    fn quadratic(text: &[u8]) {
        let found = (0..text.len()).step_by(16).filter(|&at| text[at..].contains(&1)).count();
        assert_eq!(black_box(found), 0);
    }
    assert!(grows(quadratic, "", "; ") > f64::from(MOST));
}
