//! Lists that bring the name servers of their names: zone files, and Parquet with columns for them.

use super::{assert_code, assert_no_difference, dataset, lab_with, list, mix, scan, texts};
use arrow::array::{
    ArrayRef, BooleanBuilder, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder, StructBuilder,
};
use arrow::datatypes::{DataType, Field};
use parquet::arrow::ArrowWriter;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sts_lab::delegation::Zone;
use sts_lab::grade::Difference;
use sts_lab::serve::Dns;
use sts_lab::situation::RecordType;
use sts_lab::{Lab, grade};

/// Names of the list, without its title.
fn names(lab: &Lab) -> Vec<String> {
    let text = std::fs::read_to_string(list(lab)).unwrap();
    text.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().to_owned()).collect()
}

/// The zone of each name that is one, as its parent has it.
fn zones(lab: &Lab) -> Vec<Zone> {
    let delegations = lab.oracle.delegations.as_ref().unwrap();
    let own = |name: &String| {
        let zone = delegations.chain(name, Some(RecordType::Mx)).pop()?;
        (zone.apex == *name).then_some(zone)
    };
    names(lab).iter().filter_map(own).collect()
}

/// Whether a zone file has a DS for a name.
fn is_signed(name: &str) -> bool {
    name.len().is_multiple_of(3)
}

/// A zone file of these delegations, with the addresses of servers that `glue` gives.
fn write(dir: &Path, zones: &[Zone], server: impl Fn(&Zone, &str) -> String, with_glue: bool) -> PathBuf {
    let mut text = ". 86400 IN SOA a.root.lab. root.lab. 1 2 3 4 5\n".to_owned();
    let mut glue = BTreeSet::new();
    for zone in zones {
        for one in &zone.servers {
            let name = server(zone, &one.name);
            writeln!(text, "{}. 86400 IN NS {name}.", zone.apex).unwrap();
            if let Some(addr) = one.glue("").filter(|_| with_glue) {
                let kind = if addr.is_ipv4() { "A" } else { "AAAA" };
                glue.insert(format!("{name}. 86400 IN {kind} {addr}\n"));
            }
        }
        if is_signed(&zone.apex) {
            writeln!(text, "{}. 86400 IN DS 1 13 2 00", zone.apex).unwrap();
        }
    }
    text.extend(glue);
    let path = dir.join("all.zone");
    std::fs::write(&path, text).unwrap();
    path
}

/// How often the servers of registries were asked.
fn asked_of_registries(lab: &Lab) -> u64 {
    let loads = lab.contacts().loads();
    let all = loads.of().iter().filter(|(asked, _)| asked.as_str() == "dns_tld");
    all.map(|(_, load)| load.questions).sum()
}

