//! Publishing a dataset, and checking a published one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod world;

use arrow::array::AsArray;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use sts_analysis::dataset::{Completeness, Dataset};
use sts_analysis::fault::Fault;
use sts_analysis::publish::{Check, Credits, MOST_FILES, Published, Said, publish, verify};
use sts_analysis::query::{self, Query};
use sts_analysis::render::Format;
use sts_analysis::settings::Settings;
use sts_analysis::tables::Tables;
use sts_analysis::withheld::{Class, Withheld};

const MEMORY: usize = 256 * 1024 * 1024;
const LIMIT: std::time::Duration = std::time::Duration::from_secs(600);

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/sample")
}

async fn published(from: &Path, without: &[Class], out: &Path) -> Result<Published, Fault> {
    let dataset = Dataset::open(from, Completeness::Required)?;
    let said = Said { licence: "CC-BY-4.0".into(), ..Said::default() };
    let credits = Credits::new(&said, &dataset.manifest)?;
    publish(&dataset, &Withheld::new(without), &credits, (MEMORY, Format::Csv), out).await
}

async fn faults(dir: &Path) -> Vec<String> {
    let checks: Vec<Check> = verify(dir, MEMORY, LIMIT).await.unwrap();
    checks.into_iter().flat_map(|check| check.faults).collect()
}

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn columns(dir: &Path, table: &str) -> BTreeSet<String> {
    let file = File::open(dir.join(table).join("part-00000.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    reader.schema().fields().iter().map(|field| field.name().clone()).collect()
}

/// Every byte of every file below a directory, decompressed where it is Parquet's text.
fn all_texts(dir: &Path, table: &str) -> String {
    let mut out = String::new();
    for entry in fs::read_dir(dir.join(table)).unwrap() {
        let file = File::open(entry.unwrap().path()).unwrap();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            for column in batch.columns() {
                if let Some(bodies) = column.as_binary_opt::<i32>() {
                    bodies.iter().flatten().for_each(|body| out.push_str(&String::from_utf8_lossy(body)));
                }
                out.push_str(&format!("{column:?}"));
            }
        }
    }
    out
}

/// A scan whose rows hold addresses, greetings and certificates in every column that can.
fn telling(out: &Path) -> PathBuf {
    let world = tempfile::tempdir().unwrap();
    let domain = json!({
        "scan": "s", "domain": "d.example", "suffix": "example", "registrable": "d.example", "mx_dns": "NOERROR",
        "mx_kind": "explicit", "sts_dns": "NOERROR", "sts_signals": true, "sts_record": "valid",
        "sts_txt": ["v=STSv1; id=1;", "ip4 192.0.2.11"], "mx": [{"preference": 1, "host": "192.0.2.12"}],
        "policy_outcome": "policy_redirect", "policy_redirect_to": "http://[2001:db8::13]/",
        "policy_addrs": [{"addr": "192.0.2.14", "outcome": "policy_redirect"}], "policy_usable": false,
        "policy_body": "6d783a203139322e302e322e31350a", "policy_certificate_sha256": "cafe01",
        "policy_chain_sha256": ["cafe02"],
    });
    let host = json!({
        "scan": "s", "host": "mx.d.example", "addr": "2001:db8::16", "smtp_outcome": "ok", "smtp_phase": "tls",
        "smtp_text": "reply of 192.0.2.17", "banner": "greeting of 192.0.2.18", "ehlo": ["line [192.0.2.19]"],
        "ehlo_tls": ["line [192.0.2.21]"], "quit_text": "reply of 192.0.2.22",
        "certificate_sha256": "cafe03", "chain_sha256": ["cafe04"], "tlsa": ["3 1 1 cafe05"],
    });
    let certificate = json!({
        "scan": "s", "sha256": "cafe06", "subject": "CN=192.0.2.20", "issuer": "CN=x", "sans": ["192.0.2.20"],
        "der": "c0000214",
    });
    for (table, row) in [("domains", domain), ("mx_hosts", host), ("certificates", certificate)] {
        fs::write(world.path().join(table).with_extension("jsonl"), row.to_string()).unwrap();
    }
    world::write(world.path(), out).remove(0)
}

#[tokio::test]
async fn a_published_dataset_is_found_sound() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let told = published(&sample(), &[], &out).await.unwrap();
    assert_eq!(told.unanswered, Vec::<String>::new());
    assert_eq!(faults(&out).await, Vec::<String>::new());
    assert!(told.files <= MOST_FILES && out.join("README.md").is_file());
    let manifest = json_of(&out.join("manifest.json"));
    assert_eq!(manifest["published"]["rows"]["domains"], manifest["sum"]["rows"]);
}

