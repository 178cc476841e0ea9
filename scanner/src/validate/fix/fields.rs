//! Records of fields between semicolons, fixed.

use Rule::{Id, Rua};

/// What a record is.
pub(super) struct Grammar {
    version: &'static str,
    /// The one field that has a meaning.
    name: &'static str,
    rule: Rule,
}

#[derive(Clone, Copy)]
enum Rule {
    /// The first counts, and its value means nothing but that it changes.
    Id,
    /// Several may stand, each a list of addresses.
    Rua,
}

pub(super) const MTA_STS: Grammar = Grammar { version: "v=STSv1", name: "id", rule: Id };
pub(super) const TLSRPT: Grammar = Grammar { version: "v=TLSRPTv1", name: "rua", rule: Rua };

/// What came of it.
pub(super) enum Fixed {
    /// The text with all that is certain fixed; not always valid.
    Text(String),
    /// It does not begin with the version in any spelling.
    OtherVersion,
}

/// The record that was meant: the only one that stands, else the only one that signals; several that are
/// alike are one.
pub(super) fn candidate<'a, T: AsRef<[u8]>>(
    txts: &'a [T],
    prefix: &[u8],
    signals: impl Fn(&[u8]) -> bool,
) -> Result<&'a [u8], &'static str> {
    let one_of = |fits: &dyn Fn(&[u8]) -> bool| {
        let mut found = txts.iter().map(AsRef::as_ref).filter(|txt| fits(txt));
        let first = found.next()?;
        Some(if found.all(|other| other == first) { Ok(first) } else { Err(SEVERAL) })
    };
    const SEVERAL: &str = "it is not certain which of the records is the right one: publish exactly one";
    one_of(&|txt| txt.starts_with(prefix))
        .or_else(|| one_of(&signals))
        .unwrap_or(Err("none of them is meant as such a record: `sts-scan generate` writes one"))
}

/// Mends spelling of the version and of the field's name, white space, line ends, empty and repeated fields,
/// an id with separators, an address without `mailto:`.
pub(super) fn fix(txt: &[u8], grammar: &Grammar) -> Fixed {
    let text = String::from_utf8_lossy(txt);
    let mut parts = text.split(';').map(|part| part.trim_matches(|c: char| c.is_ascii_whitespace()));
    if !parts.next().is_some_and(|version| version.eq_ignore_ascii_case(grammar.version)) {
        return Fixed::OtherVersion;
    }
    let parts: Vec<(&str, Option<&str>)> = parts.filter(|part| !part.is_empty()).map(pair).collect();
    let exact = parts.iter().any(|(name, _)| *name == grammar.name);
    let mut fields: Vec<String> = vec![grammar.version.to_owned()];
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in parts {
        let Some(value) = value else {
            fields.push(name.to_owned());
            continue;
        };
        // Another spelling of the name stands for it only where the name itself is missing.
        let meant = !exact && name.eq_ignore_ascii_case(grammar.name);
        let name = if meant { grammar.name } else { name };
        let ours = name == grammar.name;
        let repeated = seen.contains(&name) && !(ours && matches!(grammar.rule, Rua));
        // Bounded: a record of very many names is no slip that could be fixed, and stays as it is.
        if seen.len() < 64 {
            seen.push(name);
        }
        if repeated {
            continue;
        }
        let value = match (ours, grammar.rule) {
            (true, Id) => id(value),
            (true, Rua) => rua(value),
            (false, _) => value.to_owned(),
        };
        fields.push(format!("{name}={value}"));
    }
    Fixed::Text(fields.join("; ") + ";")
}

fn pair(part: &str) -> (&str, Option<&str>) {
    let bare = |text| str::trim_matches(text, |c: char| c.is_ascii_whitespace());
    match part.split_once('=') {
        Some((name, value)) => (bare(name), Some(bare(value))),
        None => (part, None),
    }
}

/// Separators of dates and of words dropped: the value means nothing, and letters and digits remain in their
/// order.
fn id(value: &str) -> String {
    let short: String = value.chars().filter(|c| !matches!(c, '-' | '_' | '.' | ':')).collect();
    let fits = (1..=32).contains(&short.len()) && short.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits { short } else { value.to_owned() }
}

fn rua(value: &str) -> String {
    let uris = value.split(',').map(|uri| uri.trim_matches(|c: char| c.is_ascii_whitespace()));
    let uris: Vec<String> = uris.filter(|uri| !uri.is_empty()).map(uri).collect();
    uris.join(",")
}

/// A mail address alone can only be meant as one to send mail to.
fn uri(text: &str) -> String {
    let bare_address = text
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'));
    if bare_address && !text.contains([':', '/']) { format!("mailto:{text}") } else { text.to_owned() }
}
