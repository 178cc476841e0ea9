//! Names that somebody could take: found and counted, asked for once, and in no output.

use super::{
    analysis, assert_code, assert_no_difference, dataset, lab, list, mix, rows, scan, scan_into, text,
    texts_of,
};
use arrow::array::{Array as _, AsArray as _};
use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

const CODES: [&str; 4] = [
    "policy_host_cname_claimable",
    "policy_pattern_domain_missing",
    "tlsrpt_rua_domain_missing",
    "tlsrpt_rua_no_mx",
];

/// Situations with such a name, and others that come close.
const SITUATIONS: [&str; 9] = [
    "pattern-domain-missing",
    "pattern-unused",
    "tlsrpt-rua-domain-missing",
    "tlsrpt-rua-https-missing",
    "tlsrpt-rua-no-mx",
    "policy-host-claimable",
    "policy-host-claimable-page",
    "policy-host-service-404",
    "healthy",
];

/// The targets of policy hosts that are free, and what the others of the names end in.
fn claimable(dir: &Path) -> BTreeSet<String> {
    let mut aliased = BTreeSet::new();
    for batch in rows(dir, "assessments") {
        let domains = texts_of(batch.column_by_name("domain").unwrap());
        let findings = batch.column_by_name("findings").unwrap().as_list::<i32>();
        for (domain, codes) in domains.into_iter().zip(findings.iter()) {
            if texts_of(&codes.unwrap()).contains(&Some(CODES[0].to_owned())) {
                aliased.insert(domain.unwrap());
            }
        }
    }
    let mut names = BTreeSet::from(["gone.example".to_owned()]);
    for batch in rows(dir, "domains") {
        let domains = texts_of(batch.column_by_name("domain").unwrap());
        let chains = batch.column_by_name("policy_cname").unwrap().as_list::<i32>();
        for (at, domain) in domains.into_iter().enumerate().filter(|(at, _)| chains.is_valid(*at)) {
            if aliased.contains(&domain.unwrap()) {
                names.extend(texts_of(&chains.value(at)).into_iter().flatten());
            }
        }
    }
    names
}

/// Every file below a folder, with its text in lower case; of a Parquet file every cell.
fn files(dir: &Path) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "parquet") {
            let mut cells = String::new();
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
            for batch in reader.build().unwrap().map(Result::unwrap) {
                for column in batch.columns() {
                    if let Some(bytes) = column.as_binary_opt::<i32>() {
                        bytes.iter().flatten().for_each(|body| cells.push_str(&text(body)));
                        continue;
                    }
                    for row in 0..column.len() {
                        cells.push_str(&array_value_to_string(column, row).unwrap());
                        cells.push('\n');
                    }
                }
            }
            all.push((path, cells.to_lowercase()));
        } else {
            all.push((path.clone(), text(&std::fs::read(&path).unwrap()).to_lowercase()));
        }
    }
    all
}

fn assert_hidden(names: &BTreeSet<String>, what: &str, output: &str) {
    let output = output.to_lowercase();
    let shown: Vec<&String> = names.iter().filter(|name| output.contains(name.as_str())).collect();
    assert!(shown.is_empty(), "{what} shows {shown:?}");
}

fn said(program: &str, arguments: &[&str], datasets: &[&Path]) -> String {
    let output = analysis(program).args(datasets).args(arguments).output().unwrap();
    assert_code(&output, 0);
    text(&output.stdout)
}

fn publish(folder: &Path, out: &Path, more: &[&str]) {
    let mut program = analysis("sts-publish");
    assert_code(
        &program.arg(folder).arg("-o").arg(out).args(["--creator", "Group"]).args(more).output().unwrap(),
        0,
    );
    assert_code(&analysis("sts-publish").arg("--verify").arg(out).output().unwrap(), 0);
}

/// How often a code stands in the findings of a dataset.
fn counted(folder: &Path, code: &str) -> usize {
    files(&folder.join("assessments")).iter().map(|(_, cells)| cells.matches(code).count()).sum()
}

