#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what must be there")]
use super::columns::{TABLES, dictionary};
use super::{Counts, Store, StoreError, Taken};
use crate::fault::Code;
use crate::input::{Announced, Origin, Received, ReceivedFrom};
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, RecordBatch};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::{self, File};
use std::path::Path;

fn report(id: &str, failed: u32) -> Vec<u8> {
    format!(
        r#"{{"organization-name":"Sender","date-range":{{"start-datetime":"2026-01-01T00:00:00Z","end-datetime":"2026-01-01T23:59:59Z"}},"contact-info":"a@sender.example","report-id":"{id}","policies":[{{"policy":{{"policy-type":"sts","policy-string":["version: STSv1","mode: testing"],"policy-domain":"d.example","mx-host":["mx.d.example"]}},"summary":{{"total-successful-session-count":7,"total-failure-session-count":{failed}}},"failure-details":[{{"result-type":"certificate-expired","failed-session-count":{failed},"receiving-mx-hostname":"mx.d.example"}}]}}]}}"#
    )
    .into_bytes()
}

/// From a file, or received so many hours after the end of the day.
fn origin(hours: Option<i64>) -> Origin {
    let received = hours
        .map(|hours| Received { at: (1_767_311_999 + hours * 3600) * 1_000_000, from: ReceivedFrom::Date });
    Origin { source: "r.json".to_owned(), received, ..Origin::default() }
}

fn rows(folder: &Path, table: &str) -> Vec<RecordBatch> {
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let parts = manifest["parts"].as_array().unwrap().iter().filter(|part| part["table"] == table);
    let read = |part: &serde_json::Value| {
        let file = File::open(folder.join(part["file"].as_str().unwrap())).unwrap();
        ParquetRecordBatchReaderBuilder::try_new(file)
            .unwrap()
            .build()
            .unwrap()
            .map(Result::unwrap)
            .collect::<Vec<_>>()
    };
    parts.flat_map(read).collect()
}

fn marks(folder: &Path) -> Vec<(i64, bool)> {
    let mut marks: Vec<(i64, bool)> = rows(folder, "reports")
        .iter()
        .flat_map(|batch| {
            let numbers = batch.column_by_name("report").unwrap().as_primitive::<Int64Type>().clone();
            let marks = batch.column_by_name("superseded").unwrap().as_boolean().clone();
            (0..batch.num_rows()).map(move |row| (numbers.value(row), marks.value(row))).collect::<Vec<_>>()
        })
        .collect();
    marks.sort_unstable();
    marks
}

#[test]
fn running_again_adds_what_is_new_and_counts_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("reports");
    let mut store = Store::open(&folder).unwrap();
    assert_eq!(store.take(&report("1", 3), &origin(None)).unwrap(), Taken::New { faulty: false });
    assert_eq!(store.take(&report("1", 3), &origin(Some(2))).unwrap(), Taken::Known);
    store.commit().unwrap();
    drop(store);
    let mut store = Store::open(&folder).unwrap();
    assert_eq!(store.take(&report("1", 3), &origin(None)).unwrap(), Taken::Known);
    assert_eq!(store.take(&report("2", 3), &origin(None)).unwrap(), Taken::New { faulty: false });
    assert_eq!(store.counts(), Counts { new: 1, known: 1, ..Counts::default() });
    store.commit().unwrap();
    assert_eq!(marks(&folder), [(1, false), (2, false)]);
    let failures = rows(&folder, "failures");
    assert_eq!(failures.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
    let modes = rows(&folder, "policies")[0].column_by_name("mode").unwrap().as_string::<i32>().clone();
    assert_eq!(modes.value(0), "testing");
}

#[test]
fn of_other_content_under_one_key_the_later_received_counts() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    store.take(&report("1", 1), &origin(Some(9))).unwrap();
    assert_eq!(store.take(&report("1", 2), &origin(Some(3))).unwrap(), Taken::New { faulty: true });
    assert_eq!(store.take(&report("1", 2), &origin(Some(3))).unwrap(), Taken::Known);
    store.commit().unwrap();
    assert_eq!(marks(dir.path()), [(1, false), (2, true)]);
    drop(store);
    // A later one changes what is committed.
    let mut store = Store::open(dir.path()).unwrap();
    store.take(&report("1", 3), &origin(Some(10))).unwrap();
    store.commit().unwrap();
    assert_eq!(marks(dir.path()), [(1, true), (2, true), (3, false)]);
    assert_eq!(store.counts().reused, 1);
}

