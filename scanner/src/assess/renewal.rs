//! Certificates that work, and that should have been renewed by now.
//!
//! Programs that renew by themselves do so when about a third of the validity is left, so a certificate with
//! less than a sixth left has missed its turn.

use crate::evidence::rows::Micros;
use crate::tls::certificate::unhex;
use std::collections::HashMap;

/// The part of its validity that a certificate has left when its renewal is late.
const LATE: Micros = 6;
/// However long it is valid, this much is enough: years of validity make nobody renew months before the end.
const ENOUGH: Micros = 15 * 86_400 * 1_000_000;

/// From when until when leaves are valid, by their SHA-256. One costs about 60 bytes.
#[derive(Debug, Default)]
pub struct Lives(HashMap<[u8; 32], (Micros, Micros)>);

impl Lives {
    /// Notes a certificate: its SHA-256 in hexadecimal, the begin of its validity and the end.
    pub fn note(&mut self, sha256: &str, not_before: Micros, not_after: Micros) {
        if let Some(sha256) = hash(sha256) {
            self.0.insert(sha256, (not_before, not_after));
        }
    }

    /// Whether a leaf that was seen at that time, and is without a fault, has less than a sixth of its
    /// validity left, and less than 15 days. False where the certificate, or the time, is not known.
    pub(super) fn is_late(&self, leaf: Option<&str>, at: Option<Micros>) -> bool {
        let Some(&(begin, end)) = leaf.and_then(hash).and_then(|leaf| self.0.get(&leaf)) else {
            return false;
        };
        let left = at.map(|at| end.saturating_sub(at));
        left.is_some_and(|left| left < ENOUGH && left.saturating_mul(LATE) < end.saturating_sub(begin))
    }
}

fn hash(text: &str) -> Option<[u8; 32]> {
    unhex(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_a_sixth_and_less_than_fifteen_days_is_late() {
        const HOUR: Micros = 3_600 * 1_000_000;
        const DAY: Micros = 24 * HOUR;
        let leaf = "ab".repeat(32);
        for (validity, left, expected) in [
            (90 * DAY, 15 * DAY, false),
            (90 * DAY, 15 * DAY - 1, true),
            (398 * DAY, 16 * DAY, false),
            (398 * DAY, 14 * DAY, true),
            (47 * DAY, 8 * DAY, false),
            (47 * DAY, 7 * DAY, true),
            (6 * DAY, DAY, false),
            (6 * DAY, DAY - 1, true),
            (160 * HOUR, 27 * HOUR, false),
            (160 * HOUR, 26 * HOUR, true),
        ] {
            let mut lives = Lives::default();
            lives.note(&leaf, 1_000, 1_000 + validity);
            assert_eq!(
                lives.is_late(Some(&leaf), Some(1_000 + validity - left)),
                expected,
                "{validity} {left}"
            );
            assert!(!lives.is_late(Some(&leaf), None));
            assert!(!lives.is_late(Some(&"cd".repeat(32)), Some(1_000 + validity - left)));
        }
    }
}
