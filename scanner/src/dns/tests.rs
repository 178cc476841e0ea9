#![allow(clippy::unwrap_used, clippy::async_yields_async, reason = "a test that fails here has failed")]
use super::engine::EngineConnections;
use super::rogue::{Rogue, client, empty, nxdomain, txt};
use super::*;
use crate::evidence::DnsStatus;
use hickory_resolver::Resolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use proptest::prelude::{Strategy, any, prop, proptest};
use std::collections::HashSet;
use std::net::UdpSocket;
use std::time::Instant;

mod late;
mod slow;
mod useless;

const SHORT: Duration = Duration::from_millis(800);
const LONG: Duration = Duration::from_secs(20);

async fn ask(dns: &Dns, name: &str) -> Answer {
    dns.ask(name, RecordType::TXT, &mut Waited::default()).await.unwrap()
}

/// Asks for `n` names, `width` of them at a time; what came of each.
async fn ask_many(dns: &Arc<Dns>, n: usize, width: usize) -> Vec<DnsStatus> {
    let mut tasks = JoinSet::new();
    let mut statuses = Vec::new();
    for i in 0..n {
        if tasks.len() == width {
            statuses.push(tasks.join_next().await.unwrap().unwrap());
        }
        let dns = dns.clone();
        tasks.spawn(async move { ask(&dns, &format!("n{i}.example")).await.status });
    }
    while let Some(status) = tasks.join_next().await {
        statuses.push(status.unwrap());
    }
    statuses
}

fn assert_sum(counts: &Counts) {
    assert_eq!(counts.asked, counts.answered + counts.timed_out + counts.given_up, "{counts:?}");
}

#[tokio::test]
async fn what_is_answered_and_what_timed_out_is_what_was_asked() {
    let server = Rogue::serve(|_, query| {
        // One name in ten is never answered, and one datagram in seven is lost.
        let name_sum: u32 = query[12..20].iter().map(|b| u32::from(*b)).sum();
        let lost = query[1] % 7 == 0;
        if name_sum.is_multiple_of(10) || lost { Vec::new() } else { vec![nxdomain(query)] }
    })
    .await;
    let dns = Arc::new(client(&[server.addr], SHORT, 100));
    let statuses = dns.attend(ask_many(&dns, 2_000, 300)).await.unwrap();
    let of = |status| statuses.iter().filter(|s| **s == status).count();
    assert_eq!(statuses.len(), of(DnsStatus::NxDomain) + of(DnsStatus::Timeout));
    let counts = dns.counts();
    assert_sum(&counts);
    assert_eq!(counts.answered, u64::try_from(of(DnsStatus::NxDomain)).unwrap());
    assert_eq!(counts.timed_out, u64::try_from(of(DnsStatus::Timeout)).unwrap());
    assert!(counts.retransmitted > 100);
}

#[tokio::test]
async fn a_question_that_is_given_up_before_any_was_sent_harms_nobody() {
    let dns = client(&[SocketAddr::from(([127, 0, 0, 1], 9))], SHORT, 10);
    let given_up = async {
        let engine = engine_here().unwrap();
        drop(engine.exchange("a.example", RecordType::MX));
    };
    dns.attend(given_up).await.unwrap();
    assert_eq!((dns.counts().asked, dns.counts().given_up), (1, 1));
}

#[tokio::test]
async fn a_wrong_id_is_dropped_and_the_right_answer_taken() {
    let server = Rogue::serve(|_, query| {
        let mut forged = txt(query);
        forged[0] ^= 0x5a;
        vec![forged, nxdomain(query)]
    })
    .await;
    let dns = client(&[server.addr], LONG, 10);
    assert_eq!(dns.attend(ask(&dns, "a.example")).await.unwrap().status, DnsStatus::NxDomain);
    assert_eq!(dns.counts().stray, 1);
}

#[tokio::test]
async fn an_answer_to_another_question_is_dropped() {
    let server = Rogue::serve(|_, query| {
        let mut other_name = txt(query);
        other_name[13] = b'z';
        let mut other_type = nxdomain(query);
        let end = other_type.len() - 11;
        other_type[end - 3] = 15;
        let mut without = nxdomain(query);
        without[5] = 0;
        vec![other_name, other_type, without, nxdomain(query)]
    })
    .await;
    let dns = client(&[server.addr], LONG, 10);
    let answer = dns.attend(ask(&dns, "a.example")).await.unwrap();
    assert_eq!((answer.status, dns.counts().wrong_question), (DnsStatus::NxDomain, 3));
}

