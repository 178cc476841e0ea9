//! The whole laboratory in one process: names, truth and servers, in a folder of its own.

use crate::authority::Authority;
use crate::contract::Contract;
use crate::delegation::Delegations;
use crate::mix::Mix;
use crate::names::Names;
use crate::serve::sign::Signer;
use crate::serve::{Dns, Ports, Servers};
use crate::truth::{self, Oracle};
use crate::world::World;
use anyhow::{Context, Result};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// The list of domains, `rank,domain`.
pub const LIST: &str = "list.csv";
/// The settings a scanner needs to scan this world.
pub const SETTINGS: &str = "scan.toml";
/// The authority to trust.
pub const TRUST: &str = "ca.pem";
/// The intermediate authority that no server of the world sends, for those who want to give it to the
/// scanner.
pub const HIDDEN: &str = "hidden-issuer.pem";
/// What a right scan holds.
pub const TRUTH: &str = "truth.parquet";
/// The servers of the root, where the DNS is delegated.
pub const HINTS: &str = "root.hints";
/// The root's key, where the DNS is signed.
pub const ANCHOR: &str = "root.key";
/// Who came, written when the laboratory stops.
pub const CONTACTS: &str = "contacts.parquet";

/// What a laboratory plays.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its domains.
    pub names: Names,
    /// Everything is drawn from it.
    pub seed: u64,
    /// Number of the snapshot, from 0.
    pub epoch: u32,
    /// How often each situation occurs.
    pub mix: Mix,
    /// Who answers questions beside the resolver.
    pub dns: Dns,
    /// Where its files go; made where it is not there.
    pub dir: PathBuf,
}

/// A running laboratory. Dropping it stops the servers; [`Lab::finish`] also writes who came.
#[derive(Debug)]
pub struct Lab {
    /// Where its files are.
    pub dir: PathBuf,
    /// Where its servers listen.
    pub ports: Ports,
    /// How many domains its list holds.
    pub domains: u64,
    /// What a right scan of it holds.
    pub oracle: Oracle,
    servers: Servers,
}

impl Lab {
    /// Starts the servers and writes list, settings, authority and truth.
    ///
    /// # Errors
    /// Where a file cannot be written, a list cannot be read, or there are no free ports.
    pub fn start(options: Options) -> Result<Self> {
        Self::start_at(options, None)
    }

    /// The same, with this port for the authoritative servers: resolvers ask at 53 alone.
    ///
    /// # Errors
    /// As [`Lab::start`], and where the port is not free.
    pub fn start_at(options: Options, authorities: Option<u16>) -> Result<Self> {
        let dir = options.dir;
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let contract = Arc::new(Contract::load()?);
        let world = Arc::new(World::new(&contract, options.seed, options.epoch, options.mix)?);
        let authority = Arc::new(Authority::new(options.seed)?);
        let delegations = match options.dns {
            Dns::Resolver => None,
            Dns::Delegated | Dns::Forged => Some(Delegations::new(Arc::clone(&world))),
            Dns::Signed => Some(Delegations::signed(Arc::clone(&world))),
        };
        let signer = (options.dns == Dns::Signed).then(Signer::new).transpose()?;
        let oracle =
            Oracle { contract, world: Arc::clone(&world), authority: Arc::clone(&authority), delegations };

        let list = dir.join(LIST);
        let mut list =
            BufWriter::new(File::create(&list).with_context(|| format!("cannot write {}", list.display()))?);
        writeln!(list, "rank,domain")?;
        let is_made_up = matches!(options.names, Names::Generated(_));
        let listed = |name: String| if is_made_up { oracle.world.listed(name) } else { name };
        let names = options.names.iter(options.seed)?.map(|name| name.map(listed));
        let domains = truth::write(&oracle, names, &dir.join(TRUTH), |rank, name| {
            writeln!(list, "{rank},{name}")?;
            Ok(())
        })?;
        list.flush()?;
        std::fs::write(dir.join(TRUST), authority.root_pem())?;
        std::fs::write(dir.join(HIDDEN), authority.hidden_pem())?;

        let is_signed = signer.is_some();
        if let Some(signer) = &signer {
            std::fs::write(dir.join(ANCHOR), signer.anchor(&Delegations::signed(Arc::clone(&world))))?;
        }
        let servers = Servers::start(Arc::clone(&world), authority, options.dns, signer, authorities)?;
        let ports = servers.ports;
        std::fs::write(dir.join(SETTINGS), settings(ports, is_signed, &world.mix.companions))?;
        if ports.authorities.is_some() {
            std::fs::write(dir.join(HINTS), Delegations::new(world).hints())?;
        }
        Ok(Self { dir, ports, domains, oracle, servers })
    }

