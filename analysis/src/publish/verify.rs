//! Checks a published dataset: that it is whole, that it is what it says, and that its numbers come out
//! again.

use super::carried::Carried;
use super::folder::Folder;
use super::layout::{Kept, Layout, open};
use super::{MOST_FILES, files, numbers, series, without_addresses};
use crate::cli::say;
use crate::dataset::{Completeness, Dataset};
use crate::fault::Fault;
use crate::query::Query;
use crate::render::Answer;
use crate::withheld::Withheld;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked, with how much of it there was.
    pub what: String,
    /// What is wrong; empty where nothing is.
    pub faults: Vec<String>,
}

/// Checks everything in a published directory, by the layout and the queries that it carries itself; each
/// query has this memory, in bytes, and this time.
///
/// # Errors
/// It is no published dataset (usage), or this machine failed. A fault of the dataset is no error: it
/// is in the checks.
pub async fn verify(dir: &Path, memory: usize, time: Duration) -> Result<Vec<Check>, Fault> {
    if series::is_series(dir) {
        return series::verify(dir);
    }
    if !dir.join(files::SUMS).is_file() {
        return Err(Fault::Usage(format!(
            "{} is no published dataset: it has no {}\n\
             hint: give the directory that `sts-publish … -o` wrote",
            dir.display(),
            files::SUMS
        )));
    }
    let folder = Folder::open(dir)?;
    if let Some(check) = irregular(&folder) {
        return Ok(vec![check]);
    }
    let mut checks = vec![hashes(&folder, Some(MOST_FILES))?];
    let dataset = match Dataset::open(dir, Completeness::PartialAllowed) {
        Err(Fault::Usage(damage)) => {
            checks.push(Check { what: "the parts that the manifest lists".to_owned(), faults: vec![damage] });
            return Ok(checks);
        }
        dataset => dataset?,
    };
    let layout = match Layout::carried(&folder) {
        Ok(layout) => layout,
        Err(fault) => {
            checks.push(Check { what: "the layout".to_owned(), faults: vec![fault.to_string()] });
            return Ok(checks);
        }
    };
    checks.push(counts(&dataset, &layout));
    checks.push(columns(&folder, &layout)?);
    if dataset.manifest.pointer("/withheld/addresses").is_some() {
        checks.push(addresses(dataset.parts.values().flatten())?);
    }
    if dataset.manifest.pointer("/withheld/claimable").is_some() {
        let withheld = Withheld::of_manifest(&dataset.manifest)?;
        checks.push(findings(dataset.parts.get("assessments").into_iter().flatten(), &withheld)?);
    }
    checks.push(described(&folder)?);
    checks.push(answers(&folder, &layout, memory, time).await?);
    Ok(checks)
}

/// What is neither a file nor a directory, where there is any.
pub(super) fn irregular(folder: &Folder) -> Option<Check> {
    let told = |path: &String| format!("{path} is not a regular file: nothing else was checked");
    let faults: Vec<String> = folder.others.iter().map(told).collect();
    (!faults.is_empty()).then(|| Check { what: "only files and directories".to_owned(), faults })
}

/// Every file is listed with its hash, and none is listed that is not there; `most` is how many there may be.
pub(super) fn hashes(folder: &Folder, most: Option<usize>) -> Result<Check, Fault> {
    let listed = files::read_sums(&folder.text(files::SUMS)?)?;
    let mut faults = Vec::new();
    for (path, hash) in &listed {
        match folder.path(path) {
            Err(_) => faults.push(format!("{path} is listed but missing")),
            Ok(whole) if files::hashed(&whole)?.1 != *hash => {
                faults.push(format!("{path} is not the file whose hash is listed"));
            }
            Ok(_) => {}
        }
    }
    let others = folder.files.iter().filter(|path| *path != files::SUMS && !listed.contains_key(*path));
    faults.extend(others.map(|path| format!("{path} is not listed")));
    if let Some(most) = most.filter(|most| folder.files.len() > *most) {
        faults.push(format!("there are {} files, at most {most} are allowed", folder.files.len()));
    }
    Ok(Check { what: format!("{} files and their hashes", listed.len()), faults })
}

