//! Datasets of earlier layouts, as they lie in `tests/layouts`: every program reads them, and none takes what
//! they lack for 0.

use super::{analysis, assert_code, dataset, lab, sts_scan, text};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, RecordBatch, StringArray, new_null_array,
};
use arrow::datatypes::{Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use sts_lab::Lab;
use sts_lab::contract::Contract;
use sts_lab::truth::Reader;
use sts_lab::value::{Value, to_arrow};

fn kept(layout: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("layouts").join(layout)
}

/// A copy of a folder, so that what is kept stays as it is.
fn copied(from: &Path, to: &Path) -> PathBuf {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
    to.to_owned()
}

fn asked(program: &str, arguments: &[&str], datasets: &[&Path]) -> Output {
    let output = analysis(program).args(datasets).args(arguments).output().unwrap();
    assert_code(&output, 0);
    output
}

fn publish(folder: &Path, out: &Path) -> Output {
    analysis("sts-publish").arg(folder).arg("-o").arg(out).args(["--creator", "Group"]).output().unwrap()
}

fn assess(folder: &Path) -> Output {
    let output = sts_scan().arg("assess").arg(folder).output().unwrap();
    assert_code(&output, 0);
    output
}

fn edit_manifest(folder: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let path = folder.join("manifest.json");
    let mut manifest = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    std::fs::write(path, serde_json::to_vec_pretty(&manifest).unwrap()).unwrap();
}

/// Writes the part of a table anew, one column of text changed.
fn rewrite(folder: &Path, table: &str, column: &str, change: impl Fn(usize, Option<&str>) -> Option<String>) {
    let path = folder.join(table).join("part-00000.parquet");
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), schema.clone(), None).unwrap();
    for batch in batches {
        let at = schema.index_of(column).unwrap();
        let texts = batch.column(at).as_string::<i32>();
        let changed: StringArray = texts.iter().enumerate().map(|(row, text)| change(row, text)).collect();
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        columns[at] = Arc::new(changed);
        writer.write(&RecordBatch::try_new(schema.clone(), columns).unwrap()).unwrap();
    }
    writer.close().unwrap();
}

#[test]
fn datasets_of_every_layout_are_judged_counted_drawn_published_and_verified() {
    let dir = tempfile::tempdir().unwrap();
    let datasets = ["1.0", "1.1"].map(|layout| copied(&kept(layout), &dir.path().join(layout)));
    for (folder, layout) in datasets.iter().zip(["1.0", "1.1"]) {
        edit_manifest(folder, |manifest| manifest["scan"] = format!("layout-{layout}").into());
        for table in ["domains", "mx_hosts", "certificates", "assessments"] {
            rewrite(folder, table, "scan", |_, _| Some(format!("layout-{layout}")));
        }
        let said = text(&assess(folder).stdout);
        assert!(said.contains("verdicts changed for 0 of "), "{said}");
        assert!(said.contains("not applied to its layout (since 1.2)"), "{said}");

        let out = dir.path().join(format!("published-{layout}"));
        assert_code(&publish(folder, &out), 0);
        assert_code(&analysis("sts-publish").arg("--verify").arg(&out).output().unwrap(), 0);
        let published = std::fs::read_to_string(out.join("manifest.json")).unwrap();
        assert!(published.contains(&format!("\"schema_version\": \"{layout}\"")), "{published}");
    }
    let both: Vec<&Path> = datasets.iter().map(PathBuf::as_path).collect();
    for program in ["sts-adoption", "sts-misconfig", "sts-trends"] {
        assert!(!asked(program, &[], &both).stdout.is_empty());
    }
    let page = dir.path().join("report.html");
    asked("sts-report", &["-o", page.to_str().unwrap()], &both);
    assert!(std::fs::metadata(&page).unwrap().len() > 100_000);

    // A column that a layout lacks is null, not a number.
    let query = dir.path().join("looks.sql");
    std::fs::write(
        &query,
        "SELECT scan, max(looks) AS looks, sum(array_length(dns_retried)) AS retried FROM mx_hosts GROUP BY scan ORDER BY scan NULLS LAST",
    )
    .unwrap();
    let answer = text(&asked("sts-adoption", &["--query", query.to_str().unwrap()], &both).stdout);
    let of = |scan: &str| -> Vec<String> {
        let line = answer.lines().find(|line| line.trim_start().starts_with(scan)).unwrap();
        line.split_whitespace().skip(1).map(str::to_owned).collect()
    };
    assert_eq!(of("layout-1.0"), ["-", "-"], "{answer}");
    assert_eq!(of("layout-1.1")[0], "-", "{answer}");
    assert_ne!(of("layout-1.1")[1], "-", "{answer}");
}

