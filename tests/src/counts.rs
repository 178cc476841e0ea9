//! Counts: how many domains are in each situation, to the domain, and which policy hosts they share.
//!
//! ```toml
//! about = "What it is"
//! [[pool.third]]                        # a pool of places at policy hosts: clusters of so many domains each
//! size = 50
//! times = 3                             # so many clusters of that size (default 1); {n} numbers them
//! cname = "mta-sts.policies{n}.example" # without it, the cluster shares its address alone
//! [[group]]
//! situation = "policy-tls-name"
//! before = "healthy"                    # its situation in epoch 0; the same where nothing is said
//! count = 120
//! pool = "third"                        # without it, the policy host is the situation's own
//! ```

use crate::mix::Mix;
use crate::situation::Fill;
use crate::truth::{Expected, Oracle};
use crate::value::Value;
use crate::world::Names;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;

const IMC_2025: &str = include_str!("../counts/imc2025-counts.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    #[serde(default)]
    pool: BTreeMap<String, Vec<Cluster>>,
    group: Vec<Group>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cluster {
    size: u64,
    #[serde(default = "once")]
    times: u64,
    cname: Option<String>,
}

const fn once() -> u64 {
    1
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    situation: String,
    before: Option<String>,
    count: u64,
    pool: Option<String>,
}

/// A policy host that several domains share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    address: Ipv4Addr,
    cname: Option<String>,
}

/// How many domains are in each situation.
#[derive(Debug)]
pub struct Counts {
    /// What it is, in a line.
    pub about: String,
    /// Each group with the number of domains in the groups before it, and before it in its pool.
    groups: Vec<(u64, u64, Group)>,
    /// The clusters of each pool, and the first one's number in all.
    pools: BTreeMap<String, (u64, Clusters)>,
    total: u64,
}

/// Clusters with the places and the clusters before each in its pool.
type Clusters = Vec<(u64, u64, Cluster)>;

impl Counts {
    /// Reads the counts of this build by their name, `imc2025-counts`, or a file.
    ///
    /// # Errors
    /// Where there is neither, the file is not sound, or a pool has more or fewer places than its groups have
    /// domains.
    pub fn load(name_or_path: &str) -> Result<Self> {
        let text = if name_or_path == "imc2025-counts" {
            IMC_2025.to_owned()
        } else {
            std::fs::read_to_string(Path::new(name_or_path)).with_context(|| {
                format!("`{name_or_path}` is neither counts of this build (imc2025-counts) nor a file")
            })?
        };
        Self::parse(&text).with_context(|| format!("counts `{name_or_path}`"))
    }

    fn parse(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text)?;
        let mut pools = BTreeMap::new();
        let mut clusters = 0;
        for (name, kinds) in file.pool {
            let first = clusters;
            let (mut before, mut list) = (0, Vec::new());
            for kind in kinds {
                ensure!(kind.size > 0, "pool `{name}`: a cluster has one place at least");
                clusters += kind.times;
                list.push((before, clusters - kind.times - first, kind.clone()));
                before += kind.size * kind.times;
            }
            pools.insert(name, (before, first, list));
        }
        let mut taken: BTreeMap<String, u64> = BTreeMap::new();
        let (mut total, mut groups) = (0, Vec::new());
        for group in file.group {
            let place = match &group.pool {
                None => 0,
                Some(pool) => {
                    ensure!(pools.contains_key(pool), "a group names the pool `{pool}`, which is not there");
                    let taken = taken.entry(pool.clone()).or_default();
                    *taken += group.count;
                    *taken - group.count
                }
            };
            groups.push((total, place, group.clone()));
            total += group.count;
        }
        for (name, (places, ..)) in &pools {
            let taken = taken.get(name).copied().unwrap_or(0);
            ensure!(*places == taken, "pool `{name}` has {places} places for {taken} domains");
        }
        ensure!(total > 0, "no domains");
        let pools = pools.into_iter().map(|(name, (_, first, list))| (name, (first, list))).collect();
        Ok(Self { about: file.about, groups, pools, total })
    }

    /// How many domains there are.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The situations as a mix, which a world is made of.
    #[must_use]
    pub fn mix(&self) -> Mix {
        let mut weights: BTreeMap<String, u64> = BTreeMap::new();
        for (_, _, group) in &self.groups {
            *weights.entry(group.situation.clone()).or_default() += group.count;
            if let Some(before) = &group.before {
                weights.entry(before.clone()).or_default();
            }
        }
        Mix { about: self.about.clone(), every_situation: false, companions: Vec::new(), weights }
    }

    /// The situation of the domain with this index, and the policy host that it shares; `None` beyond the
    /// last.
    #[must_use]
    pub fn at(&self, index: u64, epoch: u32) -> Option<(&str, Option<Shared>)> {
        // Neighbours in a list are not neighbours in a group.
        let place = (index < self.total).then(|| scatter(index, self.total))?;
        let after = self.groups.partition_point(|(before, ..)| *before <= place);
        let (before, taken, group) = self.groups.get(after.checked_sub(1)?)?;
        let situation = match &group.before {
            Some(earlier) if epoch == 0 => earlier,
            _ => &group.situation,
        };
        let shared = group.pool.as_ref().and_then(|pool| self.shared(pool, taken + place - before));
        Some((situation, shared))
    }

    /// The host at a place of a pool. Faults of a group are spread over the clusters.
    fn shared(&self, pool: &str, place: u64) -> Option<Shared> {
        let (first, kinds) = self.pools.get(pool)?;
        let places = kinds.iter().map(|(_, _, kind)| kind.size * kind.times).sum();
        let place = scatter(place, places);
        let after = kinds.partition_point(|(before, ..)| *before <= place);
        let (before, clusters, kind) = kinds.get(after.checked_sub(1)?)?;
        let number = (place - before) / kind.size;
        let cname = kind.cname.as_ref().map(|cname| cname.replace("{n}", &(number + 1).to_string()));
        // Nobody is contacted: the addresses are told apart, that is all. They are private ones (RFC 1918).
        let host = u32::try_from(first + clusters + number).unwrap_or(u32::MAX) & 0x00ff_ffff;
        Some(Shared { address: Ipv4Addr::from(0x0a00_0000 | host), cname })
    }
}

