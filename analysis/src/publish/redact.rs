//! Internet addresses in the midst of text, and how they are replaced.

use crate::withheld::Withheld;
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, ListArray, RecordBatch, StringArray, StructArray, make_array,
};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// What stands in place of an address.
pub const REPLACED: &str = "[address]";

/// The text with every IPv4 and IPv6 address replaced by [`REPLACED`]; borrowed where there is none. An
/// address stands alone: `v1.2.3.4` and `1.2.3.4.5` hold none. Names that spell an address with hyphens are
/// names, and stay.
#[must_use]
pub fn without_addresses(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte == b'.' || byte == b':') {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some((from, to)) = next_run(text, at) {
        at = to;
        if let Some(length) = address_length(&text[from..to]) {
            out.push_str(&text[copied..from]);
            out.push_str(REPLACED);
            copied = from + length;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// The next run of characters that an address may be made of, not torn out of a word: from and to.
fn next_run(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let part = |byte: u8| byte.is_ascii_hexdigit() || byte == b'.' || byte == b':';
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
    let mut start = from;
    loop {
        while start < bytes.len() && !part(bytes[start]) {
            start += 1;
        }
        if start == bytes.len() {
            return None;
        }
        let mut end = start;
        while end < bytes.len() && part(bytes[end]) {
            end += 1;
        }
        // `IPv6:` before the address (RFC 5321 section 4.1.3) is no part of a word that it is torn out of.
        let begins = start == 0 || !word(bytes[start - 1]);
        let ends = end == bytes.len() || !word(bytes[end]);
        if begins && ends {
            return Some((start, end));
        }
        if !begins && ends {
            // `IPv6:2001:db8::1`: the tag ends in a digit and a colon, both of the run.
            if let Some(tag) = text[..end].rfind("v6:").filter(|tag| *tag + 3 > start && *tag + 3 < end) {
                return Some((tag + 3, end));
            }
        }
        start = end.max(start + 1);
    }
}

/// How much of the run's beginning is an address; marks that close a sentence may follow it, and a port.
fn address_length(run: &str) -> Option<usize> {
    let closed = run.trim_end_matches(['.', ':']);
    let forms = [run, closed, closed.rsplit_once(':').map_or(closed, |(host, _)| host)];
    let whole = |form: &&&str| form.parse::<Ipv4Addr>().is_ok() || form.parse::<Ipv6Addr>().is_ok();
    // `::` alone and the like are punctuation (`a::b` is torn out of a word before it comes here).
    forms
        .iter()
        .find(whole)
        .filter(|form| form.bytes().any(|byte| byte.is_ascii_hexdigit()))
        .map(|form| form.len())
}

/// A batch without addresses in any of its texts, lists and groups included; `scan` and hashes are left as
/// they are, and a certificate that names an address has its DER emptied, since the address is in it.
///
/// # Errors
/// The batch is not what its schema says.
pub(super) fn batch(batch: &RecordBatch, withheld: &Withheld) -> Result<RecordBatch, ArrowError> {
    if !withheld.redacts() {
        return Ok(batch.clone());
    }
    let schema = batch.schema();
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        columns.push(match field.name().as_str() {
            "scan" => Arc::clone(column),
            "der" => without_der(column, batch)?,
            _ => array(column)?,
        });
    }
    RecordBatch::try_new(schema, columns)
}

/// An array without addresses.
fn array(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(match column.data_type() {
        DataType::Utf8 => {
            let texts = column.as_string::<i32>().iter();
            Arc::new(texts.map(|text| text.map(without_addresses)).collect::<StringArray>())
        }
        DataType::Binary => {
            let bodies = column.as_binary::<i32>().iter();
            let each = bodies.map(|body| body.map(without_addresses_in_bytes));
            Arc::new(each.collect::<BinaryArray>())
        }
        DataType::List(item) => {
            let list = column.as_list::<i32>();
            let values = array(list.values())?;
            Arc::new(ListArray::try_new(
                Arc::clone(item),
                list.offsets().clone(),
                values,
                list.nulls().cloned(),
            )?)
        }
        DataType::Struct(fields) => {
            let group = column.as_struct();
            let members: Result<Vec<ArrayRef>, ArrowError> = group.columns().iter().map(array).collect();
            Arc::new(StructArray::try_new(fields.clone(), members?, group.nulls().cloned())?)
        }
        _ => make_array(column.to_data()),
    })
}

/// Bytes without addresses; what is not UTF-8 keeps its bytes.
fn without_addresses_in_bytes(body: &[u8]) -> Cow<'_, [u8]> {
    if let Ok(text) = std::str::from_utf8(body) {
        return match without_addresses(text) {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
    }
    let mut out = Vec::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        out.extend_from_slice(without_addresses(chunk.valid()).as_bytes());
        out.extend_from_slice(chunk.invalid());
    }
    Cow::Owned(out)
}

fn without_der(der: &ArrayRef, batch: &RecordBatch) -> Result<ArrayRef, ArrowError> {
    let named = ["subject", "issuer", "sans", "aia"].map(|name| batch.column_by_name(name));
    let mut holds = vec![false; batch.num_rows()];
    for column in named.into_iter().flatten() {
        let cleaned = array(column)?;
        for (row, holds) in holds.iter_mut().enumerate() {
            // An IP address among the SANs, or in the names: then it is in the DER as well.
            *holds |= column.slice(row, 1).to_data() != cleaned.slice(row, 1).to_data();
        }
    }
    let emptied = der.as_binary::<i32>().iter().zip(holds);
    Ok(Arc::new(
        emptied.map(|(der, holds)| der.map(|der| if holds { &[][..] } else { der })).collect::<BinaryArray>(),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn addresses_are_replaced_wherever_they_stand() {
        for (text, expected) in [
            ("192.0.2.1", "[address]"),
            ("2001:db8::1", "[address]"),
            ("::1", "[address]"),
            ("550 5.7.1 [192.0.2.1] is blocked", "550 5.7.1 [[address]] is blocked"),
            ("blocked: 192.0.2.1.", "blocked: [address]."),
            ("see 192.0.2.1:25, 2001:db8::1; bye", "see [address]:25, [address]; bye"),
            ("mx.example.org [IPv6:2001:db8::25] ready", "mx.example.org [IPv6:[address]] ready"),
            ("http://192.0.2.1/.well-known", "http://[address]/.well-known"),
            ("http://[2001:db8::1]:443/", "http://[[address]]:443/"),
            ("::ffff:192.0.2.1", "[address]"),
            ("ip=192.0.2.1;x", "ip=[address];x"),
        ] {
            assert_eq!(without_addresses(text), expected, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_an_address_stays() {
        for text in [
            "v=STSv1; id=20260101T000000;",
            "mx1.example.org",
            "550 5.7.1 no",
            "v1.2.3.4",
            "1.2.3.4.5",
            "std::string",
            "12:30:59",
            "256.1.1.1",
            "ip-192-0-2-1.example.org",
            "::",
            "de:ad:be:ef",
            "",
        ] {
            assert_eq!(without_addresses(text), text);
        }
    }

    #[test]
    fn lists_groups_and_bodies_are_searched_and_nulls_stay() {
        let body = without_addresses_in_bytes(b"mx: 192.0.2.1\r\n\xff 192.0.2.2");
        assert_eq!(&*body, b"mx: [address]\r\n\xff [address]");
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("192.0.2.1"), None, Some("a")]));
        let found = array(&texts).unwrap();
        assert_eq!(found.as_string::<i32>().iter().collect::<Vec<_>>(), [Some("[address]"), None, Some("a")]);
    }
}
