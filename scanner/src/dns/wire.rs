//! The bytes of a DNS message as far as we read them ourselves: the question we ask, the head of an answer,
//! and whether an answer belongs to a question. Records are read by `answer`, most by hickory-proto.

use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::proto::serialize::binary::{BinDecodable, BinDecoder};

/// Where the DNS is asked (RFC 1035 section 4.2).
pub(super) const PORT: u16 = 53;
/// Bytes before the question (RFC 1035 section 4.1.1).
pub(super) const HEADER: usize = 12;
/// Datagram size offered in EDNS: what passes every path unfragmented (DNS flag day 2020).
pub(super) const EDNS_PAYLOAD: u16 = 1_232;
/// Longest name on the wire, root included (RFC 1035 section 2.3.4).
const LONGEST_NAME: usize = 255;
const LONGEST_LABEL: usize = 63;
const CLASS_IN: [u8; 2] = [0, 1];
pub(super) const TYPE_OPT: u16 = 41;
const OPTION_EDE: u16 = 15;
const OPTION_COOKIE: u16 = 10;
/// An OPT without options: root, type, payload size, code, version, flags, length.
const BARE_OPT: usize = 11;

/// Writes a query with recursion desired, the AD bit set (it asks for AD in the answer without asking for
/// signatures, RFC 6840 section 5.7), EDNS, and id 0; `None` where the text is no domain name.
pub(super) fn write_query(name: &str, kind: RecordType, query: &mut Vec<u8>) -> Option<()> {
    query.clear();
    query.extend([0, 0, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 1]);
    write_name(name, query)?;
    query.extend(u16::from(kind).to_be_bytes());
    query.extend(CLASS_IN);
    write_opt(Edns::Plain, query);
    Some(())
}

/// What a query says beside its question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edns {
    /// Nothing: it has no OPT.
    None,
    /// That an answer may be larger than 512 bytes.
    Plain,
    /// Also that signatures are wanted, and what proves that there is nothing (RFC 3225).
    Signatures,
}

/// Writes a query to an authoritative server: no recursion desired, id 0; the name is given as it stands in a
/// message.
pub(super) fn write_authority_query(name: &[u8], kind: RecordType, edns: Edns, query: &mut Vec<u8>) {
    query.clear();
    query.extend([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(edns != Edns::None)]);
    query.extend(name);
    query.extend(u16::from(kind).to_be_bytes());
    query.extend(CLASS_IN);
    if edns != Edns::None {
        write_opt(edns, query);
    }
}

/// OPT: root, type, payload size as class, no code, version 0, flags, no options (RFC 6891 section 6.1.2).
fn write_opt(edns: Edns, query: &mut Vec<u8>) {
    let dnssec_ok = if edns == Edns::Signatures { 0x80 } else { 0 };
    query.push(0);
    query.extend(TYPE_OPT.to_be_bytes());
    query.extend(EDNS_PAYLOAD.to_be_bytes());
    query.extend([0, 0, dnssec_ok, 0, 0, 0]);
}

/// Puts a cookie (RFC 7873 section 4) into the OPT that ends a query, in place of what options it has; a
/// query without one stays as it is.
pub(super) fn put_cookie(query: &mut Vec<u8>, cookie: &[u8]) {
    let Some(opt) = question(query).map(|question| HEADER + question.len()) else { return };
    if query.len() < opt + BARE_OPT {
        return;
    }
    let len = u16::try_from(cookie.len()).unwrap_or(0);
    query.truncate(opt + BARE_OPT - 2);
    query.extend((len + 4).to_be_bytes());
    query.extend(OPTION_COOKIE.to_be_bytes());
    query.extend(len.to_be_bytes());
    query.extend(cookie.iter().take(len.into()));
}

/// The cookie among the options of an OPT: the asker's eight bytes and the server's 8 to 32 (RFC 7873 section
/// 4); `None` where there is none, or one without the server's part.
pub(super) fn cookie_of(mut options: &[u8]) -> Option<&[u8]> {
    while let Some(&[c0, c1, l0, l1]) = options.first_chunk() {
        let end = 4 + usize::from(u16::from_be_bytes([l0, l1]));
        let data = options.get(4..end)?;
        if u16::from_be_bytes([c0, c1]) == OPTION_COOKIE {
            return Some(data).filter(|data| (16..=40).contains(&data.len()));
        }
        options = &options[end..];
    }
    None
}

