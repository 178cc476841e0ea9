//! The conversation as a machine without sockets: bytes in, what to do next out.
//!
//! Greeting, EHLO (HELO where that is refused with 5xx, RFC 5321 section 3.2), STARTTLS where it is offered
//! (RFC 3207), and then TLS or the end.

use super::limited::asks_for_less;
use super::reply::{Reply, ReplyParser};
use crate::evidence::text::escape;
use crate::evidence::{SmtpOutcome, SmtpPhase, Starttls};

/// What the driver does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read, and hand over what came.
    Read,
    /// Send this, then call [`Session::receive`] with nothing: the next reply may be here already.
    Send(Vec<u8>),
    /// Begin the handshake.
    StartTls,
    /// It is over, and the server still listens: say QUIT.
    Quit,
    /// It is over, and there is nobody to say QUIT to.
    Close,
}

/// Where the conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The greeting is awaited.
    Banner,
    /// The answer to EHLO.
    Ehlo,
    /// The answer to HELO, after EHLO was refused.
    Helo,
    /// The answer to STARTTLS.
    StartTls,
    /// The handshake may begin.
    Tls,
}

impl Phase {
    /// The phase as the column `smtp_phase` has it.
    #[must_use]
    pub const fn of_column(self) -> SmtpPhase {
        match self {
            Self::Banner => SmtpPhase::Banner,
            Self::Ehlo | Self::Helo => SmtpPhase::Ehlo,
            Self::StartTls => SmtpPhase::Starttls,
            Self::Tls => SmtpPhase::Tls,
        }
    }
}

/// What the plain text showed, as the columns of `mx_hosts` have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// Where it ended; [`Phase::Tls`] where the handshake may begin.
    pub phase: Phase,
    /// Why it ended; `None` where it did not: the handshake may begin.
    pub end: Option<SmtpOutcome>,
    /// Code of the last reply.
    pub code: Option<u16>,
    /// Its text, escaped.
    pub text: Option<String>,
    /// Text of the greeting, escaped.
    pub banner: Option<String>,
    /// Milliseconds until the greeting was there; filled by who has a clock.
    pub banner_ms: Option<i64>,
    /// Lines of the EHLO reply after the first, escaped; empty where HELO was used; `None` where EHLO was not
    /// answered with 250.
    pub ehlo: Option<Vec<String>>,
    /// What became of STARTTLS.
    pub starttls: Starttls,
}

/// One conversation.
#[derive(Debug)]
pub struct Session {
    own_name: String,
    parser: ReplyParser,
    /// Bytes behind the last whole reply. At most what one read brought: nothing is read while a reply is
    /// here.
    pending: Vec<u8>,
    /// Whether the server has not said a byte.
    is_silent: bool,
    /// Whether EHLO was refused with 5xx: whoever hangs up on HELO then has refused all the same.
    refused_ehlo: bool,
    seen: Transcript,
}

