//! Rest for an address that asks for less even at the slowest pace.
//!
//! Some servers count for long: Debian's sendmail takes ten connections in ten minutes from a stranger, and
//! counts those that it refuses too. The slowest pace is above that, and each contact more keeps the door
//! shut. So the address rests until the next look.

/// Contacts in a row, at the slowest pace, that ask for less: then the address rests.
const LIMITS_IN_A_ROW: u32 = 5;

/// What is kept of an address for that.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// The latest look that a contact was of.
    look: u8,
    /// Contacts of that look in a row, at the slowest pace, that asked for less.
    in_a_row: u32,
    /// The look after which it rests; `None` where it does not.
    after: Option<u8>,
}

impl Rest {
    /// A contact of this look asked for less; true where the address rests from now on.
    pub(super) fn limited(&mut self, look: u8, at_slowest: bool) -> bool {
        if look > self.look {
            (self.look, self.in_a_row) = (look, 0);
        }
        self.in_a_row += u32::from(at_slowest);
        if self.after.is_some() || self.in_a_row < LIMITS_IN_A_ROW {
            return false;
        }
        self.after = Some(self.look);
        true
    }

    /// It answered as it should.
    pub(super) fn answered(&mut self) {
        self.in_a_row = 0;
    }

    /// Whether contacts of this look are put off.
    pub(super) fn puts_off(&self, look: u8) -> bool {
        self.after.is_some_and(|after| look <= after)
    }

    /// Ends the rest for a contact of a later look; true where it did.
    pub(super) fn wake(&mut self, look: u8) -> bool {
        let wakes = self.after.is_some_and(|after| look > after);
        if wakes {
            *self = Self { look, ..Self::default() };
        }
        wakes
    }

    /// Whether it rests.
    pub(super) const fn is_on(&self) -> bool {
        self.after.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{LIMITS_IN_A_ROW, Rest};

    #[test]
    fn five_limits_in_a_row_at_the_slowest_pace_are_a_rest_until_the_next_look() {
        let mut rest = Rest::default();
        assert!((0..10).all(|_| !rest.limited(1, false)));
        assert!((1..LIMITS_IN_A_ROW).all(|_| !rest.limited(1, true)));
        rest.answered();
        assert!((1..LIMITS_IN_A_ROW).all(|_| !rest.limited(1, true)));
        assert!(rest.limited(1, true) && rest.is_on());
        assert!(rest.puts_off(1) && !rest.puts_off(2) && !rest.wake(1));
        assert!(rest.wake(2) && !rest.is_on() && !rest.puts_off(1));
        assert!((1..LIMITS_IN_A_ROW).all(|_| !rest.limited(2, true)));
        assert!(rest.limited(2, true));
    }

    #[test]
    fn each_look_counts_anew() {
        let mut rest = Rest::default();
        for look in 1..=3 {
            assert!((1..LIMITS_IN_A_ROW).all(|_| !rest.limited(look, true)));
        }
    }
}
