//! DNS messages as far as the laboratory needs them (RFC 1035 section 4, RFC 6891).

use std::net::Ipv4Addr;

/// The AD bit of the flags (RFC 4035 section 3.2.3).
const AD: u16 = 0x0020;
/// The truncation bit.
const TC: u16 = 0x0200;
/// The bit of an answer.
const RESPONSE: u16 = 0x8000;
/// Recursion available.
const RA: u16 = 0x0080;
/// Answered by an authority.
const AA: u16 = 0x0400;
/// Number of the option of cookies (RFC 7873 section 4).
const COOKIE: u16 = 10;
/// Recursion desired and checking disabled, which an answer repeats.
const KEPT: u16 = 0x0110;

/// A question, read.
#[derive(Debug)]
pub(crate) struct Question<'q> {
    id: u16,
    flags: u16,
    /// Name and type and class as they came.
    pub(crate) raw: &'q [u8],
    /// The name in lower case without the last dot.
    pub(crate) name: String,
    /// Number of the type.
    pub(crate) kind: u16,
    /// The size of answer the asker takes over UDP; `None` without EDNS.
    pub(crate) edns: Option<u16>,
    /// Its cookie, and behind it the server's that it knows (RFC 7873 section 4).
    pub(crate) cookie: Option<&'q [u8]>,
    wants_ad: bool,
    /// Whether signatures are wanted (RFC 3225).
    pub(crate) wants_signatures: bool,
    /// The server that was asked, where there are many.
    pub(crate) server: Option<Ipv4Addr>,
}

/// Reads a question; `None` where it is none that could be answered.
pub(crate) fn read(message: &[u8]) -> Option<Question<'_>> {
    let word = |at: usize| Some(u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]));
    let flags = word(2)?;
    // An answer, another opcode than QUERY, or several questions.
    if flags & 0xf800 != 0 || word(4)? != 1 {
        return None;
    }
    let mut name = String::with_capacity(64);
    let mut at = 12;
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        if length > 63 || name.len() > 255 {
            return None;
        }
        if !name.is_empty() {
            name.push('.');
        }
        for byte in message.get(at..at + length)? {
            name.push(char::from(byte.to_ascii_lowercase()));
        }
        at += length;
    }
    let kind = word(at)?;
    let end = at + 4;
    let raw = message.get(12..end)?;
    let (mut edns, mut secure, mut cookie) = (None, false, None);
    // The OPT record stands right behind the question of anyone who signs nothing (RFC 6891 section 6.1.2).
    if word(10)? > 0 && word(6)? == 0 && word(8)? == 0 && message.get(end) == Some(&0) && word(end + 1)? == 41
    {
        edns = Some(word(end + 3)?.max(512));
        secure = word(end + 7)? & 0x8000 != 0;
        cookie = message.get(end + 11..).and_then(|options| option(options, COOKIE));
    }
    let wants_ad = secure || flags & AD != 0;
    let wants_signatures = secure;
    Some(Question {
        id: word(0)?,
        flags,
        raw,
        name,
        kind,
        edns,
        cookie,
        wants_ad,
        wants_signatures,
        server: None,
    })
}

/// The data of an EDNS option (RFC 6891 section 6.1.2).
fn option(mut options: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let ([a, b, c, d], rest) = options.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes([*c, *d]));
        if u16::from_be_bytes([*a, *b]) == wanted {
            return rest.get(..length);
        }
        options = rest.get(length..)?;
    }
}

/// Who speaks in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Speaker {
    /// A resolver.
    #[default]
    Resolver,
    /// A server of the zone.
    Authority,
    /// A server that does not claim to be one of the zone.
    Referrer,
}

/// A part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Answer,
    Authority,
    Additional,
}

/// What an answer says beside its records.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Verdict<'a> {
    /// The response code (RFC 1035 section 4.1.1, RFC 6891 section 6.1.3).
    pub(crate) rcode: u16,
    /// Whether the records were validated.
    pub(crate) ad: bool,
    /// Extended errors (RFC 8914).
    pub(crate) ede: &'a [u16],
    /// Whether UDP gets nothing but the truncation bit.
    pub(crate) truncate: bool,
    /// Whether TCP gets no more than that either.
    pub(crate) always_cut: bool,
    /// Whether the answer is negative, so that a SOA belongs into it (RFC 2308).
    pub(crate) negative: bool,
    /// The zone of that SOA; the top-level domain where it is `None`.
    pub(crate) zone: Option<&'a str>,
    /// Who says it.
    pub(crate) speaker: Speaker,
    /// The cookies to repeat.
    pub(crate) cookie: Option<&'a [u8]>,
}

/// How the owner of a record is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Named<'a> {
    /// As this name.
    Text(&'a str),
    /// As a compression pointer to itself, which no reader can come to the end of.
    ByItself,
}

/// An answer in the making.
#[derive(Debug)]
pub(crate) struct Writer {
    message: Vec<u8>,
    section: Section,
    /// Records of each section.
    counts: [u16; 3],
}

impl Writer {
    pub(crate) fn new(question: &Question<'_>) -> Self {
        let mut message = Vec::with_capacity(512);
        message.resize(12, 0);
        message.extend(question.raw);
        Self { message, section: Section::Answer, counts: [0; 3] }
    }

