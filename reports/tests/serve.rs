//! `sts-tlsrpt serve` as senders meet it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const REPORT: &str = r#"{"organization-name":"Sender","date-range":{"start-datetime":"2026-01-01T00:00:00Z","end-datetime":"2026-01-01T23:59:59Z"},"contact-info":"a@sender.example","report-id":"ID","policies":[]}"#;

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path, more: &str) -> Self {
        let program = env!("CARGO_BIN_EXE_sts-tlsrpt");
        // No file grows beyond 128 KiB: writing fails as on a full disk.
        let line =
            format!("trap '' XFSZ; ulimit -f 128; exec '{program}' serve 0 -o '{}' {more}", folder.display());
        let mut child = Command::new("bash").args(["-c", &line]).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        stderr.read_line(&mut said).unwrap();
        let address =
            said.split("http://").nth(1).unwrap_or_else(|| panic!("{said}")).split('/').next().unwrap();
        let address = address.to_owned();
        // What it says later must not fill the pipe.
        std::thread::spawn(move || drop(std::io::copy(&mut stderr, &mut std::io::sink())));
        Self { child, address }
    }

    /// The status of the answer.
    fn send(&self, head: &str, body: &[u8]) -> u16 {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = if head.contains("Content-Length") {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        // One that is refused early may not be read to its end.
        drop(
            stream.write_all(
                format!("{head}\r\nHost: r.example\r\nConnection: close\r\n{length}\r\n").as_bytes(),
            ),
        );
        drop(stream.write_all(body));
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        let answer = String::from_utf8_lossy(&answer).into_owned();
        answer.split(' ').nth(1).unwrap_or_else(|| panic!("{head}: {answer}")).parse().unwrap()
    }

    fn post(&self, id: &str) -> u16 {
        self.send(
            "POST /any HTTP/1.1\r\nContent-Type: application/tlsrpt+json",
            REPORT.replace("ID", id).as_bytes(),
        )
    }

    /// Its exit code when it is told to stop.
    fn stop(mut self) -> i32 {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap()
    }
}

fn reports(folder: &Path) -> u64 {
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    manifest["reports"].as_u64().unwrap()
}

fn spooled(folder: &Path) -> usize {
    fs::read_dir(folder.join("spool")).unwrap().count()
}

#[test]
fn what_is_answered_with_201_is_in_the_tables_after_a_stop() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), "");
    assert_eq!(server.post("1"), 201);
    assert_eq!(server.post("1"), 201, "the same again is taken, and counted once");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(REPORT.as_bytes()).unwrap();
    assert_eq!(
        server.send("POST / HTTP/1.1\r\nContent-Type: application/tlsrpt+gzip", &packed.finish().unwrap()),
        201
    );
    assert_eq!(spooled(dir.path()), 3);
    // While it runs nobody else writes.
    let second = Command::new(env!("CARGO_BIN_EXE_sts-tlsrpt"))
        .args(["serve", "0", "-o"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert_eq!(server.stop(), 0);
    assert_eq!((reports(dir.path()), spooled(dir.path())), (2, 0));
}

#[test]
fn what_cannot_be_taken_gets_a_clear_answer() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), "--max-mib 1");
    let json = "POST / HTTP/1.1\r\nContent-Type: application/tlsrpt+json";
    assert_eq!(server.send("GET / HTTP/1.1", b""), 405);
    assert_eq!(server.send("POST / HTTP/1.1\r\nContent-Type: text/html", b"{}"), 415);
    assert_eq!(server.send("POST / HTTP/1.1", b"{}"), 415);
    assert_eq!(server.send(json, b"{'a': 1}"), 400);
    assert_eq!(server.send(json, b"{\"a\": 1}"), 400);
    assert_eq!(server.send(json, &[0x1F, 0x8B, 8, 0]), 400);
    assert_eq!(server.send(&format!("{json}\r\nContent-Length: 2000000"), b"{"), 413);
    let chunked = format!("{json}\r\nTransfer-Encoding: chunked\r\nX-Content-Length: 0");
    let mut body = format!("{:x}\r\n", 1_500_000).into_bytes();
    body.extend(vec![b' '; 1_500_000]);
    body.extend(b"\r\n0\r\n\r\n");
    assert_eq!(server.send(&chunked, &body), 413);
    // All of it is sent before the answer is read, as a proxy does.
    let large = vec![b' '; 20_000_000];
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let head =
        format!("{json}\r\nHost: r.example\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", large.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&large).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b' '; 8_000_000]).unwrap();
    assert_eq!(server.send(json, &bomb.finish().unwrap()), 413);
    assert_eq!(spooled(dir.path()), 0);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_client_has_a_rate_and_a_proxy_must_be_named_to_be_believed() {
    let dir = tempfile::tempdir().unwrap();
    let from = |server: &Server, client: &str| {
        let head = format!(
            "POST / HTTP/1.1\r\nContent-Type: application/json\r\nX-Forwarded-For: 203.0.113.9, {client}"
        );
        server.send(&head, REPORT.as_bytes())
    };
    let server = Server::start(&dir.path().join("a"), "--per-minute 1");
    assert_eq!((from(&server, "192.0.2.1"), from(&server, "192.0.2.2")), (201, 429));
    assert_eq!(server.stop(), 0);
    let server = Server::start(&dir.path().join("b"), "--per-minute 1 --behind-proxy");
    assert_eq!(
        (from(&server, "192.0.2.1"), from(&server, "192.0.2.2"), from(&server, "192.0.2.2")),
        (201, 201, 429)
    );
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_full_disk_is_answered_with_503_and_what_a_crash_leaves_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start(dir.path(), "");
    assert_eq!(server.post(&"x".repeat(200_000)), 503);
    assert_eq!(spooled(dir.path()), 0);
    assert_eq!(server.post("1"), 201);
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    assert_eq!(spooled(dir.path()), 1);
    let server = Server::start(dir.path(), "");
    assert_eq!(server.stop(), 0);
    assert_eq!((reports(dir.path()), spooled(dir.path())), (1, 0));
}
