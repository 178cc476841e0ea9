//! Numbers that nobody outside can foretell: query ids, which socket asks, the case of a name's letters.

use crate::fault::LocalFault;
use siphasher::sip::SipHasher24;

/// SipHash-2-4 of a counter under a secret key: a pseudo-random function, so that who has seen any number of
/// our queries still cannot say the next id (RFC 5452 section 9.2).
pub(super) struct Ids {
    key: SipHasher24,
    counter: u64,
    left: u64,
    words: u8,
}

impl Ids {
    /// A generator keyed by the machine's own randomness.
    pub(super) fn new() -> Result<Self, LocalFault> {
        let mut key = [0; 16];
        aws_lc_rs::rand::fill(&mut key).map_err(|_| LocalFault::Setup {
            doing: "draw random numbers for DNS",
            reason: "the machine's random source failed".to_owned(),
        })?;
        Ok(Self { key: SipHasher24::new_with_key(&key), counter: 0, left: 0, words: 0 })
    }

    /// 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.counter += 1;
        self.key.hash(&self.counter.to_le_bytes())
    }

    /// 16 bits: four of these come out of one hash.
    pub(super) fn id(&mut self) -> u16 {
        if self.words == 0 {
            self.left = self.bits();
            self.words = 4;
        }
        self.words -= 1;
        let [low, high, ..] = self.left.to_le_bytes();
        self.left >>= 16;
        u16::from_le_bytes([low, high])
    }

    /// A number below `end`, which is small; 0 where `end` is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        if end < 2 { 0 } else { usize::from(self.id()) % end }
    }
}
