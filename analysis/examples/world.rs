//! Writes the datasets of a fixture world: `world NAME OUT`, `world reports/NAME OUT` for one of TLS reports,
//! `world joined/NAME OUT` for one of both, with the reports in the first folder. Prints their folders, one
//! per line.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "a tool for the tests")]

#[path = "../tests/world/mod.rs"]
mod world;

use std::path::Path;

fn main() {
    let mut args = std::env::args().skip(1);
    let name = args.next().expect("name of a world");
    let out = args.next().expect("directory to write to");
    if let Some(name) = name.strip_prefix("reports/") {
        world::write_reports(&world::report_fixtures().join(name), Path::new(&out));
        println!("{out}");
        return;
    }
    let world = match name.strip_prefix("joined/") {
        Some(name) => world::joined_fixtures().join(name),
        None => world::fixtures().join(name),
    };
    if world.join("reports.jsonl").exists() {
        let reports = Path::new(&out).join("reports");
        world::write_reports(&world, &reports);
        println!("{}", reports.display());
    }
    for folder in world::write(&world, Path::new(&out)) {
        println!("{}", folder.display());
    }
}