/// The rows are those that the manifest tells of.
fn counts(dataset: &Dataset, layout: &Layout) -> Check {
    let mut faults = Vec::new();
    let (mut all, mut tables) = (0, 0);
    for table in layout.tables().into_iter().filter(|table| layout.kept(table).next().is_some()) {
        let found = dataset.rows.get(table).copied().unwrap_or(0);
        let told = dataset
            .manifest
            .pointer(&format!("/published/rows/{table}"))
            .and_then(Value::as_u64)
            .unwrap_or(0);
        all += found;
        tables += 1;
        if found != told {
            faults.push(format!("{table} has {found} rows, but the manifest says {told}"));
        }
    }
    let sum = dataset.manifest.pointer("/sum/rows").and_then(Value::as_u64);
    let domains = dataset.rows.get("domains").copied().unwrap_or(0);
    if dataset.complete && sum.is_some_and(|sum| sum != domains) {
        faults.push(format!(
            "domains has {domains} rows, the sum of the scan's inputs gives {}",
            sum.unwrap_or(0)
        ));
    }
    Check { what: format!("{all} rows of {tables} tables"), faults }
}

/// Each part has the columns of the dataset's own layout less those that are withheld.
fn columns(folder: &Folder, layout: &Layout) -> Result<Check, Fault> {
    let (mut faults, mut parts) = (Vec::new(), 0);
    for table in layout.tables() {
        for part in folder.parts(table) {
            parts += 1;
            let schema = open(&part)?.schema().clone();
            for field in schema.fields() {
                let name = field.name();
                match layout.all(table).find(|kept| kept.column.name == *name) {
                    None => faults.push(format!("{table}.{name} is not a column of the layout")),
                    Some(Kept { withheld: Some(class), .. }) => {
                        faults.push(format!("{table}.{name} is present, though {class} are left out"));
                    }
                    Some(_) => {}
                }
            }
            let lacks = layout.kept(table).filter(|column| schema.field_with_name(&column.name).is_err());
            faults.extend(lacks.map(|column| format!("{table}.{} is missing", column.name)));
        }
    }
    Ok(Check { what: format!("columns of {parts} Parquet files"), faults })
}

/// Where findings are left out, no list holds one of them.
pub(super) fn findings<'p>(
    parts: impl Iterator<Item = &'p PathBuf>,
    withheld: &Withheld,
) -> Result<Check, Fault> {
    let (mut faults, mut codes) = (Vec::new(), 0);
    for part in parts {
        let reader = open(part)?.build().map_err(|cause| Fault::file("read", part, cause))?;
        for batch in reader {
            let batch = batch.map_err(|cause| Fault::file("read", part, cause))?;
            for name in ["findings", "lasting"] {
                let lists = batch.column_by_name(name).and_then(|column| column.as_list_opt::<i32>());
                let Some(all) = lists.and_then(|lists| lists.values().as_string_opt::<i32>()) else {
                    continue;
                };
                codes += all.len();
                let held = all.iter().flatten().filter(|code| withheld.has_finding(code)).count();
                if held > 0 {
                    faults.push(format!("{}: {name} holds {held} that are left out", part.display()));
                }
            }
        }
    }
    Ok(Check { what: format!("none that is left out among {codes} findings"), faults })
}

/// Where addresses are left out, no text of any table holds one.
pub(super) fn addresses<'p>(parts: impl Iterator<Item = &'p PathBuf>) -> Result<Check, Fault> {
    let mut faults = Vec::new();
    let mut texts = 0;
    for part in parts {
        let reader = open(part)?.build().map_err(|cause| Fault::file("read", part, cause))?;
        for batch in reader {
            let batch = batch.map_err(|cause| Fault::file("read", part, cause))?;
            for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                let (seen, held) = texts_with_addresses(column);
                texts += seen;
                if held > 0 && field.name() != "scan" && field.name() != "der" {
                    faults.push(format!("{}: {} holds {held} addresses", part.display(), field.name()));
                }
            }
        }
    }
    Ok(Check { what: format!("no Internet address in {texts} texts"), faults })
}

/// How many texts a column has, in lists and groups too, and how many of them hold an address.
fn texts_with_addresses(column: &ArrayRef) -> (usize, usize) {
    let holds = |text: &str| usize::from(without_addresses(text) != text);
    match column.data_type() {
        DataType::Utf8 => {
            let texts = column.as_string::<i32>().iter().flatten();
            texts.fold((0, 0), |(seen, held), text| (seen + 1, held + holds(text)))
        }
        DataType::Binary => {
            let bodies = column.as_binary::<i32>().iter().flatten();
            bodies.fold((0, 0), |(seen, held), body| (seen + 1, held + holds(&String::from_utf8_lossy(body))))
        }
        DataType::List(_) => texts_with_addresses(column.as_list::<i32>().values()),
        DataType::Struct(_) => {
            let members = column.as_struct().columns().iter().map(texts_with_addresses);
            members.fold((0, 0), |(seen, held), member| (seen + member.0, held + member.1))
        }
        _ => (0, 0),
    }
}

