//! What a list is, told from its first bytes: compression, then text or not, then which kind of text.

use super::choices::Choices;
use super::columns::{self, Columns, FIRST, NoColumn, Told};
use super::foreign::{Foreign, foreign};
use super::form::{Form, Likeness};
use super::json::{self, Keys};
use super::record::{Fields, Records, without_return};
use super::table::is_no_record;
use super::text::Plain;
use super::{words, zone};

/// How much of a stream is looked at before it is read: room for the first records of the widest tables.
pub(super) const SAMPLE: u64 = 256 * 1024;

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
    Names(Plain, Told, Form),
    /// Separated columns.
    Table(Columns),
    /// One JSON object per line.
    Objects(Keys),
    /// A zone file (RFC 1035 section 5).
    Zone,
}

/// Why text cannot be read as a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoList {
    /// It is something else.
    Foreign(Foreign),
    /// A table of which no column is taken for the names.
    NoColumn(NoColumn),
}

/// Tells the kind of text from a sample of its start, its byte order mark already dropped. `is_whole`: the
/// text ends with the sample.
pub(super) fn text(sample: &[u8], is_whole: bool, choices: &Choices) -> Result<Text, NoList> {
    let sample = whole_lines(sample, is_whole);
    if let Some(keys) = objects(sample, choices) {
        return keys.map(Text::Objects).map_err(NoList::NoColumn);
    }
    if let Some(found) = not_text(sample) {
        return Err(NoList::Foreign(found));
    }
    let lines: Vec<&[u8]> = significant_lines(sample).take(FIRST).collect();
    let Some(first) = lines.first() else { return Ok(plain(&[], choices)) };
    if zone::begins(first) {
        return Ok(Text::Zone);
    }
    let delimiters = [b',', b'\t', b';'].into_iter();
    let tables =
        delimiters.filter(|delimiter| lines.iter().any(|line| line.trim_ascii().contains(delimiter)));
    let tables = tables.map(|delimiter| (delimiter, records(sample, delimiter)));
    // Of two delimiters the one that makes more records of the same width.
    let best = tables
        .filter_map(|(delimiter, records)| Some((regular(&records)?, delimiter, records)))
        .reduce(|best, other| if other.0 > best.0 { other } else { best });
    if let Some((_, delimiter, records)) = best {
        let comment = comment_before(sample, delimiter);
        let columns = columns::choose(&records, comment, delimiter, choices);
        return columns.map(Text::Table).map_err(NoList::NoColumn);
    }
    if first.trim_ascii().starts_with(b"\"") {
        let columns = columns::choose(&records(sample, b','), None, b',', choices);
        return columns.map(Text::Table).map_err(NoList::NoColumn);
    }
    Ok(plain(&lines, choices))
}

/// Whether anything in the sample is more than a comment.
pub(super) fn is_significant(sample: &[u8]) -> bool {
    significant_lines(sample).next().is_some()
}

/// The sample up to its last line feed: what follows may be cut.
fn whole_lines(sample: &[u8], is_whole: bool) -> &[u8] {
    let end = memchr::memrchr(b'\n', sample).filter(|_| !is_whole);
    &sample[..end.map_or(sample.len(), |end| end + 1)]
}

fn significant_lines(sample: &[u8]) -> impl Iterator<Item = &[u8]> {
    sample.split(|byte| *byte == b'\n').map(significant).filter(|line| !line.trim_ascii().is_empty())
}

/// The line without a comment; leading white space stays, because a zone file gives it a meaning.
fn significant(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii_end();
    let line = &line[..super::text::comment(line).unwrap_or(line.len())];
    if line.trim_ascii_start().first() == Some(&b';') { &[] } else { line }
}

/// The first records of a table.
fn records(sample: &[u8], delimiter: u8) -> Vec<Vec<String>> {
    let mut records = Records::new(sample, delimiter, 0);
    let (mut record, mut found) = (Vec::new(), Vec::new());
    // Reading from memory does not fail.
    while found.len() < FIRST && matches!(records.read(&mut record), Ok(Some(_))) {
        if !is_no_record(&record) {
            found.push(fields(&record, delimiter));
        }
    }
    found
}

