//! The texts of the queries as Spark reads them. What Spark says otherwise than DataFusion and DuckDB is few
//! words and forms; everything else the texts keep to what all three read alike (analysis/README.md).

use arrow::datatypes::DataType;

/// Words that Spark has another one for.
const WORDS: [(&str, &str); 4] =
    [("list_contains", "array_contains"), ("strpos", "instr"), ("unnest", "explode"), ("VARCHAR", "STRING")];

/// Another engine that reads the queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Dialect {
    /// Spark 4.
    Spark,
    /// DuckDB, which reads the texts as they are.
    Duckdb,
}

impl Dialect {
    /// A text of analysis/queries as the engine reads it.
    pub(super) fn text(self, sql: &str) -> String {
        match self {
            Self::Spark => spark(sql),
            Self::Duckdb => sql.to_owned(),
        }
    }
}

/// A text of analysis/queries for Spark 4, without its comments but for whole lines:
///
/// - `path[1]` is `try_element_at(path, 1)`: Spark counts `[0]` from nought, and refuses what is not there;
/// - a decimal is a DOUBLE (`100.0D`): shares of Spark's DECIMAL are rounded;
/// - `extract(epoch FROM x)` is counted from `unix_micros(x)`;
/// - `string_agg(x, ' ' ORDER BY y)` has its order behind it, WITHIN GROUP;
/// - names are in backticks, and [`WORDS`] are its own.
fn spark(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    // Where the path begins that the last tokens are.
    let mut path: Option<usize> = None;
    // What stands before the bracket that closes a call of ours, by its depth.
    let mut closing: Vec<(usize, &str)> = Vec::new();
    let mut ordered: Option<usize> = None;
    let mut depth = 0_usize;
    let mut rest = sql;
    while let Some(token) = next(rest) {
        let (_, after) = rest.split_at(token.len());
        let begun = out.len();
        rest = after;
        if token.starts_with("/*") {
            continue;
        }
        if let Some(name) = token.strip_prefix('"') {
            out.push_str(&format!("`{}`", name.trim_end_matches('"')));
            path.get_or_insert(begun);
            continue;
        }
        if let (Some(from), Some((index, after))) = (path, index(token, after)) {
            let list = out.split_off(from);
            out.push_str(&format!("try_element_at({list}, {index})"));
            rest = after;
            continue;
        }
        if token.starts_with(|c: char| c.is_ascii_digit()) {
            out.push_str(token);
            out.push_str(if token.contains('.') { "D" } else { "" });
            path = None;
            continue;
        }
        if token.starts_with(is_word) {
            path.get_or_insert(begun);
            let lower = token.to_ascii_lowercase();
            if lower == "extract"
                && let Some(after) = after.strip_prefix("(epoch FROM ")
            {
                out.push_str("(unix_micros(");
                closing.push((depth + 1, ") / 1000000D"));
                depth += 1;
                rest = after;
                path = None;
            } else if lower == "order" && ordered == Some(depth) {
                out.truncate(out.trim_end().len());
                out.push_str(") WITHIN GROUP (ORDER");
                ordered = None;
            } else {
                if lower == "string_agg" {
                    ordered = Some(depth + 1);
                }
                let other = WORDS.iter().find(|(ours, _)| *ours == token);
                out.push_str(other.map_or(token, |(_, theirs)| theirs));
            }
            continue;
        }
        match token {
            "(" => depth += 1,
            ")" => {
                if let Some((_, text)) = closing.pop_if(|(of, _)| *of == depth) {
                    out.push_str(text);
                }
                ordered = ordered.filter(|of| *of != depth);
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        out.push_str(token);
        if token != "." {
            path = None;
        }
    }
    out
}

/// The next token of a text: white space, a comment, a text, a name, a word, a number, or one character.
fn next(rest: &str) -> Option<&str> {
    let first = rest.chars().next()?;
    let to = |end: Option<usize>| end.and_then(|end| rest.get(..end)).unwrap_or(rest);
    let run = |is: &dyn Fn(char) -> bool| to(rest.find(|c: char| !is(c)));
    Some(match first {
        _ if rest.starts_with("--") => to(rest.find('\n')),
        _ if rest.starts_with("/*") => to(rest.find("*/").map(|at| at + 2)),
        '\'' | '"' | '`' => to(rest.char_indices().skip(1).find(|(_, c)| *c == first).map(|(at, _)| at + 1)),
        _ if first.is_ascii_digit() => run(&|c| c.is_ascii_digit() || c == '.'),
        _ if is_word(first) => run(&is_word),
        _ if first.is_whitespace() => run(&char::is_whitespace),
        _ => to(Some(first.len_utf8())),
    })
}

/// The index of a list, where the token opens one: not a field, which is a text.
fn index<'a>(token: &str, after: &'a str) -> Option<(&'a str, &'a str)> {
    let (index, after) = after.split_once(']').filter(|_| token == "[")?;
    index.bytes().all(|byte| byte.is_ascii_digit()).then_some((index, after))
}

/// A type of a column as Spark says it.
pub(super) fn spark_type(kind: &DataType) -> String {
    match kind {
        DataType::Int32 => "INT".into(),
        DataType::Int64 => "BIGINT".into(),
        DataType::Boolean => "BOOLEAN".into(),
        DataType::Timestamp(..) => "TIMESTAMP".into(),
        DataType::Binary => "BINARY".into(),
        DataType::List(item) => format!("ARRAY<{}>", spark_type(item.data_type())),
        DataType::Struct(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|f| format!("`{}`: {}", f.name(), spark_type(f.data_type()))).collect();
            format!("STRUCT<{}>", fields.join(", "))
        }
        _ => "STRING".into(),
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spark_gets_its_own_forms() {
        for (ours, theirs) in [
            ("a.b[1]['addr'] IS NULL", "try_element_at(a.b, 1)['addr'] IS NULL"),
            ("coalesce(x[1], 'a[1] 1.5')", "coalesce(try_element_at(x, 1), 'a[1] 1.5')"),
            ("100.0 * a / 2", "100.0D * a / 2"),
            ("extract(epoch FROM c.d) - 1", "(unix_micros(c.d) / 1000000D) - 1"),
            (
                "string_agg(h, ' ' ORDER BY h) AS x ORDER BY y",
                "string_agg(h, ' ') WITHIN GROUP (ORDER BY h) AS x ORDER BY y",
            ),
            ("SELECT unnest(mx), \"a b\" /*[| , w ]*/", "SELECT explode(mx), `a b` "),
            ("-- 1.5 unnest \"x\"\nCAST(NULL AS VARCHAR)", "-- 1.5 unnest \"x\"\nCAST(NULL AS STRING)"),
            ("/*[*/strict/*| n ]*/ > 0", "strict > 0"),
        ] {
            assert_eq!(spark(ours), theirs);
        }
    }
}
