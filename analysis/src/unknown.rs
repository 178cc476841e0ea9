//! What a dataset holds that this version does not know: words outside the vocabularies of `columns.json`, as
//! a newer version of the scanner may write them.
//!
//! Looking is cheap: where all pages of a column chunk refer to its dictionary, only the dictionary is read.
//! The column itself is read where the dictionary holds an unknown word, so that its cells can be counted,
//! and where a chunk has pages without dictionary, as other programs write them.

use crate::contract::{self, Column};
use crate::fault::Fault;
use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Encoding;
use parquet::column::page::Page;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Words of one column that are told of by name, and letters of a word.
const SHOWN: usize = 3;
const SHOWN_LETTERS: usize = 40;

/// The unknown words of a dataset: cells by word, by `table.column`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unknown {
    columns: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Unknown {
    /// Looks at the parts of every table. Columns that a part does not have are passed over.
    ///
    /// # Errors
    /// A part cannot be read.
    pub fn find(parts: &BTreeMap<&'static str, Vec<PathBuf>>) -> Result<Self, Fault> {
        let mut found = Self::default();
        for (table, parts) in parts {
            let holding: Vec<Holding> = contract::columns(table)?.iter().flat_map(Holding::of).collect();
            for part in parts {
                found.look(table, part, &holding).map_err(|cause| Fault::file("read", part, cause))?;
            }
        }
        Ok(found)
    }

    /// Adds those of another dataset.
    pub(crate) fn add(&mut self, other: Self) {
        for (column, words) in other.columns {
            let mine = self.columns.entry(column).or_default();
            words.into_iter().for_each(|(word, cells)| *mine.entry(word).or_default() += cells);
        }
    }

    /// Cells that hold an unknown word, elements of lists counted each.
    #[must_use]
    pub fn cells(&self) -> u64 {
        self.columns.values().flat_map(BTreeMap::values).sum()
    }

    /// The columns with their cells and words, in one line; empty where every word is known.
    #[must_use]
    pub fn told(&self) -> String {
        let column = |(column, words): (&String, &BTreeMap<String, u64>)| {
            let shown: Vec<String> = words.keys().take(SHOWN).map(|word| quoted(word)).collect();
            let more = if words.len() > SHOWN { ", …" } else { "" };
            format!("{column} ({}: {}{more})", words.values().sum::<u64>(), shown.join(", "))
        };
        self.columns.iter().map(column).collect::<Vec<_>>().join(", ")
    }

    fn look(
        &mut self,
        table: &str,
        part: &Path,
        holding: &[Holding],
    ) -> Result<(), Box<dyn std::error::Error>> {
        let reader = SerializedFileReader::new(File::open(part)?)?;
        let leaves = reader.metadata().file_metadata().schema_descr().columns().to_vec();
        for holding in holding {
            let at = leaves.iter().position(|leaf| holding.is_at(leaf.path().parts()));
            let Some(leaf) = at else { continue };
            for group in 0..reader.num_row_groups() {
                let rows = reader.get_row_group(group)?;
                if all_known(rows.as_ref(), leaf, &holding.words)? {
                    continue;
                }
                for (word, cells) in counted(part, group, leaf, &holding.words)? {
                    let column = self.columns.entry(format!("{table}.{}", holding.name)).or_default();
                    *column.entry(word).or_default() += cells;
                }
            }
        }
        Ok(())
    }
}

