//! Lists in Parquet: a column with the names, and one with ranks where there is one; read row group by row
//! group, of one file or of the parts of a folder.

mod delegations;

use super::bad::BadEntry;
use super::choices::Choices;
use super::columns::{NoColumn, Told};
use super::form::Form;
use super::source::{self, RawEntry, Source};
use super::words::{self, Named};
use arrow_array::cast::AsArray as _;
use arrow_array::types::Float64Type;
use arrow_array::{Array as _, ArrayRef, Float64Array, RecordBatch, StringViewArray};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema};
use delegations::Delegations;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;

/// Rows that are decoded at a time.
const BATCH: usize = 4096;

/// Why a Parquet file is no list.
#[derive(Debug)]
pub(super) enum NoTable {
    /// It cannot be read: why.
    Unreadable(String),
    /// No column with the names.
    NoColumn(NoColumn),
    /// A column of the wrong type: column, type, what is allowed.
    ColumnType(String, String, &'static str),
}

/// Ranks of a batch.
enum Ranks {
    None,
    Numbers(Float64Array),
    Texts(StringViewArray),
}

/// The columns that are read, as the first part has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    domain: String,
    pub(super) form: Form,
    rank: Option<String>,
    /// Whether the servers of its names are read.
    delegations: bool,
}

impl Chosen {
    pub(super) fn told(&self) -> Told {
        let servers = if self.delegations { ", with their servers" } else { "" };
        let names = format!("column `{}`{}{servers}", self.domain, self.form.told());
        Told { names, ranks: self.rank.as_ref().map(|rank| format!("column `{rank}`")) }
    }
}

/// The rows of a Parquet file.
pub(super) struct Rows {
    batches: ParquetRecordBatchReader,
    /// Parts that are still to come.
    parts: std::vec::IntoIter<PathBuf>,
    chosen: Chosen,
    total: u64,
    domain: usize,
    rank: Option<usize>,
    domains: StringViewArray,
    ranks: Ranks,
    delegations: Delegations,
    next: usize,
    row: u64,
}

/// Opens the file; only the columns that are needed will be read.
pub(super) fn open(file: File, choices: &Choices) -> Result<Rows, NoTable> {
    let (_, chosen) = choose(&file, choices)?;
    Rows::of(file, chosen)
}

/// Opens the parts of a folder; each must have the columns that are taken of the first.
pub(super) fn open_all(parts: Vec<PathBuf>, choices: &Choices) -> Result<Rows, NoTable> {
    let opened = |path: &PathBuf| {
        File::open(path).map_err(|error| NoTable::Unreadable(format!("{}: {error}", path.display())))
    };
    let mut total = 0;
    let mut chosen = None;
    for path in &parts {
        let (rows, of_part) = choose(&opened(path)?, choices)?;
        total += rows;
        if chosen.get_or_insert_with(|| of_part.clone()) != &of_part {
            let why = format!("{}: its columns differ from those of the first part", path.display());
            return Err(NoTable::Unreadable(why));
        }
    }
    let mut parts = parts.into_iter();
    let (Some(chosen), Some(first)) = (chosen, parts.next()) else {
        return Err(NoTable::Unreadable("no part".to_owned()));
    };
    Ok(Rows { parts, total, ..Rows::of(opened(&first)?, chosen)? })
}

/// How many rows the file has, and which of its columns are read.
fn choose(file: &File, choices: &Choices) -> Result<(u64, Chosen), NoTable> {
    let metadata = ArrowReaderMetadata::load(file, ArrowReaderOptions::new()).map_err(unreadable)?;
    let schema = metadata.schema();
    let names = || schema.fields().iter().map(|field| field.name().as_str());
    let refused = |asked: Option<String>, several: Vec<usize>| {
        let all: Vec<String> = names().map(str::to_owned).collect();
        let several = several.into_iter().map(|at| all[at].clone()).collect();
        NoTable::NoColumn(NoColumn { asked, several, all })
    };
    let asked = choices.column.as_ref();
    let by_choice = asked.and_then(|asked| names().position(|name| name.eq_ignore_ascii_case(asked)));
    let (domain, form) = match (by_choice, asked) {
        (Some(at), _) => (at, words::synonym(schema.field(at).name()).unwrap_or(Form::Host)),
        (None, Some(asked)) if choices.alone => return Err(refused(Some(asked.to_string()), Vec::new())),
        _ => match words::domain_among(names(), |at, _| is_text(schema.field(at).data_type())) {
            Named::At(at, form) => (at, form),
            Named::OneOf(several) => return Err(refused(None, several)),
            Named::Nowhere => return Err(refused(None, Vec::new())),
        },
    };
    let rank = words::rank_among(&names()).filter(|rank| *rank != domain);
    check(schema, domain, "text", is_text)?;
    if let Some(rank) = rank {
        check(schema, rank, "a number or text", |kind| kind.is_numeric() || is_text(kind))?;
    }
    let rows = u64::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or_default();
    let name = |at: usize| schema.field(at).name().clone();
    let delegations = choices.delegations && !delegations::columns(schema)?.is_empty();
    Ok((rows, Chosen { domain: name(domain), form, rank: rank.map(name), delegations }))
}

