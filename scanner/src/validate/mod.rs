//! `sts-scan validate`: records, policies and MX patterns judged without a network, by the parsers that a
//! scan uses.
//!
//! [`record`], [`policy`], [`tlsrpt_record`] and [`mx_match`] judge one input each; [`run`] is the command:
//! one input read within bounds and told to a person, or JSON lines in and out.

mod batch;
mod fix;
mod input;
mod line;
mod report;
mod text;

pub use fix::Fix;
pub use input::Unreadable;

use crate::assess::catalogue::Severity;
use crate::evidence::text::escape;
use crate::evidence::{Code, Mode, RecordState};
use crate::mta_sts::mx_pattern::{self, PatternFault};
use crate::mta_sts::policy::POLICY_BYTES;
use crate::mta_sts::{self, Fault};
use std::io::{BufRead, Write};
use std::net::IpAddr;

/// What is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// The TXT records at `_mta-sts`.
    Record,
    /// A policy's text.
    Policy,
    /// An MX host against patterns.
    MxMatch,
    /// The TXT records at `_smtp._tls`.
    TlsrptRecord,
    /// A TLS report's JSON (RFC 8460 section 4.4).
    TlsrptReport,
}

impl InputKind {
    /// The words of the command line.
    pub const WORDS: [&str; 5] = ["record", "policy", "mx-match", "tlsrpt-record", "tlsrpt-report"];

    /// The kind of a word; `None` where it is none of [`InputKind::WORDS`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "record" => Some(Self::Record),
            "policy" => Some(Self::Policy),
            "mx-match" => Some(Self::MxMatch),
            "tlsrpt-record" => Some(Self::TlsrptRecord),
            "tlsrpt-report" => Some(Self::TlsrptReport),
            _ => None,
        }
    }
}

/// How a sender reads an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderView {
    /// It takes it.
    Valid,
    /// It acts as if there were none: several records too.
    Invalid,
    /// There is none of this version.
    Absent,
    /// A pattern matches.
    Match,
    /// No pattern matches.
    NoMatch,
}

impl SenderView {
    /// The word in text and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Absent => "absent",
            Self::Match => "match",
            Self::NoMatch => "nomatch",
        }
    }

    /// Whether the sender goes on with it.
    #[must_use]
    pub const fn passes(self) -> bool {
        matches!(self, Self::Valid | Self::Match)
    }

    const fn of_text(valid: bool) -> Self {
        if valid { Self::Valid } else { Self::Invalid }
    }

    /// A record in another version is `invalid` in the dataset, because it signals, and none at all to a
    /// sender.
    const fn of_record(state: RecordState, other_version: bool) -> Self {
        match state {
            RecordState::Valid => Self::Valid,
            RecordState::Absent | RecordState::Unknown => Self::Absent,
            RecordState::Invalid if other_version => Self::Absent,
            RecordState::Invalid | RecordState::Multiple => Self::Invalid,
        }
    }
}

/// One finding, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// The code.
    pub code: Code,
    /// Line of a policy, number of a record, or number of a pattern, from 1; 0 where it is the whole.
    pub line: usize,
    /// Column in bytes, from 1; 0 where it is the whole.
    pub column: usize,
}

impl Note {
    /// In the order in which a reader meets them.
    fn in_order(mut notes: Vec<Self>) -> Vec<Self> {
        notes.sort_by_key(|note| (note.line == 0, note.line, note.column));
        notes
    }

    const fn of_whole(code: Code) -> Self {
        Self { code, line: 0, column: 0 }
    }

    fn of(fault: &Fault) -> Self {
        Self { code: fault.code, line: fault.line, column: if fault.line == 0 { 0 } else { fault.column } }
    }

    /// How much it matters.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.finding().severity
    }
}

/// What there is to say about one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationReport {
    /// To a sender that goes by the RFC's letter.
    pub strict: SenderView,
    /// To a sender that forgives what most deployed ones forgive.
    pub lenient: SenderView,
    /// Every finding: by line and column, then those of the whole.
    pub findings: Vec<Note>,
    /// The fixed text, or why there is none.
    pub fix: Fix,
}

/// Judges all TXT records at `_mta-sts` (RFC 8461 section 3.1), each with its character-strings joined.
#[must_use]
pub fn record<T: AsRef<[u8]>>(txts: &[T]) -> ValidationReport {
    let judged = mta_sts::record::judge(txts);
    let other_version = judged.faults.iter().any(|fault| fault.code == Code::record_version_invalid);
    ValidationReport {
        strict: SenderView::of_record(judged.state, other_version),
        lenient: SenderView::of_record(judged.lenient, other_version),
        findings: Note::in_order(judged.faults.iter().map(Note::of).collect()),
        fix: fix::record(txts, &judged),
    }
}

/// Judges all TXT records at `_smtp._tls` (RFC 8460 section 3), each with its character-strings joined.
#[must_use]
pub fn tlsrpt_record<T: AsRef<[u8]>>(txts: &[T]) -> ValidationReport {
    let judged = mta_sts::tlsrpt::judge(txts);
    let is_attempt = judged.state == RecordState::Invalid && judged.rua.is_none();
    let mut findings: Vec<Note> = judged.faults.iter().map(Note::of).collect();
    if judged.state == RecordState::Absent {
        findings.push(Note::of_whole(Code::tlsrpt_absent));
    }
    ValidationReport {
        strict: SenderView::of_record(judged.state, is_attempt),
        lenient: SenderView::of_record(judged.lenient, is_attempt),
        findings: Note::in_order(findings),
        fix: fix::tlsrpt(txts, &judged),
    }
}

