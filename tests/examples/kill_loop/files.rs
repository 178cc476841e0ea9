//! What a kill left on the disk: committed rows, and what waits for its next look.

use anyhow::{Context, Result};
use arrow::array::{Array, AsArray, StringArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

/// What the files of a dataset say.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// Domains with a committed row.
    pub(crate) domains: BTreeSet<String>,
    /// Hosts and addresses with a committed row.
    pub(crate) hosts: BTreeSet<(String, String)>,
    /// Domains that wait, or waited and have no committed row.
    pub(crate) waiting: BTreeSet<String>,
    /// Hosts that wait, with how many looks there were.
    pub(crate) waiting_hosts: BTreeMap<String, usize>,
}

impl Files {
    pub(crate) fn read(dataset: &Path) -> Result<Self> {
        let mut files = Self::default();
        for mut row in rows(&dataset.join("domains"), &["domain"])? {
            files.domains.extend(row.pop());
        }
        for row in rows(&dataset.join("mx_hosts"), &["host", "addr"])? {
            let [host, addr] = row.try_into().map_err(|_| anyhow::anyhow!("two columns"))?;
            files.hosts.insert((host, addr));
        }
        if let Ok(bytes) = std::fs::read(dataset.join("waiting.looks")) {
            files.read_waiting(&bytes).context("waiting.looks")?;
        }
        Ok(files)
    }

    /// A line of JSON, then entries: length and checksum in four bytes each; when it is due; 0, a position
    /// and the domain's name, or 1, the host's name and its looks. Numbers are of seven bits a byte, the
    /// lowest first, and stand before a name for its length.
    fn read_waiting(&mut self, bytes: &[u8]) -> Result<()> {
        let begin = bytes.iter().position(|byte| *byte == b'\n').context("a first line")? + 1;
        let mut left = bytes.get(begin..).unwrap_or_default();
        while let Some((head, behind)) = left.split_first_chunk::<8>() {
            let [l0, l1, l2, l3, ..] = *head;
            let Some((mut entry, next)) =
                behind.split_at_checked(u32::from_be_bytes([l0, l1, l2, l3]) as usize)
            else {
                break;
            };
            number(&mut entry)?;
            if number(&mut entry)? == 0 {
                number(&mut entry)?;
                self.waiting.insert(name(&mut entry)?);
            } else {
                let host = name(&mut entry)?;
                let looks = entry.first().context("looks")?;
                self.waiting_hosts.insert(host, usize::from(*looks));
            }
            left = next;
        }
        Ok(())
    }
}

fn number(bytes: &mut &[u8]) -> Result<u64> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (byte, behind) = bytes.split_first().context("a number")?;
        *bytes = behind;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
        shift += 7;
        anyhow::ensure!(shift < 64, "a number that is too long");
    }
}

fn name(bytes: &mut &[u8]) -> Result<String> {
    let length = usize::try_from(number(bytes)?)?;
    let (name, behind) = bytes.split_at_checked(length).context("a name")?;
    *bytes = behind;
    Ok(String::from_utf8(name.to_vec())?)
}

/// The committed rows of a table: of parts that have their final name. A null is empty.
fn rows(table: &Path, columns: &[&str]) -> Result<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    let Ok(parts) = table.read_dir() else { return Ok(rows) };
    for part in parts {
        let path = part?.path();
        if path.extension().is_none_or(|ending| ending != "parquet") {
            continue;
        }
        for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(&path)?)?.build()? {
            let batch = batch?;
            let column = |name: &&str| {
                let column = batch.column_by_name(name).with_context(|| format!("no column {name}"))?;
                Ok(column.as_string::<i32>())
            };
            let texts = columns.iter().map(column).collect::<Result<Vec<_>>>()?;
            let text = |array: &StringArray, at: usize| {
                if array.is_null(at) { String::new() } else { array.value(at).to_owned() }
            };
            rows.extend((0..batch.num_rows()).map(|at| texts.iter().map(|array| text(array, at)).collect()));
        }
    }
    Ok(rows)
}
