//! Servers that are lame, silent, slow, old or odd.

use super::*;

/// A world in which the zone `a.example` has these servers, from host 3 on; what comes of asking for it.
async fn with(net: u8, says: Vec<Reply>, deadline: Duration) -> (Answer, Vec<usize>) {
    let count = says.len();
    let names = ["ns1.a.example", "ns2.a.example", "ns3.a.example", "ns4.a.example"];
    let addr = |n: usize| at(net, u8::try_from(n + 3).unwrap());
    let servers: Vec<_> = (0..count).map(|n| (names[n], Some(addr(n)))).collect();
    let mut world = registry(net, move |_| Reply::Refer("a.example", servers.clone()));
    for (n, reply) in says.into_iter().enumerate() {
        world.push((addr(n), Box::new(move |_, _| reply.clone())));
    }
    let world = World::of(world).await;
    let dns = world.client(at(net, 1), deadline);
    let answer = dns.attend(ask(&dns, "a.example", RecordType::TXT)).await.unwrap();
    let times = (0..count).map(|n| world.times(addr(n))).collect();
    (answer, times)
}

fn good() -> Reply {
    Reply::Txt("v=1")
}

#[tokio::test]
async fn a_lame_server_is_passed_over_and_where_all_are_it_is_a_failure() {
    let circle = || Reply::Refer("example", vec![("ns.nic.example", None)]);
    let itself = || Reply::Refer("a.example", vec![("ns1.a.example", None)]);
    for (n, lame) in [
        Reply::Code(ResponseCode::Refused),
        Reply::Code(ResponseCode::ServFail),
        Reply::Hearsay("v=2"),
        circle(),
        itself(),
    ]
    .into_iter()
    .enumerate()
    {
        let net = 10 + u8::try_from(n).unwrap();
        let (answer, _) = with(net, vec![lame.clone(), good()], LONG).await;
        assert_eq!((answer.status, answer.txt()), (DnsStatus::NoError, vec![b"v=1".to_vec()]), "{lame:?}");
        let (answer, times) = with(net, vec![lame.clone(), lame.clone()], LONG).await;
        assert_eq!((answer.status, answer.ede), (DnsStatus::ServFail, Some(vec![22])), "{lame:?}");
        assert_eq!(times, [1, 1], "{lame:?}: each is asked once");
    }
}

#[tokio::test]
async fn one_dead_server_of_several_fails_nobody_and_where_all_are_it_is_a_timeout() {
    let (answer, _) = with(20, vec![Reply::Silence, Reply::Silence, good()], LONG).await;
    assert_eq!(answer.status, DnsStatus::NoError);
    let (answer, times) = with(21, vec![Reply::Silence, Reply::Silence], Duration::from_secs(3)).await;
    assert_eq!((answer.status, answer.ede), (DnsStatus::Timeout, Some(vec![22])));
    assert!(times.iter().sum::<usize>() <= 5, "{times:?}");
    let (answer, _) =
        with(22, vec![Reply::Silence, Reply::Code(ResponseCode::Refused)], Duration::from_secs(3)).await;
    assert_eq!(answer.status, DnsStatus::ServFail, "one of them answered");
}

#[tokio::test]
async fn a_server_that_does_not_know_edns_is_asked_without() {
    for (n, code) in
        [Some(ResponseCode::FormErr), Some(ResponseCode::NotImp), Some(ResponseCode::BADVERS), None]
            .into_iter()
            .enumerate()
    {
        let net = 30 + u8::try_from(n).unwrap();
        let (answer, _) = with(net, vec![Reply::Plain(code, Box::new(good()))], LONG).await;
        assert_eq!(answer.status, DnsStatus::NoError, "{code:?}");
    }
}

#[tokio::test]
async fn a_slow_server_is_waited_for() {
    for (n, ms) in [400, 1_500, 3_000].into_iter().enumerate() {
        let net = 40 + u8::try_from(n).unwrap();
        let (answer, _) = with(net, vec![Reply::Late(ms, Box::new(good()))], LONG).await;
        assert_eq!(answer.status, DnsStatus::NoError, "{ms} ms");
    }
}

#[tokio::test]
async fn an_answer_counts_that_comes_when_nobody_is_asked_any_more() {
    // The only server was asked three times with EDNS and once without, and waited for 5.2 seconds by then.
    let late = Reply::Late(5_600, Box::new(good()));
    let (answer, asked) = with(46, vec![late], Duration::from_secs(8)).await;
    assert_eq!((answer.status, asked), (DnsStatus::NoError, vec![4]));
}

