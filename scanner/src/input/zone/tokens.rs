//! What a line of a zone file is made of (RFC 1035 section 5.1), and whether a text is one.

/// Types a zone file's first record has, in practice.
const TYPES: [&[u8]; 21] = [
    b"SOA",
    b"NS",
    b"A",
    b"AAAA",
    b"MX",
    b"TXT",
    b"DS",
    b"RRSIG",
    b"DNSKEY",
    b"NSEC",
    b"NSEC3",
    b"NSEC3PARAM",
    b"CNAME",
    b"CAA",
    b"ZONEMD",
    b"CDS",
    b"CDNSKEY",
    b"DNAME",
    b"NAPTR",
    b"TLSA",
    b"CSYNC",
];

/// Further types, which are words too: taken for types only after a class, a TTL or an absolute name.
const WORDS: [&[u8]; 16] = [
    b"SRV",
    b"PTR",
    b"HTTPS",
    b"SVCB",
    b"SSHFP",
    b"LOC",
    b"HINFO",
    b"RP",
    b"SPF",
    b"URI",
    b"KEY",
    b"SIG",
    b"CERT",
    b"OPENPGPKEY",
    b"SMIMEA",
    b"WKS",
];

/// Whether a text whose first line is this one is a zone file.
pub(in crate::input) fn begins(line: &[u8]) -> bool {
    let mut tokens = tokens(line);
    let is_absolute = match tokens.next() {
        Some(first) if is(first, b"$ORIGIN") || is(first, b"$TTL") => return true,
        Some(first) => first.ends_with(b"."),
        None => return false,
    };
    let mut is_certain = is_absolute;
    let kind = tokens.by_ref().find(|token| {
        let passed = is_class(token) || is_ttl(token);
        is_certain |= passed;
        !passed
    });
    let is_type = |kind: &[u8]| {
        let listed = |types: &[&[u8]]| types.iter().any(|known| is(kind, known));
        listed(&TYPES) || is_certain && (listed(&WORDS) || is_numbered(kind, b"TYPE"))
    };
    kind.is_some_and(is_type) && tokens.next().is_some()
}

/// A type or class in the form of RFC 3597 section 5: `TYPE2`, `CLASS1`.
fn is_numbered(token: &[u8], word: &[u8]) -> bool {
    token.len() > word.len()
        && is(&token[..word.len()], word)
        && token[word.len()..].iter().all(u8::is_ascii_digit)
}

/// Whether the type is this one, which also has this number.
pub(super) fn is_type(kind: &[u8], word: &[u8], number: &[u8]) -> bool {
    is(kind, word) || is_numbered(kind, b"TYPE") && &kind[4..] == number
}

/// Whether a token is this word, in any case.
pub(super) fn is(token: &[u8], word: &[u8]) -> bool {
    token.eq_ignore_ascii_case(word)
}

/// Whether a token is a class (RFC 1035 section 3.2.4, RFC 3597 section 5).
pub(super) fn is_class(token: &[u8]) -> bool {
    [&b"IN"[..], b"CH", b"HS", b"CS"].iter().any(|class| is(token, class)) || is_numbered(token, b"CLASS")
}

/// A TTL is the only thing between owner and type that begins with a digit (`3600`, `1h30m`).
pub(super) fn is_ttl(token: &[u8]) -> bool {
    token.first().is_some_and(u8::is_ascii_digit)
}

/// Tokens up to a comment; parentheses count as white space.
pub(super) fn tokens(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = memchr::memchr(b';', line).unwrap_or(line.len());
    line[..end]
        .split(|byte| byte.is_ascii_whitespace() || matches!(byte, b'(' | b')'))
        .filter(|token| !token.is_empty())
}

/// How many parentheses are open after the line, given how many were before it.
pub(super) fn depth_after(line: &[u8], before: u32) -> u32 {
    if memchr::memchr2(b'(', b')', line).is_none() {
        return before;
    }
    let (mut depth, mut quoted) = (before, false);
    let mut bytes = line.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b';' => break,
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth
}