#[tokio::test]
async fn publishing_twice_gives_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| dir.path().join(name));
    published(&sample(), &[], &one).await.unwrap();
    published(&sample(), &[], &other).await.unwrap();
    let sums = |out: &Path| fs::read_to_string(out.join("SHA256SUMS")).unwrap();
    assert_eq!(sums(&one), sums(&other));
    let tables = fs::read_to_string(one.join("queries/tables.sql")).unwrap();
    assert!(!tables.contains(&*dir.path().to_string_lossy()), "{tables}");
}

#[tokio::test]
async fn many_parts_become_one_and_keep_their_rows() {
    let dir = tempfile::tempdir().unwrap();
    let scan = world::write(&world::fixtures().join("small"), &dir.path().join("data")).remove(0);
    let before = Dataset::open(&scan, Completeness::Required).unwrap();
    assert!(before.parts["domains"].len() > 1);
    let out = dir.path().join("out");
    published(&scan, &[], &out).await.unwrap();
    let after = Dataset::open(&out, Completeness::Required).unwrap();
    assert_eq!(after.parts["domains"].len(), 1);
    assert_eq!(after.rows, before.rows);
    assert_eq!(faults(&out).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_left_out_is_in_no_column() {
    let dir = tempfile::tempdir().unwrap();
    let scan = telling(&dir.path().join("data"));
    let told = ["192.0.2.1", "2001:db8::13", "2001:db8::16", "reply of", "greeting of", "line [", "cafe0"];
    let texts = |out: &Path| -> String {
        ["domains", "mx_hosts", "certificates"].map(|table| all_texts(out, table)).concat()
    };
    // The dataset holds all of it, or the test would see nothing.
    let before = texts(&scan);
    for text in told {
        assert!(before.contains(text), "{text}: {before}");
    }
    let each = [
        (Class::Addresses, &["192.0.2.1", "2001:db8::13", "2001:db8::16"][..], &["reply of", "cafe0"][..]),
        (Class::Banners, &["reply of", "greeting of", "line ["], &["192.0.2.12", "2001:db8::16", "cafe06"]),
    ];
    for (class, gone, kept) in each {
        let out = dir.path().join(class.word());
        published(&scan, &[class], &out).await.unwrap();
        let after = texts(&out);
        assert!(gone.iter().all(|text| !after.contains(text)), "{}: {after}", class.word());
        assert!(kept.iter().all(|text| after.contains(text)), "{}: {after}", class.word());
        if class == Class::Addresses {
            assert_eq!(faults(&out).await, Vec::<String>::new());
        }
    }
    let out = dir.path().join("certificates");
    published(&scan, &[Class::Certificates], &out).await.unwrap();
    assert!(!out.join("certificates").exists());
    let after = ["domains", "mx_hosts"].map(|table| all_texts(&out, table)).concat();
    assert!(!after.contains("cafe0") && after.contains("192.0.2.12"), "{after}");
}

/// A scan of a domain that leads to names which somebody could take.
fn leading(out: &Path) -> PathBuf {
    let world = tempfile::tempdir().unwrap();
    let domain = json!({
        "scan": "s", "domain": "d.example", "suffix": "example", "registrable": "d.example", "mx_dns": "NOERROR",
        "mx_kind": "explicit", "mx": [{"preference": 1, "host": "mx.gone.example"}], "sts_dns": "NOERROR",
        "sts_signals": true, "sts_record": "valid", "tlsrpt_txt": ["v=TLSRPTv1; rua=mailto:a@r.lost.example"],
        "tlsrpt_rua": ["mailto:a@r.lost.example"], "policy_cname": ["free.azurewebsites.net"],
        "tlsrpt_rua_dns": [{"host": "r.lost.example", "status": "NXDOMAIN", "mx_kind": "none"}],
        "policy_body": "76657273696f6e3a2053545376310a6d783a202a2e476f6e652e6578616d706c650a", "policy_mx": ["*.Gone.example"],
        "pattern_dns": [{"domain": "gone.example", "status": "NXDOMAIN"}, {"domain": "here.example", "status": "NOERROR"}],
    });
    let host = json!({"scan": "s", "host": "mx.gone.example"});
    let judged = json!({
        "scan": "s", "domain": "d.example", "lasting": [],
        "findings": ["policy_host_cname_claimable", "policy_pattern_domain_missing", "pattern_unused"],
    });
    for (table, row) in [("domains", domain), ("mx_hosts", host), ("assessments", judged)] {
        fs::write(world.path().join(table).with_extension("jsonl"), row.to_string()).unwrap();
    }
    world::write(world.path(), out).remove(0)
}

#[tokio::test]
async fn names_that_somebody_could_take_are_in_no_text_unless_they_are_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let scan = leading(&dir.path().join("data"));
    let texts = |out: &Path| -> String {
        ["domains", "mx_hosts", "assessments"].map(|table| all_texts(out, table)).concat().to_lowercase()
    };
    let told = ["gone.example", "r.lost.example", "free.azurewebsites.net", "policy_pattern_domain_missing"];
    let [without, with] = ["without", "with"].map(|name| dir.path().join(name));
    published(&scan, &[Class::Claimable], &without).await.unwrap();
    published(&scan, &[], &with).await.unwrap();
    let (hidden, shown) = (texts(&without), texts(&with));
    assert!(told.iter().all(|text| shown.contains(text) && !hidden.contains(text)), "{hidden}");
    assert!(hidden.contains("mx.[claimable ") && hidden.contains("pattern_unused"), "{hidden}");
    assert!(!columns(&without, "domains").contains("pattern_dns"));
    for out in [&without, &with] {
        assert_eq!(faults(out).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn manifest_dictionary_and_metadata_say_what_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    published(&sample(), &Class::ALL, &out).await.unwrap();
    let manifest = json_of(&out.join("manifest.json"));
    assert_eq!(manifest["withheld"]["addresses"], json!(["domains.policy_addrs", "mx_hosts.addr"]));
    assert!(!manifest.to_string().contains("127.0.0.1"), "{manifest}");
    let described = json_of(&out.join("datapackage.json"));
    let names: Vec<&Value> = described["resources"][1]["schema"]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| &field["name"])
        .collect();
    assert_eq!(
        names.iter().map(|name| name.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>(),
        columns(&out, "mx_hosts")
    );
    assert!(!names.contains(&&json!("addr")) && names.contains(&&json!("cert_outcome")));
    let readme = fs::read_to_string(out.join("README.md")).unwrap();
    assert!(
        readme.contains("*Left out (banners).*") && readme.contains("`addresses` (IPv4 and IPv6)"),
        "{readme}"
    );
}

#[tokio::test]
async fn a_query_that_reads_what_is_left_out_is_refused_and_others_are_answered() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    published(&sample(), &[Class::Addresses], &out).await.unwrap();
    let datasets = vec![Dataset::open(&out, Completeness::Required).unwrap()];
    let mut tables = Tables::register(datasets, MEMORY, Settings::default()).await.unwrap();
    let refused =
        tables.run(&Query::parse("mine", "SELECT count(addr) AS n FROM mx_hosts")).await.unwrap_err();
    assert!(matches!(&refused, Fault::Withheld(why) if why.contains("it reads mx_hosts.addr")), "{refused}");
    let counted = tables.run(&Query::parse("mine", "SELECT count(*) AS n FROM mx_hosts")).await.unwrap();
    assert_eq!(counted.rows.len(), 1);
    // Adoption is told without the largest cluster too, which may be an address: it cannot be answered; the
    // suffixes can.
    let of = |name: &str| query::adoption().into_iter().find(|query| query.name == name).unwrap();
    assert!(matches!(tables.run(&of("adoption")).await.unwrap_err(), Fault::Withheld(_)));
    assert!(!tables.run(&of("suffix")).await.unwrap().rows.is_empty());
}

#[tokio::test]
async fn columns_are_found_through_views_and_held_tables() {
    let datasets = vec![Dataset::open(&sample(), Completeness::Required).unwrap()];
    let tables = Tables::register(datasets, MEMORY, Settings::default()).await.unwrap();
    let read = |sql: &'static str| {
        let tables = &tables;
        async move { tables.columns_read(&Query::parse("q", sql)).await.unwrap() }
    };
    let pair = |table: &str, column: &str| (table.to_owned(), column.to_owned());
    let found = read("SELECT sum(length(tls_cipher)) AS n FROM endpoints").await;
    assert!(found.contains(&pair("mx_hosts", "tls_cipher")), "{found:?}");
    assert!(!found.contains(&pair("mx_hosts", "certificate_sha256")), "{found:?}");
    let found = read("SELECT domain FROM population WHERE undecided").await;
    let undecided = [pair("domains", "domain"), pair("domains", "mx_dns"), pair("domains", "sts_record")];
    assert_eq!(found, BTreeSet::from(undecided));
    let found = read("SELECT 1 AS one FROM scans WHERE scan IN (SELECT scan FROM certificates)").await;
    assert_eq!(found, BTreeSet::from([pair("certificates", "scan")]));
}

#[tokio::test]
async fn a_changed_file_a_missing_file_and_a_new_file_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    published(&sample(), &[], &out).await.unwrap();
    let numbers = out.join("numbers/adoption.csv");
    let text = fs::read_to_string(&numbers).unwrap().replace(",60,", ",61,");
    fs::write(&numbers, text).unwrap();
    fs::remove_file(out.join("LICENSE.txt")).unwrap();
    fs::write(out.join("more.txt"), "x").unwrap();
    let told = faults(&out).await.join("\n");
    for expected in [
        "numbers/adoption.csv is not the file whose hash is listed",
        "LICENSE.txt is listed but missing",
        "more.txt is not listed",
        "the query adoption gives numbers other than those in",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[tokio::test]
async fn a_directory_that_is_there_is_never_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let fault = published(&sample(), &[], dir.path()).await.unwrap_err();
    assert_eq!(fault.exit_code(), 2);
    assert!(fault.to_string().contains("already exists"), "{fault}");
    let fault = verify(dir.path(), MEMORY, LIMIT).await.unwrap_err();
    assert!(fault.to_string().contains("is no published dataset"), "{fault}");
}

#[tokio::test]
async fn what_a_hostile_manifest_says_is_inert_in_what_is_published() {
    let dir = tempfile::tempdir().unwrap();
    let scan = dir.path().join("sample");
    assert!(std::process::Command::new("cp").arg("-r").arg(sample()).arg(&scan).status().unwrap().success());
    let path = scan.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let hostile =
        "\n```\na\u{1b}[31m\u{9b}\u{202e}[x](javascript:run) ![i](http://tracker.example/p) <b>b</b>";
    for key in ["/versions/trust_store", "/vantage/ehlo_name", "/versions/tool"] {
        *manifest.pointer_mut(key).unwrap() = hostile.into();
    }
    manifest["manners"]["identity.info_url"] = "\"javascript:run\"".into();
    manifest.as_object_mut().unwrap().remove("digest");
    manifest.as_object_mut().unwrap().remove("parts");
    fs::write(&path, manifest.to_string()).unwrap();
    let out = dir.path().join("out");
    published(&scan, &[], &out).await.unwrap();
    for name in
        ["README.md", "CITATION.cff", "LICENSE.txt", "datapackage.json", "croissant.json", "manifest.json"]
    {
        let text = fs::read_to_string(out.join(name)).unwrap();
        let acts = |c: char| c != '\n' && sts_analysis::visible::is_hidden(c);
        assert!(!text.contains(acts), "{name}: {text}");
        assert!(name == "manifest.json" || !text.contains("\"javascript:run\""), "{name}: {text}");
    }
    let package: Value = serde_json::from_slice(&fs::read(out.join("datapackage.json")).unwrap()).unwrap();
    assert_eq!(package.get("homepage"), None);
    let readme = fs::read_to_string(out.join("README.md")).unwrap();
    let (text, code) = readme.split_once("## Citing it").unwrap();
    assert!(text.contains("\\[x\\](javascript:run)") && !text.contains("<b>"), "{text}");
    assert_eq!(code.matches("\n```").count(), 2, "{code}");
}

#[tokio::test]
async fn a_stranger_s_dataset_is_checked_in_bounded_time_and_no_pipe_of_it_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    published(&sample(), &[], &out).await.unwrap();
    let checks = verify(&out, MEMORY, std::time::Duration::ZERO).await.unwrap();
    let late = checks.iter().flat_map(|check| &check.faults).filter(|f| f.contains("(--query-time)")).count();
    assert!(late > 0, "{checks:?}");
    let sums = out.join("SHA256SUMS");
    let text = fs::read_to_string(&sums).unwrap();
    fs::write(&sums, format!("{text}{}  pipe\n", "0".repeat(64))).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(out.join("pipe")).status().unwrap().success());
    let checks = verify(&out, MEMORY, LIMIT).await.unwrap();
    assert!(checks[0].faults[0].starts_with("pipe is not a regular file"), "{checks:?}");
}
