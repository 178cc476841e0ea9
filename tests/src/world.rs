//! A world: which situation a domain is in, and which domain a name in the DNS belongs to.
//!
//! Both are pure functions of (seed, epoch, name): nothing is stored for a name, so a world of 100 million
//! domains costs nothing.

mod addresses;
mod owners;

pub use addresses::{
    Address, BLACKHOLE, HTTPS, HTTPS_ADDRESSES, REFUSED, RESET, SMTP_FIRST, SPREAD, UNREACHABLE,
};
pub(crate) use owners::domain_of_control;

use crate::authority::Authority;
use crate::contract::Contract;
use crate::dice::draw;
use crate::mix::Mix;
use crate::situation::{self, Answer, Fill, RecordType, Situation, Smtp};
use anyhow::{Context, Result, ensure};
use owners::Owners;
use std::net::Ipv4Addr;

/// The situation of names that cannot have hosts of their own, see [`World::situation`].
const PLAIN: &str = "not-signalled";

/// The situation of domains whose names no URL can hold.
const NAMELESS: &str = "policy-host-name-invalid";

/// Suffixes of `{moved}`, below which no name is made up.
const MOVED: [&str; 2] = ["com.pl", "org.pl"];

/// What makes an A-label of a label that decodes to no name: digits that run over the last code point (RFC
/// 3492 section 6.4).
const OVERFLOW: &str = "-99999999";

/// The owner that stands for every name below the domain that is not there (RFC 4592).
const WILDCARD: &str = "*.{domain}";

/// The owner of DMARC records, which is asked about above domains too.
const DMARC: &str = "_dmarc.{domain}";

/// How likely a domain is to draw a new situation from one epoch to the next: 2 %.
const CHANGES: f64 = 0.02;

/// What a name in the DNS is in this world.
#[derive(Debug)]
pub struct Owner<'w> {
    /// The domain it belongs to; empty for a name that many domains share.
    pub domain: String,
    /// The situation that answers for it.
    pub situation: &'w Situation,
    /// The pattern of the situation's zone that it is.
    pub pattern: &'w str,
}

impl Owner<'_> {
    /// The answers of this name; `None` where it does not exist.
    #[must_use]
    pub fn answers(&self) -> Option<&[(RecordType, Answer)]> {
        self.situation.zone.get(self.pattern).map(Vec::as_slice)
    }
}

/// A world of domains.
#[derive(Debug)]
pub struct World {
    /// Everything is drawn from it.
    pub seed: u64,
    /// Number of the snapshot, from 0.
    pub epoch: u32,
    /// What the situations were drawn with.
    pub mix: Mix,
    situations: Vec<Situation>,
    /// Upper end of each situation's share of the numbers below 2^64, and its place in `situations`.
    shares: Vec<(u64, usize)>,
    plain: usize,
    nameless: usize,
    owners: Owners,
    /// Every distinct SMTP behaviour; its place here is the second octet of its addresses less
    /// [`SMTP_FIRST`].
    behaviours: Vec<Smtp>,
}

impl World {
    /// A world of the situations of this build.
    ///
    /// # Errors
    /// Where a situation or the mix is not sound.
    pub fn new(contract: &Contract, seed: u64, epoch: u32, mix: Mix) -> Result<Self> {
        let situations: Vec<Situation> = situation::load_all(contract)?.into_values().collect();
        let place = |name: &str| situations.iter().position(|s| s.name == name);
        let mut shares = Vec::new();
        let mut below: u64 = 0;
        for (name, weight) in &mix.weights {
            let at =
                place(name).with_context(|| format!("the mix names `{name}`, which is not a situation"))?;
            below += weight;
            let end = u128::from(below) * u128::from(u64::MAX) / u128::from(mix.total());
            shares.push((u64::try_from(end).unwrap_or(u64::MAX), at));
        }
        let must = |name: &str| place(name).with_context(|| format!("there is no situation `{name}`"));
        let (plain, nameless) = (must(PLAIN)?, must(NAMELESS)?);
        let owners = Owners::of(&situations)?;
        let mut behaviours: Vec<Smtp> = Vec::new();
        for smtp in situations.iter().flat_map(|s| s.smtp.values()) {
            if !behaviours.contains(smtp) {
                behaviours.push(smtp.clone());
            }
        }
        ensure!(behaviours.len() < 200, "more SMTP behaviours than addresses for them");
        Ok(Self { seed, epoch, mix, situations, shares, plain, nameless, owners, behaviours })
    }

    /// The situations of this build, by name.
    #[must_use]
    pub fn situations(&self) -> &[Situation] {
        &self.situations
    }

    /// The situation of this name; `None` where there is none.
    #[must_use]
    pub fn situation_named(&self, name: &str) -> Option<&Situation> {
        self.situations.iter().find(|situation| situation.name == name)
    }

    /// Every distinct SMTP behaviour; the place is its number.
    #[must_use]
    pub fn behaviours(&self) -> &[Smtp] {
        &self.behaviours
    }