#[test]
fn no_output_has_a_name_that_somebody_could_take_unless_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(360, &mix(dir.path(), SITUATIONS), dir.path());
    let (folder, later) = (dataset(dir.path()), dir.path().join("later"));
    assert_code(&scan(&lab, &list(&lab), dir.path()).output().unwrap(), 0);
    assert_code(&scan_into(&lab, &list(&lab), &later).output().unwrap(), 0);
    drop(lab);
    assert_no_difference(dir.path());
    let names = claimable(dir.path());
    assert!(names.len() > 20, "{names:?}");
    assert!(CODES.iter().all(|code| counted(&folder, code) > 10));

    let out = dir.path().join("published");
    publish(&folder, &out, &[]);
    let published = files(&out);
    assert!(published.iter().any(|(_, cells)| cells.contains("[claimable ")));
    for (path, cells) in &published {
        assert_hidden(&names, &path.display().to_string(), cells);
    }
    for code in CODES {
        assert_eq!(counted(&out, code), 0, "{code}");
        let numbers = published.iter().filter(|(path, _)| path.starts_with(out.join("numbers")));
        assert!(numbers.map(|(_, cells)| cells).all(|cells| !cells.contains(code)), "{code}");
    }
    let whole = dir.path().join("with");
    publish(&folder, &whole, &["--with", "claimable"]);
    let shown: String = files(&whole).into_iter().map(|(_, cells)| cells).collect();
    assert!(names.iter().all(|name| shown.contains(name.as_str())));

    for program in ["sts-adoption", "sts-misconfig"] {
        for format in ["json", "text", "csv"] {
            assert_hidden(&names, program, &said(program, &["--format", format], &[&folder]));
        }
    }
    let both: [&Path; 2] = [&folder, &later];
    assert_hidden(&names, "sts-trends", &said("sts-trends", &["--format", "json"], &both));
    let page = dir.path().join("pages");
    std::fs::create_dir(&page).unwrap();
    let (html, figures) = (page.join("report.html"), page.join("figures"));
    said("sts-report", &["-o", html.to_str().unwrap(), "--figures", figures.to_str().unwrap()], &both);
    for (path, cells) in files(&page) {
        assert_hidden(&names, &path.display().to_string(), &cells);
    }
}

#[test]
fn tables_count_such_findings_and_name_no_domain_that_has_one() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(180, &mix(dir.path(), SITUATIONS), dir.path());
    assert_code(&scan(&lab, &list(&lab), dir.path()).output().unwrap(), 0);
    drop(lab);
    let table = said("sts-misconfig", &["--table", "findings", "--format", "json"], &[&dataset(dir.path())]);
    let table: serde_json::Value = serde_json::from_str(&table).unwrap();
    let rows = table["tables"][0]["rows"].as_array().unwrap();
    for code in CODES {
        let row = rows.iter().find(|row| row["code"] == code).unwrap();
        assert!(row["domains"].as_u64().unwrap() > 5, "{row}");
        assert!(row["examples"].is_null() && row["largest_cluster"].is_null(), "{row}");
    }
    let other = rows.iter().find(|row| row["code"] == "pattern_unused").unwrap();
    assert!(other["examples"].is_string(), "{other}");
}

/// The number of a question for MX (RFC 1035 section 3.2.2).
const MX: u16 = 15;

#[test]
fn each_name_is_asked_for_once_however_many_domains_lead_to_it() {
    const DOMAINS: u64 = 200;
    let questions = |situations: &[&str]| {
        let dir = tempfile::tempdir().unwrap();
        let lab = lab(DOMAINS, &mix(dir.path(), situations.iter().copied()), dir.path());
        assert_code(&scan(&lab, &list(&lab), dir.path()).output().unwrap(), 0);
        let asked = lab.contacts().questions_by_type();
        println!(
            "{situations:?}: {:.3} questions a signaller",
            asked.values().sum::<u64>() as f64 / DOMAINS as f64
        );
        asked[&MX]
    };
    let before = questions(&["healthy"]);
    // gone.example; reports.gone.example; four that have no MX, one that has, and gone.example once more.
    assert_eq!(questions(&["pattern-domain-missing"]), before + 1);
    assert_eq!(questions(&["tlsrpt-rua-domain-missing", "tlsrpt-rua-https-missing"]), before + 1);
    assert_eq!(questions(&["pattern-domains-many"]), before + 5);
}