/// Judges a policy's text (RFC 8461 section 3.2). One over [`POLICY_BYTES`] is not looked into.
#[must_use]
pub fn policy(body: &[u8]) -> ValidationReport {
    if body.len() > POLICY_BYTES {
        return ValidationReport {
            strict: SenderView::Invalid,
            lenient: SenderView::Invalid,
            findings: vec![Note::of_whole(Code::policy_too_large)],
            fix: Fix::uncertain("it is not certain what may be left out"),
        };
    }
    let parsed = mta_sts::policy::parse(body);
    let mut findings: Vec<Note> = parsed.faults.iter().map(Note::of).collect();
    match parsed.mode {
        Some(Mode::Testing) => findings.push(Note::of_whole(Code::policy_mode_testing)),
        Some(Mode::None) => findings.push(Note::of_whole(Code::policy_mode_none)),
        Some(Mode::Enforce) | None => {}
    }
    ValidationReport {
        strict: SenderView::of_text(parsed.valid),
        lenient: SenderView::of_text(parsed.lenient),
        findings: Note::in_order(findings),
        fix: fix::policy(body, &parsed),
    }
}

/// Holds an MX host against a policy's patterns (RFC 8461 section 4.1); both senders match alike.
///
/// A pattern that is none is told with its number as the line.
#[must_use]
pub fn mx_match<P: AsRef<str>>(host: &str, patterns: &[P]) -> ValidationReport {
    let mut findings = Vec::new();
    if host.strip_suffix('.').unwrap_or(host).parse::<IpAddr>().is_ok() {
        findings.push(Note::of_whole(Code::mx_is_address));
    }
    for (pattern, line) in patterns.iter().zip(1..) {
        let code = match mx_pattern::check(pattern.as_ref().as_bytes()) {
            Ok(()) => continue,
            Err(PatternFault::Invalid) => Code::policy_mx_invalid,
            Err(PatternFault::ULabel) => Code::policy_mx_u_label,
        };
        findings.push(Note { code, line, column: 1 });
    }
    let verdict = if mx_pattern::first_match(host, patterns).is_some() {
        SenderView::Match
    } else {
        findings.push(Note::of_whole(Code::mx_mismatch_all));
        SenderView::NoMatch
    };
    ValidationReport { strict: verdict, lenient: verdict, findings, fix: Fix::NotNeeded }
}

/// What the command is asked for.
#[derive(Debug, Clone)]
pub struct ValidateJob {
    /// What is judged.
    pub kind: InputKind,
    /// One input, or many.
    pub form: Form,
}

/// What the input looks like.
#[derive(Debug, Clone)]
pub enum Form {
    /// One input as it is: a policy; records, one per line, plain or as `dig +short` writes them; for a
    /// match, an object.
    One,
    /// A policy, whose patterns these MX hosts are held against.
    HostsAgainstPolicy(Vec<String>),
    /// JSON lines.
    Batch,
}

/// Reads the input, judges it, writes what there is to say, and says whether all of it passes to the letter.
///
/// # Errors
/// The input is not what the form wants, is longer than any such input can be, or cannot be read; or `out`
/// fails.
pub fn run(job: &ValidateJob, from: &mut dyn BufRead, out: &mut dyn Write) -> Result<bool, Unreadable> {
    match (&job.form, job.kind) {
        (Form::Batch, kind) => batch::run(kind, from, out),
        (Form::HostsAgainstPolicy(hosts), InputKind::MxMatch) => {
            let body = input::whole_policy(from)?;
            let parsed = mta_sts::policy::parse(&body);
            let text =
                |value: &&[u8]| std::str::from_utf8(value).map_or_else(|_| escape(value), str::to_owned);
            let patterns: Vec<String> = parsed.mx.iter().map(text).collect();
            let reports: Vec<(&str, ValidationReport)> =
                hosts.iter().map(|host| (host.as_str(), mx_match(host, &patterns))).collect();
            out.write_all(text::matches(&reports, &patterns).as_bytes())?;
            if !parsed.valid {
                writeln!(out, "the policy itself is not valid: see `sts-scan validate policy`")?;
            }
            Ok(parsed.valid && reports.iter().all(|(_, report)| report.strict.passes()))
        }
        (Form::HostsAgainstPolicy(_), _) => Err(Unreadable::Form("--mx is for mx-match only".to_owned())),
        (Form::One, InputKind::Policy) => {
            let body = input::policy(from)?;
            told(&policy(&body), &lines(&body), out)
        }
        (Form::One, InputKind::Record) => {
            let txts = input::records(from)?;
            told(&record(&txts), &txts, out)
        }
        (Form::One, InputKind::TlsrptRecord) => {
            let txts = input::records(from)?;
            told(&tlsrpt_record(&txts), &txts, out)
        }
        (Form::One, InputKind::TlsrptReport) => report::one(from, out),
        (Form::One, InputKind::MxMatch) => {
            let (host, patterns) = input::pair(from)?;
            let report = mx_match(&host, &patterns);
            out.write_all(text::matches(&[(&host, report.clone())], &patterns).as_bytes())?;
            Ok(report.strict.passes())
        }
    }
}

fn told(report: &ValidationReport, lines: &[Vec<u8>], out: &mut dyn Write) -> Result<bool, Unreadable> {
    out.write_all(text::report(report, lines).as_bytes())?;
    Ok(report.strict.passes())
}

fn lines(body: &[u8]) -> Vec<Vec<u8>> {
    body.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests;
