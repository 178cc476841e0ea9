#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
use super::*;

const PATIENCE: Duration = Duration::from_millis(250);
const STEP: Duration = Duration::from_millis(1);

/// A server that bears `bears` a second, over some simulated seconds; the share of datagrams that it lost in
/// the last.
fn run(flow: &mut Flow, began: Instant, seconds: u32, bears: f64, dead: usize) -> f64 {
    let mut now = began;
    let mut tokens = 0.0;
    let mut repeats: std::collections::VecDeque<(Instant, bool)> = std::collections::VecDeque::new();
    let (mut sent, mut lost) = (0_u32, 0_u32);
    for n in 0..seconds * 1_000 {
        now += STEP;
        tokens = f64::min(tokens + bears / 1_000.0, bears / 100.0);
        if n == (seconds - 1) * 1_000 {
            (sent, lost) = (0, 0);
        }
        while repeats.front().is_some_and(|(at, _)| *at + PATIENCE <= now) {
            let (at, is_dead) = repeats.pop_front().unwrap();
            flow.leave();
            flow.silent(at, now);
            if !is_dead {
                flow.lost(at, now);
            }
        }
        for i in 0..1_000 {
            if !flow.has_room(now) {
                break;
            }
            flow.enter(now, PATIENCE);
            sent += 1;
            let is_dead = dead > 0 && i % dead == 0;
            if is_dead || tokens < 1.0 {
                lost += u32::from(!is_dead);
                repeats.push_back((now, is_dead));
            } else {
                tokens -= 1.0;
                flow.leave();
                flow.answered(now);
            }
        }
    }
    f64::from(lost) / f64::from(sent)
}

#[test]
fn answers_open_the_window_to_its_ceiling_and_there_is_no_rate() {
    let now = Instant::now();
    let mut flow = Flow::new(2_000, now);
    for _ in 0..10 {
        while flow.has_room(now) {
            flow.enter(now, PATIENCE);
        }
        for _ in 0..flow.in_flight {
            flow.answered(now);
            flow.leave();
        }
    }
    assert_eq!((flow.window, flow.rate()), (2_000, None));
}

#[test]
fn the_rate_that_a_server_bears_is_found() {
    let now = Instant::now();
    let mut flow = Flow::new(2_000, now);
    let lost = run(&mut flow, now, 20, 5_000.0, 0);
    assert!((4_000.0..5_500.0).contains(&flow.rate().unwrap()), "{flow:?}");
    assert!(lost < 0.05, "{lost}");
}

#[test]
fn a_server_that_recovers_is_asked_more_again() {
    let now = Instant::now();
    let mut flow = Flow::new(2_000, now);
    run(&mut flow, now, 10, 2_000.0, 0);
    let before = flow.rate().unwrap();
    run(&mut flow, now + Duration::from_secs(10), 20, 50_000.0, 0);
    assert!(flow.rate().is_none_or(|rate| rate > 3.0 * before), "{before} to {flow:?}");
}

#[test]
fn names_that_never_answer_slow_nobody_down() {
    let now = Instant::now();
    let mut flow = Flow::new(50_000, now);
    run(&mut flow, now, 5, 1e9, 20);
    assert_eq!(flow.rate(), None, "{flow:?}");
}

#[test]
fn loss_that_no_rate_helps_against_is_borne() {
    let now = Instant::now();
    let mut flow = Flow::new(2_000, now);
    let mut at = now;
    for n in 0..200_000 {
        at += Duration::from_micros(100);
        if flow.has_room(at) {
            flow.enter(at, PATIENCE);
            flow.leave();
            if n % 7 == 0 {
                flow.silent(at, at);
                flow.lost(at, at);
            } else {
                flow.answered(at);
            }
        }
    }
    assert!(flow.rate().is_none_or(|rate| rate > 5_000.0), "{flow:?}");
}

#[test]
fn a_datagram_lost_now_and_then_slows_nobody_however_few_are_asked() {
    let mut now = Instant::now();
    let mut flow = Flow::new(100, now);
    for n in 0..20_000 {
        now += Duration::from_millis(10);
        assert!(flow.has_room(now), "{flow:?}");
        flow.enter(now, PATIENCE);
        if n % 200 == 0 {
            flow.silent(now, now);
            flow.lost(now, now);
        }
        flow.answered(now);
        flow.leave();
    }
    assert_eq!(flow.rate(), None, "{flow:?}");
}

#[test]
fn after_an_outage_a_server_is_asked_as_one_that_lost_nothing() {
    let now = Instant::now();
    let mut flow = Flow::new(2_000, now);
    run(&mut flow, now, 20, 0.0, 0);
    assert!(flow.rate().unwrap() < 100.0);
    let (later, before) = (now + Duration::from_secs(20), (flow.in_flight, flow.late));
    flow.forgive(later);
    assert_eq!((flow.rate(), flow.in_flight, flow.late), (None, before.0, before.1));
}