#[allow(clippy::needless_pass_by_value, reason = "it stands where an error is mapped")]
fn unreadable(error: parquet::errors::ParquetError) -> NoTable {
    NoTable::Unreadable(error.to_string())
}

/// The same, with the names read as views of the pages that they stand in: a value that a dictionary holds
/// once would else be copied for every row that names it, and a few hundred bytes of file become gigabytes.
fn shared(
    metadata: &ArrowReaderMetadata,
    domain: usize,
) -> Result<ArrowReaderMetadata, parquet::errors::ParquetError> {
    // As the file itself has the types, without what its writer says of them.
    let plain = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let schema = ArrowReaderMetadata::try_new(metadata.metadata().clone(), plain.clone())?.schema().clone();
    let view = |kind: &DataType| if kind.is_binary() { DataType::BinaryView } else { DataType::Utf8View };
    let fields = schema.fields().iter().enumerate().map(|(at, field)| match at == domain {
        true => Arc::new(Field::new(field.name(), view(field.data_type()), field.is_nullable())),
        false => field.clone(),
    });
    let schema = Schema::new(fields.collect::<Vec<_>>());
    ArrowReaderMetadata::try_new(metadata.metadata().clone(), plain.with_schema(schema.into()))
}

fn check(
    schema: &Schema,
    at: usize,
    allowed: &'static str,
    fits: fn(&DataType) -> bool,
) -> Result<(), NoTable> {
    let field = schema.field(at);
    if fits(field.data_type()) {
        return Ok(());
    }
    Err(NoTable::ColumnType(field.name().clone(), field.data_type().to_string(), allowed))
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        // Some writers leave out the annotation that makes bytes text.
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => true,
        DataType::Dictionary(_, value) => is_text(value),
        other => other.is_string(),
    }
}

impl Rows {
    /// The rows of one file that is known to have the columns.
    fn of(file: File, chosen: Chosen) -> Result<Self, NoTable> {
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(unreadable)?;
        let find = |name: &str| metadata.schema().fields().iter().position(|field| field.name() == name);
        let gone = || NoTable::Unreadable("it changed while it was read".to_owned());
        let domain = find(&chosen.domain).ok_or_else(gone)?;
        let rank = chosen.rank.as_deref().map(|rank| find(rank).ok_or_else(gone)).transpose()?;
        let further = if chosen.delegations { delegations::columns(metadata.schema())? } else { Vec::new() };
        let metadata = shared(&metadata, domain).map_err(unreadable)?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
        let total = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or_default();
        let mask = ProjectionMask::roots(
            builder.parquet_schema(),
            [domain].into_iter().chain(rank).chain(further.iter().copied()),
        );
        let batches = builder.with_projection(mask).with_batch_size(BATCH).build().map_err(unreadable)?;
        // What is left of the columns keeps the file's order.
        let place = |of: usize| {
            let all = [domain].into_iter().chain(rank).chain(further.iter().copied());
            all.filter(|other| *other < of).count()
        };
        Ok(Self {
            batches,
            parts: Vec::new().into_iter(),
            chosen,
            total,
            domain: place(domain),
            rank: rank.map(place),
            domains: StringViewArray::from(Vec::<&str>::new()),
            ranks: Ranks::None,
            delegations: Delegations::default(),
            next: 0,
            row: 0,
        })
    }

