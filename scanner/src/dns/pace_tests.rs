//! Resolvers as targets: a rate for each, less for one that refuses, nothing about whom a list names.
#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
use super::rogue::{Rogue, client, empty, nxdomain, paced_client};
use super::*;
use crate::admission::{Exclusions, burst};
use crate::evidence::DnsStatus;
use crate::plan::ScanPlan;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

const LONG: Duration = Duration::from_secs(30);

/// Asks for `n` names, all at once; how many had a status.
async fn ask_many(dns: &Arc<Dns>, n: usize, status: DnsStatus) -> usize {
    let mut tasks = JoinSet::new();
    for i in 0..n {
        let dns = dns.clone();
        let ask = async move {
            dns.ask(&format!("n{i}.example"), RecordType::TXT, &mut Waited::default()).await.unwrap().status
        };
        tasks.spawn(ask);
    }
    tasks.join_all().await.into_iter().filter(|seen| *seen == status).count()
}

type Stamps = Arc<Mutex<Vec<Instant>>>;

async fn stamping(code: u8) -> (Rogue, Stamps) {
    let stamps = Stamps::default();
    let kept = stamps.clone();
    let server = Rogue::serve(move |_, query| {
        kept.lock().unwrap().push(Instant::now());
        vec![empty(query, code)]
    });
    (server.await, stamps)
}

#[tokio::test]
async fn the_only_resolver_is_asked_less_where_it_refuses_one_question_after_the_other() {
    let (server, stamps) = stamping(5).await;
    let dns = Arc::new(client(&[server.addr], LONG, 16));
    let refused = dns.attend(ask_many(&dns, 100, DnsStatus::Refused)).await.unwrap();
    assert_eq!(refused, 100);
    assert_eq!(dns.counts().overloaded, 100);
    let stamps = stamps.lock().unwrap();
    // Each three times again. Halved after each 32: even from 50,000 per second the last 32 are asked at 100.
    let last = stamps[319] - stamps[288];
    assert!(last >= Duration::from_millis(200), "the last 32 took {last:?}");
    assert!(dns.warnings()[0].contains("it was asked less"), "{:?}", dns.warnings());
}

#[tokio::test]
async fn each_resolver_has_a_rate_of_its_own() {
    let (one, at_one) = stamping(3).await;
    let (other, at_other) = stamping(3).await;
    let dns = Arc::new(paced_client(&[one.addr, other.addr], LONG, 100, Some(100)));
    let began = Instant::now();
    let answered = dns.attend(ask_many(&dns, 120, DnsStatus::NxDomain)).await.unwrap();
    assert_eq!(answered, 120);
    for stamps in [at_one, at_other] {
        let stamps = stamps.lock().unwrap();
        // None was sent before we began, so the n-th cannot have come sooner than n less the burst intervals
        // after that.
        for (n, at) in stamps.iter().enumerate() {
            let least =
                Duration::from_millis(10) * (u32::try_from(n).unwrap() + 1).saturating_sub(burst(100));
            assert!(*at - began >= least, "question {n} after {:?}", *at - began);
        }
        assert!(stamps.len() >= 50, "{} of 120", stamps.len());
    }
}

#[tokio::test]
async fn nothing_is_asked_about_an_excluded_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("exclude.txt");
    std::fs::write(&file, "excluded.example # 2026-11-27\n").unwrap();
    let server = Rogue::serve(|_, query| {
        assert!(!query.windows(9).any(|part| part == b"\x08excluded"), "it was asked about");
        vec![nxdomain(query)]
    });
    let server = server.await;
    let plan = ScanPlan::build(Vec::new(), None, Vec::new()).unwrap();
    let exclusions = Exclusions::read(&[file]).unwrap();
    let admission = Admission::new(&plan, exclusions, true, CancellationToken::new());
    let line = Uplink::new(LONG, CancellationToken::new());
    let dns = Dns::new(vec![server.addr], LONG, 100, None, Arc::new(admission), Arc::new(line));
    let asked = async |name: &str| dns.ask(name, RecordType::TXT, &mut Waited::default()).await;
    let asking = async {
        assert!(matches!(asked("_mta-sts.excluded.example").await, Err(Unfinished::Excluded)));
        assert_eq!(asked("_mta-sts.other.example").await.unwrap().status, DnsStatus::NxDomain);
    };
    dns.attend(asking).await.unwrap();
    assert_eq!(dns.counts().sent, 1);
}
