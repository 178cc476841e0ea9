//! Members of lists of groups that are empty in nearly all rows. To make arrays of them, with a place for
//! each row, would take longer than all else that a table reads; here only what is there is looked at.

use super::BATCH_ROWS;
use crate::fault::Fault;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use std::fs::File;
use std::path::Path;

/// A column that is a list of groups of texts, and which members of it are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'w> {
    pub(crate) column: &'w str,
    /// The field that is given.
    pub(crate) field: &'w str,
    /// The field that decides, and the text that it must have.
    pub(crate) where_field: &'w str,
    pub(crate) is: &'w str,
}

/// Gives the wanted members of one part. A part without the column has none.
///
/// # Errors
/// The part cannot be read.
pub(crate) fn each(part: &Path, wanted: Wanted<'_>, mut take: impl FnMut(&str)) -> Result<(), Fault> {
    each_group(part, |group| of_group(group, wanted, &mut take))
}

/// Whether a list of texts holds this one in any row of a part.
///
/// # Errors
/// The part cannot be read.
pub(crate) fn any(part: &Path, column: &str, text: &str) -> Result<bool, Fault> {
    let mut found = false;
    each_group(part, |group| {
        let at = group.metadata().columns().iter().position(|chunk| is_of(chunk, column));
        if let Some(at) = at {
            found = found || is_there(group, at, text.as_bytes())?;
        }
        Ok(())
    })?;
    Ok(found)
}

fn each_group(
    part: &Path,
    mut take: impl FnMut(&dyn RowGroupReader) -> parquet::errors::Result<()>,
) -> Result<(), Fault> {
    let fault = |cause: &dyn std::fmt::Display| Fault::file("read", part, cause);
    let file = File::open(part).map_err(|cause| fault(&cause))?;
    let reader = SerializedFileReader::new(file).map_err(|cause| fault(&cause))?;
    for number in 0..reader.num_row_groups() {
        let group = reader.get_row_group(number).map_err(|cause| fault(&cause))?;
        take(&*group).map_err(|cause| fault(&cause))?;
    }
    Ok(())
}

/// Whether a chunk is of this column, be it a field of it.
fn is_of(chunk: &ColumnChunkMetaData, column: &str) -> bool {
    chunk.column_path().parts().first().map(String::as_str) == Some(column)
}

fn of_group(
    group: &dyn RowGroupReader,
    wanted: Wanted<'_>,
    take: &mut impl FnMut(&str),
) -> parquet::errors::Result<()> {
    let place = |field: &str| {
        let is_it = |chunk: &ColumnChunkMetaData| {
            is_of(chunk, wanted.column)
                && chunk.column_path().parts().last().map(String::as_str) == Some(field)
        };
        group.metadata().columns().iter().position(is_it)
    };
    let (Some(given), Some(decides)) = (place(wanted.field), place(wanted.where_field)) else {
        return Ok(());
    };
    // To open a column takes longer than to read one that is nearly empty.
    if !is_there(group, decides, wanted.is.as_bytes())? {
        return Ok(());
    }
    let (mut given, mut decides) = (Leaf::of(group, given)?, Leaf::of(group, decides)?);
    while given.read()? > 0 {
        decides.read()?;
        let (mut texts, mut deciding) = (given.values.iter(), decides.values.iter());
        for (text, decides) in given.is_there().zip(decides.is_there()) {
            let text = text.then(|| texts.next()).flatten();
            let decides = decides.then(|| deciding.next()).flatten();
            if decides.is_some_and(|word| word.data() == wanted.is.as_bytes())
                && let Some(text) = text.and_then(|text| text.as_utf8().ok())
            {
                take(text);
            }
        }
    }
    Ok(())
}

/// Whether any place of a leaf has a text.
fn is_there(group: &dyn RowGroupReader, at: usize, text: &[u8]) -> parquet::errors::Result<bool> {
    if !may_have(group.metadata().column(at), text) {
        return Ok(false);
    }
    let mut leaf = Leaf::of(group, at)?;
    while leaf.read()? > 0 {
        if leaf.values.iter().any(|value| value.data() == text) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a chunk may have a text, as far as its statistics tell.
fn may_have(chunk: &ColumnChunkMetaData, text: &[u8]) -> bool {
    let Some(statistics) = chunk.statistics() else { return true };
    if statistics.null_count_opt() == u64::try_from(chunk.num_values()).ok() {
        return false;
    }
    let Statistics::ByteArray(range) = statistics else { return true };
    range.min_opt().is_none_or(|least| least.data() <= text)
        && range.max_opt().is_none_or(|most| most.data() >= text)
}

/// A leaf of the schema, some rows at a time.
struct Leaf {
    reader: ColumnReaderImpl<ByteArrayType>,
    /// The definition level of a text that is there.
    whole: i16,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
    values: Vec<ByteArray>,
}

impl Leaf {
    fn of(group: &dyn RowGroupReader, at: usize) -> parquet::errors::Result<Self> {
        let whole = group.metadata().column(at).column_descr().max_def_level();
        let ColumnReader::ByteArrayColumnReader(reader) = group.get_column_reader(at)? else {
            return Err(parquet::errors::ParquetError::General(
                "a column is no text that must be one".to_owned(),
            ));
        };
        Ok(Self { reader, whole, definitions: Vec::new(), repetitions: Vec::new(), values: Vec::new() })
    }

    /// Reads the next rows; gives how many there were.
    fn read(&mut self) -> parquet::errors::Result<usize> {
        self.definitions.clear();
        self.repetitions.clear();
        self.values.clear();
        let (definitions, repetitions) = (Some(&mut self.definitions), Some(&mut self.repetitions));
        let (rows, ..) = self.reader.read_records(BATCH_ROWS, definitions, repetitions, &mut self.values)?;
        Ok(rows)
    }

    /// Of each place of the leaf whether it has a text.
    fn is_there(&self) -> impl Iterator<Item = bool> {
        self.definitions.iter().map(|level| *level == self.whole)
    }
}