#[test]
fn what_is_not_committed_is_gone_and_what_is_stays() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    store.take(&report("1", 1), &origin(None)).unwrap();
    store.commit().unwrap();
    store.take(&report("2", 1), &origin(None)).unwrap();
    drop(store);
    let mut store = Store::open(dir.path()).unwrap();
    assert_eq!(fs::read_dir(dir.path().join("reports")).unwrap().count(), 1);
    store.take(&report("2", 1), &origin(None)).unwrap();
    store.commit().unwrap();
    assert_eq!(marks(dir.path()), [(1, false), (2, false)]);
}

#[test]
fn a_second_writer_is_refused_and_so_is_a_strange_folder() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("reports");
    let store = Store::open(&folder).unwrap();
    assert!(matches!(Store::open(&folder), Err(StoreError::Busy)));
    drop(store);
    Store::open(&folder).unwrap();
    fs::write(dir.path().join("letter.txt"), "dear").unwrap();
    assert!(matches!(Store::open(dir.path()), Err(StoreError::NotOurs)));
    assert!(matches!(Store::open(&dir.path().join("letter.txt")), Err(StoreError::NotOurs)));
    fs::write(
        folder.join("manifest.json"),
        r#"{"kind":"tls-reports","schema_version":"2.0","reports":0,"parts":[]}"#,
    )
    .unwrap();
    assert!(matches!(Store::open(&folder), Err(StoreError::OtherVersion(_))));
}

#[test]
fn mail_and_time_add_their_faults() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let announced = |domain: &str, id: &str| {
        Some(Announced { domain: Some(domain.to_owned()), submitter: None, report_id: Some(id.to_owned()) })
    };
    let fine = Origin { announced: announced("D.example", "1"), ..origin(Some(24)) };
    store.take(&report("1", 1), &fine).unwrap();
    store
        .take(&report("2", 1), &Origin { announced: announced("e.example", "1"), ..origin(Some(25)) })
        .unwrap();
    store.commit().unwrap();
    let batch = &rows(dir.path(), "reports")[0];
    let late = batch.column_by_name("late_seconds").unwrap().as_primitive::<Int64Type>();
    assert_eq!((late.value(0), late.value(1)), (86_400, 90_000));
    let codes = |row: usize| -> Vec<String> {
        let list = batch.column_by_name("faults").unwrap().as_list::<i32>().value(row);
        let codes = list.as_struct().column_by_name("code").unwrap().as_string::<i32>().clone();
        (0..codes.len()).map(|at| codes.value(at).to_owned()).collect()
    };
    assert_eq!(codes(0), [""; 0]);
    assert_eq!(codes(1), ["report_late", "report_subject_domain", "report_subject_id"]);
}

#[test]
fn what_is_no_report_is_listed_once() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut store = Store::open(dir.path()).unwrap();
        assert_eq!(store.take(b"{'a':1}", &origin(None)).unwrap(), Taken::Rejected(Code::report_not_json));
        store.reject("a\nb,c.eml", "mail_without_report").unwrap();
        store.commit().unwrap();
        assert_eq!(store.counts().rejected, 2);
    }
    let list = fs::read_to_string(dir.path().join("rejected.csv")).unwrap();
    assert_eq!(list, "source,reason\nr.json,report_not_json\n\"a\\u{a}b,c.eml\",mail_without_report\n");
}

#[test]
fn the_dictionary_names_every_column_and_the_committed_one_is_the_same() {
    let committed =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../reports.json")).unwrap();
    assert!(committed == dictionary(), "make it anew: sts-tlsrpt columns > reports.json");
    for one in crate::fault::ALL {
        for column in one.columns {
            let (table, column) = column.split_once('.').unwrap();
            let table = TABLES.iter().find(|known| known.name == table).unwrap();
            assert!(table.columns.iter().any(|known| known.name == column), "{:?}: {column}", one.code);
        }
    }
}
