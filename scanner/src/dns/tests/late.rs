//! Late answers: who is told of them, and that a doubtful question holds no place of the window.

use super::*;
use crate::dns::engine::Patience;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

#[derive(Default)]
struct Told(AtomicUsize);

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_listener_is_told_of_each_question_that_turns_late_whoever_looked_meanwhile() {
    let server = Rogue::serve(|_, _| Vec::new()).await;
    let dns = Arc::new(client(&[server.addr], LONG, 10));
    let asked = dns.clone();
    let work = async move {
        let (told, waker) = {
            let told = Arc::new(Told::default());
            (told.clone(), Waker::from(told))
        };
        let mut questions = JoinSet::new();
        for n in 1..=3 {
            assert_eq!(asked.late_and_tell(&waker), n - 1);
            let dns = asked.clone();
            questions.spawn(async move { ask(&dns, &format!("n{n}.example")).await });
            until(|| Engine::here().unwrap().in_flight() == n).await;
            // Others only look; that must not take the listener's place.
            assert_eq!(asked.late(), n - 1);
            until(|| asked.late() == n).await;
            assert_eq!(told.0.load(Ordering::SeqCst), n);
        }
    };
    let limited = tokio::time::timeout(LONG, dns.attend(work));
    limited.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_question_that_is_worth_one_attempt_holds_no_place_of_the_window() {
    let server = Rogue::serve(|_, _| Vec::new()).await;
    let dns = Arc::new(client(&[server.addr], LONG, 1));
    let asked = dns.clone();
    let work = async move {
        let mut questions = JoinSet::new();
        for n in 0..20 {
            let dns = asked.clone();
            questions.spawn(async move {
                let name = format!("n{n}.example");
                dns.ask_with(Effort::Once, &name, RecordType::TXT, &mut Waited::default()).await
            });
        }
        // The window has one place: if they held it, the second would be sent when the first turns late.
        let engine = Engine::here().unwrap();
        until(|| engine.in_flight() > 0).await;
        assert_eq!((engine.in_flight(), engine.late()), (20, 20));
    };
    dns.attend(work).await.unwrap();
}

#[tokio::test]
async fn an_urgent_question_waits_for_no_place() {
    let server = Rogue::serve(|_, _| Vec::new()).await;
    let dns = Arc::new(client(&[server.addr], LONG, 1));
    let asked = dns.clone();
    let work = async move {
        let engine = Engine::here().unwrap();
        let mut questions = JoinSet::new();
        for n in 0..5 {
            let dns = asked.clone();
            questions.spawn(async move { ask(&dns, &format!("n{n}.example")).await });
        }
        until(|| engine.in_flight() > 0).await;
        assert_eq!(engine.in_flight(), 1);
        let urgent = async {
            let mut exchange = engine.exchange("urgent.example", RecordType::SOA).unwrap();
            exchange.hurry();
            exchange.send(server.addr, Patience::just(LONG)).await
        };
        tokio::select! {
            biased;
            _ = urgent => {}
            () = async { assert_eq!((engine.in_flight(), engine.late()), (2, 1)) } => {}
        }
    };
    dns.attend(work).await.unwrap();
}
