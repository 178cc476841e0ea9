//! What one record, one policy, one reply and one row cost: `cargo bench -p sts-scanner`.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails has failed")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use sts_scanner::dataset::parts::PartWriter;
use sts_scanner::evidence::rows::{DomainRow, Listed, Mx};
use sts_scanner::evidence::{DnsStatus, MxKind, RecordState};
use sts_scanner::mta_sts::{mx_pattern, policy, record, tlsrpt};
use sts_scanner::smtp::reply::ReplyParser;

const POLICY: &[u8] = b"version: STSv1\r\nmode: enforce\r\nmx: mx1.example.org\r\nmx: *.mail.example.org\r\nmax_age: 604800\r\n";
const EHLO: &[u8] = b"250-mx.example.org at your service\r\n250-SIZE 157286400\r\n250-8BITMIME\r\n250-STARTTLS\r\n250 SMTPUTF8\r\n";
/// Rows of a batch of the writer.
const ROWS: u64 = 1_024;

fn parsers(c: &mut Criterion) {
    let mut group = c.benchmark_group("parsers");
    group.bench_function("record", |b| {
        b.iter(|| record::judge(black_box(&[b"v=STSv1; id=20160831085700Z;"])));
    });
    group.bench_function("tlsrpt", |b| {
        b.iter(|| tlsrpt::judge(black_box(&[b"v=TLSRPTv1; rua=mailto:tlsrpt@example.org"])));
    });
    group.bench_function("policy", |b| b.iter(|| policy::parse(black_box(POLICY)).valid));
    let patterns = ["mx1.example.org", "*.mail.example.org"];
    group.bench_function("mx match", |b| {
        b.iter(|| mx_pattern::first_match(black_box("a.mail.example.org"), black_box(&patterns)));
    });
    group.bench_function("EHLO reply", |b| b.iter(|| ReplyParser::default().push(black_box(EHLO)).unwrap()));
    group.finish();
}

/// A name with an MX host and nothing else: what most rows are.
fn row(n: u64) -> DomainRow {
    let domain = format!("name-{n}.example.org");
    DomainRow {
        input: domain.as_str().into(),
        domain: domain.into(),
        rank: i64::try_from(n).ok(),
        lists: vec![Listed { list: "list".into(), rank: i64::try_from(n).ok() }],
        suffix: Some("org".into()),
        registrable: Some("example.org".into()),
        attempts: 1,
        mx_at: Some(1_800_000_000_000_000),
        mx_dns: Some(DnsStatus::NoError),
        mx_ede: Some(Vec::new()),
        mx_ad: Some(false),
        mx_ttl: Some(300),
        mx_kind: Some(MxKind::Explicit),
        mx: Some(vec![Mx {
            preference: 10,
            host: format!("mx{}.example.net", n % 100),
            matched: None,
            pattern: None,
        }]),
        sts_at: Some(1_800_000_000_000_000),
        sts_dns: Some(DnsStatus::NxDomain),
        sts_signals: Some(false),
        sts_record: Some(RecordState::Absent),
        tlsrpt_dns: Some(DnsStatus::NxDomain),
        tlsrpt_record: Some(RecordState::Absent),
        ..DomainRow::default()
    }
}

fn rows(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("domains")).unwrap();
    let mut group = c.benchmark_group("rows");
    group.throughput(Throughput::Elements(ROWS));
    // A part as long as the benchmark runs: what is measured is a batch, as it is in a scan.
    let mut writer = PartWriter::new(folder.path(), "bench", 0);
    group.bench_function("a batch of domains into Parquet", |b| {
        b.iter_batched(
            || (0..ROWS).map(row).collect::<Vec<_>>(),
            |rows| rows.into_iter().for_each(|row| writer.push(Box::new(row)).unwrap()),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, parsers, rows);
criterion_main!(benches);
