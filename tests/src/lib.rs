//! The laboratory of STS Census: a simulated Internet on the loopback network whose true answers are known.
//!
//! A [`world::World`] is a pure function of a seed, an epoch and a domain's name; it puts each domain into a
//! [`situation::Situation`] by the weights of a [`mix::Mix`]. [`serve::Servers`] plays it in DNS, HTTPS and
//! SMTP, [`truth`] says what a right scan of it holds, [`grade`] compares a dataset with that, and
//! [`compare`] one dataset with another; [`reported`] writes what senders would have reported, and [`bulk`]
//! is a larger DNS for measuring. [`Lab`] is all of it in one process. No code here is the scanner's: it must
//! be able to prove the scanner wrong.

pub mod authority;
pub mod bulk;
pub mod compare;
pub mod contract;
pub mod counts;
pub mod dataset;
pub mod delegation;
pub mod dice;
pub mod grade;
pub mod hostile;
mod lab;
pub mod mix;
pub mod names;
pub mod reported;
pub mod serve;
pub mod situation;
pub mod straight;
pub mod transitions;
pub mod truth;
pub mod value;
pub mod world;

pub use lab::{ANCHOR, CONTACTS, HIDDEN, HINTS, LIST, Lab, Options, SETTINGS, TRUST, TRUTH};
