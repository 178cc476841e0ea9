//! DNS messages as far as the laboratory needs them (RFC 1035 section 4, RFC 6891).

/// The AD bit of the flags (RFC 4035 section 3.2.3).
const AD: u16 = 0x0020;
/// The truncation bit.
const TC: u16 = 0x0200;
/// Answer, recursion available.
const RESPONSE: u16 = 0x8080;
/// Recursion desired and checking disabled, which an answer repeats.
const KEPT: u16 = 0x0110;

/// A question, read.
#[derive(Debug)]
pub(super) struct Question<'q> {
    id: u16,
    flags: u16,
    /// Name and type and class as they came.
    raw: &'q [u8],
    /// The name in lower case without the last dot.
    pub(super) name: String,
    /// Number of the type.
    pub(super) kind: u16,
    /// The size of answer the asker takes over UDP; `None` without EDNS.
    edns: Option<u16>,
    wants_ad: bool,
}

/// Reads a question; `None` where it is none that could be answered.
pub(super) fn read(message: &[u8]) -> Option<Question<'_>> {
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
    let (mut edns, mut secure) = (None, false);
    // The OPT record stands right behind the question of anyone who signs nothing (RFC 6891 section 6.1.2).
    if word(10)? > 0 && word(6)? == 0 && word(8)? == 0 && message.get(end) == Some(&0) && word(end + 1)? == 41
    {
        edns = Some(word(end + 3)?.max(512));
        secure = word(end + 7)? & 0x8000 != 0;
    }
    Some(Question { id: word(0)?, flags, raw, name, kind, edns, wants_ad: secure || flags & AD != 0 })
}

/// What an answer says beside its records.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Verdict<'a> {
    /// The response code (RFC 1035 section 4.1.1).
    pub(super) rcode: u8,
    /// Whether the records were validated.
    pub(super) ad: bool,
    /// Extended errors (RFC 8914).
    pub(super) ede: &'a [u16],
    /// Whether UDP gets nothing but the truncation bit.
    pub(super) truncate: bool,
    /// Whether TCP gets no more than that either.
    pub(super) always_cut: bool,
    /// Whether the answer is negative, so that a SOA belongs into it (RFC 2308).
    pub(super) negative: bool,
}

/// How the owner of a record is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Named<'a> {
    /// As this name.
    Text(&'a str),
    /// As a compression pointer to itself, which no reader can come to the end of.
    ByItself,
}

/// An answer in the making.
#[derive(Debug)]
pub(super) struct Writer {
    message: Vec<u8>,
    answers: u16,
}

impl Writer {
    pub(super) fn new(question: &Question<'_>) -> Self {
        let mut message = Vec::with_capacity(512);
        message.resize(12, 0);
        message.extend(question.raw);
        Self { message, answers: 0 }
    }

    /// Adds a record. The data is written by `data`.
    pub(super) fn record(
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
        self.answers += 1;
    }

    /// Adds TXT records of a name that nobody asked for, up to so many bytes.
    pub(super) fn stuff(&mut self, bytes: usize, question: &Question<'_>) {
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
    pub(super) fn soa(&mut self, zone: &str, question: &Question<'_>) {
        self.record(Named::Text(zone), question, 6, 300, |soa| {
            soa.name("ns.lab.invalid", question);
            soa.name("hostmaster.lab.invalid", question);
            for number in [1_u32, 7200, 3600, 1_209_600, 300] {
                soa.bytes(&number.to_be_bytes());
            }
        });
    }

    pub(super) fn number(&mut self, number: u16) {
        self.message.extend(number.to_be_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.message.extend(bytes);
    }

    /// Writes a name, pointing to the question for as much of its end as stands there (RFC 1035 section
    /// 4.1.4).
    pub(super) fn name(&mut self, name: &str, question: &Question<'_>) {
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
    pub(super) fn finish(mut self, question: &Question<'_>, verdict: Verdict<'_>, over_tcp: bool) -> Vec<u8> {
        let mut authorities = 0;
        let answers = self.answers;
        if verdict.negative {
            let top = question.name.rsplit('.').next().unwrap_or_default();
            self.soa(top, question);
            authorities = 1;
        }
        let limit = if over_tcp { usize::from(u16::MAX) } else { question.edns.unwrap_or(512).into() };
        let is_cut = verdict.always_cut || !over_tcp && verdict.truncate || self.message.len() + 64 > limit;
        if is_cut {
            self.message.truncate(12 + question.raw.len());
        }
        let mut flags = RESPONSE | question.flags & KEPT | u16::from(verdict.rcode);
        if verdict.ad && question.wants_ad {
            flags |= AD;
        }
        if is_cut {
            flags |= TC;
        }
        if question.edns.is_some() {
            self.opt(verdict.ede);
        }
        let counts = [
            1,
            if is_cut { 0 } else { answers },
            if is_cut { 0 } else { authorities },
            question.edns.map_or(0, |_| 1),
        ];
        let head = [question.id, flags].into_iter().chain(counts).flat_map(u16::to_be_bytes);
        for (place, byte) in self.message.iter_mut().zip(head) {
            *place = byte;
        }
        self.message
    }

    /// The OPT record with the extended errors (RFC 8914 section 2).
    fn opt(&mut self, ede: &[u16]) {
        self.message.push(0);
        self.number(41);
        self.number(1232);
        self.bytes(&[0; 4]);
        self.number(u16::try_from(ede.len() * 6).unwrap_or_default());
        for code in ede {
            self.number(15);
            self.number(2);
            self.number(*code);
        }
    }
}
