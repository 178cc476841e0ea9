//! Files that are no list, and the command that makes one of them.

/// Something that is no list: what it is, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Foreign {
    /// What was found.
    pub(super) found: String,
    /// What to do; `LIST` stands for the file. Empty where nothing helps.
    pub(super) help: &'static str,
}

/// Files by their first bytes, and how they become a list.
const KNOWN: [(&[u8], &str, &str); 11] = [
    (b"\xfd7zXZ\0", "xz", "`xz -dc LIST | sts-scan scan -`"),
    (b"BZh", "bzip2", "`bzip2 -dc LIST | sts-scan scan -`"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip", "`7z x -so LIST | sts-scan scan -`"),
    (b"\x04\x22\x4d\x18", "LZ4", "`lz4 -dc LIST | sts-scan scan -`"),
    (b"Rar!", "RAR", "`unrar p -inul LIST | sts-scan scan -`"),
    (b"\xff\xfe", "text in UTF-16", UTF_16),
    (b"\xfe\xff", "text in UTF-16", UTF_16),
    (b"\x7fELF", "a program (ELF)", ""),
    (b"%PDF", "PDF", ""),
    (b"SQLite format 3\0", "an SQLite database", "`sqlite3 LIST 'SELECT domain FROM …' | sts-scan scan -`"),
    (b"\xd0\xcf\x11\xe0", "a document of an old office program", "save it as CSV"),
];

const UTF_16: &str = "`iconv -f UTF-16 -t UTF-8 LIST | sts-scan scan -`";

/// What helps where a document is JSON.
const JSON: &str = "JSON lines are read, an object with the key `domain` on each; `jq -r '.[].domain' LIST | sts-scan scan -` takes \
                    the key `domain` out of an array";

/// What the start of a file is, where it is no text.
pub(super) fn foreign(sample: &[u8]) -> Option<Foreign> {
    let is = |found: &str, help| Some(Foreign { found: found.to_owned(), help });
    if let Some((_, found, help)) = KNOWN.iter().find(|(magic, ..)| sample.starts_with(magic)) {
        return is(found, help);
    }
    if sample.get(257..262) == Some(b"ustar") {
        return is("a tar archive", "`tar -xOf LIST | sts-scan scan -`");
    }
    // Of text that begins with a letter of ASCII and has no mark.
    if let [first, 0, second, 0, ..] | [0, first, 0, second, ..] = sample
        && first.is_ascii_graphic()
        && second.is_ascii_graphic()
    {
        let big = sample[0] == 0;
        return is(
            "text in UTF-16 without a byte order mark",
            if big {
                "`iconv -f UTF-16BE -t UTF-8 LIST | sts-scan scan -`"
            } else {
                "`iconv -f UTF-16LE -t UTF-8 LIST | sts-scan scan -`"
            },
        );
    }
    let begin = sample.trim_ascii_start();
    if [&b"<!doctype"[..], b"<html", b"<?xml"].iter().any(|tag| starts_with_blind(begin, tag)) {
        return is("a web page or XML", "");
    }
    if is_document(begin) {
        return is("JSON", JSON);
    }
    let odd = sample.iter().filter(|byte| matches!(byte, 0..=8 | 14..=31 | 127)).count();
    // A stray control character makes one bad line; a NUL early on, or many of them, are no text.
    (sample.iter().take(4096).any(|byte| *byte == 0) || odd * 20 > sample.len()).then(|| {
        let hex: Vec<String> = sample.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Foreign { found: format!("binary data that begins with {}", hex.join(" ")), help: "" }
    })
}

/// Whether a text is a JSON document; some begin with comments of JavaScript.
fn is_document(mut text: &[u8]) -> bool {
    while text.starts_with(b"//") {
        let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
        text = text[end..].trim_ascii_start();
    }
    matches!(text, [b'{', ..]) || matches!(text, [b'[', b'{' | b'"' | b'[' | b'\n' | b'\r', ..])
}

fn starts_with_blind(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
}