#[test]
fn a_scan_that_an_earlier_version_began_is_resumed_and_right() {
    let dir = tempfile::tempdir().unwrap();
    let begun = kept("interrupted-1.1");
    let world = dir.path().join("world");
    let lab = lab(600, begun.join("mix.toml").to_str().unwrap(), dir.path());
    let folder = copied(&begun.join("scan"), &dataset(dir.path()));
    // The same laboratory at other ports; a setting stands in the manifest as TOML writes it.
    edit_manifest(&folder, |manifest| {
        manifest["plan"]["policy_host.port"] = lab.ports.https.to_string().into();
        manifest["plan"]["smtp.port"] = lab.ports.smtp.to_string().into();
        manifest["plan"]["tls.trust"] = format!("\"{}\"", world.join("ca.pem").display()).into();
        manifest["manners"]["dns.resolvers"] = format!("[\"{}\"]", lab.ports.dns).into();
        manifest["lists"][0]["path"] = world.join("list.csv").to_str().unwrap().into();
    });
    move_hosts(&lab, dir.path());
    let resumed = sts_scan().arg("resume").arg(&folder).args(["--dns-rate", "1000000"]).output().unwrap();
    assert_code(&resumed, 0);
    assert!(text(&resumed.stdout).contains("= rows                     600"), "{}", text(&resumed.stdout));
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(
        manifest["resumed"][0]["changed"]["schema_version"],
        serde_json::json!(["1.1", manifest["schema_version"]])
    );
    assert_ne!(manifest["schema_version"], "1.1");
    // The version of before took one look at hosts without STARTTLS.
    replace(&folder, "mx_hosts", "attempts", &|batch| of_hosts(&lab, "attempts", batch));
    // It asked for TLSA where a sender does not.
    for name in ["tlsa_dns", "tlsa_ad", "tlsa"] {
        replace(&folder, "mx_hosts", name, &|batch| of_hosts(&lab, name, batch));
    }
    // Rows of before lack what came later. With the one look that each of them was, and what the laboratory
    // knows of its host, all is as it must be.
    let later = [
        "host_ede",
        "cname_ad",
        "tlsa_ede",
        "tls_alert",
        "ehlo_tls",
        "requiretls",
        "quit_code",
        "quit_text",
        "banner_ms",
        "looks",
        "cert_cause",
        "cert_differs",
        "stapled",
    ];
    let of_lab = &lab;
    let known = later.map(|name| (name, move |batch: &RecordBatch| of_hosts(of_lab, name, batch)));
    let columns: Vec<Made<'_>> =
        known.iter().map(|(name, make)| (*name, make as &dyn Fn(&RecordBatch) -> ArrayRef)).collect();
    let filled = fill(&folder, "mx_hosts", &columns);
    assert!(filled > 0);
    let contract = Contract::load().unwrap();
    let nulls = |name: &str, batch: &RecordBatch| {
        let at = contract.domains.position(name).unwrap();
        new_null_array(&contract.domains.columns[at].kind.arrow(), batch.num_rows())
    };
    let servers = |batch: &RecordBatch| nulls("delegated_to", batch);
    let agreement = |batch: &RecordBatch| nulls("sts_ns_agree", batch);
    let ds = |batch: &RecordBatch| nulls("ds", batch);
    let of_dmarc = ["dns", "txt", "record", "policy", "subdomain_policy", "testing", "at"];
    let of_dmarc = of_dmarc.map(|name| format!("dmarc_{name}"));
    let unasked = of_dmarc.each_ref().map(|name| move |batch: &RecordBatch| nulls(name, batch));
    let of_policy = |batch: &RecordBatch| looks(batch, "policy_attempts");
    let alert = |batch: &RecordBatch| nulls("policy_alert", batch);
    // None of these speaks HTTP/2 alone.
    let version = |batch: &RecordBatch| -> ArrayRef {
        let statuses = batch.column_by_name("policy_http_status").unwrap();
        let versions = (0..batch.num_rows()).map(|row| statuses.is_valid(row).then_some("HTTP/1.1"));
        Arc::new(versions.collect::<StringArray>())
    };
    let reports = |batch: &RecordBatch| of_names(&lab, "tlsrpt_rua_dns", batch);
    let patterns = |batch: &RecordBatch| of_names(&lab, "pattern_dns", batch);
    let cause = |batch: &RecordBatch| of_names(&lab, "policy_cert_cause", batch);
    let differs = |batch: &RecordBatch| of_names(&lab, "policy_cert_differs", batch);
    let stapled = |batch: &RecordBatch| of_names(&lab, "policy_stapled", batch);
    let mut of_domains: Vec<Made<'_>> = vec![
        ("delegated_to", &servers),
        ("ds", &ds),
        ("sts_ns_agree", &agreement),
        ("tlsrpt_rua_dns", &reports),
        ("policy_alert", &alert),
        ("policy_http_version", &version),
        ("looks", &of_policy),
        ("pattern_dns", &patterns),
        ("policy_cert_cause", &cause),
        ("policy_cert_differs", &differs),
        ("policy_stapled", &stapled),
    ];
    of_domains.extend(
        of_dmarc
            .iter()
            .zip(&unasked)
            .map(|(name, make)| (name.as_str(), make as &dyn Fn(&RecordBatch) -> ArrayRef)),
    );
    fill(&folder, "domains", &of_domains);
    // Every authority of the laboratory is of one organization; who signed for itself has none.
    let organization = |batch: &RecordBatch| -> ArrayRef {
        let issuers = super::texts_of(batch.column_by_name("issuer").unwrap());
        let of_lab =
            |issuer: Option<String>| issuer.is_some_and(|text| text.contains("O=STS Census Laboratory"));
        let names = issuers.into_iter().map(|issuer| of_lab(issuer).then_some("STS Census Laboratory"));
        Arc::new(names.collect::<StringArray>())
    };
    let scts =
        |batch: &RecordBatch| -> ArrayRef { Arc::new(BooleanArray::from(vec![false; batch.num_rows()])) };
    let known = ["key_usage", "eku", "policies", "must_staple"]
        .map(|name| (name, move |batch: &RecordBatch| of_certificates(of_lab, name, batch)));
    let mut of_certificate: Vec<Made<'_>> = vec![("issuer_org", &organization), ("has_scts", &scts)];
    of_certificate
        .extend(known.iter().map(|(name, make)| (*name, make as &dyn Fn(&RecordBatch) -> ArrayRef)));
    fill(&folder, "certificates", &of_certificate);
    drop(lab);
    let grade = sts_lab::grade::grade(&folder, &world.join("truth.parquet")).unwrap();
    assert!(grade.differences.is_empty() && grade.not_looked_at == 0, "{grade}");
    assert!(grade.rows.iter().all(|(_, expected, found)| expected == found), "{grade}");
}

