//! The laboratory, tried from outside: its situations are sound, its servers do what they say, its grade sees
//! everything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]

mod comparing;
mod documents;
mod grading;
mod servers;
mod situations;
mod width;

use std::path::Path;
use sts_lab::mix::Mix;
use sts_lab::names::Names;
use sts_lab::{Lab, Options};

/// A laboratory of the demo mix.
fn demo(dir: &Path, domains: u64) -> Lab {
    start(dir, domains, Mix::load("demo").unwrap())
}

/// A laboratory where every domain is in one situation.
fn only(dir: &Path, situation: &str) -> Lab {
    start(dir, 3, Mix::only(situation))
}

fn start(dir: &Path, domains: u64, mix: Mix) -> Lab {
    let names = Names::Generated(domains);
    Lab::start(Options {
        names,
        seed: 1,
        epoch: 0,
        mix,
        dns: sts_lab::serve::Dns::Resolver,
        dir: dir.to_owned(),
    })
    .unwrap()
}
