//! The scanner against servers as they run in the field: those of Debian, raised on loopback with a
//! configuration of their own.
//!
//! Needs the packages of `.ci/packages`; a test whose server is not there fails and names the package.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that fails here has failed"
)]

mod dane;
mod dns;
mod identity;
mod nginx;
mod openssl;
mod pki;
mod place;
mod postfix;
mod server;
mod tables;

use std::path::PathBuf;

/// A program of a Debian package, which may stand where only root's PATH looks.
fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    let found = folders.map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not there: apt-get install {package} (.ci/run does it)"))
}

/// `sts-scan`, built beside this test.
fn sts_scan() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("sts-scan");
    assert!(program.is_file(), "{} is not there: cargo build -p sts-scanner first", program.display());
    program
}
