//! What a published dataset says about itself to machines: a Frictionless Data Package and Croissant
//! metadata.

use super::credits::Credits;
use super::files::Listed;
use super::layout::Layout;
use crate::contract::{self, Column, inside, split_members};
use crate::fault::Fault;
use crate::withheld::Withheld;
use serde_json::{Map, Value, json};

/// Encoding of the tables' files. Croissant's readers know Parquet by this name.
const PARQUET: &str = "application/x-parquet";

/// What both descriptions are drawn from.
pub(super) struct Described<'a> {
    pub(super) credits: &'a Credits,
    pub(super) withheld: &'a Withheld,
    pub(super) layout: &'a Layout,
    pub(super) description: &'a str,
    /// Every file that is described, in the order of its path.
    pub(super) files: &'a [Listed],
    /// How many scans a series has; `None` where this is one dataset, which does not grow.
    pub(super) scans: Option<usize>,
}

impl Described<'_> {
    fn parts(&self, table: &str) -> Vec<&Listed> {
        self.files.iter().filter(|file| file.table == Some(table)).collect()
    }

    /// Version of what is described: each scan that a series gets is a minor one.
    fn version(&self) -> String {
        format!("1.{}.0", self.scans.map_or(0, |scans| scans.saturating_sub(1)))
    }

    /// `datapackage.json` (Data Package, version 1): a resource each Parquet file and each table of numbers.
    pub(super) fn data_package(&self) -> Result<Value, Fault> {
        let credits = self.credits;
        let mut resources = Vec::new();
        for table in self.withheld.tables() {
            let parts = self.parts(table);
            for part in &parts {
                let there = self.layout.kept(table).filter(|column| !part.lacks.contains(&column.name));
                let schema = json!({"fields": there.map(package_field).collect::<Vec<_>>()});
                let several = parts.len() > 1 || self.scans.is_some();
                // No `bytes`: Frictionless reads Parquet past its own counting, and takes a size it has not
                // counted for wrong.
                resources.push(json!({
                    "name": if several { part_name(&part.path) } else { table.replace('_', "-") },
                    "table": table,
                    "title": contract::row(table)?,
                    "type": "table",
                    "path": part.path,
                    "format": "parquet",
                    "mediatype": "application/vnd.apache.parquet",
                    "hash": format!("sha256:{}", part.sha256),
                    "rows": part.rows,
                    "schema": schema,
                }));
            }
        }
        for file in self.files.iter().filter(|file| file.path.starts_with("numbers/")) {
            let name = file.path.trim_start_matches("numbers/").trim_end_matches(".csv");
            resources.push(json!({
                "name": format!("numbers-{name}"),
                "title": file.title,
                "type": "table",
                "path": file.path,
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "bytes": file.bytes,
                "hash": format!("sha256:{}", file.sha256),
                "schema": {"fields": file.columns.iter().map(|(name, kind)| json!({"name": name, "type": kind})).collect::<Vec<_>>()},
            }));
        }
        let mut package = json!({
            "name": slug(&credits.name),
            "title": credits.title,
            "description": self.description,
            "version": self.version(),
            "created": format!("{}T00:00:00Z", credits.published),
            "profile": "data-package",
            "licenses": [{"name": credits.licence, "path": credits.licence_url}],
            "contributors": credits.creators.iter().map(|name| json!({"title": name, "role": "author"})).collect::<Vec<_>>(),
            "keywords": KEYWORDS,
            "resources": resources,
        });
        if let (Some(url), Some(package)) = (&credits.url, package.as_object_mut()) {
            package.insert("homepage".to_owned(), json!(url));
        }
        Ok(package)
    }

    /// `croissant.json` (Croissant 1.1): every file with its hash, and a record set each table.
    pub(super) fn croissant(&self) -> Result<Value, Fault> {
        let credits = self.credits;
        let mut distribution: Vec<Value> = self
            .files
            .iter()
            .map(|file| {
                json!({
                    "@type": "cr:FileObject",
                    "@id": file.path,
                    "name": file.path,
                    "contentUrl": file.path,
                    "contentSize": format!("{} B", file.bytes),
                    "encodingFormat": encoding(&file.path),
                    "sha256": file.sha256,
                })
            })
            .collect();
        let mut record_sets = Vec::new();
        for table in self.withheld.tables() {
            if self.parts(table).is_empty() {
                continue;
            }
            let parts = format!("{table}-parts");
            distribution.push(json!({
                "@type": "cr:FileSet",
                "@id": parts,
                "name": parts,
                "description": format!("The Parquet files of the table {table}."),
                "encodingFormat": PARQUET,
                "includes": match self.scans {
                    None => format!("{table}/part-*.parquet"),
                    Some(_) => format!("{table}/snapshot=*/part-*.parquet"),
                },
            }));
            // A reader takes every file for a record set's fields, so one of an older layout decides.
            let lacked =
                |column: &&Column| self.parts(table).iter().any(|part| part.lacks.contains(&column.name));
            let columns = self.layout.kept(table).filter(|column| !lacked(column));
            let fields: Result<Vec<Value>, Fault> =
                columns.map(|column| croissant_field(table, &parts, column)).collect();
            record_sets.push(json!({
                "@type": "cr:RecordSet",
                "@id": table,
                "name": table,
                "description": contract::row(table)?,
                "field": fields?,
            }));
        }
        let creators = credits.creators.iter().map(|name| json!({"@type": "sc:Organization", "name": name}));
        Ok(json!({
            "@context": serde_json::from_str::<Value>(include_str!("croissant-context.json"))
                .map_err(|cause| Fault::engine("read croissant-context.json", cause))?,
            "@type": "sc:Dataset",
            "conformsTo": "http://mlcommons.org/croissant/1.1",
            "name": credits.title,
            "description": self.description,
            "url": credits.url.as_deref().or(credits.doi_url().as_deref()).unwrap_or("https://www.rfc-editor.org/rfc/rfc8461"),
            "license": credits.licence_url,
            "creator": creators.collect::<Vec<_>>(),
            "datePublished": credits.published,
            "version": self.version(),
            "citeAs": credits.bibtex(),
            "keywords": KEYWORDS,
            "isLiveDataset": self.scans.is_some(),
            "distribution": distribution,
            "recordSet": record_sets,
        }))
    }
}

