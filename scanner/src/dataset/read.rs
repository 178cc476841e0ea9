//! Committed parts read back: the columns that assessing and resuming need, as rows.

use super::columns::Table;
use super::rows::{AddrOutcome, DomainRow, HostRow, Micros, Mx, Retried};
use super::words::{DnsStatus, MxKind, RecordState, Word};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Columns that datasets of an older minor version of the layout lack; they read as null.
const NEWER: [&str; 1] = ["dns_retried"];

/// A part that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {why}", path.display())]
pub struct ReadError {
    /// The file or folder.
    pub path: PathBuf,
    why: String,
}

impl ReadError {
    pub(super) fn new(path: &Path, why: impl std::fmt::Display) -> Self {
        Self { path: path.to_owned(), why: why.to_string() }
    }
}

/// The committed parts of a table, in their order; empty where the folder is not there.
///
/// # Errors
/// The folder is there and cannot be read.
pub fn parts(dataset: &Path, table: &Table) -> Result<Vec<PathBuf>, ReadError> {
    let folder = dataset.join(table.name);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut parts = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(|e| ReadError::new(&folder, e))? {
        let path = entry.map_err(|e| ReadError::new(&folder, e))?.path();
        if path.extension().is_some_and(|e| e == "parquet") {
            parts.push(path);
        }
    }
    parts.sort();
    Ok(parts)
}

/// Gives every batch of a table, with only these columns, to `take`.
///
/// # Errors
/// A part cannot be read, or lacks one of the columns.
pub fn batches(
    dataset: &Path,
    table: &Table,
    columns: &[&str],
    mut take: impl FnMut(&Batch),
) -> Result<(), ReadError> {
    for path in parts(dataset, table)? {
        let wrong = |e: &dyn std::fmt::Display| ReadError::new(&path, e);
        let file = File::open(&path).map_err(|e| wrong(&e))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| wrong(&e))?;
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        let reader = builder.with_projection(mask).build().map_err(|e| wrong(&e))?;
        for batch in reader {
            let batch = Batch(batch.map_err(|e| wrong(&e))?);
            let is_missing = |c: &&&str| !NEWER.contains(c) && batch.0.column_by_name(c).is_none();
            if let Some(missing) = columns.iter().find(is_missing) {
                return Err(wrong(&format!("it has no column `{missing}`")));
            }
            take(&batch);
        }
    }
    Ok(())
}

/// A batch whose columns are read by name; a column that was not asked for reads as null.
pub struct Batch(RecordBatch);

