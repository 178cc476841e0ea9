//! How many questions per second the laboratory's resolver answers, asked by one thread with 200 in flight.
//!
//! `cargo run --release -p sts-lab --example dns_rate` prints answers per second; asker and resolver have a
//! core each.

#![allow(clippy::print_stdout, reason = "this is what it is for")]

use anyhow::Result;
use std::net::UdpSocket;
use std::time::{Duration, Instant};
use sts_lab::mix::Mix;
use sts_lab::names::{Names, generate};
use sts_lab::{Lab, Options};

const IN_FLIGHT: u64 = 200;
const QUESTIONS: u64 = 600_000;

fn main() -> Result<()> {
    let dir = std::env::temp_dir().join(format!("sts-lab-dns-rate-{}", std::process::id()));
    let mix = Mix::load("imc2025")?;
    let lab = Lab::start(Options {
        names: Names::Generated(1),
        seed: 1,
        epoch: 0,
        mix,
        dns: sts_lab::serve::Dns::Resolver,
        dir: dir.clone(),
    })?;
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(lab.ports.dns)?;
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    let begin = Instant::now();
    let (mut asked, mut answered) = (0, 0);
    let mut answer = [0; 1500];
    while answered < QUESTIONS {
        while asked < QUESTIONS && asked < answered + IN_FLIGHT {
            socket.send(&question(asked))?;
            asked += 1;
        }
        socket.recv(&mut answer)?;
        answered += 1;
    }
    let took = begin.elapsed();
    println!("{:.0} answers a second", f64::from(u32::try_from(answered)?) / took.as_secs_f64());
    std::fs::remove_dir_all(dir)?;
    Ok(())
}

/// MX, record and TLSRPT of one domain after the other.
fn question(number: u64) -> Vec<u8> {
    let (prefix, kind) = match number % 3 {
        0 => ("", 15),
        1 => ("_mta-sts.", 16),
        _ => ("_smtp._tls.", 16),
    };
    let mut message = vec![0, 1, 1, 0x20, 0, 1, 0, 0, 0, 0, 0, 1];
    for label in format!("{prefix}{}", generate(1, number / 3)).split('.') {
        message.push(u8::try_from(label.len()).unwrap_or_default());
        message.extend(label.as_bytes());
    }
    message.extend([0, 0, kind, 0, 1, 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0]);
    message
}
