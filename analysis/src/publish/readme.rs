//! `README.md` of a published dataset: what it is, how it was made, how to read it, every column and finding.

use super::credits::Credits;
use super::layout::{Kept, Layout};
use super::merge::Merged;
use super::numbers::Answered;
use super::{REPLACED, TOOL};
use crate::contract::{self, TABLES};
use crate::dataset::grouped;
use crate::fault::Fault;
use crate::render::markdown_escaped;
use crate::withheld::{Class, Withheld};
use serde_json::Value;
use std::fmt::Write as _;

pub(super) struct Readme<'a> {
    pub(super) credits: &'a Credits,
    pub(super) withheld: &'a Withheld,
    pub(super) layout: &'a Layout,
    pub(super) description: &'a str,
    pub(super) manifest: &'a Value,
    pub(super) merged: &'a [Merged],
    pub(super) answered: &'a Answered,
}

/// What the dataset is, in a few sentences; every number is the manifest's.
pub(super) fn description(manifest: &Value, withheld: &Withheld) -> String {
    let stated = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).unwrap_or("unknown");
    let rows = manifest.pointer("/sum/rows").and_then(Value::as_u64);
    let names = rows.map_or_else(|| "domain".to_owned(), |rows| format!("{} domain", grouped(rows)));
    let mut text = format!(
        "A scan of {names} names for MTA-STS (RFC 8461): DNS records, policies, MX hosts with their STARTTLS \
         certificates, TLSRPT records (RFC 8460), and the judgement drawn from them. Recorded from {} to {} by {}.",
        day(stated("/started")),
        day(stated("/ended")),
        stated("/versions/tool")
    );
    if manifest.get("complete") != Some(&Value::Bool(true)) {
        text.push_str(" The scan is not complete: it covers a part of its list.");
    }
    if !withheld.is_empty() {
        let words: Vec<&str> = withheld.classes().map(Class::word).collect();
        let _ = write!(text, " Left out by the publisher: {}.", words.join(", "));
    }
    text
}

/// The day of a time as manifests have it.
pub(super) fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}

