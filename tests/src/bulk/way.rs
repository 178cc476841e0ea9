//! What the network does to datagrams on their way: how long they take, and how many are lost.

use super::as_share;
use crate::dice::finish;
use std::net::IpAddr;
use std::time::Duration;

/// What the network does to each datagram.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// The time from question to answer; the median of all servers where it is spread.
    pub delay: Duration,
    /// Whether it is spread as on the Internet: servers are near or far, and one answer of a hundred is held
    /// up for long.
    pub is_spread: bool,
    /// Share of questions that nobody gets, and of answers that nobody gets.
    pub loss: f64,
}

/// How far servers are, as multiples of the median: the share of them that is no further. Between two lines
/// it is drawn evenly. With a median of 30 ms a quarter is within 12 ms and one of a hundred beyond 300 ms.
const FAR: [(f64, f64); 7] =
    [(0.0, 0.1), (0.25, 0.4), (0.5, 1.0), (0.75, 3.0), (0.9, 5.5), (0.99, 10.0), (1.0, 15.0)];

/// Share of answers that are held up on their way, whoever they come from.
const HELD_UP: f64 = 0.01;

/// For how long at least and at most; as many are held up for 0.1 to 0.2 s as for 2 to 4 s.
const HELD_FOR: (f64, f64) = (0.1, 5.0);

impl Way {
    /// How long an answer of a server takes; `drawn` is a number drawn for it alone.
    pub(super) fn takes(&self, server: Option<IpAddr>, drawn: u64) -> Duration {
        if !self.is_spread {
            return self.delay;
        }
        let place = match server {
            Some(IpAddr::V4(v4)) => as_share(finish(finish(0xfa4) ^ u64::from(v4.to_bits()))),
            _ => 0.5,
        };
        let held = as_share(finish(drawn ^ finish(0x4e1d)));
        let held_up = if held < HELD_UP {
            let (least, most) = HELD_FOR;
            Duration::from_secs_f64(least * (most / least).powf(held / HELD_UP))
        } else {
            Duration::ZERO
        };
        self.delay.mul_f64(far(place)) + held_up
    }

    /// Whether question or answer is lost.
    pub(super) fn loses(&self, drawn: u64) -> bool {
        as_share(finish(drawn)) < 2.0 * self.loss
    }
}

/// How far the server at a place among all is, as a multiple of the median.
fn far(place: f64) -> f64 {
    let next = FAR.partition_point(|(share, _)| *share <= place).clamp(1, FAR.len() - 1);
    let ((from, near), (to, far)) = (FAR[next - 1], FAR[next]);
    near + (far - near) * ((place - from) / (to - from)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_spread_delay_has_its_median_and_a_long_tail() {
        let way = Way { delay: Duration::from_millis(30), is_spread: true, loss: 0.01 };
        let server = |n: u32| Some(IpAddr::V4(Ipv4Addr::from_bits(0x7f10_0000 + n)));
        let mut all: Vec<Duration> = (0..100_000).map(|n| way.takes(server(n), u64::from(n))).collect();
        all.sort();
        let at = |of_thousand: usize| all[of_thousand * all.len() / 1_000].as_millis();
        assert!((28..=33).contains(&at(500)), "{}", at(500));
        assert!((8..=14).contains(&at(250)), "{}", at(250));
        assert!((85..=100).contains(&at(750)), "{}", at(750));
        assert!(at(990) > 300 && at(999) > 2_000, "{} {}", at(990), at(999));
        assert!(all.iter().all(|took| *took < Duration::from_millis(5_500)));
    }

    #[test]
    fn a_server_is_as_far_for_each_question() {
        let way = Way { delay: Duration::from_millis(30), is_spread: true, loss: 0.0 };
        let server = Some(IpAddr::V4(Ipv4Addr::new(127, 16, 2, 3)));
        let mut took: Vec<Duration> = (0..1_000).map(|drawn| way.takes(server, drawn)).collect();
        took.sort();
        assert_eq!(took[0], took[900]);
        assert!(took[999] > took[0]);
    }

    #[test]
    fn datagrams_are_lost_both_ways() {
        let way = Way { delay: Duration::ZERO, is_spread: false, loss: 0.01 };
        let lost = (0..100_000).filter(|drawn| way.loses(*drawn)).count();
        assert!((1_800..2_200).contains(&lost), "{lost}");
    }
}
