//! Answers that do not fit into a datagram: asked again by TCP, within the same bounds.

use super::polite::{hosting, most_in_a_second};
use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How many are asked by TCP at this moment, and how many were at most.
#[derive(Default)]
struct Open {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// A world whose server at host 3 cuts every datagram and answers by TCP, after a while.
async fn cutting(net: u8) -> (World, Arc<Open>) {
    loop {
        let mut servers = hosting(net);
        servers[2].1 = Box::new(|_, _| Reply::Cut);
        let mut world = World::of(servers).await;
        let Ok(listener) = TcpListener::bind((at(net, 3), world.port)).await else { continue };
        let open = Arc::<Open>::default();
        let (asked, counted) = (world.asked.clone(), open.clone());
        world.tasks.spawn(async move {
            let mut all = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                all.spawn(answer(stream, at(net, 3), asked.clone(), counted.clone()));
            }
        });
        return (world, open);
    }
}

async fn answer(mut stream: TcpStream, addr: Ipv4Addr, asked: Arc<Mutex<Vec<Asked>>>, open: Arc<Open>) {
    let length = stream.read_u16().await.unwrap();
    let mut query = vec![0; length.into()];
    stream.read_exact(&mut query).await.unwrap();
    let query = Message::from_vec(&query).unwrap();
    let question = query.queries.first().unwrap();
    let came = (std::time::Instant::now(), addr, question.name().to_lowercase().to_ascii(), RecordType::TXT);
    asked.lock().unwrap().push(came);
    let now = open.now.fetch_add(1, Ordering::Relaxed) + 1;
    open.most.fetch_max(now, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(20)).await;
    open.now.fetch_sub(1, Ordering::Relaxed);
    let reply = message(&query, &Reply::Txt("v=1")).unwrap().to_vec().unwrap();
    stream.write_u16(reply.len().try_into().unwrap()).await.unwrap();
    stream.write_all(&reply).await.unwrap();
}

async fn ask_for(dns: &Arc<Dns>, names: usize) {
    dns.attend(async {
        let mut tasks = JoinSet::new();
        for n in 0..names {
            let dns = dns.clone();
            tasks.spawn(async move { ask(&dns, &format!("n{n}.example"), RecordType::TXT).await.status });
        }
        while let Some(status) = tasks.join_next().await {
            assert_eq!(status.unwrap(), DnsStatus::NoError);
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_is_asked_again_by_tcp_counts_as_a_question_in_any_second() {
    let (world, _) = cutting(65).await;
    ask_for(&Arc::new(world.client_with(at(65, 1), LONG, &[], (100, 50))), 125).await;
    let asked = world.asked.lock().unwrap();
    let at: Vec<_> = asked.iter().filter(|(_, of, ..)| *of == at(65, 3)).map(|(when, ..)| *when).collect();
    assert!(at.len() >= 250 && most_in_a_second(&at) <= 100, "{}: {}", at.len(), most_in_a_second(&at));
}

#[tokio::test]
async fn what_is_asked_by_tcp_is_in_flight_until_it_is_answered() {
    let (world, open) = cutting(66).await;
    ask_for(&Arc::new(world.client_with(at(66, 1), LONG, &[], (10_000, 3))), 60).await;
    let most = open.most.load(Ordering::Relaxed);
    assert!((1..=3).contains(&most), "{most} at once");
}
