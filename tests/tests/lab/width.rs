//! Prose fits a screen: documents and comments are wrapped.

use super::documents::{all, read};

/// The longest line of prose, in characters.
const WIDTH: usize = 110;

/// Whether nothing can be done about a long line: a table's row, or a word that is as long by itself.
fn cannot_wrap(text: &str) -> bool {
    let longest = text.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
    text.trim_start().starts_with('|') || longest > WIDTH - 10
}

#[test]
fn every_line_of_prose_in_a_document_fits_the_width() {
    let mut wide = Vec::new();
    for path in all(".md") {
        let mut is_code = false;
        for (number, line) in read(&path).lines().enumerate() {
            is_code ^= line.trim_start().starts_with("```");
            let is_prose = !is_code && !line.starts_with("    ");
            if is_prose && line.chars().count() > WIDTH && !cannot_wrap(line) {
                wide.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    assert!(wide.is_empty(), "more than {WIDTH} characters: {wide:#?}");
}

#[test]
fn every_comment_fits_the_width() {
    let mut wide = Vec::new();
    for path in all(".rs") {
        for (number, line) in read(&path).lines().enumerate() {
            let text = line.trim_start();
            let said = text.trim_start_matches(['/', '!']);
            if text.starts_with("//") && line.chars().count() > WIDTH && !cannot_wrap(said) {
                wide.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    assert!(wide.is_empty(), "more than {WIDTH} characters: {wide:#?}");
}