/// Writes a name in lower case; `None` where the text is none.
pub(super) fn write_name(name: &str, out: &mut Vec<u8>) -> Option<()> {
    let begin = out.len();
    let name = name.strip_suffix('.').unwrap_or(name).as_bytes();
    if !name.is_empty() {
        // Each dot becomes the length of the label behind it.
        out.push(0);
        out.extend_from_slice(name);
        let labels = &mut out[begin..];
        let mut label = 0;
        for at in 1..labels.len() {
            match labels[at] {
                b'.' => {
                    labels[label] = label_length(at - label - 1)?;
                    label = at;
                }
                b'\\' => {
                    out.truncate(begin);
                    return write_escaped_name(name, out);
                }
                byte => labels[at] = byte.to_ascii_lowercase(),
            }
        }
        labels[label] = label_length(labels.len() - label - 1)?;
    }
    out.push(0);
    (out.len() - begin <= LONGEST_NAME).then_some(())
}

/// As [`write_name`], of a text with bytes written as \DDD.
fn write_escaped_name(name: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let begin = out.len();
    let mut label = begin;
    let mut bytes = name.iter().copied();
    out.push(0);
    while let Some(byte) = bytes.next() {
        match byte {
            b'.' => {
                close_label(out, label)?;
                label = out.len();
                out.push(0);
            }
            b'\\' => {
                let digits = [bytes.next()?, bytes.next()?, bytes.next()?];
                let digits = digits.iter().all(u8::is_ascii_digit).then_some(digits)?;
                let [hundreds, tens, ones] = digits.map(|digit| u16::from(digit - b'0'));
                out.push(u8::try_from(hundreds * 100 + tens * 10 + ones).ok()?.to_ascii_lowercase());
            }
            byte => out.push(byte.to_ascii_lowercase()),
        }
    }
    close_label(out, label)?;
    out.push(0);
    (out.len() - begin <= LONGEST_NAME).then_some(())
}

/// The length of a label as a byte; `None` where none is so long.
fn label_length(len: usize) -> Option<u8> {
    u8::try_from(len).ok().filter(|_| (1..=LONGEST_LABEL).contains(&len))
}

/// Writes a label's length before it.
fn close_label(out: &mut [u8], begin: usize) -> Option<()> {
    let len = out.len() - begin - 1;
    out[begin] = label_length(len)?;
    Some(())
}

/// A name as text: lower case, no trailing dot, `.` for the root; dots and backslashes within a label and all
/// that is not printable as \DDD, decimal. [`write_query`] reads it back.
pub(super) fn name_text(name: &Name) -> String {
    if name.is_root() {
        return ".".to_owned();
    }
    let mut text = String::with_capacity(name.len());
    for label in name {
        if !text.is_empty() {
            text.push('.');
        }
        label_text(label, &mut text);
    }
    text
}

/// Writes a label as [`name_text`] has it.
pub(super) fn label_text(label: &[u8], text: &mut String) {
    for byte in label.iter().map(u8::to_ascii_lowercase) {
        if byte.is_ascii_graphic() && byte != b'.' && byte != b'\\' {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("\\{byte:03}"));
        }
    }
}

/// Offset behind the name that begins at `at`, compressed or not; `None` where it leaves the message.
pub(super) fn behind_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *message.get(at)? {
            0 => return Some(at + 1),
            len if len & 0xc0 == 0xc0 => return (at + 2 <= message.len()).then_some(at + 2),
            len if len & 0xc0 == 0 => at += 1 + usize::from(len),
            _ => return None,
        }
    }
}

/// The question section of a message that has one question and spells it out: name, type, class.
pub(super) fn question(message: &[u8]) -> Option<&[u8]> {
    let mut at = HEADER;
    loop {
        match *message.get(at)? {
            0 => break,
            len if usize::from(len) <= LONGEST_LABEL => at += 1 + usize::from(len),
            _ => return None,
        }
    }
    message.get(HEADER..at + 5)
}

/// How a message's question compares to that of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// Byte for byte.
    Exact,
    /// But for the case of letters.
    ButForCase,
    /// Another question.
    Other,
}

