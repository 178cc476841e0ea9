//! Those who run name servers for others: how large each is, and where its own names are.

use super::addresses::TLDS;
use super::as_share;
use crate::dice::finish;

/// How many operators there are that nothing is wrong with.
const SOUND: u16 = 3_000;
/// Share of all domains at the largest; the others follow Zipf's law.
const LARGEST: f64 = 0.15;
const EXPONENT: f64 = 0.95;
/// The first of those that do not host their own zone in their own zone.
const SMALL: u16 = 200;
/// Numbers of the operators of each kind that something is wrong with.
pub(super) const DEAD: std::ops::Range<u16> = 3_000..3_030;
pub(super) const HALF_DEAD: std::ops::Range<u16> = 3_030..3_060;
pub(super) const SLOW: std::ops::Range<u16> = 3_060..3_064;
pub(super) const NO_EDNS: std::ops::Range<u16> = 3_064..3_068;
pub(super) const BAD_VERSION: std::ops::Range<u16> = 3_068..3_072;
pub(super) const SELF_REFERRING: std::ops::Range<u16> = 3_072..3_076;
/// The end of all.
const ALL: u16 = 3_076;
/// Two whose zones have their servers in each other.
const CIRCLE: [u16; 2] = [301, 302];
/// Those whose registry has no address of their servers, which are in their own zone.
const WITHOUT_GLUE: std::ops::Range<u16> = 311..314;
/// Those of whose servers' names one does not exist.
const WITH_A_GONE_NAME: std::ops::Range<u16> = 321..326;

/// All operators.
#[derive(Debug)]
pub(super) struct Operators {
    seed: u64,
    /// The share of all domains at each sound operator and those before it.
    up_to: Vec<f64>,
}

impl Operators {
    pub(super) fn new(seed: u64) -> Self {
        let weights = (1..SOUND).map(|n| f64::from(n).powf(-EXPONENT));
        let all: f64 = weights.clone().sum();
        let mut sum = LARGEST;
        let mut up_to = vec![LARGEST];
        for weight in weights {
            sum += weight / all * (1.0 - LARGEST);
            up_to.push(sum);
        }
        Self { seed, up_to }
    }

    /// The sound operator at a share of all domains.
    pub(super) fn at(&self, share: f64) -> u16 {
        let at = self.up_to.partition_point(|up_to| *up_to <= share);
        u16::try_from(at).unwrap_or(SOUND).min(SOUND - 1)
    }

    /// How many servers one has.
    pub(super) const fn servers(operator: u16) -> u8 {
        match operator {
            0 => 64,
            1..10 => 16,
            10..SMALL => 8,
            _ => 4,
        }
    }

    /// The top-level domain of its own zone, by its place.
    pub(super) fn tld(&self, operator: u16) -> u8 {
        // Six of ten are in com, net and org.
        let place = finish(self.seed ^ finish(0x0907) ^ u64::from(operator)) % 50;
        match place {
            0..18 => 0,
            18..24 => 2,
            24..30 => 3,
            _ => (place - 30) as u8,
        }
    }

    /// Its own zone, as text.
    pub(super) fn zone(&self, operator: u16) -> String {
        format!("dns{operator:04}.{}", TLDS[usize::from(self.tld(operator))])
    }

    /// The number of the operator whose zone has a first label.
    pub(super) fn of_label(label: &str) -> Option<u16> {
        let digits = label.strip_prefix("dns").filter(|digits| digits.len() == 4)?;
        digits.parse().ok().filter(|number| *number < ALL)
    }

    /// Who serves its own zone.
    pub(super) fn host(&self, operator: u16) -> u16 {
        if let Some(at) = CIRCLE.iter().position(|one| *one == operator) {
            return CIRCLE[(at + 1) % 2];
        }
        let drawn = finish(self.seed ^ finish(0x4057) ^ u64::from(operator));
        let is_elsewhere = (SMALL..SOUND).contains(&operator)
            && !WITHOUT_GLUE.contains(&operator)
            && !WITH_A_GONE_NAME.contains(&operator)
            && as_share(drawn) < 0.1;
        if is_elsewhere { (finish(drawn) % u64::from(SMALL)) as u16 } else { operator }
    }

    /// Whether nobody finds its servers.
    pub(super) fn is_lost(operator: u16) -> bool {
        CIRCLE.contains(&operator) || WITHOUT_GLUE.contains(&operator)
    }

    /// Whether its registry has the addresses of its servers, which are in its own zone.
    pub(super) fn has_glue(operator: u16) -> bool {
        !WITHOUT_GLUE.contains(&operator)
    }

    /// Whether one more name of a server stands in the delegations of its domains, which does not exist.
    pub(super) fn has_gone_name(operator: u16) -> bool {
        WITH_A_GONE_NAME.contains(&operator)
    }

    /// Whether a server of it never answers.
    pub(super) fn is_silent(operator: u16, server: u8) -> bool {
        // Every second one, so that of those that follow each other some answer.
        DEAD.contains(&operator) || (HALF_DEAD.contains(&operator) && server.is_multiple_of(2))
    }
}