#[tokio::test]
async fn an_answer_from_elsewhere_is_never_accepted() {
    let elsewhere = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = server.local_addr().unwrap();
    let forger = std::thread::spawn(move || {
        let mut query = [0; 512];
        let (len, from) = server.recv_from(&mut query).unwrap();
        elsewhere.send_to(&txt(&query[..len]), from).unwrap();
        server.send_to(&nxdomain(&query[..len]), from).unwrap();
    });
    let dns = client(&[addr], LONG, 10);
    assert_eq!(dns.attend(ask(&dns, "a.example")).await.unwrap().status, DnsStatus::NxDomain);
    forger.join().unwrap();
}

#[tokio::test]
async fn what_is_no_answer_at_all_is_dropped() {
    let server = Rogue::serve(|_, query| {
        let mut notify = nxdomain(query);
        notify[2] |= 0x20;
        vec![Vec::new(), vec![0], query.to_vec(), notify, nxdomain(query)]
    })
    .await;
    let dns = client(&[server.addr], LONG, 10);
    assert_eq!(dns.attend(ask(&dns, "a.example")).await.unwrap().status, DnsStatus::NxDomain);
    assert_eq!(dns.counts().malformed, 4);
}

#[tokio::test]
async fn a_lost_datagram_is_repeated_under_another_id() {
    let mut ids = HashSet::new();
    let server = Rogue::serve(move |n, query| {
        assert!(ids.insert([query[0], query[1]]), "an id was used twice");
        if n < 2 { Vec::new() } else { vec![nxdomain(query)] }
    })
    .await;
    let dns = client(&[server.addr], SHORT, 10);
    assert_eq!(dns.attend(ask(&dns, "a.example")).await.unwrap().status, DnsStatus::NxDomain);
    let counts = dns.counts();
    assert_eq!((counts.sent, counts.expired, counts.answered), (3, 2, 1));
}

#[tokio::test]
async fn a_late_answer_to_an_earlier_datagram_is_an_answer() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = server.local_addr().unwrap();
    let answering = std::thread::spawn(move || {
        let mut first = [0; 512];
        let (len, from) = server.recv_from(&mut first).unwrap();
        server.recv_from(&mut [0; 512]).unwrap();
        server.send_to(&txt(&first[..len]), from).unwrap();
    });
    let dns = client(&[addr], SHORT, 10);
    assert_eq!(dns.attend(ask(&dns, "a.example")).await.unwrap().status, DnsStatus::NoError);
    assert_eq!(dns.counts().sent, 2);
    answering.join().unwrap();
}

#[tokio::test]
async fn duplicates_and_a_flood_are_dropped_and_counted() {
    let server = Rogue::serve(|n, query| {
        let mut flood = vec![nxdomain(query); 20];
        flood.extend((0..40).map(|i| {
            let mut forged = txt(query);
            forged[0] ^= 1 + i;
            forged[1] ^= u8::try_from(n % 250).unwrap();
            forged
        }));
        flood
    })
    .await;
    let dns = Arc::new(client(&[server.addr], LONG, 8));
    let statuses = dns.attend(ask_many(&dns, 200, 8)).await.unwrap();
    assert!(statuses.iter().all(|status| *status == DnsStatus::NxDomain));
    let counts = dns.counts();
    assert_sum(&counts);
    assert!(counts.stray > 1_000, "{counts:?}");
}

#[tokio::test]
async fn a_silent_resolver_loses_no_answer_and_is_rested() {
    let silent = Rogue::serve(|_, _| Vec::new()).await;
    let good = Rogue::serve(|_, query| vec![nxdomain(query)]).await;
    let dns = Arc::new(client(&[silent.addr, good.addr], SHORT, 500));
    let statuses = dns.attend(ask_many(&dns, 2_000, 50)).await.unwrap();
    assert!(statuses.iter().all(|status| *status == DnsStatus::NxDomain));
    let [warning] = dns.warnings().try_into().unwrap();
    assert!(warning.starts_with(&format!("resolver {} stopped answering", silent.addr)), "{warning}");
}

