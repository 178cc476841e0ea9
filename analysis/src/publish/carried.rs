//! The tables of a published dataset as it carries them itself: its layout, the views of `queries/tables.sql`
//! and the tables beside that. So what was published by one version is checked by every later one, whatever
//! their own views are.
//!
//! All of it is a stranger's. Its texts may only read, and only tables of the published directory: DataFusion
//! has no function that opens a file, and the calls of `read_parquet` are not run but taken for the names of
//! files.

use super::folder::Folder;
use super::layout::{Layout, open};
use super::nulls;
use crate::contract;
use crate::fault::Fault;
use crate::query::Query;
use crate::render::Answer;
use crate::tables::{Engine, in_query};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::sql::sqlparser::ast::{GroupByExpr, SelectItem, SetExpr, Statement, TableFactor};
use datafusion::sql::sqlparser::dialect::{DuckDbDialect, GenericDialect};
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the tables get their names.
const TABLES: &str = "queries/tables.sql";

/// The tables of one published dataset.
pub(super) struct Carried {
    engine: Engine,
    views: Vec<Named>,
    /// Names of the views that are there already.
    made: BTreeSet<String>,
}

/// A statement of `tables.sql`: `CREATE OR REPLACE VIEW name AS sql`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    name: String,
    /// Whether its rows are made once and held.
    held: bool,
    sql: String,
}

impl Carried {
    /// Registers the tables; views are made when a query asks for them.
    ///
    /// # Errors
    /// `tables.sql` is not what a publisher writes, or names a file that is not there (usage); or this
    /// machine failed.
    pub(super) fn open(folder: &Folder, layout: &Layout, memory: usize) -> Result<Self, Fault> {
        let engine = Engine::new(memory)?;
        let mut views = Vec::new();
        let mut known = BTreeSet::new();
        for named in statements(&folder.text(TABLES)?)? {
            let name = named.name.clone();
            if layout.tables().contains(&named.name.as_str()) {
                let parts = folder.parts(&named.name);
                let parts: Vec<&Path> = parts.iter().map(PathBuf::as_path).collect();
                engine.register_parts(
                    &named.name,
                    schema(layout, &named, parts.first().copied())?,
                    &parts,
                )?;
            } else if let Some(path) = file_read(&named.sql) {
                let path = folder.path(&path)?;
                engine.register_parts(&named.name, nullable(open(&path)?.schema()), &[&path])?;
            } else {
                let held = named.held && !is_other_name(&named)?;
                refuse_strange(&engine, &named, &known)?;
                views.push(Named { held, ..named });
            }
            known.insert(name);
        }
        Ok(Self { engine, views, made: BTreeSet::new() })
    }

    /// Runs a query and holds its whole answer.
    ///
    /// # Errors
    /// It, or a view that it reads, is no query over these tables (usage); or this machine failed.
    pub(super) async fn run(&mut self, query: &Query) -> Result<Answer, Fault> {
        let fault = |cause: &_| in_query(query, cause);
        let mut wanted = self.engine.asked(&query.sql).map_err(|cause| fault(&cause))?;
        for view in self.views.iter().rev().filter(|view| !self.made.contains(&view.name)) {
            if wanted.contains(&view.name) {
                wanted.extend(self.engine.asked(&view.sql).map_err(|cause| fault(&cause))?);
            }
        }
        for view in &self.views {
            if !wanted.contains(&view.name) || !self.made.insert(view.name.clone()) {
                continue;
            }
            if view.held {
                self.engine.hold(&view.name, &view.sql).await?;
            } else {
                self.engine.stand_for(&view.name, &view.sql).await?;
            }
        }
        let (schema, batches) =
            self.engine.collect_at_most(&query.sql, MOST_ANSWER).await.map_err(|cause| fault(&cause))?;
        Answer::from_batches(query.clone(), &schema, &batches)
    }
}

/// Bytes of an answer: the published ones have kilobytes.
const MOST_ANSWER: usize = 256 << 20;

