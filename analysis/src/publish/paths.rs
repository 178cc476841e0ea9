//! Paths of the publisher's machine, which are not published: of each the name of the file stays.

use arrow::array::{Array as _, ArrayRef, AsArray as _, ListArray, RecordBatch, StringArray, StructArray};
use arrow::error::ArrowError;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Settings whose values are files.
const FILES: [&str; 6] = [
    "dns.root_hints",
    "dns.trust_anchor",
    "tls.trust",
    "tls.intermediates",
    "scan.exclude",
    "report.status_file",
];

/// What lists are called in what is published: older scans called a list by its path where two files had one
/// name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ListNames(BTreeMap<String, String>);

impl ListNames {
    /// Those of a scan, by its manifest: the names of the files, numbered as newer scans number them.
    pub(super) fn of(manifest: &Value) -> Self {
        let lists = manifest.get("lists").and_then(Value::as_array);
        let names = || lists.into_iter().flatten().filter_map(|list| list.get("name")?.as_str());
        let mut taken: Vec<String> = names().filter(|name| !is_path(name)).map(str::to_owned).collect();
        let mut short = BTreeMap::new();
        for path in names().filter(|name| is_path(name)) {
            let mut name = leaf(path).to_owned();
            for number in 2.. {
                if !taken.contains(&name) {
                    break;
                }
                name = format!("{}#{number}", leaf(path));
            }
            taken.push(name.clone());
            short.insert(path.to_owned(), name);
        }
        Self(short)
    }

    fn short<'n>(&'n self, name: &'n str) -> &'n str {
        self.0.get(name).map_or(name, String::as_str)
    }

    /// A batch whose column `lists`, where it has one, has no path.
    ///
    /// # Errors
    /// The batch is not what its schema says.
    pub(super) fn batch(&self, batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
        let Some(at) = batch.schema().index_of("lists").ok().filter(|_| !self.0.is_empty()) else {
            return Ok(batch);
        };
        let mut columns = batch.columns().to_vec();
        columns[at] = self.array(&columns[at])?;
        RecordBatch::try_new(batch.schema(), columns)
    }

    fn array(&self, lists: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let Some((lists, item)) = lists.as_list_opt::<i32>().zip(item_of(lists)) else {
            return Ok(Arc::clone(lists));
        };
        let groups = lists.values().as_struct();
        let members = groups.columns().iter().map(|member| match member.as_string_opt::<i32>() {
            Some(names) => {
                Arc::new(names.iter().map(|name| Some(self.short(name?))).collect::<StringArray>())
            }
            None => Arc::clone(member),
        });
        let groups =
            StructArray::try_new(groups.fields().clone(), members.collect(), groups.nulls().cloned())?;
        let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
        Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(groups), nulls)?))
    }

    /// Leaves of every path in a manifest the name of the file.
    pub(super) fn forget_paths(&self, manifest: &mut Value) {
        for list in manifest.get_mut("lists").and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(list) = list.as_object_mut() else { continue };
            list.remove("path");
            if let Some(Value::String(name)) = list.get_mut("name") {
                *name = self.short(name).to_owned();
            }
        }
        for part in ["plan", "manners"] {
            for file in FILES {
                let setting = manifest.get_mut(part).and_then(|settings| settings.get_mut(file));
                setting.into_iter().for_each(leave_name);
            }
        }
        let runs = manifest.get_mut("resumed").and_then(Value::as_array_mut).into_iter().flatten();
        for changed in runs.filter_map(|run| run.get_mut("changed")) {
            for file in FILES {
                let pair = changed.get_mut(file).and_then(Value::as_array_mut);
                pair.into_iter().flatten().for_each(leave_name);
            }
        }
        for told in ["/judgement/intermediates/path", "/versions/trust_store"] {
            if let Some(Value::String(path)) = manifest.pointer_mut(told) {
                *path = leaf(path).to_owned();
            }
        }
    }
}

/// The field of a list's items.
fn item_of(lists: &ArrayRef) -> Option<arrow::datatypes::FieldRef> {
    match lists.data_type() {
        arrow::datatypes::DataType::List(item) => Some(Arc::clone(item)),
        _ => None,
    }
}

/// Cuts the paths in a setting, which stands there as `scan.toml` would write it.
fn leave_name(setting: &mut Value) {
    let value = setting.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let short = match value {
        Some(Value::String(path)) => Value::from(leaf(&path)),
        Some(Value::Array(paths)) => paths.iter().filter_map(Value::as_str).map(leaf).collect(),
        _ => return,
    };
    *setting = short.to_string().into();
}

fn is_path(name: &str) -> bool {
    name.contains('/')
}

fn leaf(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
    use super::*;
    use serde_json::json;

    #[test]
    fn no_path_of_a_manifest_is_published() {
        let list = |name: &str| json!({"name": name, "path": "/home/me/x"});
        let mut manifest = json!({
            "lists": [list("top.csv"), list("/home/me/a/top.csv"), list("/home/me/b/top.csv"), list("-")],
            "plan": {"tls.trust": "\"/home/me/ca.pem\"", "scan.seed": "1"},
            "manners": {"scan.exclude": "[\"/home/me/no.txt\"]"},
            "resumed": [{"changed": {"scan.exclude": ["[]", "[\"/home/me/no.txt\"]"]}}],
            "judgement": {"intermediates": {"path": "/home/me/more.pem", "sha256": "00"}},
            "versions": {"trust_store": "/home/me/ca.pem, 3 authorities"},
        });
        let names = ListNames::of(&manifest);
        names.forget_paths(&mut manifest);
        assert!(!manifest.to_string().contains("/home"), "{manifest}");
        let called: Vec<_> = manifest["lists"].as_array().unwrap().iter().map(|list| &list["name"]).collect();
        assert_eq!(called, ["top.csv", "top.csv#2", "top.csv#3", "-"]);
        assert_eq!(manifest["plan"]["tls.trust"], "\"ca.pem\"");
        assert_eq!(manifest["resumed"][0]["changed"]["scan.exclude"], json!(["[]", "[\"no.txt\"]"]));
        assert_eq!(manifest["versions"]["trust_store"], "ca.pem, 3 authorities");
    }

    #[test]
    fn rows_call_a_list_as_the_manifest_does() {
        let named = "[{\"list\": \"/a/top.csv\", \"rank\": 1}, {\"list\": \"b.csv\", \"rank\": null}]";
        let rows = format!("{{\"lists\": {named}}}\n{{\"lists\": null}}\n{{\"lists\": []}}\n");
        let schema = arrow::json::reader::infer_json_schema(rows.as_bytes(), None).unwrap().0;
        let mut reader = arrow::json::ReaderBuilder::new(Arc::new(schema)).build(rows.as_bytes()).unwrap();
        let batch = reader.next().unwrap().unwrap();
        let names = ListNames::of(&json!({"lists": [{"name": "/a/top.csv"}, {"name": "b.csv"}]}));
        let found = names.batch(batch.clone()).unwrap();
        let lists = found.column(0).as_list::<i32>();
        let texts = lists.values().as_struct().column_by_name("list").unwrap().as_string::<i32>();
        assert_eq!(texts.iter().flatten().collect::<Vec<_>>(), ["top.csv", "b.csv"]);
        assert_eq!((lists.is_null(1), lists.value_length(2)), (true, 0));
        assert_eq!(ListNames::default().batch(batch.clone()).unwrap(), batch);
    }
}
