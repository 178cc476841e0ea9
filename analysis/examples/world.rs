//! Writes the datasets of a fixture world: `world NAME OUT`. Prints their folders, one per line.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "a tool for the tests")]

#[path = "../tests/world/mod.rs"]
mod world;

use std::path::Path;

fn main() {
    let mut args = std::env::args().skip(1);
    let name = args.next().expect("name of a world");
    let out = args.next().expect("directory to write to");
    for folder in world::write(&world::fixtures().join(name), Path::new(&out)) {
        println!("{}", folder.display());
    }
}