/// Refuses a view that reads something else than the tables before it: a file by a function, for example.
fn refuse_strange(engine: &Engine, named: &Named, known: &BTreeSet<String>) -> Result<(), Fault> {
    let wrong = |why: String| Fault::Usage(format!("{TABLES}: `{}` {why}", named.name));
    let asked = engine.asked(&named.sql).map_err(|cause| wrong(format!("is not a query: {cause}")))?;
    match asked.iter().find(|table| !known.contains(*table)) {
        Some(table) => Err(wrong(format!("reads `{table}`, which no earlier statement creates"))),
        None => Ok(()),
    }
}

/// The schema of a table by its layout: columns that are left out are null, and so are those that
/// `tables.sql` adds to a layout that is older than the views. A type that this version does not know is read
/// as the file has it.
fn schema(layout: &Layout, named: &Named, part: Option<&Path>) -> Result<SchemaRef, Fault> {
    let table = &named.name;
    let file = part.map(open).transpose()?.map(|reader| Arc::clone(reader.schema()));
    let mut fields = Vec::new();
    for kept in layout.all(table) {
        let name = &kept.column.name;
        let found = file.as_ref().and_then(|file| file.field_with_name(name).ok());
        let kind = match (contract::data_type(&kept.column.kind), found) {
            (Ok(kind), _) => kind,
            (Err(_), Some(found)) => found.data_type().clone(),
            (Err(_), None) => DataType::Null,
        };
        fields.push(Field::new(name, kind, true));
    }
    let added = nulls::columns(&named.sql)
        .ok_or_else(|| Fault::Usage(format!("{TABLES}: `{table}` is not what a publisher writes")))?;
    for field in added {
        if !fields.iter().any(|known| known.name() == field.name()) {
            fields.push(field);
        }
    }
    Ok(Arc::new(Schema::new(fields)))
}

