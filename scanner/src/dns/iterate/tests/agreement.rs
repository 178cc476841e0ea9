//! Whether the servers of a name's zone say the same.

use super::*;

/// A world in which `a.example` has these servers, each at a host from 3 on.
async fn world(net: u8, says: Vec<Reply>) -> World {
    let names: Vec<&'static str> = vec!["ns1.a.example", "ns2.a.example", "ns3.a.example"];
    let hosts = 3_u8..;
    let of_zone: Vec<_> =
        names.into_iter().zip(hosts.clone()).map(|(name, host)| (name, Some(at(net, host)))).collect();
    let of_zone: Vec<_> = of_zone.into_iter().take(says.len()).collect();
    let mut servers = registry(net, move |_| Reply::Refer("a.example", of_zone.clone()));
    for (reply, host) in says.into_iter().zip(hosts) {
        servers.push((at(net, host), Box::new(move |_, _| reply.clone())));
    }
    World::of(servers).await
}

async fn agree(net: u8, says: Vec<Reply>) -> Option<bool> {
    let many = says.len();
    let world = world(net, says).await;
    let dns = world.client(at(net, 1), Duration::from_secs(2));
    let near = Near::default();
    let name = "_mta-sts.a.example";
    let asked = dns.attend(async {
        let waited = &mut Waited::default();
        dns.ask_near(Effort::Full, Some(&near), name, RecordType::TXT, waited).await.unwrap();
        dns.servers_agree(&near, name, waited).await.unwrap()
    });
    let agree = asked.await.unwrap();
    for host in (3..).take(many) {
        assert!(world.times(at(net, host)) > 0, "each of them is asked");
    }
    agree
}

#[tokio::test]
async fn servers_agree_where_all_that_answer_say_the_same() {
    let (one, other) = (|| Reply::Txt("v=STSv1; id=1"), || Reply::Txt("v=STSv1; id=2"));
    let alias = || Reply::Alias("b.example");
    for (n, (says, expected)) in [
        (vec![one(), one(), one()], Some(true)),
        (vec![one(), other(), one()], Some(false)),
        (vec![one(), Reply::NxDomain], Some(false)),
        (vec![one(), Reply::NoData], Some(false)),
        (vec![Reply::NoData, Reply::NxDomain], Some(true)),
        (vec![alias(), alias()], Some(true)),
        (vec![alias(), one()], Some(false)),
        (vec![one(), Reply::Code(ResponseCode::Refused), one()], Some(true)),
        (vec![one(), Reply::Hearsay("v=STSv1; id=2")], None),
        (vec![one(), Reply::Silence], None),
        (vec![one()], None),
    ]
    .into_iter()
    .enumerate()
    {
        let net = 70 + u8::try_from(n).unwrap();
        assert_eq!(agree(net, says.clone()).await, expected, "{says:?}");
    }
}

#[tokio::test]
async fn an_address_that_two_servers_share_is_one_server() {
    let mut servers = registry(81, |_| {
        let addr = Some(at(81, 3));
        Reply::Refer("a.example", vec![("ns1.a.example", addr), ("ns2.a.example", addr)])
    });
    servers.push((at(81, 3), Box::new(|_, _| Reply::Txt("v=STSv1; id=1"))));
    let world = World::of(servers).await;
    let dns = world.client(at(81, 1), LONG);
    let near = Near::default();
    let asked = dns.attend(async {
        dns.servers_agree(&near, "_mta-sts.a.example", &mut Waited::default()).await.unwrap()
    });
    assert_eq!(asked.await.unwrap(), None);
    assert_eq!(world.times(at(81, 3)), 2, "once to find the zone, and once");
}
