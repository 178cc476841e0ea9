#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
use super::*;
use crate::evidence::PaceHint;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

const WIDE: Limits = Limits { rate: 1_000_000, in_flight: 100_000, burst: 1_000 };
const OPEN: StageLimits = StageLimits { all: WIDE, address: WIDE, network: WIDE, provider: WIDE };

fn limits(rate: u32, in_flight: usize) -> Limits {
    Limits::of_target(rate, in_flight)
}

fn host(addr: u32, provider: &str) -> Target {
    Target::mx_host(Ipv4Addr::from_bits(0xc600_0000 | addr).into(), &format!("mx.{provider}"))
}

/// A board in simulated time: contacts begin and last, and each beginning is noted.
struct World {
    board: Board,
    now: Instant,
    waiting: Vec<(usize, Target, oneshot::Receiver<()>)>,
    under_way: Vec<(Instant, Target)>,
    lasts: Duration,
    began: Vec<(Instant, usize, Target)>,
    most_at_once: HashMap<Option<Key>, usize>,
}

impl World {
    fn new(limits: StageLimits, lasts: Duration) -> Self {
        let now = Instant::now();
        Self {
            board: Board::new(limits, now),
            now,
            waiting: Vec::new(),
            under_way: Vec::new(),
            lasts,
            began: Vec::new(),
            most_at_once: HashMap::new(),
        }
    }

    fn enter(&mut self, id: usize, target: &Target) {
        let (tell, told) = oneshot::channel();
        self.board.enter(target, Waiter { tell, in_queue: InQueue::Leaves, look: Some(1) }, self.now);
        self.waiting.push((id, target.clone(), told));
        self.take_begun();
    }

    fn take_begun(&mut self) {
        while self.take_told() {}
    }

