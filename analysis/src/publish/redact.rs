//! Internet addresses in the midst of text, names that somebody could take, and how they are replaced.

use crate::claimable::Names;
use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::withheld::Withheld;
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, ListArray, ListBuilder, RecordBatch, StringArray, StringBuilder,
    StructArray, make_array,
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

/// What is taken out of a dataset's texts and lists.
pub(super) struct Redaction<'a> {
    withheld: &'a Withheld,
    names: Names,
}

impl<'a> Redaction<'a> {
    /// What is to be taken out of this dataset.
    ///
    /// # Errors
    /// A part of it cannot be read.
    pub(super) fn of(dataset: &Dataset, withheld: &'a Withheld) -> Result<Self, Fault> {
        let names =
            if withheld.hides_names() { Names::of(std::slice::from_ref(dataset))? } else { Names::default() };
        Ok(Self { withheld, names })
    }

    /// A batch of a table without what is withheld in any of its texts, lists and groups included. `scan` and
    /// hashes are left as they are; so is the name of each row, whatever else is said of it; a certificate
    /// that has something of it is left its row, and its DER is emptied, since it is in there too.
    ///
    /// # Errors
    /// The batch is not what its schema says.
    pub(super) fn batch(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let schema = batch.schema();
        let all = Texts { addresses: self.withheld.redacts(), names: Some(&self.names) };
        let keys = Texts { names: None, ..all };
        let mut columns = Vec::with_capacity(batch.num_columns());
        for (field, column) in schema.fields().iter().zip(batch.columns()) {
            columns.push(match field.name().as_str() {
                "scan" => Arc::clone(column),
                "domain" | "input" | "registrable" => keys.array(column)?,
                "der" => all.der(column, batch)?,
                "findings" | "lasting" if self.withheld.hides_names() => self.codes(column)?,
                _ => all.array(column)?,
            });
        }
        RecordBatch::try_new(schema, columns)
    }

    /// Lists of findings without those that are withheld.
    fn codes(&self, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let DataType::List(item) = column.data_type() else { return Ok(Arc::clone(column)) };
        let mut lists = ListBuilder::new(StringBuilder::new()).with_field(Arc::clone(item));
        for codes in column.as_list::<i32>().iter() {
            let Some(codes) = codes else {
                lists.append_null();
                continue;
            };
            let kept = codes.as_string::<i32>().iter().flatten();
            kept.filter(|code| !self.withheld.has_finding(code))
                .for_each(|code| lists.values().append_value(code));
            lists.append(true);
        }
        Ok(Arc::new(lists.finish()))
    }
}

/// What is replaced in texts.
#[derive(Clone, Copy)]
struct Texts<'a> {
    addresses: bool,
    names: Option<&'a Names>,
}

impl Texts<'_> {
    /// Whether nothing is.
    fn is_nothing(&self) -> bool {
        !self.addresses && self.names.is_none_or(Names::is_empty)
    }

    fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let text = if self.addresses { without_addresses(text) } else { Cow::Borrowed(text) };
        match (self.names, text) {
            (Some(names), Cow::Borrowed(text)) => names.without(text),
            (Some(names), Cow::Owned(text)) => Cow::Owned(names.without(&text).into_owned()),
            (None, text) => text,
        }
    }

    /// Bytes likewise; what is not UTF-8 keeps its bytes.
    fn bytes<'t>(&self, body: &'t [u8]) -> Cow<'t, [u8]> {
        if let Ok(text) = std::str::from_utf8(body) {
            return match self.text(text) {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            };
        }
        let mut out = Vec::with_capacity(body.len());
        for chunk in body.utf8_chunks() {
            out.extend_from_slice(self.text(chunk.valid()).as_bytes());
            out.extend_from_slice(chunk.invalid());
        }
        Cow::Owned(out)
    }

    fn array(&self, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        if self.is_nothing() {
            return Ok(Arc::clone(column));
        }
        Ok(match column.data_type() {
            DataType::Utf8 => {
                let texts = column.as_string::<i32>().iter();
                Arc::new(texts.map(|text| text.map(|text| self.text(text))).collect::<StringArray>())
            }
            DataType::Binary => {
                let bodies = column.as_binary::<i32>().iter();
                Arc::new(bodies.map(|body| body.map(|body| self.bytes(body))).collect::<BinaryArray>())
            }
            DataType::List(item) => {
                let list = column.as_list::<i32>();
                let values = self.array(list.values())?;
                Arc::new(ListArray::try_new(
                    Arc::clone(item),
                    list.offsets().clone(),
                    values,
                    list.nulls().cloned(),
                )?)
            }
            DataType::Struct(fields) => {
                let group = column.as_struct();
                let members = group.columns().iter().map(|member| self.array(member));
                let members = members.collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
                Arc::new(StructArray::try_new(fields.clone(), members, group.nulls().cloned())?)
            }
            _ => make_array(column.to_data()),
        })
    }

    /// The DER of certificates, empty where one names what is replaced among its SANs or in its names.
    fn der(&self, der: &ArrayRef, batch: &RecordBatch) -> Result<ArrayRef, ArrowError> {
        let named = ["subject", "issuer", "sans", "aia"].map(|name| batch.column_by_name(name));
        let mut holds = vec![false; batch.num_rows()];
        for column in named.into_iter().flatten() {
            let cleaned = self.array(column)?;
            for (row, holds) in holds.iter_mut().enumerate() {
                *holds |= column.slice(row, 1).to_data() != cleaned.slice(row, 1).to_data();
            }
        }
        let emptied = der.as_binary::<i32>().iter().zip(holds);
        Ok(Arc::new(
            emptied
                .map(|(der, holds)| der.map(|der| if holds { &[][..] } else { der }))
                .collect::<BinaryArray>(),
        ))
    }
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
        let addresses = Texts { addresses: true, names: None };
        let body = addresses.bytes(b"mx: 192.0.2.1\r\n\xff 192.0.2.2");
        assert_eq!(&*body, b"mx: [address]\r\n\xff [address]");
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("192.0.2.1"), None, Some("a")]));
        let found = addresses.array(&texts).unwrap();
        assert_eq!(found.as_string::<i32>().iter().collect::<Vec<_>>(), [Some("[address]"), None, Some("a")]);
    }
}
