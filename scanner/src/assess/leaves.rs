//! The names of the certificates that MX hosts showed, for senders that hold other names than the host's
//! against them.

use crate::tls::presented;
use std::collections::HashMap;

/// Names of certificates by the address that showed them.
///
/// Only certificates that are good but for their names are here: each distinct one costs its hash and names,
/// an address some 20 bytes.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    /// Where a certificate stands in `names`, by its SHA-256 in hexadecimal.
    places: HashMap<Box<str>, usize>,
    /// `None` until it was shown.
    names: Vec<Option<Box<[Box<str>]>>>,
    /// The certificate of an address, by the index of that.
    of_address: HashMap<usize, usize>,
}

impl Leaves {
    /// Notes which certificate an address showed.
    pub(super) fn note(&mut self, address: usize, sha256: &str) {
        let next = self.names.len();
        let place = match self.places.get(sha256) {
            Some(place) => *place,
            None => {
                self.names.push(None);
                *self.places.entry(sha256.into()).or_insert(next)
            }
        };
        self.of_address.insert(address, place);
    }

    /// Whether any certificate was not shown yet.
    pub(super) fn wants_any(&self) -> bool {
        self.names.iter().any(Option::is_none)
    }

    /// Whether this one was not.
    pub(super) fn wants(&self, sha256: &str) -> bool {
        self.places.get(sha256).is_some_and(|place| self.names.get(*place) == Some(&None))
    }

    /// Takes the names of a certificate (DER) that is wanted.
    pub(super) fn show(&mut self, sha256: &str, der: &[u8]) {
        let slot = self.places.get(sha256).and_then(|place| self.names.get_mut(*place));
        if let Some(slot) = slot {
            *slot = Some(presented::names(der).into_iter().map(String::into_boxed_str).collect());
        }
    }

    /// The names of the certificate that an address showed; `None` where they are not known.
    pub(super) fn of(&self, address: usize) -> Option<&[Box<str>]> {
        let place = self.of_address.get(&address)?;
        self.names.get(*place)?.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::Leaves;

    #[test]
    fn a_certificate_is_shown_once_for_all_that_showed_it() {
        let mut leaves = Leaves::default();
        for (address, sha256) in [(0, "aa"), (3, "aa"), (4, "bb")] {
            leaves.note(address, sha256);
        }
        assert!(leaves.wants("aa") && leaves.wants("bb") && !leaves.wants("cc"));
        leaves.show("aa", b"no certificate");
        assert!(!leaves.wants("aa") && leaves.wants_any());
        assert_eq!((leaves.of(0), leaves.of(3)), (Some(&[][..]), Some(&[][..])));
        assert_eq!((leaves.of(4), leaves.of(1)), (None, None));
    }
}
