//! The closed vocabularies of columns, as `columns.json` gives them: the table `words`.

use crate::contract::{self, Column, TABLES, Word};
use crate::fault::Fault;
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use std::sync::Arc;

/// Every word of every column: the table, the column's name as `words` has it, the word.
///
/// # Errors
/// The file this program was built with is broken.
pub fn all() -> Result<Vec<(&'static str, String, &'static Word)>, Fault> {
    let mut all = Vec::new();
    for table in TABLES {
        for column in contract::columns(table)? {
            all.extend(column.words.iter().map(|word| (table, name(column, word), word)));
        }
    }
    Ok(all)
}

/// The name of what holds a word: the column, or `column.field` where a field of its structs does.
fn name(column: &Column, word: &Word) -> String {
    match &word.field {
        Some(field) => format!("{}.{field}", column.name),
        None => column.name.clone(),
    }
}

/// The words as a table: `table_name`, `column_name` (of a field of structs `policy_addrs.outcome` and the
/// like), `word`, `meaning`, and `may_pass` (null where the word is no outcome of a look). A row per word of
/// a column, in the contract's order.
///
/// # Errors
/// The file this program was built with is broken.
pub fn table() -> Result<RecordBatch, Fault> {
    batch(&all()?)
}

/// These words as a table of the same columns.
pub(crate) fn batch(words: &[(&str, String, &Word)]) -> Result<RecordBatch, Fault> {
    let tables: StringArray = words.iter().map(|(table, _, _)| Some(*table)).collect();
    let columns: StringArray = words.iter().map(|(_, column, _)| Some(column.as_str())).collect();
    let texts: StringArray = words.iter().map(|(_, _, word)| Some(word.word.as_str())).collect();
    let meanings: StringArray = words.iter().map(|(_, _, word)| Some(word.meaning.as_str())).collect();
    let may_pass: BooleanArray = words.iter().map(|(_, _, word)| word.may_pass).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("table_name", Arc::new(tables) as ArrayRef, true),
        ("column_name", Arc::new(columns), true),
        ("word", Arc::new(texts), true),
        ("meaning", Arc::new(meanings), true),
        ("may_pass", Arc::new(may_pass), true),
    ])
    .map_err(|cause| Fault::engine("make the table words", cause))
}

#[cfg(test)]
mod literals;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_column_has_each_of_its_words_once() {
        let words = all().unwrap();
        let distinct: BTreeSet<_> =
            words.iter().map(|(table, column, word)| (table, column, &word.word)).collect();
        assert_eq!(distinct.len(), words.len());
        assert_eq!(table().unwrap().num_rows(), words.len());
        let has = |column: &str, word: &str| words.iter().any(|(_, of, w)| of == column && w.word == word);
        assert!(has("policy_outcome", "policy_timeout") && has("dane.outcome", "bogus"));
        assert!(
            has("policy_attempts", "policy_tls_large_hello")
                && !has("policy_outcome", "policy_tls_large_hello")
        );
    }

    #[test]
    fn the_words_of_a_struct_name_a_field_that_it_has() {
        for table in TABLES {
            for column in contract::columns(table).unwrap() {
                for word in &column.words {
                    let holds = |field: &String| column.kind.contains(&format!("{field}:text"));
                    let in_struct = column.kind.contains("struct<");
                    assert_eq!(word.field.as_ref().is_some_and(holds), in_struct, "{table}.{}", column.name);
                }
            }
        }
    }
}
