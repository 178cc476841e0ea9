//! `scan.toml`: every key with the line it stands on.

use super::{Origin, PlanError, Typed};
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The settings that a file has, in its order.
///
/// # Errors
/// The file cannot be read, is no TOML, or has something that is neither a section nor a value.
pub(super) fn read(path: &Path) -> Result<Vec<Typed>, PlanError> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| PlanError(format!("cannot read {}: {e}", path.display())))?;
    parse(&text, path)
}

pub(super) fn parse(text: &str, path: &Path) -> Result<Vec<Typed>, PlanError> {
    let line_of = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let wrong =
        |at: usize, message: &str| PlanError(format!("{}:{}: {message}", path.display(), line_of(at)));
    let document = DeTable::parse(text)
        .map_err(|e| wrong(e.span().map_or(0, |s| s.start), &format!("not TOML: {}", e.message())))?;
    let mut typed = Vec::new();
    for (section, body) in document.get_ref() {
        let at = section.span().start;
        let DeValue::Table(body) = body.get_ref() else {
            return Err(wrong(at, &format!("`{}` is outside any section", section.get_ref())));
        };
        if body.is_empty() {
            // An empty section is harmless if it is known; the check of its name needs a key.
            continue;
        }
        for (key, value) in body {
            let values = values(value).ok_or_else(|| {
                wrong(
                    key.span().start,
                    &format!("`{}` has a value of a type that no setting has", key.get_ref()),
                )
            })?;
            let origin = Origin::File { path: path.to_owned(), line: line_of(key.span().start) };
            typed.push(Typed { key: format!("{}.{}", section.get_ref(), key.get_ref()), values, origin });
        }
    }
    typed.sort_by_key(|t| match t.origin {
        Origin::File { line, .. } => line,
        _ => 0,
    });
    Ok(typed)
}

fn values(value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
    match value.get_ref() {
        DeValue::Array(items) => items.iter().map(scalar).collect(),
        _ => scalar(value).map(|one| vec![one]),
    }
}

fn scalar(value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        _ => None,
    }
}
