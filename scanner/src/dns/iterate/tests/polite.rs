//! How much servers are asked, and who is not asked at all.

use super::*;
use crate::fault::Unfinished;
use std::io::Write as _;

/// A world in which one server, at host 3, has all names.
pub(super) fn hosting(net: u8) -> Vec<(Ipv4Addr, Says)> {
    let mut servers = registry(net, move |name| {
        let zone: &'static str = Box::leak(name.to_owned().into_boxed_str());
        Reply::Refer(zone, vec![("ns.op.example", Some(at(net, 3)))])
    });
    servers.push((at(net, 3), Box::new(|_, _| Reply::NoData)));
    servers
}

/// The most of these, which are in order, that lie within any second.
pub(super) fn most_in_a_second(at: &[std::time::Instant]) -> usize {
    let second = Duration::from_secs(1);
    (0..at.len()).map(|first| at[first..].partition_point(|t| *t < at[first] + second)).max().unwrap_or(0)
}

#[tokio::test]
async fn a_server_is_asked_no_more_than_it_may_be_in_any_second() {
    let world = World::of(hosting(60)).await;
    let dns = Arc::new(world.client_with(at(60, 1), LONG, &[], (100, 50)));
    dns.attend(async {
        let mut tasks = JoinSet::new();
        for n in 0..250 {
            let dns = dns.clone();
            tasks.spawn(async move { ask(&dns, &format!("n{n}.example"), RecordType::TXT).await.status });
        }
        while let Some(status) = tasks.join_next().await {
            assert_eq!(status.unwrap(), DnsStatus::NoData);
        }
    })
    .await
    .unwrap();
    for server in [2, 3] {
        let asked = world.asked.lock().unwrap();
        let at: Vec<_> =
            asked.iter().filter(|(_, of, ..)| *of == at(60, server)).map(|(when, ..)| *when).collect();
        let most = most_in_a_second(&at);
        assert!(at.len() >= 250 && most <= 100, "{} in all, {most} in a second", at.len());
        assert!(at[at.len() - 1] - at[0] < Duration::from_secs(4), "the rate is used");
    }
}

#[tokio::test]
async fn no_datagram_goes_to_a_server_that_is_excluded_by_address_or_by_name() {
    for (n, entry) in ["127.77.61.3", "op.example", "127.77.61.0/29"].into_iter().enumerate() {
        let world = World::of(hosting(61)).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exclude.txt");
        writeln!(std::fs::File::create(&path).unwrap(), "{entry} # 2026-01-01").unwrap();
        let dns = world.client_with(at(61, 1), LONG, &[path], (1_000, 50));
        let asked = dns.attend(async { dns.ask("a.example", RecordType::TXT, &mut Waited::default()).await });
        assert!(matches!(asked.await.unwrap(), Err(Unfinished::Excluded)), "{entry}");
        let expected = if n == 2 { (0, 0) } else { (2, 1) };
        assert_eq!((world.times(at(61, 1)), world.times(at(61, 2))), expected, "{entry}");
        assert_eq!(world.times(at(61, 3)), 0, "{entry}");
    }
}

#[tokio::test]
async fn a_server_at_a_forbidden_address_is_never_asked() {
    let world = World::of(registry(62, |_| {
        Reply::Refer("a.example", vec![("ns.a.example", Some(Ipv4Addr::new(169, 254, 0, 1)))])
    }))
    .await;
    let dns = world.client(at(62, 1), LONG);
    let answer = dns.attend(ask(&dns, "a.example", RecordType::TXT)).await.unwrap();
    assert_eq!((answer.status, answer.ede), (DnsStatus::ServFail, Some(vec![22])));
}

#[tokio::test]
async fn a_server_is_shown_the_cookie_that_it_gave() {
    let mut servers = hosting(63);
    servers[2].1 = Box::new(|_, _| Reply::Cookie(Box::new(Reply::NoData)));
    let world = World::of(servers).await;
    let dns = world.client(at(63, 1), LONG);
    dns.attend(async {
        for name in ["a.example", "b.example", "c.example"] {
            let answer = ask(&dns, name, RecordType::TXT).await;
            assert_eq!(answer.status, DnsStatus::NoData, "{name}");
        }
    })
    .await
    .unwrap();
    assert_eq!(world.times(at(63, 3)), 4, "it has to say what it wants once");
}

#[tokio::test]
async fn a_person_sees_who_was_asked_and_what_came() {
    let mut servers = hosting(64);
    servers[2].1 = Box::new(|_, _| Reply::Plain(Some(ResponseCode::FormErr), Box::new(Reply::Txt("v=1"))));
    let world = World::of(servers).await;
    let dns = world.client(at(64, 1), LONG);
    let before = ask(&dns, "a.example", RecordType::TXT);
    dns.attend(before).await.unwrap();
    assert!(dns.trace().taken().is_empty(), "nothing is noted before it is wanted");
    dns.trace().begin();
    dns.attend(ask(&dns, "b.example", RecordType::TXT)).await.unwrap();
    let [walked] = <[_; 1]>::try_from(dns.trace().taken()).unwrap();
    assert_eq!((walked.name.as_str(), walked.kind.as_str()), ("b.example", "TXT"));
    assert_eq!(walked.came.as_deref(), Some("NOERROR, 1 record"));
    let told: Vec<_> = walked.asked.iter().map(|a| (a.zone.as_deref(), a.by, a.came.as_str())).collect();
    assert_eq!(
        told,
        [
            (Some("example"), "UDP", "referral to b.example: ns.op.example"),
            (Some("b.example"), "UDP without EDNS", "NOERROR, 1 record"),
        ]
    );
    assert_eq!(walked.asked[0].server.as_deref(), Some("ns.nic.example"));
}