    /// The path of one of its files.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Who came so far.
    #[must_use]
    pub fn contacts(&self) -> &crate::serve::Contacts {
        &self.servers.contacts
    }

    /// Writes who came so far beside the truth.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write_contacts(&self) -> Result<()> {
        crate::serve::write_contacts(&self.servers.contacts, &self.path(CONTACTS))
    }

    /// Writes who came, and stops the servers.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn finish(self) -> Result<()> {
        self.write_contacts()
    }
}

/// Settings for a scan of the world behind these ports. Paths are relative to the file. The deadlines are
/// short, because the loopback network is; the rates are generous, because nobody is bothered. What is in
/// flight is not: scanner and servers share a machine, and a queue of handshakes that is longer than the
/// deadline would be taken for a fault of the servers.
fn settings(ports: Ports, is_signed: bool, companions: &[String]) -> String {
    format!(
        r#"# Made by sts-lab: how to scan this laboratory.
[dns]
{}

[policy_host]
port = {}

[smtp]
port = {}

[tls]
trust = "{TRUST}"

[targets]
allow_private = true

[identity]
ehlo_name = "scanner.lab.example"
contact = "mailto:lab@lab.example"
info_url = "https://lab.example/scan"

[pace]
dns_rate = 1000000
https_rate = 1000000
smtp_rate = 1000000
per_target_rate = 1000000
per_network_rate = 1000000
per_provider_rate = 1000000
{}https_in_flight = 64
smtp_in_flight = 128
per_target_in_flight = 10000
per_network_in_flight = 10000
per_provider_in_flight = 10000

[scan]
second_look = "{}"
companions = {companions:?}

[deadlines]
dns = "{}"
policy = "6s"
smtp = "9s"
banner = "4s"
"#,
        dns(ports, is_signed),
        ports.https,
        ports.smtp,
        rates(ports),
        if ports.authorities.is_some() { "6s" } else { "2s" },
        // A server of three seconds is in time, and one that is silent costs no more than it must.
        if ports.authorities.is_some() { "8s" } else { "3s" }
    )
}

/// Whom to ask.
fn dns(ports: Ports, is_signed: bool) -> String {
    let resolvers = format!("resolvers = [\"{}\"]", ports.dns);
    match ports.authorities {
        None => resolvers,
        Some(port) => format!(
            "# To go through the resolver, take this line for those below it: {resolvers}\n\
             resolvers = []\n\
             authority_port = {port}\n\
             root_hints = \"{HINTS}\"{}",
            if is_signed { format!("\ntrust_anchor = \"{ANCHOR}\"") } else { String::new() }
        ),
    }
}

/// The rates of whoever is asked: resolvers, or the authoritative servers.
const fn rates(ports: Ports) -> &'static str {
    match ports.authorities {
        None => "dns_in_flight = 1000\nper_resolver_in_flight = 1000000\n",
        // Who asks all servers of a zone in turn while one thread plays them all is not to queue up for
        // seconds.
        Some(_) => {
            "dns_in_flight = 100\nper_server_rate = 1000000\nper_operator_rate = 1000000\nper_tld_rate = 1000000\n\
             per_server_in_flight = 10000\nper_operator_in_flight = 10000\nper_tld_in_flight = 10000\n"
        }
    }
}
