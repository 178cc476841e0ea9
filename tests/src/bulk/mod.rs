//! A large DNS as it is delegated, for measuring who resolves in it: a root, twenty top-level domains, three
//! thousand operators of very different size, hundreds of thousands of domains, some with defects.
//!
//! Every answer is a pure function of (seed, address asked, question), so that nothing is held in memory and
//! one thread answers faster than any resolver asks. It has neither mail nor policy servers: what a whole
//! scan has to get right is in [`crate::world`].

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "numbers of a made-up world: each has its bound beside it"
)]

mod addresses;
mod answer;
mod check;
mod domain;
mod files;
mod operators;
mod serve;
mod tally;
mod way;

pub use addresses::TLDS;
pub use check::{Checked, check};
pub use files::write;
pub use serve::serve;
pub use way::Way;

use crate::dice::finish;
use operators::Operators;

/// The world.
#[derive(Debug)]
pub struct Bulk {
    seed: u64,
    /// How many domains the list has.
    pub domains: u32,
    operators: Operators,
    /// Whether none of its servers is odd, only lame or silent.
    is_plain: bool,
}

impl Bulk {
    /// The world of a seed.
    #[must_use]
    pub fn new(seed: u64, domains: u32) -> Self {
        Self { seed, domains, operators: Operators::new(seed), is_plain: false }
    }

    /// The same without servers that are slow or do not know EDNS, of which each resolver makes something
    /// else.
    #[must_use]
    pub fn plain(seed: u64, domains: u32) -> Self {
        Self { is_plain: true, ..Self::new(seed, domains) }
    }

    /// A number that looks random, for one purpose and one thing.
    const fn draw(&self, purpose: u64, thing: u32) -> u64 {
        finish(self.seed ^ finish(purpose) ^ thing as u64)
    }

    /// The same as a share of one.
    fn share(&self, purpose: u64, thing: u32) -> f64 {
        as_share(self.draw(purpose, thing))
    }
}

/// A drawn number as a share of one.
fn as_share(drawn: u64) -> f64 {
    (drawn >> 11) as f64 / (1_u64 << 53) as f64
}