/// Puts the committed MX hosts at the addresses that they have in this laboratory: those hang on how many
/// ways of failing it knows.
fn move_hosts(lab: &Lab, dir: &Path) {
    let contract = &lab.oracle.contract;
    let [host, addr] = ["host", "addr"].map(|name| contract.mx_hosts.position(name).unwrap());
    let truth = Reader::open(Arc::clone(contract), &lab.path(sts_lab::TRUTH)).unwrap();
    let rows = truth.flat_map(|row| row.unwrap().hosts);
    let text = |row: &[Value], at: usize| row[at].as_text().map(str::to_owned);
    let at: BTreeMap<_, _> = rows.map(|row| (text(&row, host), text(&row, addr))).collect();
    let hosts = super::texts(dir, "mx_hosts", "host");
    rewrite(&dataset(dir), "mx_hosts", "addr", |row, _| at[&hosts[row]].clone());
}

/// A column of the MX hosts of a batch as the laboratory knows it.
fn of_hosts(lab: &Lab, name: &str, batch: &RecordBatch) -> ArrayRef {
    let table = &lab.oracle.contract.mx_hosts;
    let [host, addr, at] = ["host", "addr", name].map(|name| table.position(name).unwrap());
    let truth = Reader::open(Arc::clone(&lab.oracle.contract), &lab.path(sts_lab::TRUTH)).unwrap();
    let text = |row: &[Value], at: usize| row[at].as_text().map(str::to_owned);
    let rows = truth.flat_map(|row| row.unwrap().hosts);
    let known: BTreeMap<_, _> =
        rows.map(|row| ((text(&row, host), text(&row, addr)), row[at].clone())).collect();
    let [hosts, addresses] =
        ["host", "addr"].map(|name| super::texts_of(batch.column_by_name(name).unwrap()));
    let cells: Vec<&Value> = hosts.into_iter().zip(addresses).map(|host| &known[&host]).collect();
    to_arrow(&table.columns[at].kind, &cells).unwrap()
}

