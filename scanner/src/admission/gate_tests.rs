#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
use super::*;
use crate::admission::level::Limits;
use crate::admission::slow::SlowSlots;
use futures::FutureExt as _;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

const ADDR: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A gate with a bound and a rate for all and for one address.
fn gate(rate: u32, in_flight: usize, target_rate: u32, target_in_flight: usize) -> Gate {
    let target = Limits::of_target(target_rate, target_in_flight);
    let all = Limits::of_all(rate, in_flight);
    Gate::new(StageLimits { all, address: target, network: target, provider: target })
}

async fn enter(gate: &Gate) -> Slot<'_> {
    gate.enter(Target::policy_host(ADDR), (InQueue::Leaves, None), &mut Waited::default()).await.unwrap()
}

#[tokio::test]
async fn in_any_window_there_are_at_most_rate_times_window_and_one() {
    let gate = gate(1_000, 64, 200, 64);
    let mut at = Vec::new();
    for _ in 0..40 {
        enter(&gate).await.run(async { at.push(Instant::now()) }).await;
    }
    // The rates count after the stamp, so that a stamp cannot come sooner than the interval after the one
    // before.
    for (i, from) in at.iter().enumerate() {
        for (n, to) in at[i..].iter().enumerate() {
            let allowed = to.duration_since(*from).as_secs_f64() * 200.0 + 1.0;
            assert!((n + 1) as f64 <= allowed + 1e-6, "{} contacts where {allowed:.1} are allowed", n + 1);
        }
    }
}

#[tokio::test]
async fn everybody_in_a_crowd_gets_a_turn_at_the_rate() {
    let gate = gate(1_000_000, 4, 500, 3);
    let began = Instant::now();
    let contacts = (0..500).map(|_| async {
        let mut waited = Waited::default();
        let mut slot =
            gate.enter(Target::policy_host(ADDR), (InQueue::Leaves, None), &mut waited).await.unwrap();
        slot.run(tokio::time::sleep(Duration::from_millis(3))).await;
    });
    futures::future::join_all(contacts).await;
    assert_eq!(gate.in_flight(), 0);
    // Three at once, 3 ms each, are up to 1,000 per second: it is the rate that holds them back.
    assert!(began.elapsed() >= Duration::from_millis(998), "{:?}", began.elapsed());
}

#[tokio::test]
async fn who_comes_to_an_address_that_rests_is_put_off_at_once() {
    let gate = gate(1_000_000, 64, 1_000_000, 1);
    let mut limited = 0;
    while let Some(mut slot) =
        gate.enter(Target::policy_host(ADDR), (InQueue::Leaves, Some(1)), &mut Waited::default()).await
    {
        slot.run(std::future::ready(())).await;
        slot.note(PaceHint::TooMuch);
        limited += 1;
        assert!(limited < 100, "it never rests");
    }
    assert_eq!(gate.in_flight(), 0);
    let further = (InQueue::Stays, Some(1));
    assert!(gate.enter(Target::policy_host(ADDR), further, &mut Waited::default()).await.is_some());
}

#[tokio::test]
async fn who_stands_in_line_for_a_silent_address_is_put_off_and_an_answer_ends_that() {
    let gate = gate(1_000_000, 64, 1_000_000, 1);
    let target = || Target::policy_host(ADDR);
    let mut contact = enter(&gate).await;
    contact.run(std::future::ready(())).await;
    let waiting = |in_queue| {
        let gate = &gate;
        async move { gate.enter(target(), in_queue, &mut Waited::default()).await.is_some() }
    };
    let mut first = std::pin::pin!(waiting((InQueue::Leaves, None)));
    let mut further_try = std::pin::pin!(waiting((InQueue::Stays, None)));
    assert!(first.as_mut().now_or_never().is_none() && further_try.as_mut().now_or_never().is_none());
    for _ in 0..2 {
        gate.was_silent(&target(), now());
        assert!(first.as_mut().now_or_never().is_none(), "two are not enough");
    }
    let before = now();
    contact.note(PaceHint::Answer);
    // It answered somebody while these waited: they say nothing.
    (0..5).for_each(|_| gate.was_silent(&target(), before));
    let after = now() + Duration::from_millis(1);
    gate.was_silent(&target(), after);
    gate.was_silent(&target(), after);
    assert!(first.as_mut().now_or_never().is_none(), "there was an answer between");
    gate.was_silent(&target(), after);
    assert_eq!(first.now_or_never(), Some(false));
    assert!(further_try.as_mut().now_or_never().is_none(), "it goes on with what it has begun");
    drop(contact);
    assert!(further_try.await);
    // Later contacts have their turn, so the address is tried now and then.
    assert!(waiting((InQueue::Leaves, None)).await);
}

