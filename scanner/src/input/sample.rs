//! A random sample of a list: the same names each time, whatever the list's order and its other names.

use siphasher::sip::SipHasher13;
use std::fmt;
use std::str::FromStr;

/// A fraction of the names: `1/100` is one of a hundred.
///
/// Whether a name is taken hangs on the name and the seed alone, by a keyed hash; so the next scan with the
/// same seed and fraction looks at the same names again, and a larger fraction holds the smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    take: u32,
    of: u32,
}

impl Sample {
    /// Every name.
    pub const WHOLE: Self = Self { take: 1, of: 1 };

    /// Whether the sample of this seed has the normalised name.
    #[must_use]
    pub fn takes(self, seed: u64, name: &str) -> bool {
        self.take == self.of || {
            // The second key keeps it apart from the hashes of shards and of fingerprints.
            let hash = SipHasher13::new_with_keys(seed, 0x0073_616d_706c_6573).hash(name.as_bytes());
            u128::from(hash) * u128::from(self.of) < u128::from(self.take) << 64
        }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.take, self.of)
    }
}

/// Text that names no fraction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a fraction, must be k/n with 1 <= k <= n, for example 1/100")]
pub struct SampleError(String);

impl FromStr for Sample {
    type Err = SampleError;

    fn from_str(text: &str) -> Result<Self, SampleError> {
        let parsed = text.split_once('/').and_then(|(take, of)| {
            let (take, of) = (take.trim().parse::<u32>().ok()?, of.trim().parse::<u32>().ok()?);
            (1..=of).contains(&take).then_some(Self { take, of })
        });
        // The whole has one name.
        let whole = |sample: Self| if sample.take == sample.of { Self::WHOLE } else { sample };
        parsed.map(whole).ok_or_else(|| SampleError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn taken(sample: &str, seed: u64) -> Vec<u32> {
        let sample: Sample = sample.parse().unwrap();
        (0..20_000).filter(|number| sample.takes(seed, &format!("d{number}.example"))).collect()
    }

    #[test]
    fn a_sample_has_its_fraction_of_the_names_and_the_same_ones_each_time() {
        let tenth = taken("1/10", 1);
        // Ten standard deviations.
        assert!(tenth.len().abs_diff(2_000) < 424, "{}", tenth.len());
        assert_eq!(taken("1/10", 1), tenth);
        assert_ne!(taken("1/10", 2), tenth);
        let fifth = taken("1/5", 1);
        assert!(tenth.iter().all(|name| fifth.contains(name)));
        assert_eq!(taken("1/1", 1).len(), 20_000);
    }

    #[test]
    fn the_sample_of_a_seed_never_changes() {
        // A series of scans looks at the same names with every version.
        assert_eq!(taken("1/1000", 1), SAME);
    }

    const SAME: [u32; 17] = [
        2476, 2487, 3868, 4653, 8752, 8790, 9731, 10268, 10450, 10533, 10722, 12190, 12738, 15168, 18396,
        18702, 19639,
    ];

    #[test]
    fn fractions_are_typed_as_k_of_n() {
        assert_eq!("1/100".parse::<Sample>().unwrap().to_string(), "1/100");
        assert_eq!("7/7".parse(), Ok(Sample::WHOLE));
        for text in ["", "1", "0/4", "5/4", "a/b", "1/0", "0.01"] {
            assert!(text.parse::<Sample>().is_err(), "{text}");
        }
    }
}