impl Readme<'_> {
    pub(super) fn text(&self) -> Result<String, Fault> {
        let sections = [
            format!(
                "# {}\n\n{}\n",
                markdown_escaped(&self.credits.title),
                markdown_escaped(self.description)
            ),
            self.made(),
            self.left_out(),
            self.files()?,
            reading(),
            self.numbers(),
            self.dictionary()?,
            self.citing(),
        ];
        Ok(sections.into_iter().filter(|section| !section.is_empty()).collect::<Vec<_>>().join("\n"))
    }

    fn made(&self) -> String {
        let stated =
            |pointer: &str| self.manifest.pointer(pointer).and_then(Value::as_str).unwrap_or("not stated");
        let mut rows = vec![
            ("Scan", stated("/scan").to_owned()),
            ("Begun", stated("/started").to_owned()),
            ("Ended", stated("/ended").to_owned()),
            ("Shard", stated("/shard").to_owned()),
            ("Program", stated("/versions/tool").to_owned()),
            ("Public Suffix List", stated("/versions/public_suffix_list").to_owned()),
            ("Trust store", stated("/versions/trust_store").to_owned()),
            ("Trust store, SHA-256", stated("/versions/trust_store_sha256").to_owned()),
            ("Name in EHLO", stated("/vantage/ehlo_name").to_owned()),
            ("Layout of the tables", stated("/schema_version").to_owned()),
            ("Published by", TOOL.to_owned()),
        ];
        if let Some(validates) = self.manifest.pointer("/vantage/resolver_validates").and_then(Value::as_bool)
        {
            rows.push(("Resolver validates DNSSEC", if validates { "yes" } else { "no" }.to_owned()));
        }
        for list in self.manifest.get("lists").and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| list.get(key).and_then(Value::as_str).unwrap_or("not stated");
            let entries = list.get("entries").and_then(Value::as_u64).map(grouped).unwrap_or_default();
            rows.push(("List", format!("{}, {entries} entries, SHA-256 {}", text("name"), text("sha256"))));
        }
        let mut out = "## How it was made\n\n| | |\n|---|---|\n".to_owned();
        for (label, value) in rows {
            let _ = writeln!(out, "| {label} | {} |", markdown_escaped(&value));
        }
        out.push_str("\n`manifest.json` has every setting of the scan, and the sum of its inputs.\n");
        out
    }

    pub(super) fn left_out(&self) -> String {
        if self.withheld.is_empty() {
            return String::new();
        }
        let mut out =
            "## What is left out\n\nColumns that are left out are absent: null still means that something \
                       was not asked or not seen.\n\n"
                .to_owned();
        for class in self.withheld.classes() {
            let columns: Vec<String> =
                class.columns().iter().map(|(table, column)| format!("`{table}.{column}`")).collect();
            let findings: Vec<String> = class.findings().iter().map(|code| format!("`{code}`")).collect();
            let _ = write!(out, "- **{}**: {}", class.word(), columns.join(", "));
            if class == Class::Addresses {
                let _ = write!(
                    out,
                    "; in every other text, and in the policies, each Internet address is replaced by `{REPLACED}` \
                     (`policy_sha256` is that of the text as it was received), and a certificate that names an address has \
                     an empty `der`"
                );
            }
            if class == Class::Claimable {
                let _ = write!(
                    out,
                    "; the findings {}, so that no number counts them; in every other text, and in the policies, each \
                     name that somebody could take is replaced by `[claimable N]`, the same everywhere (`policy_sha256` \
                     is that of the text as it was received); a name of the list keeps its row",
                    findings.join(", ")
                );
            }
            out.push_str(".\n");
        }
        if !self.answered.unanswered.is_empty() {
            let _ = write!(
                out,
                "\nThese tables of numbers need what is left out, and are not in `numbers/`: {}.\n",
                self.answered.unanswered.join(", ")
            );
        }
        out
    }

    fn files(&self) -> Result<String, Fault> {
        let mut out = "## Files\n\n| | | rows |\n|---|---|---:|\n".to_owned();
        for table in self.withheld.tables() {
            let parts = self.merged.iter().filter(|file| file.table == table);
            let rows = parts.map(|part| part.rows).sum();
            let _ = writeln!(
                out,
                "| `{table}/part-*.parquet` | {} | {} |",
                cell(contract::row(table)?),
                grouped(rows)
            );
        }
        let others = [
            ("dictionary/columns.parquet", "every column: type, meaning, whether it is left out"),
            ("dictionary/findings.parquet", "every finding: what it means, what to do, its RFC section"),
            (
                "dictionary/words.parquet",
                "every word that a column may hold: what it means, whether it may pass",
            ),
            (
                "numbers/*.csv",
                "the answer of each query over these files; a text that a spreadsheet would run as a formula begins with an apostrophe",
            ),
            (
                "queries/queries.sql",
                "the queries; `queries/tables.sql` and the files beside it give them their tables",
            ),
            ("manifest.json", "the scan: settings, versions, lists, sums"),
            ("datapackage.json", "metadata, Frictionless Data Package"),
            ("croissant.json", "metadata, Croissant 1.1"),
            ("SHA256SUMS", "hash of every file"),
        ];
        for (path, what) in others {
            let _ = writeln!(out, "| `{path}` | {what} | |");
        }
        Ok(out)
    }

    fn numbers(&self) -> String {
        let mut out = "## Numbers\n\nThe answer of each query over exactly these files. The head of each query says what \
                       its shares are of.\n\n| file | table | rows |\n|---|---|---:|\n"
            .to_owned();
        for table in &self.answered.tables {
            let _ = writeln!(out, "| `{}` | {} | {} |", table.path, cell(&table.title), table.rows);
        }
        out
    }

    pub(super) fn dictionary(&self) -> Result<String, Fault> {
        let mut out = "## Columns\n\nText from the network escapes what is not printable as `\\DDD`. Times are UTC. Null \
                       means not asked or not seen.\n"
            .to_owned();
        for table in TABLES {
            let _ = write!(out, "\n### {table}\n\n{}\n\n", contract::row(table)?);
            if self.withheld.class_of(table, "*").is_some() {
                out.push_str("Left out.\n");
                continue;
            }
            out.push_str("| column | type | null | meaning |\n|---|---|---|---|\n");
            for Kept { column, withheld, .. } in self.layout.all(table) {
                let null = if column.nullable { "yes" } else { "no" };
                let meaning = match withheld {
                    Some(class) => format!("*Left out ({class}).* {}", column.meaning),
                    None => column.meaning.clone(),
                };
                let _ =
                    writeln!(out, "| `{}` | `{}` | {null} | {} |", column.name, column.kind, cell(&meaning));
            }
        }
        Ok(out)
    }

    pub(super) fn citing(&self) -> String {
        format!(
            "## Citing it\n\n`CITATION.cff`, or:\n\n```bibtex\n{}\n```\n\n## Licence\n\n[{}]({}); `LICENSE.txt` says what \
             covers what.\n",
            self.credits.bibtex(),
            self.credits.licence,
            self.credits.licence_url
        )
    }
}

/// How to read the dataset, and to check it.
fn reading() -> String {
    let verify = "sha256sum -c SHA256SUMS          # nothing but coreutils: are the files intact?\n\
                      sts-publish --verify .           # hashes, layout, counts, and every number recomputed";
    format!(
        "## Reading it\n\nDuckDB 2.0.1, polars 2.1.0, daft 0.7.26, DataFusion 55.0.0, PySpark 4.3.0 and pandas 3.1.1 with \
             `dtype_backend=\"pyarrow\"` read every cell (tried on 2026-11-29). Others lose something: pandas without it makes \
             whole numbers with nulls floats; ClickHouse and pyiceberg 0.12 make null lists empty ones; fastparquet 2026.9 makes \
             lists of groups null; hyparquet needs its compressors and `utf8: false`.\n\nIn DuckDB:\n\n```sql\n\
             SELECT sts_record, count(*) FROM 'domains/*.parquet' GROUP BY ALL;\n```\n\nIn Python:\n\n```python\n\
             import pandas\ndomains = pandas.read_parquet(\"domains\", dtype_backend=\"pyarrow\")\n```\n\nA query of `queries/queries.sql`, in this \
             directory:\n\n```sh\nduckdb -init queries/tables.sql\n```\n\nWith the programs of STS Census:\n\n```sh\n\
             sts-adoption .\n```\n\nChecking it:\n\n```sh\n{verify}\n```\n"
    )
}

/// Text in a cell of a Markdown table: a bar would end it, and nothing in it is HTML.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}
