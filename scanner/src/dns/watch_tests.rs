#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
use super::super::rogue::{Rogue, client, empty, nxdomain};
use super::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::task::JoinSet;

const DEADLINE: Duration = Duration::from_millis(800);

/// Whether a query is for the root's SOA, or for a name that looks whether anybody is reached.
fn is_sign(query: &[u8]) -> bool {
    query.get(12) == Some(&0)
}

fn is_fresh(query: &[u8]) -> bool {
    query.windows(11).any(|part| part == b"sts-census-")
}

/// Asks for as many names, each after the other in four tasks, until all have an answer; what came of them.
async fn ask_for(dns: &Arc<Dns>, names: usize) -> Vec<DnsStatus> {
    let statuses: Arc<Mutex<Vec<DnsStatus>>> = Arc::default();
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let (dns, statuses, next) = (dns.clone(), statuses.clone(), next.clone());
        tasks.spawn(async move {
            loop {
                let n = next.fetch_add(1, Relaxed);
                if n >= names {
                    return;
                }
                let name = format!("n{n}.example");
                let answer = dns.ask(&name, RecordType::TXT, &mut Waited::default()).await.unwrap();
                statuses.lock().unwrap().push(answer.status);
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    std::mem::take(&mut *statuses.lock().unwrap())
}

fn count(statuses: &[DnsStatus], wanted: DnsStatus) -> usize {
    statuses.iter().filter(|status| **status == wanted).count()
}

#[tokio::test]
async fn no_name_is_silent_because_all_resolvers_are() {
    // Silent from the 40th query on, until some signs of life were asked for in vain.
    let mut signs = 0;
    let server = Rogue::serve(move |n, query| {
        signs += usize::from(n >= 40 && is_sign(query));
        if n >= 40 && signs < 6 { Vec::new() } else { vec![nxdomain(query)] }
    })
    .await;
    let dns = Arc::new(client(&[server.addr], DEADLINE, 100));
    dns.uplink().watch();
    let statuses = dns.attend(ask_for(&dns, 200)).await.unwrap();
    assert_eq!(count(&statuses, DnsStatus::NxDomain), 200, "{statuses:?}");
    let outages = dns.uplink().outages();
    assert_eq!(outages.len(), 1, "{outages:?}");
    assert_eq!(outages[0].why, "no resolver answers");
    assert_eq!(dns.counts().by_status.iter().sum::<u64>(), 200, "what was asked anew counts once");
}

#[tokio::test]
async fn a_name_that_never_answers_is_silent_though_nobody_else_asks() {
    let server =
        Rogue::serve(|_, query| if is_sign(query) { vec![nxdomain(query)] } else { Vec::new() }).await;
    let dns = Arc::new(client(&[server.addr], DEADLINE, 100));
    dns.uplink().watch();
    let statuses = dns.attend(ask_for(&dns, 4)).await.unwrap();
    assert_eq!(statuses, [DnsStatus::Timeout; 4]);
    assert!(dns.uplink().outages().is_empty());
}

#[tokio::test]
async fn a_resolver_whose_signs_of_life_come_late_is_no_outage() {
    // Longer than a round has for one; names are never answered within their deadline.
    let late = |query: &[u8]| Duration::from_millis(if is_sign(query) { 1_500 } else { 60_000 });
    let server = Rogue::serve_late(late, nxdomain).await;
    let dns = Arc::new(client(&[server.addr], DEADLINE, 100));
    dns.uplink().watch();
    let statuses = dns.attend(ask_for(&dns, 4)).await.unwrap();
    assert_eq!(statuses, [DnsStatus::Timeout; 4]);
    assert!(dns.uplink().outages().is_empty(), "{:?}", dns.uplink().outages());
}

#[tokio::test]
async fn resolvers_that_reach_nobody_are_noticed_and_waited_for() {
    let mut looks = 0;
    let server = Rogue::serve(move |n, query| {
        looks += usize::from(n >= 40 && is_fresh(query));
        let is_cut = n >= 40 && looks < 3;
        vec![if is_cut && !is_sign(query) { empty(query, 2) } else { nxdomain(query) }]
    })
    .await;
    let dns = Arc::new(client(&[server.addr], DEADLINE, 100));
    dns.uplink().watch();
    let statuses = dns.attend(ask_for(&dns, 400)).await.unwrap();
    assert_eq!((statuses.len(), count(&statuses, DnsStatus::ServFail)), (400, 64), "{statuses:?}");
    let outages = dns.uplink().outages();
    assert_eq!(outages.len(), 1, "{outages:?}");
    assert!(outages[0].why.contains("SERVFAIL"), "{outages:?}");
}

#[tokio::test]
async fn names_that_all_fail_are_told_so_where_others_are_reached() {
    let server = Rogue::serve(|_, query| {
        vec![if is_sign(query) || is_fresh(query) { nxdomain(query) } else { empty(query, 2) }]
    })
    .await;
    let dns = Arc::new(client(&[server.addr], DEADLINE, 100));
    dns.uplink().watch();
    let statuses = dns.attend(ask_for(&dns, 400)).await.unwrap();
    assert_eq!(count(&statuses, DnsStatus::ServFail), 400);
    assert!(dns.uplink().outages().is_empty());
}
