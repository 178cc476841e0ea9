//! What proves that there is nothing: made for each question, so that it says nothing of other names (RFC
//! 4470, and the like for NSEC3).

use super::parts::{Record, Wire, above};
use super::{NEGATIVE_TTL, NS, NSEC, NSEC3, RRSIG, keys};
use crate::situation::Denial;

/// Proofs of a zone.
pub(super) struct Proofs<'z> {
    pub(super) apex: &'z [u8],
    pub(super) by: Denial,
}

impl Proofs<'_> {
    /// That a name is there, and has nothing of what was asked for.
    pub(super) fn no_data(&self, name: &[u8]) -> Vec<Record> {
        vec![self.at(name, &[])]
    }

    /// That a zone that is delegated has no DS (RFC 4035 section 3.1.4.1; RFC 5155 section 7.2.7).
    pub(super) fn no_ds(&self, zone: &[u8]) -> Vec<Record> {
        match self.by {
            Denial::Nsec | Denial::Nsec3 => vec![self.at(zone, &[NS])],
            Denial::OptOut => vec![self.at(self.apex, &[]), self.around(zone)],
        }
    }

    /// That there is no such name (RFC 4035 section 3.1.3.2; RFC 5155 section 7.2.2): the name above it is
    /// there, and has no wildcard.
    pub(super) fn no_name(&self, name: &[u8]) -> Vec<Record> {
        let parent = above(name);
        let wildcard = [b"\x01*".as_slice(), parent].concat();
        match self.by {
            Denial::Nsec => vec![self.around(name), self.around(&wildcard)],
            _ => vec![self.at(parent, &[]), self.around(name), self.around(&wildcard)],
        }
    }

    /// A record at a name, which has these types beside it.
    fn at(&self, name: &[u8], kinds: &[u16]) -> Record {
        match self.by {
            Denial::Nsec => {
                let kinds = [kinds, &[RRSIG, NSEC]].concat();
                nsec(name.to_vec(), &successor(name), &kinds)
            }
            _ => {
                let kinds = [kinds, &[RRSIG]].concat();
                let hash = keys::hash(name);
                self.nsec3(&hash, &moved(&hash, 1), &kinds)
            }
        }
    }

    /// A record around a name that is not there.
    fn around(&self, name: &[u8]) -> Record {
        match self.by {
            Denial::Nsec => {
                nsec(sibling(name, u8::wrapping_sub, b'~'), &sibling(name, keep, 0), &[RRSIG, NSEC])
            }
            _ => {
                let hash = keys::hash(name);
                self.nsec3(&moved(&hash, 0xff), &moved(&hash, 1), &[RRSIG])
            }
        }
    }

    fn nsec3(&self, hash: &[u8], next: &[u8], kinds: &[u16]) -> Record {
        let label = base32(hash);
        let mut owner = vec![u8::try_from(label.len()).unwrap_or(32)];
        owner.extend(label);
        owner.extend(self.apex);
        let flags = u8::from(self.by == Denial::OptOut);
        // SHA-1, no further rounds, no salt.
        let mut data = vec![1, flags, 0, 0, 0, u8::try_from(next.len()).unwrap_or(20)];
        data.extend(next);
        data.extend(bitmap(kinds));
        Record { owner, kind: NSEC3, ttl: NEGATIVE_TTL, data }
    }
}

fn nsec(owner: Wire, next: &[u8], kinds: &[u16]) -> Record {
    let data = [next, &bitmap(kinds)].concat();
    Record { owner, kind: NSEC, ttl: NEGATIVE_TTL, data }
}

/// The first name behind another one (RFC 4471 section 3.1.2).
fn successor(name: &[u8]) -> Wire {
    [b"\x01\x00".as_slice(), name].concat()
}

/// A name beside another one, with nothing between them that anybody has: its first label with another last
/// byte, and one more.
fn sibling(name: &[u8], change: fn(u8, u8) -> u8, more: u8) -> Wire {
    let rest = above(name);
    let mut label = name.get(1..name.len() - rest.len()).unwrap_or_default().to_vec();
    if let Some(last) = label.last_mut() {
        *last = change(*last, 1);
    }
    if label.len() < 63 {
        label.push(more);
    }
    [&[u8::try_from(label.len()).unwrap_or(63)], label.as_slice(), rest].concat()
}

/// The same byte.
const fn keep(byte: u8, _: u8) -> u8 {
    byte
}

/// A hash with so much added to its last byte.
fn moved(hash: &[u8], by: u8) -> Vec<u8> {
    let mut hash = hash.to_vec();
    if let Some(last) = hash.last_mut() {
        *last = last.wrapping_add(by);
    }
    hash
}

/// Base 32 with the alphabet that keeps the order (RFC 4648 section 7), without padding.
fn base32(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let digit = |at: usize| (0..5).fold(0, |digit, n| digit << 1 | usize::from(bit(at + n)));
    (0..bytes.len() * 8).step_by(5).map(|at| ALPHABET[digit(at) % 32]).collect()
}

/// Types as NSEC lists them (RFC 4034 section 4.1.2); all are below 256.
fn bitmap(kinds: &[u16]) -> Vec<u8> {
    let mut bits = [0_u8; 32];
    for kind in kinds {
        if let Some(byte) = bits.get_mut(usize::from(*kind) / 8) {
            *byte |= 0x80 >> (kind % 8);
        }
    }
    let used = bits.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let mut map = vec![0, u8::try_from(used).unwrap_or(32)];
    map.extend(bits.iter().take(used));
    map
}