/// A column of the certificates of a batch as the laboratory knows it.
fn of_certificates(lab: &Lab, name: &str, batch: &RecordBatch) -> ArrayRef {
    let table = &lab.oracle.contract.certificates;
    let [sha256, at] = ["sha256", name].map(|name| table.position(name).unwrap());
    let truth = Reader::open(Arc::clone(&lab.oracle.contract), &lab.path(sts_lab::TRUTH)).unwrap();
    let rows = truth.flat_map(|row| row.unwrap().certificates);
    let known: BTreeMap<_, _> =
        rows.map(|row| (row[sha256].as_text().map(str::to_owned), row[at].clone())).collect();
    let hashes = super::texts_of(batch.column_by_name("sha256").unwrap());
    let cells: Vec<&Value> = hashes.into_iter().map(|hash| &known[&hash]).collect();
    to_arrow(&table.columns[at].kind, &cells).unwrap()
}

/// A column of the domains of a batch as the laboratory knows it.
fn of_names(lab: &Lab, name: &str, batch: &RecordBatch) -> ArrayRef {
    let table = &lab.oracle.contract.domains;
    let [domain, at] = ["domain", name].map(|name| table.position(name).unwrap());
    let truth = Reader::open(Arc::clone(&lab.oracle.contract), &lab.path(sts_lab::TRUTH)).unwrap();
    let rows = truth.map(|row| row.unwrap().domain);
    let known: BTreeMap<_, _> =
        rows.map(|row| (row[domain].as_text().map(str::to_owned), row[at].clone())).collect();
    let domains = super::texts_of(batch.column_by_name("domain").unwrap());
    let cells: Vec<&Value> = domains.into_iter().map(|domain| &known[&domain]).collect();
    to_arrow(&table.columns[at].kind, &cells).unwrap()
}

/// The column `looks` of rows that were looked at once: 1 where something was attempted.
fn looks(batch: &RecordBatch, attempts: &str) -> ArrayRef {
    let lists = batch.column_by_name(attempts).unwrap().as_list::<i32>();
    Arc::new(lists.iter().map(|list| list.map(|list| i32::from(!list.is_empty()))).collect::<Int32Array>())
}

/// A column that is made from the others of a batch.
type Made<'a> = (&'a str, &'a dyn Fn(&RecordBatch) -> ArrayRef);

/// Makes a column anew in the parts of a table that lack the column `looks`: those of before layout 1.2.
fn replace(folder: &Path, table: &str, column: &str, make: &dyn Fn(&RecordBatch) -> ArrayRef) {
    for part in std::fs::read_dir(folder.join(table)).unwrap() {
        let path = part.unwrap().path();
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
        let schema = reader.schema().clone();
        if schema.column_with_name("looks").is_some() {
            continue;
        }
        let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
        let mut fields = schema.fields().to_vec();
        let at = schema.index_of(column).unwrap();
        let made: Vec<ArrayRef> = batches.iter().map(make).collect();
        if let Some(made) = made.first() {
            fields[at] = Arc::new(fields[at].as_ref().clone().with_data_type(made.data_type().clone()));
        }
        let schema = Arc::new(Schema::new(fields));
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), schema.clone(), None).unwrap();
        for (batch, made) in batches.into_iter().zip(made) {
            let mut columns = batch.columns().to_vec();
            columns[at] = made;
            writer.write(&RecordBatch::try_new(schema.clone(), columns).unwrap()).unwrap();
        }
        writer.close().unwrap();
    }
}

