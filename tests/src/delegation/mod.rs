//! The DNS as it is delegated: which zone a name is in, who refers to it, and which servers answer for it.
//!
//! All of it is a pure function of (seed, epoch, name), as the world is. What the servers of a domain's zone
//! answer is what the world says of the domain.

mod operators;
mod servers;

pub use servers::NameServer;

use crate::names::suffix_and_registrable;
use crate::situation::{Algorithm, Denial, Flaw, RecordType, Server, Signing, Situation, Status};
use crate::world::{World, domain_of_control};
use operators::{Operator, Operators};
use servers::Place;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Top-level domains that the root denies (RFC 6761 section 6.4).
const DENIED: &str = "invalid";
/// The zone of names of servers that something is wrong with.
pub(crate) const ODD: &str = "oddns.net";
/// TTL of delegations, seconds: longer than any scan of a laboratory.
const TTL: u32 = 86_400;
/// Zones whose servers have their names in each other.
const CIRCLE: [&str; 2] = ["oddcircle.net", "oddcircle.org"];

/// A zone and its servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// The name it begins at; empty for the root.
    pub apex: String,
    /// Who answers for it.
    pub servers: Vec<NameServer>,
    /// TTL of its delegation and of its servers' addresses, seconds.
    pub(crate) ttl: u32,
    /// Where its records come from.
    pub(crate) content: Content,
}

/// Where the records of a zone come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// They are delegations, and the addresses of its own servers.
    Registry,
    /// They are the addresses of name servers.
    Hosts,
    /// The world has them.
    World,
}

/// What a name in a zone of name servers is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// One with an address.
    At(Ipv4Addr),
    /// An alias of another name.
    Alias(String),
    /// One that is there and has no address.
    Empty,
}

impl Zone {
    /// The server of the zone that is at an address.
    #[must_use]
    pub fn server_at(&self, asked: Ipv4Addr) -> Option<&NameServer> {
        self.servers.iter().find(|server| server.addr == Some(asked.into()))
    }
}

/// Whether a name is this one or below it.
fn is_at_or_below(name: &str, above: &str) -> bool {
    name.strip_suffix(above).is_some_and(|labels| labels.is_empty() || labels.ends_with('.'))
}

/// Who answers for what in a world.
#[derive(Debug)]
pub struct Delegations {
    world: Arc<World>,
    operators: Operators,
    /// Whether the root and the registries sign, and whoever else a world says.
    is_signed: bool,
    /// How zones that domains share are signed; the others of them are not.
    shared: BTreeMap<String, Signing>,
}