/// A permutation of the numbers below `of` that takes neighbours apart.
fn scatter(index: u64, of: u64) -> u64 {
    const fn divisor(a: u64, b: u64) -> u64 {
        if b == 0 { a } else { divisor(b, a % b) }
    }
    let golden = of - of * 382 / 1000;
    let stride = (golden..).find(|&stride| divisor(stride, of) == 1).unwrap_or(1);
    index * stride % of
}

impl Shared {
    /// Puts the domain's policy host there.
    pub fn move_to(&self, oracle: &Oracle, expected: &mut Expected) {
        let (contract, world) = (&oracle.contract, &oracle.world);
        let Some(situation) = world.situation_named(&expected.situation) else { return };
        let cell = |expected: &Expected, name: &str| {
            contract.domains.position(name).filter(|&at| at < expected.domain.len())
        };
        let (Some(cnames), Some(addresses), Some(domain)) =
            (cell(expected, "policy_cname"), cell(expected, "policy_addrs"), cell(expected, "domain"))
        else {
            return;
        };
        let domain = expected.domain.get(domain).and_then(Value::as_text).unwrap_or_default().to_owned();
        if let Some(cname) = &self.cname {
            let names = Names { world, authority: &oracle.authority, situation, domain: &domain };
            if let Some(cell) = expected.domain.get_mut(cnames) {
                *cell = Value::texts([names.text(cname)]);
            }
        }
        if let Some(Value::List(addresses)) = expected.domain.get_mut(addresses) {
            for address in addresses {
                if let Value::Struct(fields) = address
                    && let Some(field) = fields.first_mut()
                {
                    *field = Value::text(self.address.to_string());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail so")]
    use super::*;

    const SMALL: &str = r#"
        about = "small"
        [[pool.shared]]
        size = 2
        times = 2
        cname = "host{n}.example"
        [[pool.shared]]
        size = 1
        [[group]]
        situation = "healthy"
        before = "not-signalled"
        count = 5
        pool = "shared"
        [[group]]
        situation = "nxdomain"
        count = 3
    "#;

    #[test]
    fn every_domain_has_its_place_and_no_place_is_left() {
        let counts = Counts::parse(SMALL).unwrap();
        let all: Vec<_> = (0..9).map_while(|index| counts.at(index, 1)).collect();
        assert_eq!(all.len(), 8);
        assert_eq!(all.iter().filter(|(situation, _)| *situation == "healthy").count(), 5);
        let mut hosts: Vec<_> =
            all.iter().filter_map(|(_, s)| s.as_ref()).map(|s| (s.address, s.cname.clone())).collect();
        hosts.sort();
        let sizes: Vec<usize> = hosts.chunk_by(|a, b| a == b).map(<[_]>::len).collect();
        assert_eq!(sizes, [2, 2, 1]);
        assert_eq!(
            counts.at(all.iter().position(|(s, _)| *s == "healthy").unwrap() as u64, 0).unwrap().0,
            "not-signalled"
        );
    }

    #[test]
    fn a_pool_that_does_not_add_up_is_refused() {
        let fault = Counts::parse(&SMALL.replace("count = 5", "count = 6")).unwrap_err();
        assert!(fault.to_string().contains("pool `shared` has 5 places for 6 domains"), "{fault}");
    }

    #[test]
    fn the_counts_of_the_study_add_up_to_its_totals() {
        let counts = Counts::load("imc2025-counts").unwrap();
        let groups = counts.groups.iter().map(|(_, _, group)| group);
        let signal = |group: &&Group| !group.situation.starts_with("not-signalled");
        assert_eq!(groups.clone().filter(signal).map(|group| group.count).sum::<u64>(), 68_030);
        let healthy = groups.filter(signal).filter(|group| group.situation.starts_with("healthy"));
        assert_eq!(healthy.map(|group| group.count).sum::<u64>(), 68_030 - 20_144);
    }
}