/// Compares the question of an answer with that of the query.
pub(super) fn compare(query: &[u8], answer: &[u8]) -> Likeness {
    let Some(asked) = question(query) else { return Likeness::Other };
    let Some(given) = answer.get(HEADER..HEADER + asked.len()).filter(|_| counts(answer)[0] == 1) else {
        return Likeness::Other;
    };
    if asked == given {
        return Likeness::Exact;
    }
    let (name, rest) = asked.split_at(asked.len().saturating_sub(4));
    let (given_name, given_rest) = given.split_at(name.len());
    // A length byte is never a letter (63 is the longest label), so that this compares letters only.
    if rest == given_rest && name.eq_ignore_ascii_case(given_name) {
        Likeness::ButForCase
    } else {
        Likeness::Other
    }
}

/// Gives each letter of a query's name the case that a bit says (draft-vixie-dnsext-dns0x20).
pub(super) fn mix_case(query: &mut [u8], mut bits: u64) {
    let end = HEADER + question(query).map_or(0, |question| question.len() - 4);
    for byte in &mut query[HEADER.min(end)..end] {
        if byte.is_ascii_alphabetic() {
            *byte ^= u8::try_from(bits & 1).unwrap_or(0) << 5;
            bits = bits.rotate_right(1);
        }
    }
}

/// What the first twelve bytes say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    flags: [u8; 2],
}

impl Head {
    /// The head of an answer to a standard query; `None` for anything else.
    pub(super) fn of_answer(message: &[u8]) -> Option<Self> {
        let flags = [*message.get(2)?, *message.get(3)?];
        let is_answer = message.len() >= HEADER && flags[0] & 0x80 != 0 && flags[0] & 0x78 == 0;
        is_answer.then_some(Self { flags })
    }

    /// TC: what does not fit is left out.
    pub(super) const fn is_truncated(self) -> bool {
        self.flags[0] & 0x02 != 0
    }

    /// AA: the server is authoritative for the name (RFC 1035 section 4.1.1).
    pub(super) const fn is_authoritative(self) -> bool {
        self.flags[0] & 0x04 != 0
    }

    /// RA: the server would ask others.
    pub(super) const fn offers_recursion(self) -> bool {
        self.flags[1] & 0x80 != 0
    }

    /// AD (RFC 4035 section 3.2.3).
    pub(super) const fn is_authentic(self) -> bool {
        self.flags[1] & 0x20 != 0
    }

    /// The lower four bits of the rcode.
    pub(super) const fn code(self) -> u8 {
        self.flags[1] & 0x0f
    }

    /// Whether it is REFUSED.
    pub(super) const fn is_refusal(self) -> bool {
        self.code() == 5
    }

    /// Whether it is SERVFAIL or REFUSED (RFC 1035 section 4.1.1).
    pub(super) const fn is_failure(self) -> bool {
        matches!(self.code(), 2 | 5)
    }
}

/// Numbers of questions, answers, authorities and additionals; zeros where the message is too short.
pub(super) fn counts(message: &[u8]) -> [u16; 4] {
    let mut counts = [0; 4];
    for (count, bytes) in counts.iter_mut().zip(message.get(4..HEADER).unwrap_or_default().chunks_exact(2)) {
        *count = u16::from_be_bytes([bytes[0], bytes[1]]);
    }
    counts
}

/// The extended errors (RFC 8914) of a message without answers; `None` where it is not what this reads: there
/// are answers, an extended rcode, two OPT, or bytes that make no sense. Then hickory has to say.
pub(super) fn errors_of_empty(message: &[u8]) -> Option<Vec<i32>> {
    let [questions, answers, authorities, additionals] = counts(message);
    if answers != 0 || questions != 1 {
        return None;
    }
    let mut at = HEADER + question(message)?.len();
    let mut codes = None;
    for n in 0..u32::from(authorities) + u32::from(additionals) {
        let owner = at;
        at = behind_name(message, at)?;
        let fixed: &[u8; 10] = message.get(at..)?.first_chunk()?;
        let [t0, t1, _, _, extended_code, version, _, _, l0, l1] = *fixed;
        let kind = u16::from_be_bytes([t0, t1]);
        let end = at + 10 + usize::from(u16::from_be_bytes([l0, l1]));
        let data = message.get(at + 10..end)?;
        if kind == TYPE_OPT {
            let is_odd = message[owner] != 0 || extended_code != 0 || version != 0;
            if is_odd || n < u32::from(authorities) || codes.is_some() {
                return None;
            }
            codes = Some(option_errors(data)?);
        } else if matches!(kind, 24 | 250) {
            // SIG(0) and TSIG, which nobody was asked for.
            return None;
        }
        at = end;
    }
    Some(codes.unwrap_or_default())
}