const KEYWORDS: [&str; 6] = ["MTA-STS", "TLSRPT", "SMTP", "STARTTLS", "DNS", "Internet measurement"];

/// A column for Frictionless. Its readers take Parquet by way of pandas, which turns an integer that may be
/// null into a number and a list into an array of its own: such columns are called `number` and `any` here,
/// and `parquetType` says what they are.
fn package_field(column: &Column) -> Value {
    let kind = match column.kind.as_str() {
        "text" => "string",
        "int32" | "int64" if column.nullable => "number",
        "int32" | "int64" => "integer",
        "bool" => "boolean",
        "timestamp_us" => "datetime",
        _ => "any",
    };
    let mut field = Map::new();
    field.insert("name".to_owned(), json!(column.name));
    field.insert("type".to_owned(), json!(kind));
    field.insert("parquetType".to_owned(), json!(column.kind));
    field.insert("description".to_owned(), json!(column.meaning));
    if !column.nullable {
        field.insert("constraints".to_owned(), json!({"required": true}));
    }
    Value::Object(field)
}

fn croissant_field(table: &str, parts: &str, column: &Column) -> Result<Value, Fault> {
    let id = format!("{table}/{}", column.name);
    let source = |member: Option<&str>| {
        let mut source = json!({"fileSet": {"@id": parts}, "extract": {"column": column.name}});
        if let (Some(member), Some(source)) = (member, source.as_object_mut()) {
            source.insert("transform".to_owned(), json!({"jsonPath": member}));
        }
        source
    };
    let mut field =
        json!({"@type": "cr:Field", "@id": id, "name": column.name, "description": column.meaning});
    let members = field.as_object_mut().ok_or_else(|| Fault::engine("describe a column", &column.name))?;
    let item = inside(&column.kind, "list<");
    if item.is_some() {
        members.insert("isArray".to_owned(), json!(true));
        members.insert("arrayShape".to_owned(), json!("-1"));
    }
    let kind = item.unwrap_or(&column.kind);
    let Some(group) = inside(kind, "struct<") else {
        members.insert("dataType".to_owned(), json!(croissant_type(kind)?));
        members.insert("source".to_owned(), source(None));
        return Ok(field);
    };
    let mut below = Vec::new();
    for member in split_members(group) {
        let (name, kind) = member
            .split_once(':')
            .ok_or_else(|| Fault::engine("read columns.json", format!("type {kind}")))?;
        below.push(json!({
            "@type": "cr:Field",
            "@id": format!("{id}/{name}"),
            "name": name,
            "description": member_meaning(column, name),
            "dataType": croissant_type(kind)?,
            "source": source(Some(name)),
        }));
    }
    members.insert("subField".to_owned(), Value::Array(below));
    Ok(field)
}

