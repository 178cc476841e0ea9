//! How long a server takes to answer, and how long it is worth waiting for before it is asked again (RFC
//! 6298).

use std::time::Duration;

/// Answers that the mean is drawn over: with thousands a second the eight of RFC 6298 would be those of a
/// millisecond.
const SPAN: u32 = 64;

/// Every datagram has an id of its own, so it is known which of them an answer came to: the doubt that has
/// TCP leave out what was sent again (Karn's algorithm, RFC 6298 section 3) does not arise.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Took {
    answers: u32,
    /// Mean, and mean distance from it, seconds.
    mean: f64,
    spread: f64,
}

impl Took {
    /// An answer came so long after its datagram was sent.
    pub(super) fn note(&mut self, took: Duration) {
        let took = took.as_secs_f64();
        self.answers = (self.answers + 1).min(SPAN);
        if self.answers == 1 {
            (self.mean, self.spread) = (took, took / 2.0);
            return;
        }
        let share = 1.0 / f64::from(self.answers);
        self.spread += share * ((took - self.mean).abs() - self.spread);
        self.mean += share * (took - self.mean);
    }

    /// The mean; zero before the first answer.
    pub(super) fn mean(&self) -> Duration {
        Duration::try_from_secs_f64(self.mean).unwrap_or_default()
    }

    /// How long an answer is to be waited for; zero before the first answer. A server that always takes the
    /// same time gets half as much again.
    pub(super) fn patience(&self) -> Duration {
        Duration::try_from_secs_f64(self.mean + (4.0 * self.spread).max(self.mean / 2.0)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(answers: impl IntoIterator<Item = u64>) -> Took {
        let mut took = Took::default();
        answers.into_iter().for_each(|ms| took.note(Duration::from_millis(ms)));
        took
    }

    #[test]
    fn a_server_that_becomes_slow_is_waited_for_after_as_many_answers_as_the_mean_is_of() {
        let became_slow = of([1; 10_000].into_iter().chain([1_500; 64]));
        assert!(became_slow.patience() > Duration::from_millis(1_500), "{became_slow:?}");
        assert!(of([1_500; 1_000]).patience() < Duration::from_millis(2_300));
        assert_eq!(of([]).patience(), Duration::ZERO);
    }

    #[test]
    fn a_few_slow_answers_among_many_make_nobody_wait() {
        let few = of((0..10_000).map(|n| if n % 20 == 0 { 2_000 } else { 20 }));
        assert!(few.patience() < Duration::from_millis(1_250), "{few:?}");
    }
}