/// Both descriptions are JSON and name files that are there, with their hashes.
pub(super) fn described(folder: &Folder) -> Result<Check, Fault> {
    let mut faults = Vec::new();
    let mut named = 0;
    for (name, list, path, hash) in [
        ("datapackage.json", "/resources", "path", "hash"),
        ("croissant.json", "/distribution", "contentUrl", "sha256"),
    ] {
        let Ok(value) = folder.text(name).and_then(|text| {
            serde_json::from_str::<Value>(&text).map_err(|cause| Fault::Usage(cause.to_string()))
        }) else {
            faults.push(format!("{name} is missing, or is not JSON"));
            continue;
        };
        for entry in value.pointer(list).and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| entry.get(key).and_then(Value::as_str);
            let (Some(path), Some(hash)) = (text(path), text(hash)) else { continue };
            named += 1;
            let same = match folder.path(path) {
                Ok(found) => files::hashed(&found)?.1 == hash.trim_start_matches("sha256:"),
                Err(_) => false,
            };
            if !same {
                faults.push(format!("{name} gives {path} a hash other than its own"));
            }
        }
    }
    Ok(Check { what: format!("{named} files that the metadata name"), faults })
}

/// How long a query that is told to end may take to do so.
const GRACE: Duration = Duration::from_secs(10);

/// Ends the program where a query keeps all threads busy and hears of nothing; until it is dropped.
struct Watchdog(Option<mpsc::Sender<()>>);

impl Watchdog {
    fn start(time: Duration, told: String) -> Self {
        let (alive, ended) = mpsc::channel::<()>();
        let watching = move || {
            if ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                say(&format!("wrong  {told}, and does not stop when asked to"));
                std::process::exit(1);
            }
        };
        // Without a thread for it there is the limit of time alone.
        let started = std::thread::Builder::new().name("watchdog".to_owned()).spawn(watching);
        Self(started.is_ok().then_some(alive))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

/// The answer of a query; a stranger's may have no end.
async fn within(
    time: Duration,
    query: &Query,
    answer: impl Future<Output = Result<Answer, Fault>>,
) -> Result<Answer, Fault> {
    let late = |()| {
        Fault::Usage(format!(
            "query `{}`: it is not answered after {} s (--query-time)",
            query.name,
            time.as_secs()
        ))
    };
    let _watched = Watchdog::start(time + GRACE, late(()).to_string());
    tokio::time::timeout(time, answer).await.map_err(|_| late(()))?
}

/// Every published query gives its published numbers again.
async fn answers(folder: &Folder, layout: &Layout, memory: usize, time: Duration) -> Result<Check, Fault> {
    let mut faults = Vec::new();
    let mut queries = match folder.text(numbers::QUERIES) {
        Ok(text) => numbers::published_queries(&text),
        Err(fault) => {
            faults.push(fault.to_string());
            Vec::new()
        }
    };
    if queries.len() > MOST_FILES {
        faults.push(format!(
            "{} has {} queries, at most {MOST_FILES} are asked",
            numbers::QUERIES,
            queries.len()
        ));
        queries.clear();
    }
    match Carried::open(folder, layout, memory) {
        Err(fault) => faults.push(fault.to_string()),
        Ok(mut tables) => {
            for query in &queries {
                let path = format!("numbers/{}.csv", query.name);
                match (folder.text(&path), within(time, query, tables.run(query)).await) {
                    (Ok(told), Ok(answer)) if numbers::is_answer(&told, &answer) => {}
                    (Ok(_), Ok(_)) => {
                        faults.push(format!(
                            "the query {} gives numbers other than those in {path}",
                            query.name
                        ));
                    }
                    (Err(fault), _) | (_, Err(fault)) => faults.push(fault.to_string()),
                }
            }
        }
    }
    if queries.is_empty() {
        faults.push(format!("{} has no query", numbers::QUERIES));
    }
    Ok(Check { what: format!("numbers of {} queries, recomputed", queries.len()), faults })
}
