//! A message taken apart into records whose names are spelt out, as signatures want them (RFC 4034 section
//! 6.2).

/// A name on the wire, in lower case.
pub(super) type Wire = Vec<u8>;

/// The name of a text.
pub(super) fn wire(text: &str) -> Wire {
    let labels = text.split('.').filter(|label| !label.is_empty());
    let mut name: Wire = labels
        .flat_map(|label| {
            let length = u8::try_from(label.len()).unwrap_or(63);
            std::iter::once(length).chain(label.bytes().map(|byte| byte.to_ascii_lowercase()))
        })
        .collect();
    name.push(0);
    name
}

/// The name without its first label; the root's is itself.
pub(super) fn above(name: &[u8]) -> &[u8] {
    let length = name.first().map_or(0, |length| usize::from(*length));
    if length == 0 { name } else { name.get(length + 1..).unwrap_or_default() }
}

/// Labels of a name, but for the root's.
pub(super) fn labels(mut name: &[u8]) -> u8 {
    let mut count = 0;
    while name.first().is_some_and(|length| *length > 0) {
        (name, count) = (above(name), count + 1);
    }
    count
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) owner: Wire,
    pub(super) kind: u16,
    pub(super) ttl: u32,
    pub(super) data: Vec<u8>,
}

/// A message.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) head: [u8; 12],
    question: Vec<u8>,
    /// Answers, authorities, additionals but for the OPT.
    pub(super) sections: [Vec<Record>; 3],
    opt: Vec<u8>,
}

impl Parts {
    /// `None` where it is not one that the laboratory writes.
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let head: [u8; 12] = *message.first_chunk()?;
        let count = |at: usize| Some(usize::from(u16::from_be_bytes([*head.get(at)?, *head.get(at + 1)?])));
        let (_, mut at) = name(message, 12)?;
        at += 4;
        let question = message.get(12..at)?.to_vec();
        let mut parts = Self { head, question, sections: Default::default(), opt: Vec::new() };
        for (section, from) in [6, 8, 10].into_iter().enumerate() {
            for _ in 0..count(from)? {
                let begin = at;
                let (owner, behind) = name(message, at)?;
                let fixed: [u8; 10] = *message.get(behind..)?.first_chunk()?;
                let [k0, k1, _, _, t0, t1, t2, t3, l0, l1] = fixed;
                let (kind, data_at) = (u16::from_be_bytes([k0, k1]), behind + 10);
                at = data_at + usize::from(u16::from_be_bytes([l0, l1]));
                let data = spelt_out(message, kind, data_at, at)?;
                if kind == 41 {
                    parts.opt = message.get(begin..at)?.to_vec();
                    continue;
                }
                let ttl = u32::from_be_bytes([t0, t1, t2, t3]);
                parts.sections.get_mut(section)?.push(Record { owner, kind, ttl, data });
            }
        }
        Some(parts)
    }

    /// The message, cut where it is longer than the limit.
    pub(super) fn write(mut self, limit: usize) -> Vec<u8> {
        let mut body = Vec::new();
        for record in self.sections.iter().flatten() {
            body.extend(&record.owner);
            body.extend(record.kind.to_be_bytes());
            body.extend(1_u16.to_be_bytes());
            body.extend(record.ttl.to_be_bytes());
            body.extend(u16::try_from(record.data.len()).unwrap_or(u16::MAX).to_be_bytes());
            body.extend(&record.data);
        }
        if self.head.len() + self.question.len() + body.len() + self.opt.len() > limit {
            // TC.
            self.head[2] |= 0x02;
            body.clear();
            self.sections = Default::default();
        }
        let has_opt = usize::from(!self.opt.is_empty());
        let [answers, authorities, additionals] = &self.sections;
        let counts = [answers.len(), authorities.len(), additionals.len() + has_opt];
        for (place, count) in self.head[6..].chunks_exact_mut(2).zip(counts) {
            place.copy_from_slice(&u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes());
        }
        [&self.head, self.question.as_slice(), &body, &self.opt].concat()
    }

    /// Has it say this code, as an authority.
    pub(super) fn says(&mut self, rcode: u8) {
        self.head[2] |= 0x04;
        self.head[3] = self.head[3] & 0xf0 | rcode;
    }

    /// Its code.
    pub(super) const fn code(&self) -> u8 {
        self.head[3] & 0x0f
    }

    pub(super) const fn is_cut(&self) -> bool {
        self.head[2] & 0x02 != 0
    }
}

/// The name at a place, spelt out in lower case, and what lies behind it.
fn name(message: &[u8], mut at: usize) -> Option<(Wire, usize)> {
    let (mut name, mut behind) = (Wire::new(), None);
    for _ in 0..256 {
        match *message.get(at)? {
            0 => {
                name.push(0);
                return Some((name, behind.unwrap_or(at + 1)));
            }
            length if length < 64 => {
                let end = at + 1 + usize::from(length);
                name.extend(message.get(at..end)?.iter().map(u8::to_ascii_lowercase));
                at = end;
            }
            high => {
                behind = behind.or(Some(at + 2));
                at = usize::from(high & 0x3f) << 8 | usize::from(*message.get(at + 1)?);
            }
        }
    }
    None
}

/// The data of a record, the names in it spelt out: those of NS, CNAME, SOA, MX and DNAME.
fn spelt_out(message: &[u8], kind: u16, begin: usize, end: usize) -> Option<Vec<u8>> {
    let (names, before) = match kind {
        2 | 5 | 39 => (1, 0),
        6 => (2, 0),
        15 => (1, 2),
        _ => return message.get(begin..end).map(<[u8]>::to_vec),
    };
    let mut data = message.get(begin..begin + before)?.to_vec();
    let mut at = begin + before;
    for _ in 0..names {
        let (name, behind) = name(message, at)?;
        data.extend(name);
        at = behind;
    }
    data.extend(message.get(at..end)?);
    Some(data)
}