impl Batch {
    /// Rows in the batch.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.0.num_rows()
    }

    fn present(&self, column: &str, row: usize) -> Option<&ArrayRef> {
        self.0.column_by_name(column).filter(|array| array.is_valid(row))
    }

    /// A text.
    #[must_use]
    pub fn text(&self, column: &str, row: usize) -> Option<&str> {
        self.present(column, row).and_then(|a| a.as_string_opt::<i32>()).map(|a| a.value(row))
    }

    fn owned(&self, column: &str, row: usize) -> Option<String> {
        self.text(column, row).map(str::to_owned)
    }

    fn word(&self, column: &str, row: usize) -> Option<Word> {
        self.owned(column, row).map(Word::Owned)
    }

    /// A truth value.
    #[must_use]
    pub fn bool(&self, column: &str, row: usize) -> Option<bool> {
        self.present(column, row).and_then(|a| a.as_boolean_opt()).map(|a| a.value(row))
    }

    fn int(&self, column: &str, row: usize) -> Option<i32> {
        self.present(column, row).and_then(|a| a.as_primitive_opt::<Int32Type>()).map(|a| a.value(row))
    }

    fn long(&self, column: &str, row: usize) -> Option<i64> {
        self.present(column, row).and_then(|a| a.as_primitive_opt::<Int64Type>()).map(|a| a.value(row))
    }

    fn list(&self, column: &str, row: usize) -> Option<ArrayRef> {
        self.present(column, row).and_then(|a| a.as_list_opt::<i32>()).map(|a| a.value(row))
    }

    /// A list of texts.
    #[must_use]
    pub fn texts(&self, column: &str, row: usize) -> Option<Vec<String>> {
        let list = self.list(column, row)?;
        let texts = list.as_string_opt::<i32>()?;
        Some(texts.iter().flatten().map(str::to_owned).collect())
    }

    fn words(&self, column: &str, row: usize) -> Option<Vec<Word>> {
        Some(self.texts(column, row)?.into_iter().map(Word::Owned).collect())
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(&self, column: &str, row: usize) -> Option<&[u8]> {
        self.present(column, row).and_then(|a| a.as_binary_opt::<i32>()).map(|a| a.value(row))
    }

    fn time(&self, column: &str, row: usize) -> Option<Micros> {
        self.present(column, row)
            .and_then(|a| a.as_primitive_opt::<TimestampMicrosecondType>())
            .map(|a| a.value(row))
    }

    fn status(&self, column: &str, row: usize) -> Option<DnsStatus> {
        self.text(column, row).and_then(DnsStatus::from_word)
    }

    /// The MX set of a row of `domains`.
    #[must_use]
    pub fn mx(&self, row: usize) -> Option<Vec<Mx>> {
        let list = self.list("mx", row)?;
        let group = list.as_struct_opt()?;
        let preference = group.column_by_name("preference")?.as_primitive_opt::<Int32Type>()?;
        let host = group.column_by_name("host")?.as_string_opt::<i32>()?;
        let matched = group.column_by_name("matched")?.as_boolean_opt()?;
        let pattern = group.column_by_name("pattern")?.as_string_opt::<i32>()?;
        let one = |i: usize| Mx {
            preference: u16::try_from(preference.value(i)).unwrap_or(u16::MAX),
            host: host.value(i).to_owned(),
            matched: matched.is_valid(i).then(|| matched.value(i)),
            pattern: pattern.is_valid(i).then(|| pattern.value(i).to_owned()),
        };
        Some((0..group.len()).map(one).collect())
    }

    fn retried(&self, row: usize) -> Option<Vec<Retried>> {
        let list = self.list("dns_retried", row)?;
        let group = list.as_struct_opt()?;
        let question = group.column_by_name("question")?.as_string_opt::<i32>()?;
        let status = group.column_by_name("status")?.as_string_opt::<i32>()?;
        let one = |i: usize| {
            Some(Retried {
                question: Word::Owned(question.value(i).to_owned()),
                status: DnsStatus::from_word(status.value(i))?,
            })
        };
        (0..group.len()).map(one).collect()
    }

    fn policy_addrs(&self, row: usize) -> Option<Vec<AddrOutcome>> {
        let list = self.list("policy_addrs", row)?;
        let group = list.as_struct_opt()?;
        let addr = group.column_by_name("addr")?.as_string_opt::<i32>()?;
        let outcome = group.column_by_name("outcome")?.as_string_opt::<i32>()?;
        let one = |i: usize| {
            Some(AddrOutcome {
                addr: addr.value(i).parse().ok()?,
                outcome: Word::Owned(outcome.value(i).to_owned()),
            })
        };
        (0..group.len()).map(one).collect()
    }

    /// What `assess` needs of a row of `domains`.
    #[must_use]
    pub fn domain(&self, row: usize) -> DomainRow {
        let mut domain = DomainRow {
            domain: self.owned("domain", row).unwrap_or_default(),
            attempts: self.int("attempts", row).unwrap_or(1),
            mx_dns: self.status("mx_dns", row),
            mx_ad: self.bool("mx_ad", row),
            mx_kind: self.text("mx_kind", row).and_then(MxKind::from_word),
            mx: self.mx(row),
            sts_dns: self.status("sts_dns", row),
            sts_cname: self.texts("sts_cname", row),
            sts_txt: self.texts("sts_txt", row),
            sts_signals: self.bool("sts_signals", row),
            sts_record: self.text("sts_record", row).and_then(RecordState::from_word),
            sts_id: self.owned("sts_id", row),
            sts_wildcard: self.bool("sts_wildcard", row),
            tlsrpt_dns: self.status("tlsrpt_dns", row),
            tlsrpt_txt: self.texts("tlsrpt_txt", row),
            tlsrpt_record: self.text("tlsrpt_record", row).and_then(RecordState::from_word),
            tlsrpt_rua: self.texts("tlsrpt_rua", row),
            ..DomainRow::default()
        };
        let policy = &mut domain.policy;
        policy.host_dns = self.status("policy_host_dns", row);
        policy.cname = self.texts("policy_cname", row);
        policy.addrs = self.policy_addrs(row);
        policy.outcome = self.word("policy_outcome", row);
        policy.tls.cert_outcome = self.word("policy_cert_outcome", row);
        policy.tls.cert_faults = self.words("policy_cert_faults", row);
        policy.tls.certificate_sha256 = self.owned("policy_certificate_sha256", row);
        policy.http_status = self.int("policy_http_status", row);
        policy.redirect_to = self.owned("policy_redirect_to", row);
        policy.content_type = self.owned("policy_content_type", row);
        policy.body = self.bytes("policy_body", row).map(<[u8]>::to_vec);
        policy.attempts = self.words("policy_attempts", row);
        policy.wildcard = self.bool("policy_wildcard", row);
        policy.valid = self.bool("policy_valid", row);
        policy.usable = self.bool("policy_usable", row);
        policy.mode = self.word("policy_mode", row);
        policy.max_age_s = self.long("policy_max_age_s", row);
        policy.mx = self.texts("policy_mx", row);
        domain
    }

    /// What `assess` needs of a row of `mx_hosts`.
    #[must_use]
    pub fn host(&self, row: usize) -> HostRow {
        let mut host = HostRow {
            host: self.owned("host", row).unwrap_or_default(),
            addr: self.text("addr", row).and_then(|a| a.parse().ok()),
            host_dns: self.status("host_dns", row),
            host_cname: self.texts("host_cname", row),
            host_ad: self.bool("host_ad", row),
            tlsa_dns: self.status("tlsa_dns", row),
            tlsa_ad: self.bool("tlsa_ad", row),
            tlsa: self.texts("tlsa", row),
            attempts: self.words("attempts", row).unwrap_or_default(),
            dns_retried: self.retried(row).unwrap_or_default(),
            ..HostRow::default()
        };
        host.smtp.outcome = self.word("smtp_outcome", row).unwrap_or_default();
        host.smtp.code = self.int("smtp_code", row);
        host.smtp.probed_at = self.time("probed_at", row);
        host.smtp.tls.certificate_sha256 = self.owned("certificate_sha256", row);
        host.smtp.tls.chain_sha256 = self.texts("chain_sha256", row);
        host.smtp.tls.cert_outcome = self.word("cert_outcome", row);
        host.smtp.tls.cert_faults = self.words("cert_faults", row);
        host
    }
}