/// The extended errors (RFC 8914) among the options of an OPT; `None` where they make no sense.
pub(super) fn option_errors(mut options: &[u8]) -> Option<Vec<i32>> {
    let mut codes = Vec::new();
    while let Some(&[c0, c1, l0, l1]) = options.first_chunk() {
        let end = 4 + usize::from(u16::from_be_bytes([l0, l1]));
        let data = options.get(4..end)?;
        if u16::from_be_bytes([c0, c1]) == OPTION_EDE {
            codes.extend(data.first_chunk().map(|code| i32::from(u16::from_be_bytes(*code))));
        }
        options = &options[end..];
    }
    options.is_empty().then_some(codes)
}

/// The name and type that a query asks for.
pub(super) fn asked(query: &[u8]) -> Option<(Name, RecordType)> {
    let mut decoder = BinDecoder::new(query.get(HEADER..)?);
    let name = Name::read(&mut decoder).ok()?;
    let kind = RecordType::read(&mut decoder).ok()?;
    Some((name, kind))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use hickory_resolver::proto::op::Message;

    fn query(name: &str) -> Vec<u8> {
        let mut query = Vec::new();
        write_query(name, RecordType::TXT, &mut query).unwrap();
        query
    }

    #[test]
    fn hickory_reads_the_query_as_it_is_meant() {
        let message = Message::from_vec(&query("_mta-sts.Example.org.")).unwrap();
        let [question] = message.queries.as_slice() else { unreachable!("one question") };
        assert_eq!(question.name().to_ascii(), "_mta-sts.example.org.");
        assert_eq!(question.query_type(), RecordType::TXT);
        assert!(message.metadata.recursion_desired && message.metadata.authentic_data);
        assert!(!message.metadata.checking_disabled);
        assert_eq!(message.max_payload(), EDNS_PAYLOAD);
        assert_eq!(asked(&query("a.example")).unwrap().0.to_ascii(), "a.example.");
    }

    #[test]
    fn odd_names_are_written_or_refused() {
        let odd = asked(&query(r"a\032\046\255B.example")).unwrap().0;
        assert_eq!(odd.iter().next().unwrap(), b"a .\xffb");
        assert_eq!(name_text(&odd), r"a\032\046\255b.example");
        assert_eq!(asked(&query(".")).unwrap().0, Name::root());
        let refused = |name: &str| write_query(name, RecordType::MX, &mut Vec::new()).is_none();
        assert!(refused("a..example") && refused(".a") && refused("a.."));
        assert!(refused(r"a\") && refused(r"\256.example") && refused(r"\+12.example"));
        assert!(refused(&"a".repeat(64)));
        assert!(refused(&["a"; 128].join(".")));
        assert!(!refused(&["a"; 127].join(".")));
    }

    #[test]
    fn a_question_is_compared_in_every_part() {
        let asked = query("a.example");
        let mut mixed = asked.clone();
        mix_case(&mut mixed, u64::MAX);
        assert_eq!(&mixed[HEADER..HEADER + 11], b"\x01A\x07EXAMPLE\0");
        assert_eq!(compare(&asked, &asked), Likeness::Exact);
        assert_eq!(compare(&mixed, &asked), Likeness::ButForCase);
        assert_eq!(compare(&asked, &query("b.example")), Likeness::Other);
        assert_eq!(compare(&asked, &query("a.example.org")), Likeness::Other);
        assert_eq!(compare(&asked, &asked[..20]), Likeness::Other);
        let mut other_kind = asked.clone();
        other_kind[HEADER + 12] = 15;
        assert_eq!(compare(&asked, &other_kind), Likeness::Other);
        let mut none = asked.clone();
        none[5] = 0;
        assert_eq!(compare(&asked, &none), Likeness::Other);
    }
}