#[tokio::test]
async fn a_target_is_never_contacted_more_often_at_once_than_allowed() {
    let gate = gate(1_000_000, 64, 1_000_000, 2);
    let first = enter(&gate).await;
    let _second = enter(&gate).await;
    let mut third = std::pin::pin!(enter(&gate));
    assert!(third.as_mut().now_or_never().is_none());
    drop(first);
    assert!(third.now_or_never().is_some());
}

#[tokio::test]
async fn who_is_dropped_while_it_waits_or_just_after_it_was_told_leaves_its_place() {
    let gate = gate(1_000_000, 64, 1_000_000, 1);
    for told in [false, true] {
        let first = enter(&gate).await;
        let mut waits = Box::pin(enter(&gate));
        assert!(waits.as_mut().now_or_never().is_none());
        if told {
            drop(first);
            drop(waits);
        } else {
            drop(waits);
            drop(first);
        }
        assert_eq!(gate.in_flight(), 0);
        drop(enter(&gate).await);
    }
}

#[tokio::test]
async fn a_slow_conversation_gives_its_slot_to_others() {
    let gate = gate(1_000_000, 1, 1_000_000, 8);
    let slow = SlowSlots::new(1, Duration::from_millis(5));
    let (end, ended) = oneshot::channel::<()>();
    let mut slot = enter(&gate).await;
    let first = slow.hold(&mut slot, || false, ended);
    let second = async {
        // There is one slot, so this is when the first has moved.
        let _slot = enter(&gate).await;
        assert_eq!((slow.in_flight(), gate.in_flight()), (1, 1));
        end.send(()).unwrap();
    };
    let both = tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(first, second) });
    let (first, ()) = both.await.unwrap();
    first.unwrap();
    drop(slot);
    assert_eq!((slow.in_flight(), gate.in_flight()), (0, 0));
}

#[tokio::test]
async fn where_no_slow_slot_is_free_or_it_has_begun_a_conversation_keeps_its_own() {
    let gate = gate(1_000_000, 3, 1_000_000, 8);
    let slow = SlowSlots::new(1, Duration::from_millis(5));
    let ends: Vec<_> = (0..3).map(|_| oneshot::channel::<()>()).collect();
    let (ends, ended): (Vec<_>, Vec<_>) = ends.into_iter().unzip();
    let silent = async |begun: bool, mut slot: Slot<'_>, ended: oneshot::Receiver<()>| {
        slow.hold(&mut slot, || begun, ended).await.unwrap();
    };
    let slots = [enter(&gate).await, enter(&gate).await, enter(&gate).await];
    let conversations = async {
        let began = [true, false, false].into_iter();
        let all = began.zip(slots).zip(ended).map(|((begun, slot), ended)| silent(begun, slot, ended));
        futures::future::join_all(all).await;
    };
    let rest = async {
        // The slot of the one that moved; the two others still have theirs.
        let _slot = enter(&gate).await;
        assert_eq!((slow.in_flight(), gate.in_flight()), (1, 3));
        assert!(enter(&gate).now_or_never().is_none());
        ends.into_iter().for_each(|end| end.send(()).unwrap());
    };
    let all = async { tokio::join!(conversations, rest) };
    tokio::time::timeout(Duration::from_secs(20), all).await.unwrap();
    assert_eq!((slow.in_flight(), gate.in_flight()), (0, 0));
}