impl Delegations {
    /// The delegations of a world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { operators: Operators::new(world.seed), world, is_signed: false, shared: BTreeMap::new() }
    }

    /// The same, with signatures.
    #[must_use]
    pub fn signed(world: Arc<World>) -> Self {
        let all = world.situations().iter().flat_map(|situation| &situation.delegation.dnssec);
        let shared =
            all.filter(|(apex, _)| !apex.contains('{')).map(|(apex, one)| (apex.clone(), *one)).collect();
        Self { is_signed: true, shared, ..Self::new(world) }
    }

    /// Whether any zone is signed.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        self.is_signed
    }

    /// The root.
    pub(crate) fn root() -> Zone {
        servers::root()
    }

    /// How a zone is signed; `None` where it is not. The root's key is of RSA, as on the Internet, and the
    /// registries prove by NSEC, by NSEC3 and with opt-out.
    #[must_use]
    pub(crate) fn signing(&self, zone: &Zone) -> Option<Signing> {
        if !self.is_signed {
            return None;
        }
        let registry = |algorithm, denial| Some(Signing { algorithm, denial, fault: None });
        match zone.content {
            Content::Registry => match zone.apex.rsplit('.').next().unwrap_or_default() {
                "" => registry(Algorithm::RsaSha256, Denial::Nsec),
                "com" => registry(Algorithm::EcdsaP256Sha256, Denial::OptOut),
                "net" => registry(Algorithm::RsaSha256, Denial::Nsec3),
                _ => registry(Algorithm::EcdsaP256Sha256, Denial::Nsec),
            },
            Content::Hosts => None,
            Content::World if self.world.is_common(&zone.apex) => self.shared.get(&zone.apex).copied(),
            Content::World => {
                let domain = self.world.zone(&zone.apex, None)?;
                let all = &self.world.situation(&domain).delegation.dnssec;
                let of = |(apex, signing): (&String, &Signing)| {
                    let is_it = apex.replace("{domain}", &domain) == zone.apex;
                    Some(*signing).filter(|signing| is_it && signing.fault != Some(Flaw::Unsigned))
                };
                all.iter().find_map(of)
            }
        }
    }

    /// The zones on the way from the root to a name that is asked for with a type, the root first. The last
    /// one holds the name, or denies it.
    #[must_use]
    pub fn chain(&self, name: &str, kind: Option<RecordType>) -> Vec<Zone> {
        if let Some(chain) = self.chain_of_server(name, kind) {
            return chain;
        }
        let mut zones = vec![servers::root()];
        let top = name.rsplit('.').next().unwrap_or_default();
        if top.is_empty() || top == DENIED {
            return zones;
        }
        zones.push(servers::registry(top));
        let (suffix, registrable) = suffix_and_registrable(name);
        if suffix != top && servers::is_cut(suffix) {
            zones.push(servers::registry(suffix));
        }
        let Some(registrable) = registrable else { return zones };
        // A registry has its own names, and denies those that a scan makes up.
        if registrable.starts_with(servers::REGISTRY_LABEL) || domain_of_control(registrable).is_some() {
            return zones;
        }
        if registrable.starts_with('_') && !self.world.is_common(registrable) {
            // Nobody registers such a name: the registry denies it.
            return zones;
        }
        if let Some(zone) = self.zone_of_hosts(registrable) {
            zones.push(zone);
            return zones;
        }
        let Some(apex) = self.world.zone(name, kind) else { return zones };
        let Some(zone) = self.zone_of_domain(&apex) else { return zones };
        zones.push(zone);
        zones.extend(self.cut(&apex, name));
        zones
    }

    /// The name servers that the parent of a domain has for it, sorted; none where the parent denies the
    /// domain.
    #[must_use]
    pub fn of(&self, domain: &str) -> Vec<String> {
        let chain = self.chain(domain, Some(RecordType::Mx));
        let zone = chain.last().filter(|zone| zone.apex == domain);
        let mut names: Vec<String> =
            zone.map(|zone| zone.servers.iter().map(|s| s.name.clone()).collect()).unwrap_or_default();
        names.sort_unstable();
        names
    }

    /// Whether the zone above the domain has a DS for it; `None` where the domain is no zone.
    #[must_use]
    pub(crate) fn ds(&self, domain: &str) -> Option<bool> {
        let chain = self.chain(domain, Some(RecordType::Mx));
        let zone = chain.last().filter(|zone| zone.apex == domain)?;
        Some(self.signing(zone).is_some())
    }

    /// Who answers at `_mta-sts` of a domain: one for each address.
    #[must_use]
    pub(crate) fn at_record(&self, domain: &str) -> Vec<Server> {
        let chain = self.chain(&format!("_mta-sts.{domain}"), Some(RecordType::Txt));
        let servers = chain.into_iter().next_back().map(|zone| zone.servers).unwrap_or_default();
        servers.into_iter().map(|server| server.does).filter(|does| does.answers()).collect()
    }

    /// The servers of the root as a file of hints has them (RFC 9609 section 3).
    #[must_use]
    pub fn hints(&self) -> String {
        let of = |server: NameServer| {
            let addr = server.addr.map(|addr| addr.to_string()).unwrap_or_default();
            format!(". 3600000 NS {0}.\n{0}. 3600000 A {addr}\n", server.name)
        };
        servers::root().servers.into_iter().map(of).collect()
    }

    /// What a name in a zone of name servers is; `None` where it is not there.
    #[must_use]
    pub(crate) fn host(&self, zone: &Zone, name: &str) -> Option<Host> {
        let first = || self.operators.servers(Operator::FIRST).into_iter().next();
        match zone.content {
            Content::Hosts if zone.apex == ODD => match name.strip_suffix(ODD)?.trim_end_matches('.') {
                "" | "bare" => Some(Host::Empty),
                "alias" => first().map(|(name, _)| Host::Alias(name)),
                _ => None,
            },
            Content::Hosts => {
                let operator = self.operators.of_own_zone(&zone.apex);
                let servers = operator.map(|one| self.operators.servers(one)).unwrap_or_default();
                let found = servers.into_iter().find(|(server, _)| server == name);
                found.map(|(_, addr)| Host::At(addr)).or_else(|| (name == zone.apex).then_some(Host::Empty))
            }
            Content::Registry | Content::World => {
                let named = zone.servers.iter().find(|server| server.name == name);
                match named.map(|server| server.addr) {
                    Some(Some(IpAddr::V4(addr))) => Some(Host::At(addr)),
                    Some(_) => Some(Host::Empty),
                    None => zone
                        .servers
                        .iter()
                        .any(|s| s.name.ends_with(&format!(".{name}")))
                        .then_some(Host::Empty),
                }
            }
        }
    }

    /// The way to the name of a server that is in the zone it serves.
    fn chain_of_server(&self, name: &str, kind: Option<RecordType>) -> Option<Vec<Zone>> {
        if matches!(kind, Some(RecordType::Mx | RecordType::Ns)) {
            return None;
        }
        let (label, zone) = name.split_once('.')?;
        label.strip_prefix("ns")?.parse::<u8>().ok()?;
        let chain = self.chain(zone, Some(RecordType::A));
        let last = chain.last().filter(|last| last.apex == zone && last.content == Content::World)?;
        last.servers.iter().any(|server| server.name == name).then_some(chain)
    }

    /// A zone that holds nothing but name servers.
    fn zone_of_hosts(&self, apex: &str) -> Option<Zone> {
        let servers = if let Some(operator) = self.operators.of_own_zone(apex) {
            self.hosted(self.operators.host(operator))
        } else if apex == ODD {
            self.hosted(Operator::FIRST)
        } else {
            let at = CIRCLE.iter().position(|zone| *zone == apex)?;
            let other = CIRCLE.get((at + 1) % CIRCLE.len()).copied().unwrap_or_default();
            vec![NameServer::unknown(format!("ns1.{other}"), Server::Circle)]
        };
        Some(Zone { apex: apex.to_owned(), servers, ttl: TTL, content: Content::Hosts })
    }

    fn hosted(&self, operator: Operator) -> Vec<NameServer> {
        self.operators
            .servers(operator)
            .into_iter()
            .map(|(name, addr)| NameServer::good(name, addr))
            .collect()
    }

    /// The zone of a domain of the world, or of names that domains share; `None` where its parent denies it.
    fn zone_of_domain(&self, apex: &str) -> Option<Zone> {
        let zone = |servers, ttl| Some(Zone { apex: apex.to_owned(), servers, ttl, content: Content::World });
        let operator = self.operators.of(apex);
        if self.world.is_common(apex) {
            return zone(self.hosted(operator), TTL);
        }
        let situation = self.world.situation(apex);
        if is_unregistered(situation) {
            return None;
        }
        let special = &situation.delegation.servers;
        let ttl = situation.delegation.ttl.unwrap_or(TTL);
        if special.is_empty() {
            return zone(self.ordinary(apex, operator), ttl);
        }
        let alias = self.operators.servers(Operator::FIRST).first().map(|(_, addr)| *addr);
        let placed = special.iter().zip(1..);
        zone(placed.map(|(does, turn)| Place { zone: apex, turn, alias }.server(*does)).collect(), ttl)
    }

    /// The servers of a domain that nothing is wrong with: its operator's under the operator's names, or now
    /// and then under names of the domain.
    fn ordinary(&self, apex: &str, operator: Operator) -> Vec<NameServer> {
        let mut servers = self.hosted(operator);
        if servers::is_vanity(self.world.seed, apex) {
            for (server, turn) in servers.iter_mut().zip(1..) {
                server.name = format!("ns{turn}.{apex}");
            }
        }
        servers
    }

    /// The zone below a domain that a name is in.
    fn cut(&self, domain: &str, name: &str) -> Option<Zone> {
        let delegation = &self.world.situation(domain).delegation;
        let mut apexes = delegation.cuts.iter().map(|cut| cut.replace("{domain}", domain));
        let apex = apexes.find(|apex| is_at_or_below(name, apex))?;
        // A record is a provider's, a host has servers of its own.
        let servers = if apex.starts_with('_') {
            self.hosted(self.operators.of(&apex))
        } else {
            (1..=2).map(|turn| Place { zone: &apex, turn, alias: None }.server(Server::Good)).collect()
        };
        Some(Zone { apex, servers, ttl: delegation.ttl.unwrap_or(TTL), content: Content::World })
    }
}

/// Whether the parent of a domain denies it.
fn is_unregistered(situation: &Situation) -> bool {
    let answers = situation.zone.get("{domain}");
    answers.into_iter().flatten().any(|(_, answer)| answer.status == Status::NxDomain)
}

#[cfg(test)]
mod tests;
