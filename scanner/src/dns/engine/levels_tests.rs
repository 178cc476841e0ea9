#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
use super::*;

fn levels(server: u32, operator: u32) -> Levels {
    let bound = |rate, in_flight| Bound::share(rate, in_flight, 1);
    Levels::new(Bounds { server: bound(server, 50), operator: bound(operator, 200), tld: bound(1_000, 500) })
}

/// Runs ten seconds in steps of 5 ms with always more to send to all servers; when each was asked.
fn run(levels: &mut Levels, paths: &[Path], began: Instant) -> Vec<(usize, Instant)> {
    let mut sent = Vec::new();
    for step in 0..2_000 {
        let now = began + Duration::from_millis(5 * step);
        for (n, path) in paths.iter().enumerate() {
            while levels.admit(*path, now).is_ok() {
                sent.push((n, now));
                levels.leave(*path).for_each(drop);
            }
        }
    }
    sent
}

/// The most of these that lie within any second.
fn most_in_a_second(at: &[Instant]) -> usize {
    let second = Duration::from_secs(1);
    (0..at.len()).map(|first| at[first..].partition_point(|t| *t < at[first] + second)).max().unwrap_or(0)
}

#[test]
fn no_bound_is_exceeded_in_any_second_and_nearly_all_of_it_is_used() {
    let now = Instant::now();
    for rate in [1, 10, 100, 500] {
        let mut levels = levels(rate, 1_200);
        let operator = levels.enter(Scope::Operator(1), now);
        let paths: Vec<Path> =
            (0..4).map(|n| [Some(levels.enter(Scope::Server(n), now)), Some(operator), None]).collect();
        let sent = run(&mut levels, &paths, now);
        let all: Vec<Instant> = sent.iter().map(|(_, at)| *at).collect();
        assert!(most_in_a_second(&all) <= 1_200);
        for n in 0..4 {
            let own: Vec<Instant> = sent.iter().filter(|(of, _)| *of == n).map(|(_, at)| *at).collect();
            assert!(most_in_a_second(&own) <= rate as usize, "{rate}: {}", most_in_a_second(&own));
            if rate > 1 && rate < 300 {
                assert!(own.len() as f64 >= 8.5 * f64::from(rate), "{rate}: {}", own.len());
            }
        }
    }
}

#[test]
fn all_engines_together_stay_below_the_bound() {
    for (rate, engines) in [(100, 3), (100, 17), (500, 9), (20, 9), (4, 3)] {
        let share = Bound::share(rate, 50, engines);
        // In any second: what the rate gives in it and in the slack, and one more where the slack is full.
        let most = ((1.0 + SLACK.as_secs_f64()) * share.rate).floor() + 1.0;
        let most = if share.rate * (1.0 + SLACK.as_secs_f64()) < 1.0 { 1.0 } else { most };
        assert!(most * engines as f64 <= f64::from(rate).max(engines as f64), "{rate} {engines}");
    }
}

#[test]
fn a_server_that_is_held_back_waits_at_the_level_that_holds_it() {
    let now = Instant::now();
    let mut levels = levels(100, 500);
    let path = [Some(levels.enter(Scope::Server(1), now)), Some(levels.enter(Scope::Operator(7), now)), None];
    while levels.admit(path, now).is_ok() {}
    let held = levels.admit(path, now).unwrap_err();
    assert_eq!(Some(held.level), path[0]);
    assert!(held.until.is_some_and(|until| until > now));
    assert_eq!(levels.wait(held, 3), held.until);
    assert_eq!(levels.wait(held, 4), None, "it is looked at already");
    levels.has_come(held.level);
    assert_eq!(
        (levels.next(held.level), levels.next(held.level), levels.next(held.level)),
        (Some(3), Some(4), None)
    );
}

#[test]
fn where_all_places_are_taken_the_end_of_one_is_waited_for() {
    let now = Instant::now();
    let mut levels = levels(1_000_000, 1_000_000);
    let path = [Some(levels.enter(Scope::Server(1), now)), None, None];
    (0..50).for_each(|_| levels.admit(path, now).unwrap());
    let held = levels.admit(path, now).unwrap_err();
    assert_eq!(held.until, None);
    levels.wait(held, 9);
    assert_eq!(levels.leave(path).collect::<Vec<_>>(), [held.level]);
    assert!(levels.admit(path, now).is_ok());
}

#[test]
fn an_operator_that_only_refuses_is_asked_less_and_more_again_when_it_answers() {
    let now = Instant::now();
    let mut levels = levels(1_000, 100);
    let path = [Some(levels.enter(Scope::Server(1), now)), Some(levels.enter(Scope::Operator(7), now)), None];
    let willing = run(&mut levels, &[path], now).len();
    (0..2 * TROUBLES).for_each(|_| levels.troubled(path));
    let later = now + Duration::from_secs(100);
    let slowed = run(&mut levels, &[path], later).len();
    assert!(slowed < willing / 3, "{slowed} of {willing}");
    (0..4).for_each(|_| levels.answered(path));
    assert!(run(&mut levels, &[path], later + Duration::from_secs(100)).len() > willing * 9 / 10);
}

#[test]
fn levels_that_nobody_uses_are_forgotten() {
    let mut now = Instant::now();
    let mut levels = levels(100, 500);
    for n in 0..10_000 {
        let path =
            [Some(levels.enter(Scope::Server(n), now)), Some(levels.enter(Scope::Operator(n), now)), None];
        levels.admit(path, now).unwrap();
        levels.leave(path).for_each(drop);
        levels.exit(path);
        now += Duration::from_millis(10);
    }
    assert!(levels.len() < 50, "{}", levels.len());
}