fn fields(record: &[u8], delimiter: u8) -> Vec<String> {
    Fields::of(without_return(record), delimiter)
        .map_while(Result::ok)
        .map(|field| String::from_utf8_lossy(&field).trim().to_owned())
        .collect()
}

/// How many records have the width that is most frequent, where most records have several fields.
fn regular(records: &[Vec<String>]) -> Option<usize> {
    let several: Vec<usize> = records.iter().map(Vec::len).filter(|width| *width > 1).collect();
    let same = |width: &usize| several.iter().filter(|other| *other == width).count();
    several.iter().map(same).max().filter(|_| 2 * several.len() > records.len())
}

/// The fields of the last comment before the first record: in some tables it names the columns.
fn comment_before(sample: &[u8], delimiter: u8) -> Option<Vec<String>> {
    let lines = sample.split(|byte| *byte == b'\n');
    let comments = lines.take_while(|line| is_no_record(line)).filter(|line| !line.trim_ascii().is_empty());
    let fields = fields(comments.last()?.trim_ascii().strip_prefix(b"#")?, delimiter);
    Some(fields.into_iter().map(|field| field.trim_start_matches('#').to_owned()).collect())
}

/// The keys of JSON lines; `None` where it is none.
fn objects(sample: &[u8], choices: &Choices) -> Option<Result<Keys, NoColumn>> {
    if sample.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    let lines = sample.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    json::keys(lines.take(FIRST), choices)
}

/// Plain text: whether its first entry is the title of the others, and how these hold names.
fn plain(lines: &[&[u8]], choices: &Choices) -> Text {
    let entries: Vec<String> =
        lines.iter().map(|line| String::from_utf8_lossy(line).trim().to_owned()).collect();
    let titled = entries.split_first().filter(|(title, others)| {
        let is_domain = words::plain(title) == words::DOMAIN;
        let most = |wanted| {
            let alike = others.iter().filter(|other| Likeness::of(other, Form::Host) >= wanted).count();
            2 * alike > others.len()
        };
        let wanted = if most(Likeness::Domain) { Likeness::Domain } else { Likeness::Dotted };
        is_domain
            || most(wanted) && columns::is_title(title, Likeness::of(title, Form::Name), wanted)
            || words::is_header(title) && title.contains('.') && most(Likeness::Dotted)
    });
    let alike = |form| entries.iter().filter(|entry| Likeness::of(entry, form) == Likeness::Domain).count();
    let form = match titled {
        // What stands under a word such as `url` is cut to its host.
        Some((title, _)) if words::plain(title) != words::DOMAIN => Form::Host,
        // A list without any word is one of names, unless it plainly is one of URLs or of `host:port`.
        None if 2 * alike(Form::Host) > entries.len() && 2 * alike(Form::Name) < entries.len() => Form::Host,
        _ => Form::Name,
    };
    let plain = Plain { header: titled.is_some(), ranked: choices.ranked };
    let names = match titled {
        Some((title, _)) => format!("column `{title}`{}", form.told()),
        None => "every line".to_owned() + form.told(),
    };
    let ranks = choices.ranked.then(|| "place in the list".to_owned());
    Text::Names(plain, Told { names, ranks }, form)
}

/// What the sample is, where it is no text.
fn not_text(sample: &[u8]) -> Option<Foreign> {
    let packed = match container(sample) {
        Container::Plain => return foreign(sample),
        Container::Gzip => "gzip inside another file",
        Container::Zstd => "zstd inside another file",
        Container::Zip => "zip inside another file",
        Container::Parquet => "Parquet inside another file",
    };
    Some(Foreign { found: packed.to_owned(), help: "unpack the outer file first" })
}

#[cfg(test)]
#[path = "sniff_tests.rs"]
mod tests;