fn nullable(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Splits the text into its statements.
///
/// # Errors
/// One is not `CREATE OR REPLACE VIEW|TABLE name AS …` (usage).
fn statements(text: &str) -> Result<Vec<Named>, Fault> {
    let wrong = |why: &str| Fault::Usage(format!("{TABLES}: {why}"));
    // Strings stay as they are written, so that a text can be put together again from its tokens.
    let tokens = Tokenizer::new(&DuckDbDialect {}, text).with_unescape(false).tokenize();
    let tokens = tokens.map_err(|cause| wrong(&cause.to_string()))?;
    let mut found: Vec<Named> = Vec::new();
    for statement in tokens.split(|token| *token == Token::SemiColon) {
        let mut rest = statement.iter().filter(|token| !matches!(token, Token::Whitespace(_)));
        let head: Vec<String> = rest.by_ref().take(6).map(Token::to_string).collect();
        let [create, or, replace, kind, name, of] = head.as_slice() else {
            if head.is_empty() {
                continue;
            }
            return Err(wrong(&format!("`{}` is not a statement", head.join(" "))));
        };
        let words = [create, or, replace, kind, of].map(|word| word.to_uppercase());
        let held = match words.each_ref().map(String::as_str) {
            ["CREATE", "OR", "REPLACE", "VIEW", "AS"] => false,
            ["CREATE", "OR", "REPLACE", "TABLE", "AS"] => true,
            _ => {
                return Err(wrong(&format!("`{} …` is not CREATE OR REPLACE VIEW or TABLE", head.join(" "))));
            }
        };
        let plain =
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !plain || found.iter().any(|earlier| earlier.name == *name) {
            return Err(wrong(&format!("`{name}` is not the name of a table, or occurs twice")));
        }
        let after = statement.iter().position(|token| token.to_string().eq_ignore_ascii_case("as"));
        let body = statement.get(after.map_or(0, |at| at + 1)..).unwrap_or_default();
        found.push(Named { name: name.clone(), held, sql: body.iter().map(Token::to_string).collect() });
    }
    Ok(found)
}

/// The path in `SELECT * FROM read_parquet('path')`; `None` where a text is anything else.
fn file_read(sql: &str) -> Option<String> {
    let tokens = Tokenizer::new(&DuckDbDialect {}, sql).tokenize().ok()?;
    let tokens: Vec<&Token> = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    let [around @ .., Token::SingleQuotedString(path), Token::RParen] = tokens.as_slice() else {
        return None;
    };
    let around: Vec<String> = around.iter().map(|token| token.to_string().to_lowercase()).collect();
    (around == ["select", "*", "from", "read_parquet", "("]).then(|| path.clone())
}

/// Whether a table only gives columns of another one its name: to hold its rows would save nothing.
///
/// # Errors
/// It is no query (usage).
fn is_other_name(named: &Named) -> Result<bool, Fault> {
    let parsed = Parser::parse_sql(&GenericDialect {}, &named.sql);
    let no_query = || Fault::Usage(format!("{TABLES}: `{}` is not a query", named.name));
    let [Statement::Query(query)] = &parsed.map_err(|_| no_query())?[..] else { return Err(no_query()) };
    let SetExpr::Select(select) = query.body.as_ref() else { return Ok(false) };
    let [from] = &select.from[..] else { return Ok(false) };
    let whole = matches!(from.relation, TableFactor::Table { args: None, .. }) && from.joins.is_empty();
    let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    let columns = select.projection.iter().all(|item| match item {
        SelectItem::UnnamedExpr(column) => {
            column.to_string().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        }
        _ => false,
    });
    let bare = query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none();
    let every_row = select.distinct.is_none() && select.selection.is_none() && select.having.is_none();
    Ok(whole && !grouped && columns && bare && every_row)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn statements_end_at_semicolons_and_not_in_texts_or_comments() {
        let text = "-- head; of it\nCREATE OR REPLACE VIEW a AS\n-- note: one; two, it's\nSELECT ';' AS \"x;y\", 'it''s';\n\
                    CREATE OR REPLACE TABLE b_2 AS\nSELECT x['k'] FROM a\n-- end\n;\n";
        let found = statements(text).unwrap();
        let names: Vec<(&str, bool)> = found.iter().map(|named| (named.name.as_str(), named.held)).collect();
        assert_eq!(names, [("a", false), ("b_2", true)]);
        assert!(found[0].sql.ends_with("SELECT ';' AS \"x;y\", 'it''s'"), "{}", found[0].sql);
        assert_eq!(found[1].sql.trim(), "SELECT x['k'] FROM a\n-- end");
    }

    #[test]
    fn what_is_no_view_is_refused() {
        for bad in [
            "DROP TABLE a",
            "COPY a TO 'x'",
            "CREATE OR REPLACE MACRO m AS 1",
            "CREATE TABLE a AS SELECT 1",
            "CREATE OR REPLACE VIEW A.b AS SELECT 1",
            "CREATE OR REPLACE VIEW a AS SELECT 1; CREATE OR REPLACE VIEW a AS SELECT 2",
            "SELECT 'x",
        ] {
            let fault = statements(bad).unwrap_err();
            assert!(fault.exit_code() == 2 && fault.to_string().starts_with(TABLES), "{bad}: {fault}");
        }
    }

    #[test]
    fn only_a_whole_file_is_taken_for_a_file() {
        assert_eq!(
            file_read(" SELECT * FROM read_parquet('queries/a''b.parquet')"),
            Some("queries/a'b.parquet".into())
        );
        for other in
            ["SELECT * FROM read_parquet(['a'])", "SELECT * FROM read_csv('a')", "SELECT 1", "SELECT ('a')"]
        {
            assert_eq!(file_read(other), None, "{other}");
        }
    }

    #[test]
    fn a_table_that_renames_another_is_told_from_one_that_is_made() {
        let is = |sql: &str| is_other_name(&Named { name: "n".into(), held: true, sql: sql.into() });
        assert!(is("-- x\nSELECT name, provider FROM names").unwrap());
        for made in [
            "SELECT DISTINCT name FROM names",
            "SELECT name FROM names WHERE name = 'a'",
            "SELECT name FROM names GROUP BY name",
            "SELECT count(*) FROM names",
            "SELECT a.name FROM names AS a JOIN names AS b ON a.name = b.name",
            "SELECT name FROM names UNION ALL SELECT name FROM names",
        ] {
            assert!(!is(made).unwrap(), "{made}");
        }
        assert!(is("DELETE FROM names").is_err() && is("SELECT 1; SELECT 2").is_err());
    }
}