/// The columns that [`Batch::domain`] reads.
pub const DOMAIN_COLUMNS: &[&str] = &[
    "domain",
    "attempts",
    "mx_dns",
    "mx_ad",
    "mx_kind",
    "mx",
    "sts_dns",
    "sts_cname",
    "sts_txt",
    "sts_signals",
    "sts_record",
    "sts_id",
    "sts_wildcard",
    "tlsrpt_dns",
    "tlsrpt_txt",
    "tlsrpt_record",
    "tlsrpt_rua",
    "policy_host_dns",
    "policy_cname",
    "policy_addrs",
    "policy_outcome",
    "policy_cert_outcome",
    "policy_cert_faults",
    "policy_certificate_sha256",
    "policy_http_status",
    "policy_redirect_to",
    "policy_content_type",
    "policy_body",
    "policy_attempts",
    "policy_wildcard",
    "policy_valid",
    "policy_usable",
    "policy_mode",
    "policy_max_age_s",
    "policy_mx",
];

/// The columns that [`Batch::host`] reads.
pub const HOST_COLUMNS: &[&str] = &[
    "host",
    "addr",
    "host_dns",
    "host_cname",
    "host_ad",
    "smtp_outcome",
    "smtp_code",
    "certificate_sha256",
    "chain_sha256",
    "cert_outcome",
    "cert_faults",
    "tlsa_dns",
    "tlsa_ad",
    "tlsa",
    "probed_at",
    "attempts",
    "dns_retried",
];