/// What a member of a list of groups means, where its column's meaning does not say it of the member alone.
fn member_meaning(column: &Column, member: &str) -> String {
    let meaning = match (column.name.as_str(), member) {
        ("lists", "list") => "Name of the list.",
        ("lists", "rank") => "The name's rank in that list, from 1; null where it has none there.",
        ("dns_retried", "question") => "The question that was asked again.",
        ("dns_retried", "status") => "How it ended at the first look.",
        ("mx", "preference") => "Preference of the MX record; 0 where it is implicit.",
        ("mx", "host") => "Host of the MX record.",
        ("mx", "matched") => {
            "Whether a pattern of the policy covers the host; null where there is no policy to compare."
        }
        ("mx", "pattern") => "The first pattern that covers it; null where none does.",
        ("policy_addrs", "addr") => "An address of the policy host.",
        ("policy_addrs", "outcome") => "How the fetch from this address ended, or why there was none.",
        ("pattern_dns", "domain") => "Registrable domain of the pattern.",
        ("tlsrpt_rua_dns", "host") => "Host of the report address.",
        ("pattern_dns" | "tlsrpt_rua_dns", "status") => "How the question for its MX ended.",
        ("tlsrpt_rua_dns", "mx_kind") => "Where its mail goes; null where reports are sent by https alone.",
        ("dane", "host") => "The MX host.",
        ("dane", "outcome") => "What its TLSA records say of it.",
        _ => return format!("`{member}` of: {}", column.meaning),
    };
    meaning.to_owned()
}

fn croissant_type(kind: &str) -> Result<&'static str, Fault> {
    match kind {
        // Binary columns hold texts as received (a policy's body) and DER; Croissant has no type for bytes,
        // and its readers give texts as bytes.
        "text" | "binary" => Ok("sc:Text"),
        "int32" => Ok("cr:Int32"),
        "int64" => Ok("cr:Int64"),
        "bool" => Ok("sc:Boolean"),
        "timestamp_us" => Ok("sc:DateTime"),
        other => Err(Fault::engine("read columns.json", format!("unknown type {other}"))),
    }
}

fn encoding(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "parquet" => PARQUET,
        "csv" => "text/csv",
        "json" => "application/json",
        "md" => "text/markdown",
        "cff" => "text/yaml",
        _ => "text/plain",
    }
}

/// The name of a part: `domains-00000`, in a series `domains-2026-11-28-00000`.
fn part_name(path: &str) -> String {
    let whole = path.strip_suffix(".parquet").unwrap_or(path).to_lowercase();
    let steps = whole.split('/');
    let step = |step: &str| step.trim_start_matches("snapshot=").trim_start_matches("part-").to_owned();
    steps.map(step).collect::<Vec<_>>().join("-")
}

/// Letters, digits and hyphens, as a Data Package's name must be.
fn slug(name: &str) -> String {
    let mut out = String::new();
    for c in name.to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' | '.' | '_' => out.push(c),
            _ if !out.ends_with('-') => out.push('-'),
            _ => {}
        }
    }
    let out = out.trim_matches('-');
    if out.is_empty() { "dataset".to_owned() } else { out.to_owned() }
}
