//! Says of each host on standard input (address and name on a line) whether rustls takes its certificate, at
//! its defaults but for the roots: `ask_rustls ROOTS PORT`. `scripts/senders-check` asks it.

#![allow(clippy::print_stdout, reason = "it is what it is for")]

use anyhow::{Context, Result};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use std::io::BufRead as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (pem, port) = (arguments.next().context("a file of roots")?, arguments.next().context("a port")?);
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(pem)? {
        roots.add(root?)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (address, host) = line.split_once(' ').context("an address and a name")?;
        let name = ServerName::try_from(host.to_owned())?;
        let mut stream = TcpStream::connect((address, port.parse()?))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut connection = ClientConnection::new(Arc::clone(&config), name)?;
        let word = if connection.complete_io(&mut stream).is_ok() { "taken" } else { "refused" };
        println!("{host} {word}");
    }
    Ok(())
}
