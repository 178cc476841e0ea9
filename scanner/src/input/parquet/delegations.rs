//! The columns of a Parquet list that bring the delegations of its names.

use super::NoTable;
use crate::input::source::RawEntry;
use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, ArrayRef, BooleanArray, GenericListArray, RecordBatch, StringArray};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Fields, Schema};
use std::io;
use std::sync::Arc;

/// A list of text: the names of the servers.
pub(super) const NS: &str = "delegation_ns";
/// A list of structs {host, addr}, both text: addresses of those servers.
pub(super) const GLUE: &str = "delegation_glue";
/// Whether there is a DS.
pub(super) const DS: &str = "delegation_ds";

/// Those columns of a batch.
#[derive(Default)]
pub(super) struct Delegations {
    ns: Option<GenericListArray<i32>>,
    glue: Option<GenericListArray<i32>>,
    ds: Option<BooleanArray>,
}

fn texts() -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)))
}

fn pairs() -> DataType {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let fields = Fields::from(vec![text("host"), text("addr")]);
    DataType::List(Arc::new(Field::new("item", DataType::Struct(fields), true)))
}

/// Which of the columns a file has; none where the first, without which the others say nothing, is not there.
///
/// # Errors
/// One of them has a type that says something else.
pub(super) fn columns(schema: &Schema) -> Result<Vec<usize>, NoTable> {
    let mut found = Vec::new();
    for (name, kind, allowed) in [
        (NS, texts(), "a list of text"),
        (GLUE, pairs(), "a list of structs of the texts host and addr"),
        (DS, DataType::Boolean, "true or false"),
    ] {
        let Some((at, field)) = schema.fields().iter().enumerate().find(|(_, field)| field.name() == name)
        else {
            if name == NS {
                return Ok(Vec::new());
            }
            continue;
        };
        if !is_like(field.data_type(), &kind) {
            return Err(NoTable::ColumnType(name.to_owned(), field.data_type().to_string(), allowed));
        }
        found.push(at);
    }
    Ok(found)
}

/// Whether a type can be cast to another without another meaning.
fn is_like(found: &DataType, wanted: &DataType) -> bool {
    match (found, wanted) {
        (DataType::List(found) | DataType::LargeList(found), DataType::List(wanted)) => {
            is_like(found.data_type(), wanted.data_type())
        }
        (DataType::Struct(found), DataType::Struct(wanted)) => {
            let pairs = found.iter().zip(wanted);
            found.len() == wanted.len()
                && pairs.clone().all(|(found, wanted)| {
                    found.name() == wanted.name() && is_like(found.data_type(), wanted.data_type())
                })
        }
        (found, DataType::Utf8) => super::is_text(found),
        (found, wanted) => found == wanted,
    }
}

impl Delegations {
    /// Those of a batch; the columns are found by their names.
    pub(super) fn of(batch: &RecordBatch) -> io::Result<Self> {
        let column = |name: &str, kind: &DataType| -> io::Result<Option<ArrayRef>> {
            batch.column_by_name(name).map(|column| cast(column, kind).map_err(io::Error::other)).transpose()
        };
        Ok(Self {
            ns: column(NS, &texts())?.map(|column| column.as_list().clone()),
            glue: column(GLUE, &pairs())?.map(|column| column.as_list().clone()),
            ds: column(DS, &DataType::Boolean)?.map(|column| column.as_boolean().clone()),
        })
    }

    /// What a row says of its name's servers. A name that is none makes all of them unknown.
    pub(super) fn put(&self, row: usize, entry: &mut RawEntry) {
        (entry.servers, entry.ds) = (Vec::new(), None);
        let Some(ns) = self.ns.as_ref().filter(|ns| ns.is_valid(row)) else { return };
        let names = ns.value(row);
        let glue = self.glue.as_ref().filter(|glue| glue.is_valid(row)).map(|glue| glue.value(row));
        let addrs: Vec<(String, String)> = glue.iter().flat_map(pairs_of).collect();
        let mut servers = Vec::new();
        for name in names.as_string::<i32>() {
            let Some(name) = name.map(lower).filter(|name| is_plain(name)) else { return };
            if !servers.is_empty() {
                servers.push(b' ');
            }
            servers.extend_from_slice(name.as_bytes());
            for (_, addr) in addrs.iter().filter(|(host, _)| *host == name) {
                servers.push(b'=');
                servers.extend_from_slice(addr.as_bytes());
            }
        }
        entry.ds = self.ds.as_ref().filter(|ds| ds.is_valid(row)).map(|ds| ds.value(row));
        entry.servers = servers;
    }
}

fn pairs_of(glue: &ArrayRef) -> Vec<(String, String)> {
    let fields = glue.as_struct();
    let texts = |at: usize| -> StringArray { fields.column(at).as_string::<i32>().clone() };
    let (hosts, addrs) = (texts(0), texts(1));
    let both = hosts.iter().zip(&addrs).filter_map(|(host, addr)| Some((lower(host?), addr?.to_owned())));
    both.filter(|(_, addr)| is_plain(addr)).collect()
}

fn lower(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Whether it can stand among others.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'=')
}