    /// The situation of a domain in this epoch.
    ///
    /// A name that could be taken for a host of another domain (`mta-sts.example.org` on a list), that is too
    /// long to carry hosts of its own, or that a policy may name in place of another (`{moved}`, `{typo}`) is
    /// in the plain situation always.
    #[must_use]
    pub fn situation(&self, domain: &str) -> &Situation {
        let at = if has_broken_label(domain) {
            self.nameless
        } else if self.owners.is_reserved(domain) || is_neighbour(domain) {
            self.plain
        } else {
            Some(self.drawn(domain)).filter(|at| *at != self.nameless).unwrap_or(self.plain)
        };
        // `at` comes from this world's own tables.
        self.situations.get(at).unwrap_or(&self.situations[0])
    }

    /// The name under which a made-up domain is listed, the same in every epoch: those that draw the
    /// situation of names that no URL can hold get such a name, and no others are in that situation.
    #[must_use]
    pub fn listed(&self, name: String) -> String {
        if self.drawn_since(0, &name) != self.nameless {
            return name;
        }
        match name.split_once('.') {
            Some((label, parent)) => format!("xn--{label}{OVERFLOW}.{parent}"),
            None => name,
        }
    }

    fn drawn(&self, domain: &str) -> usize {
        // The last epoch in which the domain drew anew; epoch 0 is the first draw of all.
        let drew = |epoch: &u32| {
            let dice = draw(self.seed ^ 0xc4a2_6e5d ^ u64::from(*epoch) << 32, domain.as_bytes());
            (dice >> 11) as f64 / (1_u64 << 53) as f64 <= CHANGES
        };
        let since = (1..=self.epoch).rev().find(drew).unwrap_or(0);
        self.drawn_since(since, domain)
    }

    fn drawn_since(&self, epoch: u32, domain: &str) -> usize {
        let dice = draw(self.seed ^ u64::from(epoch) << 20, domain.as_bytes());
        let at = self.shares.partition_point(|(end, _)| *end < dice);
        self.shares.get(at).map_or(self.plain, |(_, situation)| *situation)
    }

    /// What a name is, asked for with a type; `None` where it can be no domain's: below `invalid` (RFC 6761
    /// section 6.4) and below labels with an underscore that no situation knows.
    ///
    /// `kind` is `None` for the target of a CNAME, which is told by its form alone.
    #[must_use]
    pub fn owner(&self, name: &str, kind: Option<RecordType>) -> Option<Owner<'_>> {
        if name.ends_with(".invalid") {
            return None;
        }
        if let Some((pattern, at)) = self.owners.shared(name) {
            let situation = self.situations.get(at)?;
            return Some(Owner { domain: String::new(), situation, pattern });
        }
        // The TLSA records of a host that domains share are the host's, not of the domain above it.
        if name.strip_prefix("_25._tcp.").is_some_and(|host| self.owners.shared(host).is_some()) {
            return None;
        }
        // Only a domain is asked for its MX and NS, whatever its first label looks like.
        let of_domain = matches!(kind, Some(RecordType::Mx | RecordType::Ns));
        let (pattern, domain) =
            if of_domain { ("{domain}", name.to_owned()) } else { self.owners.part(name) };
        if domain.starts_with('_') || domain.is_empty() {
            return None;
        }
        if pattern == DMARC && crate::names::suffix_and_registrable(&domain).1.is_none() {
            // A public suffix is nobody's domain: those of them that have a record are names that domains
            // share.
            return None;
        }
        let situation = self.situation(&domain);
        let pattern = if is_synthesized(situation, pattern) { WILDCARD } else { pattern };
        Some(Owner { domain, situation, pattern })
    }

    /// Whether a registrable domain has names that domains share.
    #[must_use]
    pub fn is_common(&self, zone: &str) -> bool {
        self.owners.is_common(zone)
    }

    /// The zone that a name is in where each domain is a zone, as are the names that domains share below each
    /// registrable domain; `None` where no zone below a suffix has it.
    #[must_use]
    pub fn zone(&self, name: &str, kind: Option<RecordType>) -> Option<String> {
        let owner = self.owner(name, kind);
        let is_within =
            |zone: &str| name.strip_suffix(zone).is_some_and(|l| l.is_empty() || l.ends_with('.'));
        let of_owner =
            owner.map(|owner| owner.domain).filter(|domain| !domain.is_empty() && is_within(domain));
        of_owner.or_else(|| crate::names::suffix_and_registrable(name).1.map(str::to_owned))
    }

    /// The IPv4 address that an address record of a situation means.
    ///
    /// # Errors
    /// Where the word is no address.
    pub fn address(&self, situation: &Situation, domain: &str, word: &str) -> Result<Ipv4Addr> {
        let (word, turn) = match word.split_once('#') {
            None => (word, 1),
            Some((word, turn)) => (word, turn.parse::<u8>().context("after `#` stands a number")?),
        };
        let address = match word.strip_prefix("smtp:") {
            Some(name) => {
                let smtp = situation.smtp.get(name).with_context(|| format!("there is no [smtp.{name}]"))?;
                let number =
                    self.behaviours.iter().position(|b| b == smtp).context("a behaviour of this world")?;
                Address::Smtp(u8::try_from(number)?)
            }
            None => match word {
                "https" => Address::Https,
                "refused" => Address::Refused,
                "blackhole" => Address::Blackhole,
                "reset" => Address::Reset,
                "unreachable" => return Ok(UNREACHABLE),
                literal => return literal.parse().with_context(|| format!("`{literal}` is not an address")),
            },
        };
        let networks = match address {
            Address::Smtp(number) => self.behaviours.get(usize::from(number)).map_or(1, |smtp| smtp.networks),
            _ => 1,
        };
        Ok(address.of_network(domain, turn, networks))
    }
}