/// A word as it stands in a message: a stranger's file may have any letters in it.
fn quoted(word: &str) -> String {
    let mut shown: String = word.escape_debug().take(SHOWN_LETTERS).collect();
    if word.escape_debug().count() > SHOWN_LETTERS {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// What holds words: a column, or one field of its structs.
struct Holding {
    /// The column's own name.
    column: &'static str,
    field: Option<&'static str>,
    /// The name in messages, `column` or `column.field`.
    name: String,
    words: BTreeSet<&'static str>,
}

impl Holding {
    fn of(column: &'static Column) -> Vec<Self> {
        let fields: BTreeSet<Option<&str>> = column.words.iter().map(|word| word.field.as_deref()).collect();
        let holding = |field: Option<&'static str>| Self {
            column: &column.name,
            field,
            name: field.map_or_else(|| column.name.clone(), |field| format!("{}.{field}", column.name)),
            words: column
                .words
                .iter()
                .filter(|word| word.field.as_deref() == field)
                .map(|word| word.word.as_str())
                .collect(),
        };
        fields.into_iter().map(holding).collect()
    }

    /// Whether a leaf of a Parquet schema is what holds the words: writers name what is between column and
    /// field as they like.
    fn is_at(&self, path: &[String]) -> bool {
        let (first, last) = (path.first().map(String::as_str), path.last().map(String::as_str));
        first == Some(self.column) && self.field.is_none_or(|field| last == Some(field))
    }
}

/// Whether the dictionary of a column chunk says that every word is known; false too where there is no
/// dictionary, or one that not all pages refer to.
fn all_known(
    group: &dyn RowGroupReader,
    leaf: usize,
    words: &BTreeSet<&str>,
) -> Result<bool, parquet::errors::ParquetError> {
    let chunk = group.metadata().column(leaf);
    if nothing_there(chunk) {
        return Ok(true);
    }
    let whole = chunk.dictionary_page_offset().is_some()
        && chunk.page_encoding_stats_mask().is_some_and(|mask| {
            mask.is_only(Encoding::RLE_DICTIONARY) || mask.is_only(Encoding::PLAIN_DICTIONARY)
        });
    if !whole {
        return Ok(false);
    }
    let Some(Page::DictionaryPage { buf, num_values, .. }) =
        group.get_column_page_reader(leaf)?.get_next_page()?
    else {
        return Ok(false);
    };
    Ok(plain_texts(&buf, num_values).is_some_and(|texts| texts.into_iter().all(|text| words.contains(text))))
}

/// Whether a chunk holds nothing but nulls.
fn nothing_there(chunk: &ColumnChunkMetaData) -> bool {
    let nulls = chunk.statistics().and_then(Statistics::null_count_opt);
    nulls.is_some() && nulls == u64::try_from(chunk.num_values()).ok()
}

/// The texts of a dictionary page: each its length in four bytes, little end first, and its bytes; `None`
/// where the page is not so, or a text is not UTF-8.
fn plain_texts(page: &[u8], count: u32) -> Option<Vec<&str>> {
    let mut rest = page;
    let mut texts = Vec::new();
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (text, after) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        texts.push(std::str::from_utf8(text).ok()?);
        rest = after;
    }
    Some(texts)
}

/// Reads one column of one row group, and counts the cells of each unknown word.
fn counted(
    part: &Path,
    group: usize,
    leaf: usize,
    words: &BTreeSet<&str>,
) -> Result<BTreeMap<String, u64>, Box<dyn std::error::Error>> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(part)?)?;
    let mask = ProjectionMask::leaves(builder.parquet_schema(), [leaf]);
    let batches = builder.with_projection(mask).with_row_groups(vec![group]).build()?;
    let mut counts = BTreeMap::new();
    for batch in batches {
        for column in batch?.columns() {
            let texts = texts(column)?;
            for text in texts.iter().flatten().filter(|text| !words.contains(text)) {
                *counts.entry(text.to_owned()).or_default() += 1;
            }
        }
    }
    Ok(counts)
}