/// The list in Parquet, with its ranks and the delegations of its names.
fn write_parquet(dir: &Path, lab: &Lab, zones: &[Zone]) -> PathBuf {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let mut ns = ListBuilder::new(StringBuilder::new());
    let mut glue = ListBuilder::new(StructBuilder::from_fields(vec![text("host"), text("addr")], 0));
    let mut ds = BooleanBuilder::new();
    let names = names(lab);
    for name in &names {
        let zone = zones.iter().find(|zone| zone.apex == *name);
        for one in zone.iter().flat_map(|zone| &zone.servers) {
            ns.values().append_value(format!("{}.", one.name.to_uppercase()));
            if let Some(addr) = one.glue("") {
                for (field, value) in [one.name.clone(), addr.to_string()].into_iter().enumerate() {
                    glue.values().field_builder::<StringBuilder>(field).unwrap().append_value(value);
                }
                glue.values().append(true);
            }
        }
        ns.append(zone.is_some());
        glue.append(zone.is_some());
        // Nothing is signed in this laboratory.
        ds.append_option(zone.map(|_| false));
    }
    let ranks = (1..).take(names.len()).collect::<Vec<i64>>();
    let columns: [(&str, ArrayRef); 5] = [
        ("rank", Arc::new(Int64Array::from(ranks))),
        ("delegation_ns", Arc::new(ns.finish())),
        ("domain", Arc::new(StringArray::from(names))),
        ("delegation_glue", Arc::new(glue.finish())),
        ("delegation_ds", Arc::new(ds.finish())),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let path = dir.join("all.parquet");
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

/// Scans a list, and asserts that nothing differs but the ranks, which a zone file has not, the DS, which the
/// laboratory has not, and names that are not delegated, which no zone file has.
fn assert_scanned(lab: Lab, list: &Path, dir: &Path) {
    let output = scan(&lab, list, dir).output().unwrap();
    assert_code(&output, 0);
    drop(lab);
    let grade = grade::grade(&dataset(dir), &dir.join("world/truth.parquet")).unwrap();
    let is_of_list = |one: &&Difference| {
        matches!(one.column.as_str(), "rank" | "lists" | "ds") || one.situation == "nxdomain"
    };
    let others: Vec<_> = grade.differences.iter().filter(|one| !is_of_list(one)).collect();
    assert!(others.is_empty(), "{others:#?}");
    assert_eq!(grade.not_looked_at, 0);
}

#[test]
fn the_servers_of_a_zone_file_are_asked_and_not_the_registry() {
    let dir = tempfile::tempdir().unwrap();
    let world = mix(dir.path(), ["not-signalled", "not-signalled-no-mail"]);
    let lab = lab_with(Dns::Delegated, 600, &world, dir.path());
    let zones = zones(&lab);
    assert_eq!(zones.len(), 600);
    let zone_file = write(dir.path(), &zones, |_, name| name.to_owned(), true);
    let output = scan(&lab, &zone_file, dir.path()).output().unwrap();
    assert_code(&output, 0);
    // The addresses of all servers are there: nobody else need be asked, but for a sign of life.
    let asked = asked_of_registries(&lab);
    assert!(asked < 10, "{asked} questions");
    assert_eq!(super::manifest(dir.path())["lists"][0]["delegated"], 600);
    let signed = texts(dir.path(), "domains", "domain").into_iter().flatten().map(|name| is_signed(&name));
    let signed: Vec<_> = signed.map(|ds| Some(ds.to_string())).collect();
    assert_eq!(texts(dir.path(), "domains", "ds"), signed);
    let said = super::text(&output.stdout);
    assert!(said.contains("with their servers; no ranks; 600 names with their name servers"), "{said}");
}

#[test]
fn the_servers_of_a_zone_file_say_the_same_whatever_is_wrong_with_them() {
    for mix in ["uniform", "delegated"] {
        let dir = tempfile::tempdir().unwrap();
        let lab = lab_with(Dns::Delegated, 1_200, mix, dir.path());
        let zone_file = write(dir.path(), &zones(&lab), |_, name| name.to_owned(), true);
        assert_scanned(lab, &zone_file, dir.path());
    }
}

#[test]
fn where_the_servers_of_a_zone_file_are_gone_the_registry_is_asked_after_all() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab_with(Dns::Delegated, 600, "uniform", dir.path());
    let zones = zones(&lab);
    // Names that nobody has, for every second domain: as after a move to another operator.
    let moved = |zone: &Zone, name: &str| match zone.apex.len() % 2 {
        0 => format!("gone-{name}"),
        _ => name.to_owned(),
    };
    let zone_file = write(dir.path(), &zones, moved, false);
    assert_scanned(lab, &zone_file, dir.path());
}

#[test]
fn a_list_in_parquet_may_bring_servers_too() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab_with(Dns::Delegated, 800, "uniform", dir.path());
    let list = write_parquet(dir.path(), &lab, &zones(&lab));
    let output = scan(&lab, &list, dir.path()).output().unwrap();
    assert_code(&output, 0);
    assert!(super::text(&output.stdout).contains("column `domain`, with their servers"));
    drop(lab);
    assert_no_difference(dir.path());
}