#[tokio::test]
async fn slow_servers_are_not_dead_to_who_asks_before_their_first_answer() {
    let servers = vec![("ns1.a.example", Some(at(43, 3))), ("ns2.a.example", Some(at(43, 4)))];
    let mut world = registry(43, move |_| Reply::Refer("a.example", servers.clone()));
    for host in [3, 4] {
        world.push((at(43, host), Box::new(|_, _| Reply::Late(3_000, Box::new(good())))));
    }
    let world = World::of(world).await;
    let dns = &world.client(at(43, 1), Duration::from_secs(5));
    dns.attend(async {
        let asked = [0, 1_500, 2_700, 2_900, 3_100].map(|ms| async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            (ms, ask(dns, "a.example", RecordType::TXT).await.status)
        });
        for (ms, status) in futures::future::join_all(asked).await {
            assert_eq!(status, DnsStatus::NoError, "asked after {ms} ms");
        }
        // It is known by now that they take long.
        let once = dns.ask_with(Effort::Once, "a.example", RecordType::TXT, &mut Waited::default()).await;
        assert_eq!(once.unwrap().status, DnsStatus::NoError);
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_slow_server_without_edns_is_waited_for_by_who_has_not_heard_it_yet() {
    let mut world = registry(44, |_| Reply::Refer("a.example", vec![("ns1.a.example", Some(at(44, 3)))]));
    let slow = || Reply::Late(3_000, Box::new(good()));
    world
        .push((at(44, 3), Box::new(move |_, _| Reply::Plain(Some(ResponseCode::FormErr), Box::new(slow())))));
    let world = World::of(world).await;
    let dns = &world.client(at(44, 1), Duration::from_secs(5));
    // Each of the two has an engine of its own, and what is known of EDNS is known to both.
    for _ in 0..2 {
        let status = dns.attend(async { ask(dns, "a.example", RecordType::TXT).await.status }).await.unwrap();
        assert_eq!(status, DnsStatus::NoError);
    }
}

#[tokio::test]
async fn an_answer_from_another_address_is_none_and_one_in_lower_case_is() {
    let (answer, _) = with(50, vec![Reply::FromElsewhere(Box::new(good()))], Duration::from_secs(2)).await;
    assert_eq!(answer.status, DnsStatus::Timeout);
    let (answer, _) = with(51, vec![Reply::FromElsewhere(Box::new(good())), good()], LONG).await;
    assert_eq!(answer.status, DnsStatus::NoError);
    let (answer, _) = with(52, vec![Reply::Lowered(Box::new(good()))], LONG).await;
    assert_eq!(answer.status, DnsStatus::NoError);
}

#[tokio::test]
async fn a_server_that_was_silent_is_asked_where_the_other_one_is_of_no_use() {
    let silent = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let mut world = registry(53, |_| {
        let servers = [("ns1.a.example", at(53, 3)), ("ns2.a.example", at(53, 4))];
        Reply::Refer("a.example", servers.map(|(name, addr)| (name, Some(addr))).to_vec())
    });
    let is_silent = silent.clone();
    let says = move |_: &str, _| match is_silent.load(std::sync::atomic::Ordering::Relaxed) {
        true => Reply::Silence,
        false => good(),
    };
    world.push((at(53, 3), Box::new(says)));
    world.push((at(53, 4), Box::new(|_, _| Reply::Code(ResponseCode::Refused))));
    let world = World::of(world).await;
    let dns = world.client(at(53, 1), LONG);
    dns.attend(async {
        assert_eq!(ask(&dns, "a.example", RecordType::TXT).await.status, DnsStatus::ServFail);
        silent.store(false, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(ask(&dns, "a.example", RecordType::TXT).await.status, DnsStatus::NoError);
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_lame_answer_that_is_late_is_not_taken_for_that_of_the_next_server() {
    let lame = Reply::Late(600, Box::new(Reply::Code(ResponseCode::Refused)));
    let slow = Reply::Late(700, Box::new(good()));
    // Which one is asked first is chance.
    for net in 54..60 {
        let (answer, _) = with(net, vec![lame.clone(), slow.clone()], LONG).await;
        assert_eq!((answer.status, answer.txt()), (DnsStatus::NoError, vec![b"v=1".to_vec()]));
    }
}
