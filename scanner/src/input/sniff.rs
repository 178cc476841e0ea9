//! What a list is, told from its first bytes: compression, then text or not, then which kind of text.

use super::text::Columns;
use super::zone;

/// How much of a stream is looked at before it is read.
pub(super) const SAMPLE: u64 = 64 * 1024;

/// What the first bytes of a file say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Gzip,
    Zstd,
    Zip,
    Parquet,
    /// None of these: text, or nothing we read.
    Plain,
}

/// Tells the container by its magic bytes.
pub(super) fn container(head: &[u8]) -> Container {
    match head {
        [0x1f, 0x8b, ..] => Container::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Container::Zstd,
        // A skippable frame, which some writers put first (RFC 8878 section 3.1.2).
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Container::Zstd,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Container::Zip,
        [b'P', b'A', b'R', b'1', ..] => Container::Parquet,
        _ => Container::Plain,
    }
}

/// A kind of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Text {
    /// One name per line.
    Names,
    /// Separated columns.
    Table(Columns),
    /// A zone file (RFC 1035 section 5).
    Zone,
}

/// Why text cannot be read as a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoList {
    /// It is something else: what was found.
    NotText(String),
    /// A table whose header names no column `domain`: the columns it names.
    NoDomainColumn(Vec<String>),
}

/// Tells the kind of text from a sample of its start, its byte order mark already dropped.
pub(super) fn text(sample: &[u8]) -> Result<Text, NoList> {
    if let Some(found) = not_text(sample) {
        return Err(NoList::NotText(found));
    }
    let Some(line) = sample.split(|byte| *byte == b'\n').map(significant).find(|line| !line.is_empty())
    else {
        return Ok(Text::Names);
    };
    if zone::begins(line) {
        return Ok(Text::Zone);
    }
    match [b',', b'\t', b';'].into_iter().find(|delimiter| line.trim_ascii().contains(delimiter)) {
        Some(delimiter) => Columns::of(line, delimiter).map(Text::Table).map_err(NoList::NoDomainColumn),
        None if line.trim_ascii().eq_ignore_ascii_case(b"domain") => Ok(Text::Table(Columns::single())),
        None => Ok(Text::Names),
    }
}

/// The line without a comment; leading white space stays, because a zone file gives it a meaning.
fn significant(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii_end();
    let line = &line[..super::text::comment(line).unwrap_or(line.len())];
    if line.trim_ascii_start().first() == Some(&b';') { &[] } else { line }
}

/// What the sample is, where it is no text.
fn not_text(sample: &[u8]) -> Option<String> {
    const KNOWN: [(&[u8], &str); 7] = [
        (b"\xfd7zXZ\0", "xz"),
        (b"BZh", "bzip2"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"\x04\x22\x4d\x18", "LZ4"),
        (b"\x7fELF", "a program (ELF)"),
        (b"%PDF", "PDF"),
        (b"SQLite format 3\0", "an SQLite database"),
    ];
    if let Some((_, name)) = KNOWN.iter().find(|(magic, _)| sample.starts_with(magic)) {
        return Some((*name).to_owned());
    }
    if sample.starts_with(b"\xff\xfe") || sample.starts_with(b"\xfe\xff") {
        return Some("text in UTF-16".to_owned());
    }
    if sample.get(257..262) == Some(b"ustar") {
        return Some("a tar archive".to_owned());
    }
    match container(sample) {
        Container::Plain => {}
        inner => return Some(format!("{inner:?} inside another file")),
    }
    let begin = sample.trim_ascii_start();
    if [&b"<!doctype"[..], b"<html", b"<?xml"].iter().any(|tag| starts_with_blind(begin, tag)) {
        return Some("a web page or XML".to_owned());
    }
    if matches!(begin, [b'{', ..]) || matches!(begin, [b'[', b'{' | b'"' | b'[' | b'\n' | b'\r', ..]) {
        return Some("JSON".to_owned());
    }
    let odd = sample.iter().filter(|byte| matches!(byte, 0..=8 | 14..=31 | 127)).count();
    // A stray control character makes one bad line; a NUL early on, or many of them, are no text.
    (sample.iter().take(4096).any(|byte| *byte == 0) || odd * 20 > sample.len()).then(|| {
        let hex: Vec<String> = sample.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("binary data that begins with {}", hex.join(" "))
    })
}

fn starts_with_blind(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(delimiter: u8, domain: usize, rank: Option<usize>, header: bool) -> Text {
        Text::Table(Columns { delimiter, domain, rank, header })
    }

    #[test]
    fn the_kind_of_text_is_told_by_its_first_line() {
        for (sample, kind) in [
            ("", Text::Names),
            ("# comment, with a comma\n\nexample.com\n", Text::Names),
            ("example.com # mail, web\n", Text::Names),
            ("domain\nexample.com\n", table(b',', 0, None, true)),
            ("1,example.com\r\n2,example.net\r\n", table(b',', 1, Some(0), false)),
            ("example.com,5\n", table(b',', 0, None, false)),
            ("US,example.com,5\n", table(b',', 1, None, false)),
            ("rank,domain\n1,example.com\n", table(b',', 1, Some(0), true)),
            ("\"Rank\",\"Domain\",\"Open Page Rank\"\n", table(b',', 1, Some(0), true)),
            ("GlobalRank,TldRank,Domain,TLD\n", table(b',', 2, Some(0), true)),
            ("1\texample.com\n", table(b'\t', 1, Some(0), false)),
            ("1;example.com\n", table(b';', 1, Some(0), false)),
            ("com.\t900\tin\tsoa\ta.example. b.example. 1 1800 900 604800 86400\n", Text::Zone),
            ("; <<>> DiG <<>> axfr\n;; global options\nse.\t172800\tIN\tSOA\tx. y. 1 2 3 4 5\n", Text::Zone),
            ("$ORIGIN COM.\n", Text::Zone),
            ("$TTL 86400 ; a day\n", Text::Zone),
            ("EXAMPLE NS NS1.EXAMPLE.NET.\n", Text::Zone),
        ] {
            assert_eq!(text(sample.as_bytes()), Ok(kind), "{sample:?}");
        }
    }

    #[test]
    fn what_is_no_list_is_named() {
        for (sample, found) in [
            (&b"\x7fELF\x02\x01"[..], "a program (ELF)"),
            (b"\xff\xfee\0x\0", "text in UTF-16"),
            (b"BZh91AY", "bzip2"),
            (b"<!DOCTYPE html>\n<html>", "a web page or XML"),
            (b"{\"domains\": []}", "JSON"),
            (b"example\0.com\n", "binary data that begins with 65 78 61 6d 70 6c 65 00"),
            (b"\x1f\x8b\x08", "Gzip inside another file"),
        ] {
            assert_eq!(text(sample), Err(NoList::NotText(found.to_owned())));
        }
        let columns = vec!["origin".to_owned(), "rank".to_owned()];
        assert_eq!(text(b"origin,rank\nhttps://example.com,1000\n"), Err(NoList::NoDomainColumn(columns)));
    }
}