    fn take_told(&mut self) -> bool {
        let (now, lasts) = (self.now, self.lasts);
        let (begun, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .map(|(id, target, mut told)| (told.try_recv().is_ok(), id, target, told))
            .partition(|(begun, ..)| *begun);
        self.waiting = waiting.into_iter().map(|(_, id, target, told)| (id, target, told)).collect();
        let any = !begun.is_empty();
        for (_, id, target, _) in begun {
            self.board.begin(&target, now);
            self.under_way.push((now + lasts, target.clone()));
            self.began.push((now, id, target));
        }
        let mut counts: HashMap<Option<Key>, usize> = HashMap::from([(None, self.under_way.len())]);
        for key in self.under_way.iter().flat_map(|(_, target)| target.keys()) {
            *counts.entry(Some(key)).or_default() += 1;
        }
        for (key, count) in counts {
            let most = self.most_at_once.entry(key).or_default();
            *most = count.max(*most);
        }
        any
    }

    /// Lets time pass up to the next thing that happens; false where nothing ever will.
    fn step(&mut self) -> bool {
        let ends = self.under_way.iter().map(|(at, _)| *at).min();
        let Some(next) = ends.into_iter().chain(self.board.next_wake()).min() else { return false };
        self.now = self.now.max(next);
        let now = self.now;
        let (over, under_way) =
            std::mem::take(&mut self.under_way).into_iter().partition(|(at, _)| *at <= now);
        self.under_way = under_way;
        let over: Vec<(Instant, Target)> = over;
        for (_, target) in over {
            self.board.leave_all(now);
            self.board.leave(&target, now);
            self.take_begun();
        }
        self.board.tick(now);
        self.take_begun();
        true
    }

    fn run(&mut self) {
        while !self.waiting.is_empty() && self.step() {}
    }

    /// Asserts that contacts with a key (all, where it is `None`) hold to their limits in every window.
    fn assert_holds(&self, key: Option<&Key>, limits: Limits) -> Result<(), TestCaseError> {
        let touches = |target: &Target| key.is_none_or(|key| target.keys().any(|theirs| theirs == *key));
        let at: Vec<Instant> =
            self.began.iter().filter(|(.., target)| touches(target)).map(|(at, ..)| *at).collect();
        for (first, from) in at.iter().enumerate() {
            for (n, to) in at[first..].iter().enumerate() {
                let allowed =
                    to.duration_since(*from).as_secs_f64() * f64::from(limits.rate) + f64::from(limits.burst);
                // Less than a millionth of a contact is rounding.
                prop_assert!(
                    (n + 1) as f64 <= allowed + 1e-6,
                    "{} contacts of {:?} where {} are allowed",
                    n + 1,
                    key,
                    allowed
                );
            }
        }
        let most = self.most_at_once.get(&key.cloned()).copied().unwrap_or(0);
        prop_assert!(most <= limits.in_flight, "{} at once of {:?}", most, key);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_level_holds_in_every_window_and_everybody_gets_a_turn(
        all in (1u32..200, 1usize..20),
        address in (1u32..50, 1usize..4),
        network in (1u32..100, 1usize..6),
        provider in (1u32..100, 1usize..6),
        lasts in 1u64..500,
        who in prop::collection::vec((0u32..6, 0u32..3, 0u32..4), 1..120),
    ) {
        let stage = StageLimits {
            all: Limits::of_all(all.0, all.1),
            address: limits(address.0, address.1),
            network: limits(network.0, network.1),
            provider: limits(provider.0, provider.1),
        };
        let mut world = World::new(stage, Duration::from_millis(lasts));
        let targets: Vec<Target> =
            who.iter().map(|(addr, net, owner)| host(net << 8 | addr, &format!("p{owner}.example"))).collect();
        for (id, target) in targets.iter().enumerate() {
            world.enter(id, target);
        }
        world.run();
        prop_assert_eq!(world.began.len(), targets.len(), "somebody never got a turn");
        world.assert_holds(None, stage.all)?;
        for key in targets.iter().flat_map(Target::keys) {
            world.assert_holds(Some(&key), stage.of(&key))?;
        }
        while world.step() {}
        prop_assert_eq!(world.board.in_flight(), 0);
        prop_assert_eq!(world.board.kept().1, 0);
    }
}

#[test]
fn who_waits_holds_no_place_that_another_could_use() {
    let stage = StageLimits { address: limits(1_000_000, 1), provider: limits(1_000_000, 2), ..OPEN };
    let mut world = World::new(stage, Duration::from_secs(60));
    world.enter(0, &host(1, "big.example"));
    // Waits for the address; the provider's second slot is for another of its addresses, in whatever
    // network.
    world.enter(1, &host(1, "big.example"));
    world.enter(2, &host(2, "big.example"));
    assert_eq!(world.began.iter().map(|(_, id, _)| *id).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn a_long_queue_does_not_keep_a_short_one_waiting() {
    let stage = StageLimits { network: limits(10, 100), ..OPEN };
    let mut world = World::new(stage, Duration::from_millis(1));
    for id in 0..500 {
        world.enter(id, &host(1, "big.example"));
    }
    world.enter(1_000, &host(2, "small.example"));
    world.run();
    let turn = world.began.iter().position(|(_, id, _)| *id == 1_000).unwrap();
    assert!(turn <= 2, "it came as number {turn}");
}

#[test]
fn who_needs_two_levels_that_are_always_wanted_is_let_through() {
    // The network gives a turn every 70 ms, the provider every 110 ms: they hardly ever coincide.
    let stage = StageLimits { network: limits(14, 100), provider: limits(9, 100), ..OPEN };
    let mut world = World::new(stage, Duration::from_millis(1));
    let both = host(1, "big.example");
    for id in 1..400 {
        // Of the network but not of the provider, and the other way round.
        world.enter(id, &host(2, "other.example"));
        world.enter(10_000 + id, &host(300, "big.example"));
    }
    world.enter(0, &both);
    world.run();
    let turn = world.began.iter().position(|(_, id, _)| *id == 0).unwrap();
    assert!(world.began.len() == 799 && turn < 100, "it came as number {turn} of {}", world.began.len());
}

#[test]
fn who_gives_up_leaves_nothing_behind() {
    let stage = StageLimits { all: limits(1_000_000, 1), address: limits(1_000_000, 1), ..OPEN };
    let mut world = World::new(stage, Duration::from_secs(1));
    for id in 0..3 {
        world.enter(id, &host(1, "a.example"));
        world.enter(10 + id, &host(300, "b.example"));
    }
    // One is under way, one has its target's turn and waits for the bound of all, and the others
    // queue.
    world.waiting.clear();
    world.enter(99, &host(300, "b.example"));
    world.run();
    assert_eq!(world.began.iter().map(|(_, id, _)| *id).collect::<Vec<_>>(), [0, 99]);
    while world.step() {}
    assert_eq!((world.board.in_flight(), world.board.kept().1, world.board.turns.len()), (0, 0, 0));
}

#[test]
fn a_hundred_thousand_targets_leave_little_behind() {
    let stage =
        StageLimits { address: limits(2, 2), network: limits(4, 4), provider: limits(10, 20), ..OPEN };
    let mut world = World::new(stage, Duration::from_millis(100));
    let mut most = 0;
    for n in 0..100_000u32 {
        // 1,000 new targets a second, each with an address, a network and a provider of its own.
        world.now += Duration::from_millis(1);
        let target = host(n << 8 & 0xff_ffff, &format!("p{n}.example"));
        let (tell, _told) = oneshot::channel();
        world.board.enter(&target, Waiter { tell, in_queue: InQueue::Leaves, look: Some(1) }, world.now);
        world.board.begin(&target, world.now);
        world.board.note(&target, PaceHint::Answer, Some(1), world.now);
        world.board.leave_all(world.now);
        world.board.leave(&target, world.now);
        most = most.max(world.board.kept().0);
    }
    // Answers are remembered as far as the bound goes; pruning lets them double before it looks again.
    assert!(most <= 2 * REMEMBERED_TARGETS + PRUNE_EVERY, "{most} levels");
    world.now += Duration::from_secs(3_600);
    world.board.prune_at = 0;
    world.board.prune(world.now);
    assert_eq!(world.board.kept(), (0, 0));
    assert!(world.board.wakes.is_empty() && world.board.turns.is_empty());
}

#[test]
fn a_complaint_slows_the_address_and_three_in_a_row_the_provider() {
    let mut board = Board::new(OPEN, Instant::now());
    let now = Instant::now();
    let (one, other) = (host(1, "big.example"), host(300, "big.example"));
    let provider = one.provider().unwrap();
    let network = one.keys().nth(1).unwrap();
    for said in [PaceHint::TooMuch, PaceHint::TooMuch, PaceHint::Answer, PaceHint::TooMuch, PaceHint::TooMuch]
    {
        board.note(&one, said, Some(1), now);
    }
    assert_eq!((board.slowed(&one.address()), board.slowed(&provider), board.slowed(&network)), (16, 1, 1));
    assert_eq!(board.slowed(&other.address()), 1);
    board.note(&other, PaceHint::TooMuch, Some(1), now);
    assert_eq!((board.slowed(&provider), board.slowed(&other.address())), (2, 2));
}

#[test]
fn resets_in_a_row_after_an_answer_say_too_much() {
    let mut board = Board::new(OPEN, Instant::now());
    let now = Instant::now();
    let (one, other) = (host(1, "big.example"), host(2, "big.example"));
    let said: Vec<bool> = [
        PaceHint::Answer,
        PaceHint::End,
        PaceHint::End,
        PaceHint::Answer,
        PaceHint::End,
        PaceHint::End,
        PaceHint::End,
        PaceHint::End,
    ]
    .into_iter()
    .map(|said| board.note(&one, said, Some(1), now))
    .collect();
    assert_eq!(said, [false, false, false, false, false, false, true, true]);
    assert!((0..10).all(|_| !board.note(&other, PaceHint::End, Some(1), now)), "it never answered");
}

#[test]
fn a_slowed_target_is_contacted_less_and_others_are_not() {
    let stage = StageLimits { address: limits(8, 8), ..OPEN };
    let mut world = World::new(stage, Duration::from_millis(1));
    let (tired, fresh) = (host(1, "a.example"), host(300, "b.example"));
    for _ in 0..2 {
        world.board.note(&tired, PaceHint::TooMuch, Some(1), world.now);
    }
    let began = world.now;
    for id in 0..8 {
        world.enter(id, &tired);
        world.enter(100 + id, &fresh);
    }
    world.run();
    let last =
        |of: &Target| world.began.iter().filter(|(.., t)| t == of).map(|(at, ..)| *at - began).max().unwrap();
    assert_eq!((last(&tired).as_millis(), last(&fresh).as_millis()), (3_500, 875));
}

#[test]
fn ipv6_hosts_of_one_48_share_its_rate_and_others_do_not() {
    let stage = StageLimits { network: limits(10, 100), ..OPEN };
    let mut world = World::new(stage, Duration::from_millis(1));
    let began = world.now;
    for id in 0..11u32 {
        let same: IpAddr = format!("2a00:1:2:{id:x}::{id:x}").parse().unwrap();
        let other: IpAddr = format!("2a00:1:{:x}::1", 3 + id).parse().unwrap();
        world.enter(0, &Target::policy_host(same));
        world.enter(1, &Target::policy_host(other));
    }
    world.run();
    let last = |of: usize| {
        world.began.iter().filter(|(_, id, _)| *id == of).map(|(at, ..)| *at - began).max().unwrap()
    };
    assert_eq!((last(0).as_millis(), last(1).as_millis()), (1_000, 0));
}

#[test]
fn an_address_that_limits_on_and_on_rests_until_the_next_look() {
    let (mut board, now) = (Board::new(OPEN, Instant::now()), Instant::now());
    let (counting, other) = (host(1, "a.example"), host(2, "b.example"));
    let enter = |board: &mut Board, target: &Target, in_queue, look| {
        let (tell, mut told) = oneshot::channel();
        board.enter(target, Waiter { tell, in_queue, look: Some(look) }, now);
        told.try_recv()
    };
    let put_off = Err(oneshot::error::TryRecvError::Closed);
    // Down to the slowest pace, and then five at it.
    for _ in 0..4 + 5 {
        assert!(!board.rests(&counting));
        board.note(&counting, PaceHint::TooMuch, Some(1), now);
    }
    assert!(board.rests(&counting) && !board.rests(&other));
    assert_eq!(enter(&mut board, &counting, InQueue::Leaves, 1), put_off);
    assert_eq!(enter(&mut board, &other, InQueue::Leaves, 1), Ok(()));
    // A further try of a contact that has begun is made all the same.
    assert_ne!(enter(&mut board, &counting, InQueue::Stays, 1), put_off);
    let later = now + Duration::from_secs(900);
    board.tick(later);
    assert_ne!(enter(&mut board, &counting, InQueue::Leaves, 2), put_off);
    assert!(!board.rests(&counting));
    assert_eq!(board.slowed(&counting.address()), 16);
}

#[test]
fn who_waits_for_an_address_is_put_off_when_it_begins_to_rest() {
    let mut world = World::new(StageLimits { address: limits(1, 1), ..OPEN }, Duration::from_millis(1));
    let counting = host(1, "a.example");
    (0..3).for_each(|id| world.enter(id, &counting));
    for _ in 0..9 {
        world.board.note(&counting, PaceHint::TooMuch, Some(1), world.now);
    }
    let waiting = &mut world.waiting;
    let is_put_off =
        |told: &mut oneshot::Receiver<()>| told.try_recv() == Err(oneshot::error::TryRecvError::Closed);
    assert_eq!(waiting.len(), 2);
    assert!(waiting.iter_mut().all(|(_, _, told)| is_put_off(told)));
}