    pub(super) const fn chosen(&self) -> &Chosen {
        &self.chosen
    }

    /// Goes on to the next part; false after the last.
    fn next_part(&mut self) -> io::Result<bool> {
        let Some(path) = self.parts.next() else { return Ok(false) };
        let wrong = |error: NoTable| {
            let why = match error {
                NoTable::Unreadable(why) => why,
                other => format!("{other:?}"),
            };
            io::Error::new(ErrorKind::InvalidData, format!("{}: {why}", path.display()))
        };
        let part = Self::of(File::open(&path)?, self.chosen.clone()).map_err(wrong)?;
        (self.batches, self.domain, self.rank) = (part.batches, part.domain, part.rank);
        Ok(true)
    }

    fn take(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let as_kind = |column: &ArrayRef, kind: &DataType| cast(column, kind).map_err(io::Error::other);
        self.domains = as_kind(batch.column(self.domain), &DataType::Utf8View)?.as_string_view().clone();
        self.ranks = match self.rank.map(|rank| batch.column(rank)) {
            Some(ranks) if is_text(ranks.data_type()) => {
                Ranks::Texts(as_kind(ranks, &DataType::Utf8View)?.as_string_view().clone())
            }
            Some(ranks) => {
                Ranks::Numbers(as_kind(ranks, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
            }
            None => Ranks::None,
        };
        if self.chosen.delegations {
            self.delegations = Delegations::of(batch)?;
        }
        self.next = 0;
        Ok(())
    }
}

impl Ranks {
    fn at(&self, at: usize) -> Option<i64> {
        match self {
            Self::Numbers(ranks) => ranks.is_valid(at).then(|| ranks.value(at)).and_then(source::whole),
            Self::Texts(ranks) => {
                ranks.is_valid(at).then(|| ranks.value(at)).and_then(|text| source::rank(text.as_bytes()))
            }
            Self::None => None,
        }
    }
}

impl Source for Rows {
    fn read(&mut self, entry: &mut RawEntry) -> io::Result<bool> {
        while self.next >= self.domains.len() {
            let Some(batch) = self.batches.next() else {
                if self.next_part()? {
                    continue;
                }
                return Ok(false);
            };
            let batch = batch.map_err(|error| io::Error::new(ErrorKind::InvalidData, error.to_string()))?;
            self.take(&batch)?;
        }
        let at = self.next;
        self.next += 1;
        self.row += 1;
        entry.line = self.row;
        entry.text.clear();
        entry.refusal = None;
        if self.domains.is_valid(at) {
            let text = self.domains.value(at);
            if text.len() > source::MAX_FIELD {
                entry.refusal = Some(BadEntry::LineTooLong);
            }
            entry.text.extend_from_slice(&text.as_bytes()[..text.len().min(source::MAX_FIELD)]);
        }
        entry.rank = self.ranks.at(at);
        self.delegations.put(at, entry);
        Ok(true)
    }

    fn line(&self) -> u64 {
        self.row
    }

    fn total(&self) -> Option<u64> {
        Some(self.total)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use arrow_array::types::Int32Type;
    use arrow_array::{ArrayRef, DictionaryArray};
    use parquet::arrow::ArrowWriter;

    #[test]
    fn a_value_that_many_rows_share_is_held_once() {
        let long = format!("{}.example", "a".repeat(60_000));
        let shared: DictionaryArray<Int32Type> = std::iter::repeat_n(long.as_str(), BATCH).collect();
        let shared: ArrayRef = Arc::new(shared);
        // With the type that the writer had, and as a column of texts.
        for column in [cast(&shared, &DataType::Utf8).unwrap(), shared] {
            let batch = RecordBatch::try_from_iter([("domain", column)]).unwrap();
            let file = tempfile::tempfile().unwrap();
            let mut writer = ArrowWriter::try_new(file.try_clone().unwrap(), batch.schema(), None).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            let mut rows = open(file, &Choices::default()).unwrap();
            let mut entry = RawEntry::default();
            let mut read = 0;
            while rows.read(&mut entry).unwrap() {
                assert_eq!(entry.refusal, Some(BadEntry::LineTooLong));
                assert!(rows.domains.get_buffer_memory_size() < 1 << 20);
                read += 1;
            }
            assert_eq!(read, BATCH);
        }
    }
}
