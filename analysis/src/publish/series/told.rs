//! What a series says of itself: README, citation, licence, both descriptions, hashes, `latest.json`.

use super::super::credits::Credits;
use super::super::described::Described;
use super::super::files::{self, Listed};
use super::super::layout::Layout;
use super::super::numbers::Answered;
use super::super::readme::{Readme, day};
use super::super::{TOOL, pretty};
use super::held::{Held, LATEST, Snapshot, manifest_path, part_folder, table_of};
use crate::contract::{self, TABLES};
use crate::dataset::grouped;
use crate::fault::Fault;
use crate::hash::sha256;
use crate::render::markdown_escaped;
use crate::visible::visible;
use crate::withheld::{Class, Withheld};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// What all of it is drawn from.
pub(super) struct Told<'a> {
    pub(super) held: &'a Held,
    pub(super) layout: &'a Layout,
    pub(super) withheld: &'a Withheld,
    pub(super) credits: &'a Credits,
}

/// Files to write, in this order, and how much the series has with them.
pub(super) struct Written {
    pub(super) texts: Vec<(String, String)>,
    pub(super) files: usize,
    pub(super) bytes: u64,
}

impl Told<'_> {
    /// The texts; `lacks` has the columns that each part lacks.
    ///
    /// # Errors
    /// A file of the series cannot be read.
    pub(super) fn files(
        &self,
        dir: &Path,
        mut lacks: BTreeMap<String, Vec<String>>,
    ) -> Result<Written, Fault> {
        let description = self.description();
        let mut texts = vec![
            ("CITATION.cff".to_owned(), self.credits.citation_file(&description)),
            ("LICENSE.txt".to_owned(), visible(&self.credits.licence_file()).into_owned()),
            ("README.md".to_owned(), visible(&self.readme(&description)?).into_owned()),
        ];
        let latest = pretty(&self.latest())?;
        let mut listed = Vec::new();
        for snapshot in &self.held.snapshots {
            for (path, part) in &snapshot.parts {
                listed.push(Listed {
                    path: path.clone(),
                    bytes: part.bytes,
                    sha256: part.sha256.clone(),
                    table: table_of(path, &snapshot.name),
                    rows: part.rows,
                    title: String::new(),
                    columns: Vec::new(),
                    lacks: lacks.remove(path).unwrap_or_default(),
                });
            }
        }
        let others = self.held.folder.files.iter().filter(|path| path.starts_with("dictionary/")).cloned();
        for path in others.chain(self.held.snapshots.iter().map(|one| manifest_path(&one.name))) {
            let (bytes, sha256) = files::hashed(&dir.join(&path))?;
            listed.push(Listed { bytes, sha256, ..Listed::other(path) });
        }
        for (path, text) in texts.iter().chain([&(LATEST.to_owned(), latest.clone())]) {
            listed.push(Listed::text(path, text));
        }
        listed.sort_by(|one, other| one.path.cmp(&other.path));
        let described = Described {
            credits: self.credits,
            withheld: self.withheld,
            layout: self.layout,
            description: &description,
            files: &listed,
            scans: Some(self.held.snapshots.len()),
        };
        texts.push(("datapackage.json".to_owned(), pretty(&described.data_package()?)?));
        texts.push(("croissant.json".to_owned(), pretty(&described.croissant()?)?));
        let mut hashes: BTreeMap<String, String> =
            listed.iter().map(|file| (file.path.clone(), file.sha256.clone())).collect();
        let mut bytes: u64 = listed.iter().map(|file| file.bytes).sum();
        for (path, text) in &texts {
            if hashes.insert(path.clone(), sha256(text.as_bytes())).is_none() {
                bytes += u64::try_from(text.len()).unwrap_or(0);
            }
        }
        texts.push((files::SUMS.to_owned(), files::sums(&hashes)));
        texts.push((LATEST.to_owned(), latest));
        Ok(Written { texts, files: hashes.len() + 1, bytes })
    }

    /// What the series is, in a few sentences.
    fn description(&self) -> String {
        let scans = &self.held.snapshots;
        let day = |one: Option<&Snapshot>| one.map_or("", |one| day(one.says("started"))).to_owned();
        let mut text = format!(
            "{} of domain names for MTA-STS (RFC 8461), begun from {} to {}: DNS records, policies, MX hosts with \
             their STARTTLS certificates, TLSRPT records (RFC 8460), and the judgement drawn from them.",
            match scans.len() {
                1 => "A scan".to_owned(),
                scans => format!("{scans} scans"),
            },
            day(scans.first()),
            day(scans.last())
        );
        let partial = scans.iter().filter(|one| one.manifest.get("complete") != Some(&Value::Bool(true)));
        let names: Vec<&str> = partial.map(|one| one.name.as_str()).collect();
        if !names.is_empty() {
            let _ = write!(text, " Not complete, of a part of their lists: {}.", names.join(", "));
        }
        if !self.withheld.is_empty() {
            let words: Vec<&str> = self.withheld.classes().map(Class::word).collect();
            let _ = write!(text, " Left out by the publisher: {}.", words.join(", "));
        }
        text
    }

    /// `latest.json`: the newest scan with its files, every scan with its rows, and what is so of all.
    fn latest(&self) -> Value {
        let rows = |one: &Snapshot| -> Value {
            let tables = self.withheld.tables().into_iter();
            Value::Object(tables.map(|table| (table.to_owned(), json!(one.rows(table)))).collect())
        };
        let scan = |one: &Snapshot| {
            json!({
                "snapshot": one.name,
                "scan": one.says("scan"),
                "started": one.says("started"),
                "ended": one.manifest.get("ended"),
                "complete": one.manifest.get("complete") == Some(&Value::Bool(true)),
                "schema_version": one.says("schema_version"),
                "manifest": manifest_path(&one.name),
                "rows": rows(one),
            })
        };
        let latest = self.held.snapshots.last().map(|one| {
            let mut told = scan(one);
            let files = TABLES.into_iter().filter_map(|table| {
                let paths: Vec<&String> = one.of(table).map(|(path, _)| path).collect();
                (!paths.is_empty()).then(|| (table.to_owned(), json!(paths)))
            });
            told["files"] = Value::Object(files.collect());
            told
        });
        json!({
            "kind": super::held::KIND,
            "by": TOOL,
            "latest": latest,
            "snapshots": self.held.snapshots.iter().map(scan).collect::<Vec<_>>(),
            "withheld": self.withheld.in_manifest(),
            "credits": super::credits::told(self.credits),
        })
    }

    fn readme(&self, description: &str) -> Result<String, Fault> {
        let answered = Answered { tables: Vec::new(), unanswered: Vec::new() };
        let readme = Readme {
            credits: self.credits,
            withheld: self.withheld,
            layout: self.layout,
            description,
            manifest: &Value::Null,
            merged: &[],
            answered: &answered,
        };
        let sections = [
            format!("# {}\n\n{}\n", markdown_escaped(&self.credits.title), markdown_escaped(description)),
            self.scans(),
            readme.left_out(),
            self.tables()?,
            READING.to_owned(),
            readme.dictionary()?,
            readme.citing(),
        ];
        Ok(sections.into_iter().filter(|section| !section.is_empty()).collect::<Vec<_>>().join("\n"))
    }

    fn scans(&self) -> String {
        let mut out = "## Scans\n\n| snapshot | `scan` | begun | ended | program | layout | domains |\n\
                       |---|---|---|---|---|---|---:|\n"
            .to_owned();
        for one in &self.held.snapshots {
            let stated = |pointer: &str| {
                let text = one.manifest.pointer(pointer).and_then(Value::as_str);
                markdown_escaped(text.unwrap_or("not stated"))
            };
            let _ = writeln!(
                out,
                "| `{}` | {} | {} | {} | {} | {} | {} |",
                one.name,
                stated("/scan"),
                stated("/started"),
                stated("/ended"),
                stated("/versions/tool"),
                stated("/schema_version"),
                grouped(one.rows("domains"))
            );
        }
        out.push_str(
            "\nThe manifest of a scan, `manifests/SNAPSHOT.json`, has its settings, versions, lists and sums. A scan of \
             an older layout lacks columns that came later.\n",
        );
        out
    }

    fn tables(&self) -> Result<String, Fault> {
        let mut out = "## Files\n\n| | | rows |\n|---|---|---:|\n".to_owned();
        for table in self.withheld.tables() {
            let rows = self.held.snapshots.iter().map(|one| one.rows(table)).sum();
            let path = format!("{}/part-*.parquet", part_folder(table, "*"));
            let _ = writeln!(out, "| `{path}` | {} | {} |", contract::row(table)?, grouped(rows));
        }
        let others = [
            ("latest.json", "the newest scan and its files; every scan; written last"),
            ("manifests/*.json", "of each scan its settings, versions, lists and sums"),
            ("dictionary/columns.parquet", "every column: type, meaning, whether it is left out"),
            ("dictionary/findings.parquet", "every finding: what it means, what to do, its RFC section"),
            ("dictionary/words.parquet", "every word that a column may hold, and what it means"),
            ("datapackage.json", "metadata, Frictionless Data Package"),
            ("croissant.json", "metadata, Croissant 1.1"),
            ("SHA256SUMS", "hash of every file"),
        ];
        for (path, what) in others {
            let _ = writeln!(out, "| `{path}` | {what} | |");
        }
        Ok(out)
    }
}

