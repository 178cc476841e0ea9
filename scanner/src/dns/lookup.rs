//! Lookups about ourselves: hickory's caching resolver over this thread's engine, or the authoritative
//! servers themselves where no resolver is asked. What a scan records goes by [`super::Dns`], which keeps
//! what this hides (the code behind an alias, the AD bit, what the resolver said of a failure).

use super::answer::Data;
use super::engine::EngineConnections;
use super::{Dns, RecordType, engine_here, wire};
use crate::admission::Waited;
use crate::fault::LocalFault;
use hickory_resolver::Resolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::Name;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Asks for a few names, and remembers the answers for as long as they may be.
pub struct Lookup<'a>(By<'a>);

enum By<'a> {
    Resolver(Box<Resolver<EngineConnections>>),
    Authorities(&'a Dns),
}

/// There was no answer: nobody can tell whether there is anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoAnswer;

impl<'a> Lookup<'a> {
    /// By whomever the client asks, on this thread's engine; each question may take `patience`.
    ///
    /// # Errors
    /// There is no engine on this thread, or the library refuses the servers.
    pub fn new(dns: &'a Dns, patience: Duration) -> Result<Self, LocalFault> {
        if dns.is_iterating() {
            return Ok(Self(By::Authorities(dns)));
        }
        let resolvers = dns.resolvers();
        let server = |addr: &SocketAddr| {
            let mut server = NameServerConfig::udp_and_tcp(addr.ip());
            server.connections.iter_mut().for_each(|connection| connection.port = addr.port());
            server
        };
        let config = ResolverConfig::from_parts(None, Vec::new(), resolvers.iter().map(server).collect());
        let mut builder = Resolver::builder_with_config(config, EngineConnections::new(engine_here()?));
        let options = builder.options_mut();
        options.timeout = patience;
        options.attempts = 1;
        // What others see is asked, not what this machine's own file says.
        options.use_hosts_file = ResolveHosts::Never;
        let built = builder.build();
        built
            .map(|built| Self(By::Resolver(Box::new(built))))
            .map_err(|e| LocalFault::Setup { doing: "set up the resolver", reason: e.to_string() })
    }

    async fn records(&self, name: Name, kind: RecordType) -> Result<Vec<Data>, NoAnswer> {
        let resolver = match &self.0 {
            By::Resolver(resolver) => resolver,
            By::Authorities(dns) => {
                let asked = dns.ask(&wire::name_text(&name), kind, &mut Waited::default()).await;
                let answer = asked.map_err(|_| NoAnswer)?;
                return if answer.status.is_definite() { Ok(answer.into_records()) } else { Err(NoAnswer) };
            }
        };
        match resolver.lookup(name, kind).await {
            Ok(found) => Ok(found.answers().iter().map(|record| Data::from(&record.data)).collect()),
            Err(none) if is_empty(&none) => Ok(Vec::new()),
            Err(_) => Err(NoAnswer),
        }
    }

    /// The addresses of a name; none where it has none.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, NoAnswer> {
        let mut found = Vec::new();
        for kind in [RecordType::A, RecordType::AAAA] {
            let records = self.records(absolute(name)?, kind).await?;
            let addr = |record: Data| if let Data::Address(addr) = record { Some(addr) } else { None };
            found.extend(records.into_iter().filter_map(addr));
        }
        Ok(found)
    }

    /// The names that the reverse DNS gives an address; none where it has none.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn names(&self, addr: IpAddr) -> Result<Vec<String>, NoAnswer> {
        let records = self.records(Name::from(addr), RecordType::PTR).await?;
        let name = |record: Data| if let Data::Ptr(name) = record { Some(name) } else { None };
        Ok(records.into_iter().filter_map(name).collect())
    }

    /// The MX hosts of a domain, the preferred ones first; none where it has none.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn mx(&self, domain: &str) -> Result<Vec<String>, NoAnswer> {
        let records = self.records(absolute(domain)?, RecordType::MX).await?;
        let host = |record: Data| match record {
            Data::Mx(preference, host) => Some((preference, host)),
            _ => None,
        };
        let mut hosts: Vec<(u16, String)> = records.into_iter().filter_map(host).collect();
        hosts.sort();
        Ok(hosts.into_iter().map(|(_, host)| host).filter(|host| host != ".").collect())
    }
}

fn absolute(name: &str) -> Result<Name, NoAnswer> {
    Name::from_ascii(format!("{}.", name.trim_end_matches('.'))).map_err(|_| NoAnswer)
}

fn is_empty(error: &NetError) -> bool {
    error.is_nx_domain() || error.is_no_records_found()
}