impl Session {
    /// A conversation that greets with this name (RFC 5321 section 4.1.1.1: a domain name, or an address
    /// literal).
    #[must_use]
    pub fn new(own_name: &str) -> Self {
        let seen = Transcript {
            phase: Phase::Banner,
            end: None,
            code: None,
            text: None,
            banner: None,
            banner_ms: None,
            ehlo: None,
            starttls: Starttls::Unknown,
        };
        Self {
            own_name: own_name.to_owned(),
            parser: ReplyParser::default(),
            pending: Vec::new(),
            is_silent: true,
            refused_ehlo: false,
            seen,
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.seen.phase
    }

    /// Notes how long the greeting took, milliseconds, once it is there whole; asked again, it changes
    /// nothing.
    pub fn time_greeting(&mut self, millis: impl FnOnce() -> i64) {
        if self.seen.banner.is_some() {
            self.seen.banner_ms.get_or_insert_with(millis);
        }
    }

    /// Takes what was read, in pieces of any size, and says what to do next. Once it has said that it is over
    /// it says `Close`.
    pub fn receive(&mut self, bytes: &[u8]) -> Step {
        self.is_silent &= bytes.is_empty();
        if self.seen.end.is_some() {
            return Step::Close;
        }
        if self.seen.phase == Phase::Tls {
            return Step::StartTls;
        }
        self.pending.extend_from_slice(bytes);
        match self.parser.push(&self.pending) {
            Ok(None) => {
                self.pending.clear();
                Step::Read
            }
            Ok(Some((reply, taken))) => {
                self.pending.drain(..taken);
                self.answer(&reply)
            }
            Err(_) => self.end(SmtpOutcome::Protocol, Step::Close),
        }
    }

    /// The server closed the connection.
    pub fn closed(&mut self) {
        self.seen.end.get_or_insert(self.broken_off());
    }

    /// The server, or something on the way, reset the connection.
    pub fn reset(&mut self) {
        let end = if self.is_silent { SmtpOutcome::ConnectReset } else { self.broken_off() };
        self.seen.end.get_or_insert(end);
    }

    /// The deadline is over.
    pub fn timed_out(&mut self) {
        let end =
            if self.seen.phase == Phase::Banner { SmtpOutcome::BannerTimeout } else { self.broken_off() };
        self.seen.end.get_or_insert(end);
    }

    /// What an end without a word is: behind a refused EHLO it is that refusal, which is the last word.
    const fn broken_off(&self) -> SmtpOutcome {
        if self.refused_ehlo { SmtpOutcome::Rejected5xx } else { SmtpOutcome::Closed }
    }

    /// What it showed.
    #[must_use]
    pub fn into_transcript(self) -> Transcript {
        self.seen
    }

    fn answer(&mut self, reply: &Reply) -> Step {
        self.seen.code = Some(reply.code);
        self.seen.text = Some(escape(&reply.lines.join(&b'\n')));
        match self.seen.phase {
            Phase::Banner => self.on_banner(reply),
            Phase::Ehlo => self.on_ehlo(reply),
            Phase::Helo => self.on_helo(reply),
            Phase::StartTls => self.on_starttls(reply),
            Phase::Tls => Step::StartTls,
        }
    }

    fn on_banner(&mut self, reply: &Reply) -> Step {
        self.seen.banner.clone_from(&self.seen.text);
        if reply.code != 220 {
            return self.rejected(reply);
        }
        self.say(Phase::Ehlo, &format!("EHLO {}\r\n", self.own_name))
    }

    fn on_ehlo(&mut self, reply: &Reply) -> Step {
        match reply.code {
            250 => {
                let keywords = reply.lines.iter().skip(1);
                self.seen.ehlo = Some(keywords.clone().map(|line| escape(line)).collect());
                if !keywords.clone().any(|line| is_starttls(line)) {
                    return self.not_offered(keywords.clone().any(|line| is_mask(line)));
                }
                self.seen.starttls = Starttls::Offered;
                self.say(Phase::StartTls, "STARTTLS\r\n")
            }
            500..=599 => {
                self.refused_ehlo = true;
                self.say(Phase::Helo, &format!("HELO {}\r\n", self.own_name))
            }
            _ => self.rejected(reply),
        }
    }

    fn on_helo(&mut self, reply: &Reply) -> Step {
        self.seen.ehlo = Some(Vec::new());
        match reply.code {
            250 => self.not_offered(false),
            _ => self.rejected(reply),
        }
    }

    fn on_starttls(&mut self, reply: &Reply) -> Step {
        if reply.code != 220 {
            self.seen.starttls = Starttls::Refused;
            return match Self::limited(reply) {
                Some(step) => self.end(SmtpOutcome::Limited, step),
                None => self.end(SmtpOutcome::Refused, Step::Quit),
            };
        }
        if !self.pending.is_empty() {
            return self.end(SmtpOutcome::AnswerInjection, Step::Close);
        }
        self.seen.phase = Phase::Tls;
        Step::StartTls
    }

    fn rejected(&mut self, reply: &Reply) -> Step {
        if let Some(step) = Self::limited(reply) {
            return self.end(SmtpOutcome::Limited, step);
        }
        match reply.code {
            400..=499 => self.end(SmtpOutcome::Rejected4xx, Step::Quit),
            500..=599 => self.end(SmtpOutcome::Rejected5xx, Step::Quit),
            _ => self.end(SmtpOutcome::Protocol, Step::Quit),
        }
    }

    /// What follows a reply that asks for less; `None` where it does not.
    fn limited(reply: &Reply) -> Option<Step> {
        // The server closes after 421 (RFC 5321 section 3.8).
        let step = if reply.code == 421 { Step::Close } else { Step::Quit };
        asks_for_less(reply.code, &reply.lines.join(&b'\n')).then_some(step)
    }

    fn not_offered(&mut self, is_masked: bool) -> Step {
        let (starttls, end) = if is_masked || self.seen.banner.as_deref().is_some_and(is_masked_greeting) {
            (Starttls::Masked, SmtpOutcome::Masked)
        } else {
            (Starttls::NotOffered, SmtpOutcome::NotOffered)
        };
        self.seen.starttls = starttls;
        self.end(end, Step::Quit)
    }

    fn say(&mut self, phase: Phase, line: &str) -> Step {
        self.seen.phase = phase;
        Step::Send(line.as_bytes().to_vec())
    }

    fn end(&mut self, end: SmtpOutcome, step: Step) -> Step {
        self.seen.end = Some(end);
        self.pending.clear();
        step
    }
}

/// The keyword alone, or with parameters, which it does not have but which do not unmake it (RFC 3207 section
/// 2).
fn is_starttls(line: &[u8]) -> bool {
    let keyword = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    keyword.eq_ignore_ascii_case(b"STARTTLS")
}

/// Whether a firewall wrote over STARTTLS, keeping its length: a Cisco PIX or ASA leaves `XXXXXXXA` or eight
/// X.
fn is_mask(line: &[u8]) -> bool {
    let keyword = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    keyword.len() == b"STARTTLS".len()
        && keyword.starts_with(b"XXXXXXX")
        && matches!(keyword.last(), Some(b'X' | b'A'))
}

/// Fewest asterisks of a masked greeting: a name of a host is longer, and an asterisk or two may be an
/// ornament.
const ASTERISKS: usize = 8;

/// Whether a firewall wrote over the greeting: asterisks, among which a Cisco PIX leaves the digits 2 and 0
/// and blanks.
fn is_masked_greeting(text: &str) -> bool {
    let asterisks = text.bytes().filter(|b| *b == b'*').count();
    asterisks >= ASTERISKS && text.bytes().all(|b| matches!(b, b'*' | b'2' | b'0' | b' '))
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