/// The texts in an array, those of lists and of the one field of structs one after the other. What is no text
/// has none.
fn texts(array: &ArrayRef) -> Result<StringArray, arrow::error::ArrowError> {
    match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let (from, to) = (list.value_offsets().first(), list.value_offsets().last());
            let at = |offset: Option<&i32>| offset.and_then(|&at| usize::try_from(at).ok()).unwrap_or(0);
            texts(&list.values().slice(at(from), at(to) - at(from)))
        }
        DataType::LargeList(item) => texts(&cast(array, &DataType::List(item.clone()))?),
        DataType::Struct(_) => match array.as_struct().columns() {
            [field] => texts(field),
            _ => Ok(StringArray::new_null(0)),
        },
        _ => Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;
    use arrow::array::{ListArray, RecordBatch, StructArray};
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::Field;
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use std::sync::Arc;

    /// Three rows: two words in lists of structs, one of them unknown, and a column of one word.
    fn written(dir: &Path, dictionary: bool, kind: &DataType) -> BTreeMap<&'static str, Vec<PathBuf>> {
        let kinds = StringArray::from(vec![Some("explicit"), Some("new_kind"), Some("new_kind")]);
        let outcomes: ArrayRef = Arc::new(StringArray::from(vec![Some("ok"), Some("later"), None]));
        let addrs: ArrayRef = Arc::new(StringArray::from(vec!["192.0.2.1", "192.0.2.2", "192.0.2.3"]));
        let group = StructArray::from(vec![
            (Arc::new(Field::new("addr", DataType::Utf8, true)), addrs),
            (Arc::new(Field::new("outcome", DataType::Utf8, true)), outcomes),
        ]);
        let item = Arc::new(Field::new("item", group.data_type().clone(), true));
        let list = ListArray::new(item, OffsetBuffer::from_lengths([2, 0, 1]), Arc::new(group), None);
        let nothing: ArrayRef = Arc::new(StringArray::new_null(3));
        let batch = RecordBatch::try_from_iter([
            ("mx_kind", cast(&kinds, kind).unwrap()),
            ("policy_addrs", Arc::new(list) as ArrayRef),
            ("policy_mode", nothing),
            ("not_of_the_layout", Arc::new(StringArray::from(vec!["x"; 3]))),
        ])
        .unwrap();
        let properties = WriterProperties::builder().set_dictionary_enabled(dictionary).build();
        let path = dir.join("part-00000.parquet");
        let mut writer =
            ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        BTreeMap::from([("domains", vec![path])])
    }

    #[test]
    fn unknown_words_are_counted_with_and_without_dictionary_in_columns_and_lists() {
        for dictionary in [true, false] {
            for kind in [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View] {
                let dir = tempfile::tempdir().unwrap();
                let found = Unknown::find(&written(dir.path(), dictionary, &kind)).unwrap();
                assert_eq!(found.cells(), 3, "{kind}, dictionary {dictionary}");
                let told = "domains.mx_kind (2: `new_kind`), domains.policy_addrs.outcome (1: `later`)";
                assert_eq!(found.told(), told);
            }
        }
    }

    #[test]
    fn a_dictionary_is_enough_where_every_page_refers_to_it() {
        let dir = tempfile::tempdir().unwrap();
        for (dictionary, expected) in [(true, [false, true]), (false, [false, false])] {
            let parts = written(dir.path(), dictionary, &DataType::Utf8);
            let reader = SerializedFileReader::new(File::open(&parts["domains"][0]).unwrap()).unwrap();
            let group = reader.get_row_group(0).unwrap();
            let asked = [vec!["explicit"], vec!["explicit", "new_kind"]]
                .map(|words| all_known(group.as_ref(), 0, &words.into_iter().collect()).unwrap());
            assert_eq!(asked, expected, "dictionary {dictionary}");
        }
    }

    #[test]
    fn a_broken_dictionary_page_is_no_list_of_texts() {
        assert_eq!(plain_texts(b"\x02\0\0\0ab\x01\0\0\0c", 2), Some(vec!["ab", "c"]));
        for broken in [&b"\x02\0\0\0a"[..], b"\xff\xff\xff\xff", b"\x01\0\0\0\xff", b""] {
            assert_eq!(plain_texts(broken, 1), None);
        }
        assert_eq!(quoted(&"a\n".repeat(40)), format!("`{}…`", "a\\n".repeat(14).split_at(40).0));
    }
}