    /// What follows belongs into this section, which is not before that of what came last.
    pub(crate) const fn section(&mut self, section: Section) {
        self.section = section;
    }

    /// Adds a record. The data is written by `data`.
    pub(crate) fn record(
        &mut self,
        owner: Named<'_>,
        question: &Question<'_>,
        kind: u16,
        ttl: u32,
        data: impl FnOnce(&mut Self),
    ) {
        match owner {
            Named::Text(name) => self.name(name, question),
            Named::ByItself => self.number(0xc000 | u16::try_from(self.message.len()).unwrap_or_default()),
        }
        self.number(kind);
        self.number(1);
        self.message.extend(ttl.to_be_bytes());
        let length_at = self.message.len();
        self.number(0);
        data(self);
        let length = u16::try_from(self.message.len() - length_at - 2).unwrap_or(u16::MAX);
        if let Some(place) = self.message.get_mut(length_at..length_at + 2) {
            place.copy_from_slice(&length.to_be_bytes());
        }
        self.counts[self.section as usize] += 1;
    }

    /// Adds TXT records of a name that nobody asked for, up to so many bytes.
    pub(crate) fn stuff(&mut self, bytes: usize, question: &Question<'_>) {
        const STRING: [u8; 200] = [b'x'; 200];
        let end = self.message.len() + bytes;
        // A record of one string is its name, ten bytes, the string's length and the string.
        while self.message.len() + 20 + 10 + 1 + STRING.len() <= end {
            self.record(Named::Text("elsewhere.invalid"), question, 16, 300, |data| {
                data.bytes(&[u8::try_from(STRING.len()).unwrap_or(u8::MAX)]);
                data.bytes(&STRING);
            });
        }
    }

    /// Adds the SOA of a zone.
    pub(crate) fn soa(&mut self, zone: &str, question: &Question<'_>) {
        self.record(Named::Text(zone), question, 6, 300, |soa| {
            soa.name("ns.lab.invalid", question);
            soa.name("hostmaster.lab.invalid", question);
            for number in [1_u32, 7200, 3600, 1_209_600, 300] {
                soa.bytes(&number.to_be_bytes());
            }
        });
    }

    pub(crate) fn number(&mut self, number: u16) {
        self.message.extend(number.to_be_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.message.extend(bytes);
    }

    /// Writes a name, pointing to the question for as much of its end as stands there (RFC 1035 section
    /// 4.1.4).
    pub(crate) fn name(&mut self, name: &str, question: &Question<'_>) {
        let mut rest = name;
        loop {
            if rest.is_empty() || rest == "." {
                self.message.push(0);
                return;
            }
            if let Some(before) = question.name.strip_suffix(rest)
                && (before.is_empty() || before.ends_with('.'))
            {
                let offset = u16::try_from(12 + before.len()).unwrap_or_default();
                self.number(0xc000 | offset);
                return;
            }
            let (label, tail) = rest.split_once('.').unwrap_or((rest, ""));
            self.message.push(u8::try_from(label.len()).unwrap_or(63));
            self.message.extend(label.as_bytes());
            rest = tail;
        }
    }

    /// The whole message.
    pub(crate) fn finish(mut self, question: &Question<'_>, verdict: Verdict<'_>, over_tcp: bool) -> Vec<u8> {
        if verdict.negative {
            self.section(Section::Authority);
            let top = question.name.rsplit('.').next().unwrap_or_default();
            self.soa(verdict.zone.unwrap_or(top), question);
        }
        let limit = if over_tcp { usize::from(u16::MAX) } else { question.edns.unwrap_or(512).into() };
        let is_cut = verdict.always_cut || !over_tcp && verdict.truncate || self.message.len() + 64 > limit;
        if is_cut {
            self.message.truncate(12 + question.raw.len());
            self.counts = [0; 3];
        }
        let mut flags = RESPONSE | question.flags & KEPT | verdict.rcode & 0x000f;
        flags |= match verdict.speaker {
            Speaker::Resolver => RA,
            Speaker::Authority => AA,
            Speaker::Referrer => 0,
        };
        if verdict.ad && question.wants_ad {
            flags |= AD;
        }
        if is_cut {
            flags |= TC;
        }
        if question.edns.is_some() {
            self.opt(verdict);
            self.counts[Section::Additional as usize] += 1;
        }
        let head = [question.id, flags, 1].into_iter().chain(self.counts).flat_map(u16::to_be_bytes);
        for (place, byte) in self.message.iter_mut().zip(head) {
            *place = byte;
        }
        self.message
    }

    /// The OPT record with the extended errors (RFC 8914 section 2) and the cookies (RFC 7873 section 5.2).
    fn opt(&mut self, verdict: Verdict<'_>) {
        self.message.push(0);
        self.number(41);
        self.number(1232);
        // The upper bits of the response code, and the version.
        self.number(verdict.rcode >> 4 << 8);
        self.number(0);
        let cookie = verdict.cookie.map_or(0, |cookie| 4 + cookie.len());
        self.number(u16::try_from(verdict.ede.len() * 6 + cookie).unwrap_or_default());
        for code in verdict.ede {
            self.number(15);
            self.number(2);
            self.number(*code);
        }
        if let Some(cookie) = verdict.cookie {
            self.number(COOKIE);
            self.number(u16::try_from(cookie.len()).unwrap_or_default());
            self.bytes(cookie);
        }
    }
}
