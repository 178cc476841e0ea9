//! Rows become Arrow record batches, column by column in the order of the contract.

use super::columns::{self, Kind, column};
use super::schema;
use super::weight;
use crate::evidence::Vocabulary;
use crate::evidence::rows::{
    AssessmentRow, CertificateRow, DomainRow, HostRow, PolicyEvidence, Retried, TlsEvidence,
};
use arrow_array::builder::{Int32Builder, ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray,
    StructArray, TimestampMicrosecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::ArrowError;
use std::sync::Arc;

/// A table's rows as Arrow arrays.
pub trait Rows: Sized {
    /// The table.
    const TABLE: &'static columns::Table;

    /// The columns after `scan`, in the contract's order.
    fn arrays(rows: &[Self]) -> Result<Vec<ArrayRef>, ArrowError>;

    /// Bytes of its texts, as far as somebody else chose how many they are.
    fn weight(&self) -> usize;
}

/// One record batch of a table.
///
/// # Errors
/// The arrays do not fit the contract: a fault of this program.
pub fn of<R: Rows>(scan: &str, rows: &[R]) -> Result<RecordBatch, ArrowError> {
    let mut arrays: Vec<ArrayRef> = vec![texts(rows.iter().map(|_| Some(scan)))];
    arrays.extend(R::arrays(rows)?);
    RecordBatch::try_new(schema::of(R::TABLE), arrays)
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn ints(values: impl Iterator<Item = Option<i32>>) -> ArrayRef {
    Arc::new(values.collect::<Int32Array>())
}

fn longs(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<Int64Array>())
}

fn bools(values: impl Iterator<Item = Option<bool>>) -> ArrayRef {
    Arc::new(values.collect::<BooleanArray>())
}

fn times(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn binaries<'a>(values: impl Iterator<Item = Option<&'a [u8]>>) -> ArrayRef {
    Arc::new(values.collect::<BinaryArray>())
}

fn text_lists<'a, T: AsRef<str> + 'a>(values: impl Iterator<Item = Option<&'a [T]>>) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new()).with_field(schema::list_item(&Kind::Text));
    for value in values {
        for item in value.unwrap_or_default() {
            builder.values().append_value(item);
        }
        builder.append(value.is_some());
    }
    Arc::new(builder.finish())
}

fn words<V: Vocabulary>(values: impl Iterator<Item = Option<V>>) -> ArrayRef {
    texts(values.map(|value| value.map(V::word)))
}

fn word_lists<'a, V: Vocabulary>(values: impl Iterator<Item = Option<&'a [V]>>) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new()).with_field(schema::list_item(&Kind::Text));
    for value in values {
        for item in value.unwrap_or_default() {
            builder.values().append_value(item.word());
        }
        builder.append(value.is_some());
    }
    Arc::new(builder.finish())
}

fn int_lists<'a>(values: impl Iterator<Item = Option<&'a [i32]>>) -> ArrayRef {
    let mut builder = ListBuilder::new(Int32Builder::new()).with_field(schema::list_item(&Kind::Int32));
    for value in values {
        builder.values().append_slice(value.unwrap_or_default());
        builder.append(value.is_some());
    }
    Arc::new(builder.finish())
}

/// A list of groups: the length of each row's list (`None` for null), and the arrays of the groups' fields.
fn struct_lists(
    lengths: impl Iterator<Item = Option<usize>>,
    item: &'static Kind,
    arrays: Vec<ArrayRef>,
) -> Result<ArrayRef, ArrowError> {
    let Kind::Struct(fields) = item else {
        return Err(ArrowError::SchemaError("no group".to_owned()));
    };
    let (lengths, valid): (Vec<usize>, Vec<bool>) = lengths.map(|l| (l.unwrap_or(0), l.is_some())).unzip();
    let groups = StructArray::try_new(schema::fields(fields), arrays, None)?;
    let list = ListArray::try_new(
        Arc::new(schema::list_item(item)),
        OffsetBuffer::from_lengths(lengths),
        Arc::new(groups),
        Some(NullBuffer::from(valid)),
    )?;
    Ok(Arc::new(list))
}

