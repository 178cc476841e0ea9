//! Which columns of `signallers` are made: those that the queries of a run read. Signallers are few, but to
//! read a column of theirs is to unpack it of all names.

use super::made::SIGNALLER_NAMES;
use super::{Tables, in_query};
use crate::fault::Fault;
use crate::query::{Query, VIEWS, View};
use std::collections::BTreeSet;

/// The table that is made narrow.
const NARROW: &str = "signallers";

impl Tables {
    /// Says which queries of the catalogue are to come, so that only what they read is made. Another one is
    /// answered all the same, and what it reads is made anew.
    ///
    /// # Errors
    /// A text is no query over these tables (usage).
    pub fn expect(&mut self, queries: &[Query]) -> Result<(), Fault> {
        let asked = |query: &Query| self.engine.asked(&query.sql).map_err(|cause| in_query(query, &cause));
        let mut wanted = BTreeSet::new();
        for query in queries {
            wanted.extend(asked(query)?);
        }
        let mut texts: Vec<&str> = queries.iter().map(|query| query.sql.as_str()).collect();
        // A view is made from earlier ones.
        for view in VIEWS.iter().rev() {
            if !wanted.contains(view.name) {
                continue;
            }
            let text = made_from(view);
            wanted.extend(self.engine.asked(text).map_err(|cause| Fault::engine("read a view", cause))?);
            if view.name != NARROW {
                texts.push(text);
            }
        }
        self.expected = queries.iter().map(|query| query.sql.clone()).collect();
        self.words = words_of_readers(&texts);
        Ok(())
    }

    /// The text of a view with the columns that are wanted of it.
    pub(super) async fn narrowed(&self, view: &View) -> Result<String, Fault> {
        let text = self.text(view.sql);
        let Some(words) = self.words.as_ref().filter(|_| view.name == NARROW && !self.counts_by_text())
        else {
            return Ok(text.into_owned());
        };
        let frame = self.engine.context.sql(&text).await;
        let frame = frame.map_err(|cause| Fault::engine("read a view", cause))?;
        let names = frame.schema().fields().iter().map(|field| field.name().as_str());
        let columns: Vec<&str> = names.filter(|name| words.contains(*name)).collect();
        Ok(format!("SELECT {} FROM (\n{text}\n) AS whole", columns.join(", ")))
    }

    /// Forgets what was made for other queries, where this one was not among those that were to come.
    pub(super) fn widen_for(&mut self, query: &Query) -> Result<(), Fault> {
        if self.words.is_some() && !self.expected.contains(&query.sql) {
            self.words = None;
            if self.made.remove(NARROW) {
                self.engine.forget(NARROW)?;
            }
        }
        Ok(())
    }
}

/// What a view is made from.
pub(super) fn made_from(view: &View) -> &'static str {
    if view.name == "signaller_names" { SIGNALLER_NAMES } else { view.sql }
}

/// The words of all texts that name the narrow table: its columns that are read are among them. `None` where
/// one reads all columns.
fn words_of_readers(texts: &[&str]) -> Option<BTreeSet<String>> {
    let mut words = BTreeSet::new();
    for text in texts {
        let own = words_of(text);
        if own.contains(NARROW) {
            if text.contains(&format!("{NARROW}.*")) || text.contains(&format!("* FROM {NARROW}")) {
                return None;
            }
            words.extend(own);
        }
    }
    Some(words)
}

/// The words of a text but for its comments.
fn words_of(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("--"));
    let is_of_word = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let words = lines.flat_map(|line| line.split(move |char| !is_of_word(char)));
    words.map(str::to_ascii_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_of_texts_that_read_the_table_are_wanted() {
        let texts = ["-- rank\nSELECT domain, ns FROM signallers", "SELECT suffix FROM domains"];
        let words = words_of_readers(&texts).unwrap_or_default();
        assert!(words.contains("domain") && words.contains("ns"));
        assert!(!words.contains("rank") && !words.contains("suffix"));
        assert_eq!(words_of_readers(&["SELECT signallers.* FROM signallers"]), None);
    }
}