/// How to read a series, and to check it.
const READING: &str = r#"## Reading it

A row's scan is in its text column `scan`. The folder key `snapshot` is the day (UTC) on which the scan began, or day
and hour where another scan of that day is there; some engines read it as a date unless told not to, as below.

In DuckDB:

```sql
SELECT snapshot, sts_record, count(*) FROM read_parquet('domains/*/*.parquet',
    hive_partitioning = true, hive_types = {'snapshot': VARCHAR}, union_by_name = true) GROUP BY ALL;
```

In Python, with polars, pyarrow, pandas or DataFusion:

```python
polars.scan_parquet("domains/", hive_partitioning=True, try_parse_hive_dates=False)
pyarrow.dataset.dataset("domains", partitioning="hive")
pyarrow.parquet.read_table("domains")
pandas.read_parquet("domains", dtype_backend="pyarrow")
context.register_parquet("domains", "domains/", table_partition_cols=[("snapshot", pyarrow.string())])
```

Where the table above has several layouts, older files lack columns that newer ones have. DuckDB (with
`union_by_name`) and DataFusion give null for them. polars, pyarrow and pandas take the columns of the first file, and
polars refuses the others: give them those of a file of the newest layout.

```python
newest = "domains/snapshot=2026-11-28/part-00000.parquet"     # of the snapshot that latest.json calls the latest
schema = pyarrow.parquet.read_schema(newest).append(pyarrow.field("snapshot", pyarrow.string()))
pyarrow.dataset.dataset("domains", partitioning="hive", schema=schema)
pyarrow.parquet.read_table("domains", schema=schema)
pandas.read_parquet("domains", dtype_backend="pyarrow", schema=schema)
polars.scan_parquet("domains/", schema=polars.read_parquet_schema(newest), missing_columns="insert",
    hive_schema={"snapshot": polars.String})
```

One scan alone is a folder: `domains/snapshot=2026-11-28`. `croissant.json` tells of the columns that every file has,
`datapackage.json` of those of each.

Checking it:

```sh
sha256sum -c SHA256SUMS          # nothing but coreutils: are the files intact?
sts-publish --verify .           # hashes, manifests, rows, columns, metadata, what is left out
```
"#;