/// Adds columns to the parts of a table that lack them. Gives how many parts did.
fn fill(folder: &Path, table: &str, columns: &[Made<'_>]) -> usize {
    let contract = Contract::load().unwrap();
    let table = contract.tables().into_iter().find(|one| one.name == table).unwrap();
    // One after the other, each where the contract has it.
    let mut columns = columns.to_vec();
    columns.sort_by_key(|(name, _)| table.position(name));
    let mut filled = 0;
    for part in std::fs::read_dir(folder.join(&table.name)).unwrap() {
        let path = part.unwrap().path();
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
        let mut fields = reader.schema().fields().to_vec();
        let mut missing = Vec::new();
        for (name, make) in &columns {
            if reader.schema().column_with_name(name).is_none() {
                let at = table.position(name).unwrap();
                fields.insert(at, Arc::new(Field::new(*name, table.columns[at].kind.arrow(), true)));
                missing.push((at, make));
            }
        }
        if missing.is_empty() {
            continue;
        }
        filled += 1;
        let schema = Arc::new(Schema::new(fields));
        let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), schema.clone(), None).unwrap();
        for batch in batches {
            let mut arrays = batch.columns().to_vec();
            for (at, make) in &missing {
                arrays.insert(*at, make(&batch));
            }
            writer.write(&RecordBatch::try_new(schema.clone(), arrays).unwrap()).unwrap();
        }
        writer.close().unwrap();
    }
    filled
}

#[test]
fn a_newer_layout_is_told_of_not_resumed_and_not_published() {
    let dir = tempfile::tempdir().unwrap();
    let folder = copied(&kept("1.1"), &dir.path().join("newer"));
    edit_manifest(&folder, |manifest| manifest["schema_version"] = "1.99".into());
    let said = text(&assess(&folder).stderr);
    assert_eq!(said.matches("layout 1.99").count(), 1, "{said}");
    let adoption = asked("sts-adoption", &["--table", "adoption"], &[&folder]);
    assert_eq!(text(&adoption.stderr).matches("1.99").count(), 1, "{}", text(&adoption.stderr));
    let out = dir.path().join("out");
    let refused = publish(&folder, &out);
    assert_code(&refused, 2);
    assert!(text(&refused.stderr).contains("1.99") && !out.exists(), "{}", text(&refused.stderr));

    edit_manifest(&folder, |manifest| manifest["complete"] = false.into());
    let resumed = sts_scan().arg("resume").arg(&folder).output().unwrap();
    assert_code(&resumed, 2);
}

#[test]
fn words_of_a_newer_version_leave_their_hosts_out_and_are_told_and_kept() {
    const WORD: &str = "smtp_from_the_future";
    let dir = tempfile::tempdir().unwrap();
    let folder = copied(&kept("1.1"), &dir.path().join("words"));
    rewrite(&folder, "mx_hosts", "smtp_outcome", |_, word| {
        word.map(|word| if word == "ok" { WORD } else { word }.to_owned())
    });
    let output = assess(&folder);
    let (said, warned) = (text(&output.stdout), text(&output.stderr));
    assert!(
        warned.contains(&format!("`{WORD}` in ")) && warned.contains("mx_hosts.smtp_outcome"),
        "{warned}"
    );
    // Hosts that were seen to be good are left out of the verdicts, and nothing is found because of them.
    assert!(said.contains("verdict_strict: validated -> indeterminate:"), "{said}");
    assert!(!said.contains(", new: "), "{said}");
    let counts = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    assert!(counts.contains(WORD), "the word is counted as it stands");

    let query = dir.path().join("words.sql");
    std::fs::write(&query, "SELECT unknown_words FROM scans").unwrap();
    let answer = asked("sts-adoption", &["--query", query.to_str().unwrap(), "--format", "csv"], &[&folder]);
    let cells: u64 = text(&answer.stdout).lines().nth(1).unwrap().parse().unwrap();
    assert!(cells > 10, "{cells}");
    assert_eq!(text(&answer.stderr).matches(WORD).count(), 1, "{}", text(&answer.stderr));
    let out = dir.path().join("out");
    assert_code(&publish(&folder, &out), 2);
}