#[tokio::test]
async fn a_resolver_that_refuses_everything_loses_no_answer_and_is_rested() {
    let refusing = Rogue::serve(|_, query| vec![empty(query, 5)]).await;
    let good = Rogue::serve(|_, query| vec![nxdomain(query)]).await;
    let dns = Arc::new(client(&[refusing.addr, good.addr], LONG, 500));
    let statuses = dns.attend(ask_many(&dns, 1_000, 50)).await.unwrap();
    assert!(statuses.iter().all(|status| *status == DnsStatus::NxDomain));
    assert!(dns.warnings()[0].contains("refused everything"));
}

#[tokio::test]
async fn a_refusal_of_the_only_resolver_is_the_outcome() {
    let refusing = Rogue::serve(|_, query| vec![empty(query, 5)]).await;
    let dns = client(&[refusing.addr], LONG, 10);
    assert_eq!(dns.attend(ask(&dns, "a.example")).await.unwrap().status, DnsStatus::Refused);
}

#[tokio::test]
async fn a_resolver_that_is_not_there_is_known_at_once() {
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut dns = client(&[nobody], Duration::from_secs(600), 10);
    let message = dns.preflight().await.unwrap_err().to_string();
    assert!(message.contains("no resolver answers"), "{message}");
}

#[tokio::test]
async fn no_more_is_in_flight_than_allowed() {
    let server = Rogue::serve(|_, _| Vec::new()).await;
    let dns = Arc::new(client(&[server.addr], Duration::from_millis(200), 2));
    let asked = dns.clone();
    let statuses = dns
        .attend(async move {
            let asking = ask_many(&asked, 200, 200);
            tokio::pin!(asking);
            let engine = Engine::here().unwrap();
            loop {
                tokio::select! {
                    statuses = &mut asking => break statuses,
                    () = tokio::task::yield_now() => {
                        assert!(engine.late() <= 2 * LATE_A_PLACE);
                        assert!(engine.in_flight() - engine.late() <= 2);
                    }
                }
            }
        })
        .await
        .unwrap();
    assert!(statuses.iter().all(|status| *status == DnsStatus::Timeout));
    assert_sum(&dns.counts());
}

#[tokio::test]
async fn names_that_never_answer_leave_the_window_to_the_others() {
    // One name in four is never answered; all of them together are five times the window.
    let server = Rogue::serve(|_, query| {
        let (name, _) = wire::asked(query).unwrap();
        let number: usize =
            name.to_ascii().trim_start_matches('n').split('.').next().unwrap().parse().unwrap();
        if number.is_multiple_of(4) { Vec::new() } else { vec![nxdomain(query)] }
    })
    .await;
    let dns = Arc::new(client(&[server.addr], Duration::from_secs(4), 50));
    let asked = dns.clone();
    let (answered, late) = dns
        .attend(async move {
            let mut tasks = JoinSet::new();
            for n in 0..1_000 {
                let dns = asked.clone();
                tasks.spawn(async move {
                    let began = Instant::now();
                    let answer = ask(&dns, &format!("n{n}.example")).await;
                    (answer.status, began.elapsed())
                });
            }
            let (mut answered, mut late) = (Vec::new(), 0);
            while let Some(done) = tasks.join_next().await {
                let (status, took) = done.unwrap();
                late = late.max(asked.late());
                if status == DnsStatus::NxDomain {
                    answered.push(took);
                }
            }
            (answered, late)
        })
        .await
        .unwrap();
    assert_eq!(answered.len(), 750);
    // In the window the 250 that are dead would take turns of half a second and more, five of them.
    assert!(late >= 200, "{late} were late at once");
    assert!(answered.iter().all(|took| *took < Duration::from_secs(2)), "{:?}", answered.iter().max());
    assert_sum(&dns.counts());
}

#[tokio::test]
async fn the_rate_of_a_resolver_that_drops_what_is_too_much_is_found() {
    // 4,000 answers per second, and what comes faster is dropped.
    let mut tokens = 0.0;
    let mut last = Instant::now();
    let server = Rogue::serve(move |_, query| {
        tokens = f64::min(tokens + last.elapsed().as_secs_f64() * 4_000.0, 40.0);
        last = Instant::now();
        if tokens < 1.0 {
            return Vec::new();
        }
        tokens -= 1.0;
        vec![nxdomain(query)]
    })
    .await;
    let dns = Arc::new(client(&[server.addr], Duration::from_secs(2), 1_000));
    let asking = async {
        let statuses = ask_many(&dns, 12_000, 1_000).await;
        (statuses, Engine::here().unwrap().rate(server.addr))
    };
    let (statuses, rate) = dns.attend(asking).await.unwrap();
    assert!(rate.is_some_and(|rate| rate < 20_000.0), "{rate:?}");
    let lost = statuses.iter().filter(|status| **status == DnsStatus::Timeout).count();
    assert!(lost <= 12, "{lost} of 12,000 lost: {:?}", dns.counts());
    assert_sum(&dns.counts());
}