/// The kind of a list column's items.
fn item_of(table: &'static columns::Table, name: &str) -> Result<&'static Kind, ArrowError> {
    match table.columns.iter().find(|c| c.name == name).map(|c| &c.kind) {
        Some(Kind::List(item)) => Ok(item),
        _ => Err(ArrowError::SchemaError(format!("{name} is no list"))),
    }
}

fn slice<T>(list: &Option<Vec<T>>) -> Option<&[T]> {
    list.as_deref()
}

impl Rows for DomainRow {
    const TABLE: &'static columns::Table = &columns::DOMAINS;

    fn weight(&self) -> usize {
        weight::of_domain(self)
    }

    fn arrays(rows: &[Self]) -> Result<Vec<ArrayRef>, ArrowError> {
        let mut arrays = identity(rows)?;
        arrays.extend(mail(rows)?);
        arrays.extend(records(rows));
        arrays.extend(policy_way(rows)?);
        arrays.extend(policy_text(rows));
        Ok(arrays)
    }
}

fn identity(rows: &[DomainRow]) -> Result<Vec<ArrayRef>, ArrowError> {
    let listed = || rows.iter().flat_map(|r| &r.lists);
    let lists = struct_lists(
        rows.iter().map(|r| Some(r.lists.len())),
        item_of(&columns::DOMAINS, "lists")?,
        vec![texts(listed().map(|l| Some(&*l.list))), longs(listed().map(|l| l.rank))],
    )?;
    Ok(vec![
        texts(rows.iter().map(|r| Some(&*r.domain))),
        texts(rows.iter().map(|r| Some(&*r.input))),
        longs(rows.iter().map(|r| r.rank)),
        lists,
        texts(rows.iter().map(|r| r.suffix.as_deref())),
        texts(rows.iter().map(|r| r.registrable.as_deref())),
        ints(rows.iter().map(|r| Some(r.attempts))),
        longs(rows.iter().map(|r| Some(r.waited_ms))),
        longs(rows.iter().map(|r| Some(r.total_ms))),
        retried(&rows.iter().map(|r| r.dns_retried.as_slice()).collect::<Vec<_>>(), &columns::DOMAINS)?,
    ])
}

fn retried(rows: &[&[Retried]], table: &'static columns::Table) -> Result<ArrayRef, ArrowError> {
    let all = || rows.iter().copied().flatten();
    struct_lists(
        rows.iter().map(|list| Some(list.len())),
        item_of(table, "dns_retried")?,
        vec![words(all().map(|one| Some(one.question))), words(all().map(|one| Some(one.status)))],
    )
}

fn mail(rows: &[DomainRow]) -> Result<Vec<ArrayRef>, ArrowError> {
    let hosts = || rows.iter().flat_map(|r| r.mx.iter().flatten());
    let mx = struct_lists(
        rows.iter().map(|r| r.mx.as_ref().map(Vec::len)),
        item_of(&columns::DOMAINS, "mx")?,
        vec![
            ints(hosts().map(|m| Some(i32::from(m.preference)))),
            texts(hosts().map(|m| Some(&*m.host))),
            bools(hosts().map(|m| m.matched)),
            texts(hosts().map(|m| m.pattern.as_deref())),
        ],
    )?;
    Ok(vec![
        times(rows.iter().map(|r| r.mx_at)),
        words(rows.iter().map(|r| r.mx_dns)),
        int_lists(rows.iter().map(|r| slice(&r.mx_ede))),
        bools(rows.iter().map(|r| r.mx_ad)),
        longs(rows.iter().map(|r| r.mx_ttl)),
        words(rows.iter().map(|r| r.mx_kind)),
        mx,
        text_lists(rows.iter().map(|r| slice(&r.ns))),
    ])
}

fn records(rows: &[DomainRow]) -> Vec<ArrayRef> {
    vec![
        times(rows.iter().map(|r| r.sts_at)),
        words(rows.iter().map(|r| r.sts_dns)),
        int_lists(rows.iter().map(|r| slice(&r.sts_ede))),
        longs(rows.iter().map(|r| r.sts_ttl)),
        text_lists(rows.iter().map(|r| slice(&r.sts_cname))),
        text_lists(rows.iter().map(|r| slice(&r.sts_txt))),
        bools(rows.iter().map(|r| r.sts_signals)),
        words(rows.iter().map(|r| r.sts_record)),
        texts(rows.iter().map(|r| r.sts_id.as_deref())),
        bools(rows.iter().map(|r| r.sts_wildcard)),
        words(rows.iter().map(|r| r.tlsrpt_dns)),
        text_lists(rows.iter().map(|r| slice(&r.tlsrpt_txt))),
        words(rows.iter().map(|r| r.tlsrpt_record)),
        text_lists(rows.iter().map(|r| slice(&r.tlsrpt_rua))),
    ]
}

fn policy_way(rows: &[DomainRow]) -> Result<Vec<ArrayRef>, ArrowError> {
    let tried = || rows.iter().flat_map(|r| r.policy.addrs.iter().flatten());
    let written: Vec<String> = tried().map(|a| a.addr.to_string()).collect();
    let addrs = struct_lists(
        rows.iter().map(|r| r.policy.addrs.as_ref().map(Vec::len)),
        item_of(&columns::DOMAINS, column!(DOMAINS.policy_addrs))?,
        vec![texts(written.iter().map(|a| Some(&**a))), words(tried().map(|a| Some(a.outcome)))],
    )?;
    let tls = || rows.iter().map(|r| &r.policy.tls);
    Ok(vec![
        times(rows.iter().map(|r| r.policy.at)),
        words(rows.iter().map(|r| r.policy.host_dns)),
        text_lists(rows.iter().map(|r| slice(&r.policy.cname))),
        addrs,
        words(rows.iter().map(|r| r.policy.outcome)),
        words(tls().map(|t| t.cert_outcome)),
        word_lists(tls().map(|t| slice(&t.cert_faults))),
        words(tls().map(|t| t.version)),
        texts(tls().map(|t| t.group.as_deref())),
        texts(tls().map(|t| t.certificate_sha256.as_deref())),
        text_lists(tls().map(|t| slice(&t.chain_sha256))),
    ])
}

fn policy_text(rows: &[DomainRow]) -> Vec<ArrayRef> {
    let policy = || rows.iter().map(|r| &r.policy);
    let length = |body: &Vec<u8>| i64::try_from(body.len()).unwrap_or(i64::MAX);
    vec![
        ints(policy().map(|p| p.http_status)),
        texts(policy().map(|p| p.redirect_to.as_deref())),
        texts(policy().map(|p| p.content_type.as_deref())),
        longs(policy().map(|p| p.body.as_ref().map(length))),
        texts(policy().map(|p| p.sha256.as_deref())),
        binaries(policy().map(|p| p.body.as_deref())),
        longs(policy().map(|p| p.fetch_ms)),
        word_lists(policy().map(|p| slice(&p.attempts))),
        ints(policy().map(PolicyEvidence::looks)),
        bools(policy().map(|p| p.wildcard)),
        bools(policy().map(|p| p.valid)),
        bools(policy().map(|p| p.usable)),
        words(policy().map(|p| p.mode)),
        longs(policy().map(|p| p.max_age_s)),
        text_lists(policy().map(|p| slice(&p.mx))),
    ]
}

impl Rows for HostRow {
    const TABLE: &'static columns::Table = &columns::MX_HOSTS;

    fn weight(&self) -> usize {
        weight::of_host(self)
    }

    fn arrays(rows: &[Self]) -> Result<Vec<ArrayRef>, ArrowError> {
        let written: Vec<Option<String>> = rows.iter().map(|r| r.addr.map(|a| a.to_string())).collect();
        let mut arrays = vec![
            texts(rows.iter().map(|r| Some(&*r.host))),
            texts(written.iter().map(Option::as_deref)),
            words(rows.iter().map(|r| r.host_dns)),
            text_lists(rows.iter().map(|r| slice(&r.host_cname))),
            bools(rows.iter().map(|r| r.host_ad)),
        ];
        arrays.extend(conversation(rows));
        arrays.extend([
            words(rows.iter().map(|r| r.tlsa_dns)),
            bools(rows.iter().map(|r| r.tlsa_ad)),
            text_lists(rows.iter().map(|r| slice(&r.tlsa))),
            times(rows.iter().map(|r| r.smtp.probed_at)),
            longs(rows.iter().map(|r| r.smtp.connect_ms)),
            longs(rows.iter().map(|r| r.smtp.handshake_ms)),
            longs(rows.iter().map(|r| Some(r.waited_ms))),
            word_lists(rows.iter().map(|r| Some(r.attempts.as_slice()))),
            ints(rows.iter().map(|r| Some(r.looks()))),
            retried(&rows.iter().map(|r| r.dns_retried.as_slice()).collect::<Vec<_>>(), Self::TABLE)?,
        ]);
        Ok(arrays)
    }
}

fn conversation(rows: &[HostRow]) -> Vec<ArrayRef> {
    let smtp = || rows.iter().map(|r| &r.smtp);
    let tls = || rows.iter().map(|r| -> &TlsEvidence { &r.smtp.tls });
    vec![
        words(smtp().map(|s| s.outcome)),
        words(smtp().map(|s| s.phase)),
        ints(smtp().map(|s| s.code)),
        texts(smtp().map(|s| s.text.as_deref())),
        texts(smtp().map(|s| s.banner.as_deref())),
        text_lists(smtp().map(|s| slice(&s.ehlo))),
        words(smtp().map(|s| s.starttls)),
        words(tls().map(|t| t.version)),
        texts(tls().map(|t| t.cipher.as_deref())),
        texts(tls().map(|t| t.group.as_deref())),
        texts(tls().map(|t| t.certificate_sha256.as_deref())),
        text_lists(tls().map(|t| slice(&t.chain_sha256))),
        words(tls().map(|t| t.cert_outcome)),
        word_lists(tls().map(|t| slice(&t.cert_faults))),
    ]
}

impl Rows for CertificateRow {
    const TABLE: &'static columns::Table = &columns::CERTIFICATES;

    fn weight(&self) -> usize {
        weight::of_certificate(self)
    }

    fn arrays(rows: &[Self]) -> Result<Vec<ArrayRef>, ArrowError> {
        Ok(vec![
            texts(rows.iter().map(|r| Some(&*r.sha256))),
            texts(rows.iter().map(|r| r.subject.as_deref())),
            texts(rows.iter().map(|r| r.issuer.as_deref())),
            text_lists(rows.iter().map(|r| slice(&r.sans))),
            times(rows.iter().map(|r| r.not_before)),
            times(rows.iter().map(|r| r.not_after)),
            texts(rows.iter().map(|r| r.key_type.as_deref())),
            ints(rows.iter().map(|r| r.key_bits)),
            texts(rows.iter().map(|r| r.signature.as_deref())),
            bools(rows.iter().map(|r| r.is_ca)),
            text_lists(rows.iter().map(|r| slice(&r.aia))),
            texts(rows.iter().map(|r| r.spki_sha256.as_deref())),
            binaries(rows.iter().map(|r| Some(&*r.der))),
        ])
    }
}

impl Rows for AssessmentRow {
    const TABLE: &'static columns::Table = &columns::ASSESSMENTS;

    fn weight(&self) -> usize {
        // Words of ours.
        0
    }

    fn arrays(rows: &[Self]) -> Result<Vec<ArrayRef>, ArrowError> {
        let hosts = || rows.iter().flat_map(|r| r.dane.iter().flatten());
        let dane = struct_lists(
            rows.iter().map(|r| r.dane.as_ref().map(Vec::len)),
            item_of(&columns::ASSESSMENTS, "dane")?,
            vec![
                texts(hosts().map(|(host, _)| Some(&**host))),
                words(hosts().map(|(_, outcome)| Some(*outcome))),
            ],
        )?;
        Ok(vec![
            texts(rows.iter().map(|r| Some(&*r.domain))),
            word_lists(rows.iter().map(|r| Some(r.findings.as_slice()))),
            word_lists(rows.iter().map(|r| Some(r.lasting.as_slice()))),
            words(rows.iter().map(|r| r.mismatch_kind)),
            words(rows.iter().map(|r| r.verdict_strict)),
            words(rows.iter().map(|r| r.verdict_lenient)),
            words(rows.iter().map(|r| r.verdict_primary)),
            dane,
        ])
    }
}
