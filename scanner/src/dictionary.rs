//! What each column, each word and each finding means: `dictionary/` beside the data, so that a dataset
//! explains itself, and the committed `columns.json`.

use crate::assess::catalogue;
use crate::dataset::columns::{Column, Kind, SCHEMA_VERSION, TABLES};
use crate::dataset::contract;
use crate::evidence::{Code, WordEntry};
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A word of a column.
struct Word {
    table: &'static str,
    /// Of a group's field `column.field`.
    column: String,
    word: &'static str,
    meaning: &'static str,
    may_pass: Option<bool>,
}

/// What a word means; that of a code is its title.
fn meaning(entry: &WordEntry) -> &'static str {
    entry.meaning.or_else(|| Some(Code::from_word(entry.word)?.finding().title)).unwrap_or_default()
}

/// The words of a column, each with the field of its group that it is a word of; `None` where it is of the
/// column itself.
fn words_of(column: &Column) -> impl Iterator<Item = (Option<&'static str>, WordEntry)> {
    let own = column.words.into_iter().flat_map(|words| words()).map(|word| (None, word));
    let of_fields = column.fields().iter().flat_map(|field| {
        field.words.into_iter().flat_map(|words| words()).map(move |word| (Some(field.name), word))
    });
    own.chain(of_fields)
}

fn words() -> Vec<Word> {
    let mut all = Vec::new();
    for table in TABLES {
        for column in table.columns {
            all.extend(words_of(column).map(|(field, entry)| Word {
                table: table.name,
                column:
                    field.map_or_else(|| column.name.to_owned(), |field| format!("{}.{field}", column.name)),
                word: entry.word,
                meaning: meaning(&entry),
                may_pass: entry.may_pass,
            }));
        }
    }
    all
}

/// The contract as the committed `columns.json` has it.
#[must_use]
pub fn contract() -> Value {
    let tables: Vec<Value> = TABLES
        .iter()
        .map(|table| {
            let columns: Vec<Value> = table.columns.iter().map(described).collect();
            json!({"name": table.name, "row": table.row, "columns": columns})
        })
        .collect();
    json!({"schema_version": SCHEMA_VERSION, "tables": tables})
}

fn described(column: &Column) -> Value {
    let mut described = json!({
        "name": column.name,
        "type": column.kind.name(),
        "nullable": column.nullable,
        "meaning": column.meaning(),
    });
    let words: Vec<Value> = words_of(column)
        .map(|(field, entry)| {
            let mut word =
                json!({"word": entry.word, "meaning": meaning(&entry), "may_pass": entry.may_pass});
            if let Some(field) = field {
                word["field"] = json!(field);
            }
            word
        })
        .collect();
    if !words.is_empty() {
        described["words"] = Value::Array(words);
    }
    described
}

/// Writes `columns.parquet`, `words.parquet` and `findings.parquet`.
///
/// # Errors
/// The folder cannot be written.
pub fn write(dataset: &Path) -> io::Result<()> {
    let folder = dataset.join("dictionary");
    std::fs::create_dir_all(&folder)?;
    table(&folder.join("columns.parquet"), columns())?;
    table(&folder.join("words.parquet"), words_table())?;
    table(&folder.join("findings.parquet"), findings())
}

/// Writes a table; a crash or a full disk leaves the old file or the new one.
fn table(path: &Path, columns: Vec<(&str, ArrayRef)>) -> io::Result<()> {
    let batch = RecordBatch::try_from_iter(columns).map_err(io::Error::other)?;
    let unfinished = path.with_extension("parquet.tmp");
    let mut writer =
        ArrowWriter::try_new(File::create(&unfinished)?, batch.schema(), None).map_err(io::Error::other)?;
    writer.write(&batch).map_err(io::Error::other)?;
    writer.into_inner().map_err(io::Error::other)?.sync_all()?;
    std::fs::rename(unfinished, path)
}

fn texts<T: Into<Option<&'static str>>>(values: impl Iterator<Item = T>) -> ArrayRef {
    Arc::new(values.map(Into::into).collect::<StringArray>())
}

fn columns() -> Vec<(&'static str, ArrayRef)> {
    let all = || TABLES.iter().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
    let types: StringArray = all().map(|(_, column)| Some(column.kind.name())).collect();
    let nullable: BooleanArray = all().map(|(_, column)| Some(column.nullable)).collect();
    let meanings: StringArray = all().map(|(_, column)| Some(column.meaning())).collect();
    vec![
        ("table", texts(all().map(|(table, _)| table.name))),
        ("column", texts(all().map(|(_, column)| column.name))),
        ("type", Arc::new(types)),
        ("nullable", Arc::new(nullable)),
        ("meaning", Arc::new(meanings)),
    ]
}

fn words_table() -> Vec<(&'static str, ArrayRef)> {
    let words = words();
    let may_pass: BooleanArray = words.iter().map(|word| word.may_pass).collect();
    let columns: StringArray = words.iter().map(|word| Some(word.column.as_str())).collect();
    vec![
        ("table_name", texts(words.iter().map(|word| word.table))),
        ("column_name", Arc::new(columns)),
        ("word", texts(words.iter().map(|word| word.word))),
        ("meaning", texts(words.iter().map(|word| word.meaning))),
        ("may_pass", Arc::new(may_pass)),
    ]
}

fn findings() -> Vec<(&'static str, ArrayRef)> {
    let all = catalogue::all;
    let may_pass: BooleanArray = all().map(|f| Some(f.code.may_pass())).collect();
    let mut drawn_from = ListBuilder::new(StringBuilder::new()).with_field(contract::list_item(&Kind::Text));
    for finding in all() {
        for column in finding.columns {
            drawn_from.values().append_value(column);
        }
        drawn_from.append(true);
    }
    vec![
        ("code", texts(all().map(|f| f.code.as_str()))),
        ("stage", texts(all().map(|f| f.stage.as_str()))),
        ("severity", texts(all().map(|f| f.severity.as_str()))),
        ("may_pass", Arc::new(may_pass)),
        ("title", texts(all().map(|f| f.title))),
        ("advice", texts(all().map(|f| f.advice))),
        ("source", texts(all().map(|f| f.source))),
        ("columns", Arc::new(drawn_from.finish())),
        ("result_type", texts(all().map(|f| f.result))),
    ]
}
