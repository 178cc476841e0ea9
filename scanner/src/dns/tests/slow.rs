//! A resolver that takes long and loses nothing is asked as much as a quick one.

use super::*;
use std::collections::HashMap;

const LATE: Duration = Duration::from_millis(600);
/// The first attempt has an eighth of it, which is less than the resolver takes.
const DEADLINE: Duration = Duration::from_secs(4);

async fn slow() -> Rogue {
    Rogue::serve_late(|_| LATE, nxdomain).await
}

/// Asks for so many names at once; what came of them, and the rate that was found.
async fn ask_at_once(dns: &Arc<Dns>, server: SocketAddr, n: usize) -> (Vec<DnsStatus>, Option<f64>) {
    let asking = async {
        let statuses = ask_many(dns, n, n).await;
        (statuses, Engine::here().unwrap().rate(server))
    };
    dns.attend(asking).await.unwrap()
}

#[tokio::test]
async fn what_comes_late_is_no_loss_and_is_waited_for_once_that_is_known() {
    let server = slow().await;
    let dns = Arc::new(client(&[server.addr], DEADLINE, 500));
    let (statuses, rate) = ask_at_once(&dns, server.addr, 6_000).await;
    assert_eq!(statuses, [DnsStatus::NxDomain; 6_000]);
    let counts = dns.counts();
    assert_eq!(rate, None, "{counts:?}");
    // Those that were sent before the first answer came.
    assert!(counts.retransmitted < 3_000, "{counts:?}");
}

#[tokio::test]
async fn a_resolver_that_was_slow_before_the_scan_is_waited_for_from_the_start() {
    let server = slow().await;
    let mut dns = client(&[server.addr], DEADLINE, 500);
    dns.preflight().await.unwrap();
    let dns = Arc::new(dns);
    let before = dns.counts();
    let (statuses, rate) = ask_at_once(&dns, server.addr, 2_000).await;
    assert_eq!((statuses.len(), rate), (2_000, None));
    let repeated = dns.counts().retransmitted - before.retransmitted;
    assert!(repeated < 200, "{repeated} of 2,000 were asked twice");
}

#[tokio::test]
async fn a_question_whose_later_datagram_is_answered_first_lost_nothing() {
    // As a resolver does that takes both for one question: the answers go out together.
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    rustix::net::sockopt::set_socket_recv_buffer_size(&server, 4 << 20).unwrap();
    server.set_read_timeout(Some(LONG)).unwrap();
    let addr = server.local_addr().unwrap();
    let answering = std::thread::spawn(move || {
        let mut held: HashMap<Vec<u8>, (Vec<u8>, SocketAddr)> = HashMap::new();
        let mut query = [0; 512];
        for _ in 0..800 {
            let (len, from) = server.recv_from(&mut query).unwrap();
            match held.remove(&query[2..len]) {
                Some((first, first_from)) => {
                    server.send_to(&nxdomain(&query[..len]), from).unwrap();
                    server.send_to(&nxdomain(&first), first_from).unwrap();
                }
                None => drop(held.insert(query[2..len].to_vec(), (query[..len].to_vec(), from))),
            }
        }
    });
    let dns = Arc::new(client(&[addr], Duration::from_secs(8), 1_000));
    let (statuses, rate) = ask_at_once(&dns, addr, 400).await;
    assert_eq!((statuses.len(), rate), (400, None), "{:?}", dns.counts());
    answering.join().unwrap();
}

#[tokio::test]
async fn of_two_resolvers_the_slow_one_is_not_charged_with_losses() {
    let (slow, quick) = (slow().await, Rogue::serve(|_, query| vec![nxdomain(query)]).await);
    let dns = Arc::new(client(&[slow.addr, quick.addr], DEADLINE, 500));
    let (statuses, rate) = ask_at_once(&dns, slow.addr, 1_000).await;
    assert_eq!((statuses.len(), rate), (1_000, None), "{:?}", dns.counts());
}