#[test]
fn refusals_halve_the_rate_down_to_a_bound_and_answers_raise_it_again() {
    let now = Instant::now();
    let mut flow = Flow::new(2_000, now);
    run(&mut flow, now, 1, 1e9, 0);
    assert_eq!(flow.rate(), None);
    let at = now + Duration::from_secs(1);
    flow.refused(at);
    let first = flow.rate().unwrap();
    for _ in 0..3 {
        flow.refused(at);
    }
    assert!((flow.rate().unwrap() - first / 8.0).abs() < 1.0, "{first} to {flow:?}");
    (0..40).for_each(|_| flow.refused(at));
    assert!((flow.rate().unwrap() - SLOWEST_OVERLOADED).abs() < 0.1, "{flow:?}");
    run(&mut flow, at, 20, 50_000.0, 0);
    assert!(flow.rate().is_none_or(|rate| rate > 20.0 * SLOWEST_OVERLOADED), "{flow:?}");
}

#[test]
fn a_cut_for_silence_is_undone_where_half_of_the_answers_come_after_all() {
    let now = Instant::now();
    let mut flow = Flow::new(2_000, now);
    (0..100).for_each(|_| flow.enter(now, PATIENCE));
    let late = now + PATIENCE;
    (0..100).for_each(|_| flow.silent(now, late));
    assert!(flow.rate().is_some(), "{flow:?}");
    (0..16).for_each(|_| flow.came_late(now));
    assert_eq!((flow.rate(), flow.quick), (None, true), "{flow:?}");
}

#[test]
fn a_cut_for_silence_stands_where_few_answers_come() {
    let now = Instant::now();
    let mut flow = Flow::new(2_000, now);
    (0..32).for_each(|_| flow.enter(now, PATIENCE));
    (0..32).for_each(|_| flow.silent(now, now + PATIENCE));
    (0..15).for_each(|_| flow.came_late(now));
    assert!(flow.rate().is_some(), "{flow:?}");
}

#[test]
fn silence_slows_but_never_stops() {
    let now = Instant::now();
    let mut flow = Flow::new(2_000, now);
    run(&mut flow, now, 20, 0.0, 0);
    assert!(flow.rate().unwrap() >= SLOWEST);
}

#[test]
fn a_server_that_fails_for_want_of_places_gets_nine_tenths_of_what_it_had_answers_for() {
    let now = Instant::now();
    let mut flow = Flow::new(2_000, now);
    let second = now + Duration::from_secs(1);
    (0..4_000).for_each(|_| flow.enter(now, Duration::from_secs(60)));
    for n in 0..4_000 {
        if n % 4 == 0 {
            flow.failed();
        }
        flow.answered(second);
    }
    flow.overloaded(second, second);
    assert!((flow.rate().unwrap() - 2_700.0).abs() < 1.0, "{flow:?}");
    // What failed before the cut is not held against it again.
    flow.overloaded(second + BETWEEN_CUTS / 2, second + BETWEEN_CUTS / 2);
    assert!((flow.rate().unwrap() - 2_700.0).abs() < 1.0, "{flow:?}");
    // Nor are failures while nobody saw it overloaded again.
    flow.overloaded(now, second + BETWEEN_CUTS * 5);
    assert!((flow.rate().unwrap() - 2_700.0).abs() < 1.0, "{flow:?}");
    for n in 1..100 {
        flow.overloaded(second + BETWEEN_CUTS * n, second + BETWEEN_CUTS * n);
    }
    assert!((flow.rate().unwrap() - SLOWEST_OVERLOADED).abs() < 0.1, "{flow:?}");
}

#[test]
fn after_a_cut_for_failures_the_rate_rises_each_second() {
    let now = Instant::now();
    let mut flow = Flow::new(2_000, now);
    let second = now + Duration::from_secs(1);
    (0..4_000).for_each(|_| flow.enter(now, Duration::from_secs(60)));
    (0..4_000).for_each(|_| flow.answered(second));
    flow.overloaded(second, second);
    let cut = flow.rate().unwrap();
    for n in 1_u32..=5 {
        let then = second + BETWEEN_CUTS * n;
        for _ in 0..4_000 {
            flow.enter(then, PATIENCE);
        }
        for _ in 0..4_000 {
            flow.leave();
            flow.answered(then + BETWEEN_CUTS);
        }
    }
    let rate = flow.rate().unwrap();
    assert!(rate > cut * 1.1 && rate < cut * 1.2, "{cut} {rate}");
}

#[test]
fn a_server_that_bears_few_at_once_has_no_more_late_ones_included() {
    let now = Instant::now();
    let mut flow = Flow::new(2_000, now);
    flow.bound(100);
    while flow.has_room(now) {
        flow.enter(now, PATIENCE);
    }
    assert_eq!(flow.in_flight, 100);
    (0..100).for_each(|_| flow.turn_late());
    assert!(!flow.has_room(now));
    flow.leave_late();
    assert!(flow.has_room(now));
    flow.forgive(now);
    flow.enter(now, PATIENCE);
    assert!(!flow.has_room(now), "it bears no more after an outage");
}