fn has_broken_label(domain: &str) -> bool {
    let label = domain.split('.').next().unwrap_or_default();
    label.starts_with("xn--") && label.ends_with(OVERFLOW)
}

/// Whether a name has the form of `{moved}` or `{typo}` of another: no made-up name has.
fn is_neighbour(domain: &str) -> bool {
    let (suffix, registrable) = crate::names::suffix_and_registrable(domain);
    let mut last = registrable.and_then(|name| name.split('.').next()).unwrap_or_default().bytes().rev();
    let is_typo = last.next().is_some_and(|letter| last.next() == Some(letter));
    MOVED.contains(&suffix) || is_typo
}

/// Whether the wildcard of a situation's zone answers for a name of this pattern: neither the name itself is
/// there nor one below its last label before the domain (RFC 4592 section 2.2.2, RFC 1034 section 4.3.3).
fn is_synthesized(situation: &Situation, pattern: &str) -> bool {
    let Some(labels) = pattern.strip_suffix(".{domain}") else { return false };
    let last = labels.rsplit('.').next().unwrap_or(labels);
    let is_at_or_below = |owner: &String| {
        let above = owner.strip_suffix(".{domain}").and_then(|owner| owner.rsplit('.').next());
        above == Some(last)
    };
    situation.zone.contains_key(WILDCARD) && !situation.zone.keys().any(is_at_or_below)
}

/// Fills the placeholders of a domain's names and texts.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// The world it is in.
    pub world: &'a World,
    /// Its certificates.
    pub authority: &'a Authority,
    /// Its situation.
    pub situation: &'a Situation,
    /// The domain.
    pub domain: &'a str,
}

impl Names<'_> {
    /// The data of `LABEL:BEHAVIOUR:DEPTH:SELECTOR:MATCHING`; `None` where there is no such certificate or
    /// digest.
    fn tlsa(&self, record: &str) -> Option<String> {
        let mut parts = record.split(':');
        let (label, behaviour, depth) = (parts.next()?, parts.next()?, parts.next()?.parse::<usize>().ok()?);
        let certificate = &self.situation.smtp.get(behaviour)?.tls.certificate;
        let issued = self.authority.issue(certificate, &format!("{label}.{}", self.domain)).ok()?;
        issued.chain.get(depth)?.tlsa(parts.next()?, parts.next()?)
    }
}

impl Fill for Names<'_> {
    fn fill(&self, name: &str, out: &mut String) -> bool {
        let text = match name {
            "domain" => self.domain,
            "dashed" => {
                out.push_str(&owners::dashed(self.domain));
                return true;
            }
            "long" => {
                out.push_str(&owners::long(self.domain));
                return true;
            }
            "registrable" => crate::names::suffix_and_registrable(self.domain).1.unwrap_or(self.domain),
            "suffix" => crate::names::suffix_and_registrable(self.domain).0,
            // The label below the suffix, below another one.
            "moved" => {
                let (suffix, registrable) = crate::names::suffix_and_registrable(self.domain);
                let label = registrable.and_then(|r| r.strip_suffix(suffix)).unwrap_or(self.domain);
                out.push_str(label.trim_end_matches('.'));
                out.push('.');
                if suffix == MOVED[0] { MOVED[1] } else { MOVED[0] }
            }
            // The label below the suffix, with its last letter doubled: one keystroke off.
            "typo" => {
                let (suffix, registrable) = crate::names::suffix_and_registrable(self.domain);
                let label = registrable.and_then(|r| r.strip_suffix(suffix)).unwrap_or(self.domain);
                let label = label.trim_end_matches('.');
                out.push_str(label);
                out.push(label.chars().next_back().unwrap_or('x'));
                out.push('.');
                suffix
            }
            other => {
                if let Some(record) = other.strip_prefix("tlsa:") {
                    let data = self.tlsa(record);
                    out.push_str(data.as_deref().unwrap_or_default());
                    return data.is_some();
                }
                // `{addr:WORD}` is an address of the domain's own, `{addr0:WORD}` one of a host that domains
                // share.
                let (domain, word) = match other.split_once(':') {
                    Some(("addr", word)) => (self.domain, word),
                    Some(("addr0", word)) => ("", word),
                    _ => return false,
                };
                let Ok(address) = self.world.address(self.situation, domain, word) else { return false };
                out.push_str(&address.to_string());
                return true;
            }
        };
        out.push_str(text);
        true
    }
}