#[tokio::test]
async fn a_stopped_engine_leaves_nobody_waiting() {
    let server = Rogue::serve(|_, _| Vec::new()).await;
    let dns = Arc::new(client(&[server.addr], LONG, 10));
    let asked = dns.clone();
    let task = dns
        .attend(async move {
            let task =
                tokio::spawn(
                    async move { asked.ask("a.example", RecordType::A, &mut Waited::default()).await },
                );
            while Engine::here().unwrap().in_flight() == 0 {
                tokio::task::yield_now().await;
            }
            task
        })
        .await
        .unwrap();
    assert!(matches!(task.await.unwrap(), Err(Unfinished::Stopped)));
    assert!(dns.ask("a.example", RecordType::A, &mut Waited::default()).await.is_err());
}

#[tokio::test]
async fn a_resolver_of_hickory_asks_through_the_engine() {
    let server = Rogue::serve(|_, query| vec![txt(query)]).await;
    let dns = client(&[server.addr], LONG, 10);
    let asked = async {
        let mut name_server = NameServerConfig::udp_and_tcp(server.addr.ip());
        name_server.connections.iter_mut().for_each(|connection| connection.port = server.addr.port());
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![name_server]);
        let connections = EngineConnections::new(Engine::here().unwrap());
        let mut builder = Resolver::builder_with_config(config, connections);
        *builder.options_mut() = ResolverOpts::default();
        let resolver = builder.build().unwrap();
        for _ in 0..3 {
            let found = resolver.txt_lookup("a.example.").await.unwrap();
            assert_eq!(found.answers().len(), 1);
        }
    };
    dns.attend(asked).await.unwrap();
    assert_eq!(dns.counts().answered, 1, "the cache answers what was asked before");
}

/// An answer to `a.example TXT` with a part of it overwritten, or cut.
fn mangled() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let query = || {
        let mut query = Vec::new();
        wire::write_query("a.example", RecordType::TXT, &mut query).unwrap();
        query
    };
    let base = prop::sample::select(vec![txt(&query()), nxdomain(&query()), empty(&query(), 2)]);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    (base, changes, prop::collection::vec(any::<u8>(), 0..20), any::<prop::sample::Index>()).prop_map(
        move |(mut answer, changes, tail, cut)| {
            for (at, byte) in changes {
                let at = at.index(answer.len());
                answer[at] = byte;
            }
            if tail.len() % 3 == 0 {
                answer.truncate(cut.index(answer.len()));
            }
            answer.extend(tail);
            (query(), answer)
        },
    )
}

proptest! {
    /// Whatever comes: no panic, and where hickory reads the bytes the short path says the same.
    #[test]
    fn any_bytes_are_read_alike_by_both_ways((query, answer) in mangled()) {
        let short = Answer::of_wire(&query, &answer, 0);
        let message = hickory_resolver::proto::op::Message::from_vec(&answer);
        if let (Some(short), Ok(message)) = (short, message) {
            let (name, kind) = wire::asked(&query).unwrap();
            if wire::compare(&query, &answer) != wire::Likeness::Other {
                assert_eq!(short, Answer::read(message, &name, kind, 0));
            }
        }
    }

    /// Whatever comes in by a socket: no panic, and nothing is accepted whose question is another.
    #[test]
    fn any_bytes_pass_the_checks_or_are_dropped(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut query = Vec::new();
        wire::write_query("a.example", RecordType::TXT, &mut query).unwrap();
        let _ = wire::Head::of_answer(&bytes);
        let _ = wire::errors_of_empty(&bytes);
        let _ = wire::question(&bytes);
        assert_eq!(wire::compare(&query, &bytes), wire::Likeness::Other);
        let _ = Answer::of_wire(&query, &bytes, 0);
    }
}
