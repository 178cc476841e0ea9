//! A policy's text, fixed.

use crate::mta_sts::mx_pattern;
use std::collections::HashSet;
use std::fmt::Write as _;

/// A field of the four that have a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Version,
    Mode,
    MaxAge,
    Mx,
}

impl Known {
    const ALL: [Self; 4] = [Self::Version, Self::Mode, Self::MaxAge, Self::Mx];

    const fn key(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Mode => "mode",
            Self::MaxAge => "max_age",
            Self::Mx => "mx",
        }
    }

    fn exactly(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.key() == key)
    }

    /// Blind to case: what it can only have been meant for, where the field itself is missing.
    fn loosely(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.key().eq_ignore_ascii_case(key))
    }

    /// The value in its one spelling; `None` where there is none or it is not certain which.
    fn fix(self, value: &str) -> Option<String> {
        let bare = unwrapped(value);
        match self {
            Self::Version => bare.eq_ignore_ascii_case("STSv1").then(|| "STSv1".to_owned()),
            Self::Mode => {
                let mode = bare.to_ascii_lowercase();
                matches!(mode.as_str(), "enforce" | "testing" | "none").then_some(mode)
            }
            Self::MaxAge => {
                let digits = bare.strip_prefix('+').unwrap_or(bare);
                (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.to_owned())
            }
            Self::Mx => host(bare),
        }
    }
}

/// The text with all that is certain fixed; not always valid. `None` where it is not UTF-8: what stands there
/// cannot be written anew. Line ends are as the first line has them.
pub(super) fn fix(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)).ok()?;
    let end = if text.split('\n').next().is_some_and(|line| line.ends_with('\r')) { "\r\n" } else { "\n" };
    let lines: Vec<&str> = text.split('\n').map(str::trim).collect();
    let lines = &lines[front_matter(&lines)..];
    let exact: HashSet<&str> = lines.iter().filter_map(|line| key_of(line)).collect();
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    for line in lines.iter().filter(|line| says_something(line)) {
        for (key, value) in fields_of(line, &exact) {
            if key.is_empty() || key == "mx" || seen.insert(key.clone()) {
                fields.push((key, value));
            }
        }
    }
    // The only value there is. Where more is missing the text stays invalid and is not offered.
    if !seen.contains("version") {
        fields.insert(0, ("version".to_owned(), "STSv1".to_owned()));
    }
    let mut fixed = String::with_capacity(text.len());
    for (key, value) in fields {
        let colon = if key.is_empty() { "" } else { ": " };
        let _ = write!(fixed, "{key}{colon}{value}{end}");
    }
    Some(fixed)
}

/// Not blank, not a comment, not a ruler: lines that no field can have been meant by.
fn says_something(line: &str) -> bool {
    let ruler = line.len() >= 3 && line.bytes().all(|b| b == b'-');
    !(line.is_empty() || line.starts_with('#') || ruler)
}

/// How many lines at the top a site generator should have taken out: those between two rulers, none of them a
/// field of a policy.
fn front_matter(lines: &[&str]) -> usize {
    let Some(first) = lines.iter().position(|line| !line.is_empty()).filter(|first| lines[*first] == "---")
    else {
        return 0;
    };
    let inside = &lines[first + 1..];
    let Some(length) = inside.iter().position(|line| *line == "---") else { return 0 };
    let is_field = |line: &&str| key_of(line).and_then(Known::loosely).is_some();
    if inside[..length].iter().any(is_field) { 0 } else { first + length + 2 }
}

fn key_of<'t>(line: &&'t str) -> Option<&'t str> {
    line.split_once(':').map(|(key, _)| key.trim())
}

/// The fields that a line can only have been meant for; a line that is none comes back with an empty key.
fn fields_of(line: &str, exact: &HashSet<&str>) -> Vec<(String, String)> {
    let Some((key, value)) = line.split_once(':') else {
        let as_it_is = || (String::new(), line.to_owned());
        return vec![without_colon(line).unwrap_or_else(as_it_is)];
    };
    let (key, value) = (key.trim(), value.trim());
    // Capitals stand for the field only where the field itself is missing.
    let missing = |known: &Known| !exact.contains(known.key());
    let Some(known) = Known::exactly(key).or_else(|| Known::loosely(key).filter(missing)) else {
        return vec![(key.to_owned(), value.to_owned())];
    };
    if known == Known::Mx
        && let Some(hosts) = hosts(value)
    {
        return hosts.into_iter().map(|host| ("mx".to_owned(), host)).collect();
    }
    let value = known.fix(value).unwrap_or_else(|| value.to_owned());
    vec![(known.key().to_owned(), value)]
}

/// `mode enforce` or `mode=enforce`: a known key and a value that is good as it stands.
fn without_colon(line: &str) -> Option<(String, String)> {
    let (key, value) = line.split_once(|c: char| c == '=' || c.is_ascii_whitespace())?;
    let known = Known::exactly(key.trim())?;
    let value = value.trim();
    (known.fix(value).as_deref() == Some(value)).then(|| (known.key().to_owned(), value.to_owned()))
}

/// Without the quotation marks, or the semicolon or comma, of another file format round it.
fn unwrapped(value: &str) -> &str {
    let value = value.trim().trim_end_matches([';', ',']).trim_end();
    for mark in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark)) {
            return inner.trim();
        }
    }
    value
}

/// Hosts between commas, if every one of them is certain.
fn hosts(value: &str) -> Option<Vec<String>> {
    let list = unwrapped(value);
    if !list.contains(',') {
        return None;
    }
    list.split(',').map(|one| host(unwrapped(one)).filter(|host| host.contains('.'))).collect()
}

/// A pattern in the one spelling it has: without the root's dot, with A-labels.
fn host(text: &str) -> Option<String> {
    let bare = text.strip_suffix('.').unwrap_or(text);
    match mx_pattern::check(bare.as_bytes()) {
        Ok(()) => Some(bare.to_owned()),
        Err(_) => mx_pattern::a_label(bare.as_bytes()),
    }
}
