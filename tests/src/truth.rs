//! What a right scan of a world holds, domain for domain, and the file `truth.parquet` that says so.

mod companions;
mod file;
mod iterating;

pub use file::{About, Reader, write};

use crate::authority::{Authority, Facts, sha256_hex};
use crate::contract::Contract;
use crate::delegation::Delegations;
use crate::names::suffix_and_registrable;
use crate::serve::policy_body;
use crate::situation::{Situation, fill};
use crate::value::Value;
use crate::world::{Names, World};
use anyhow::{Context, Result};
use std::sync::Arc;

/// Most bytes of a policy that are kept (64 KiB).
const KEPT: usize = 65_536;

/// What a right scan holds about one domain. Cells stand in the contract's order; exempt ones are null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Name of its situation.
    pub situation: String,
    /// Its row of `domains`.
    pub domain: Vec<Value>,
    /// Its row of `assessments`, where it has one.
    pub assessment: Option<Vec<Value>>,
    /// The rows of `mx_hosts` that it calls for; several domains may call for the same.
    pub hosts: Vec<Vec<Value>>,
    /// The rows of `certificates` that it calls for.
    pub certificates: Vec<Vec<Value>>,
}

/// Knows what a right scan of a world holds.
#[derive(Debug)]
pub struct Oracle {
    /// The dataset's contract.
    pub contract: Arc<Contract>,
    /// The world.
    pub world: Arc<World>,
    /// Its certificates.
    pub authority: Arc<Authority>,
    /// Who answers for what, where the scan asks the authoritative servers itself.
    pub delegations: Option<Delegations>,
}

impl Oracle {
    /// What a right scan holds about the domain with this rank in the list.
    ///
    /// # Errors
    /// Where the situation's file expects a certificate that its servers do not show.
    pub fn expected(&self, rank: u64, domain: &str) -> Result<Expected> {
        self.expected_in(self.world.situation(domain), rank, domain)
    }

    /// The same for a domain in a situation of the caller's choice.
    ///
    /// # Errors
    /// Where the situation's file expects a certificate that its servers do not show.
    pub fn expected_in(&self, situation: &Situation, rank: u64, domain: &str) -> Result<Expected> {
        let names = Names { world: &self.world, authority: &self.authority, situation, domain };
        let mut certificates = Vec::new();
        let mut row: Vec<Value> = situation.expect.domain.iter().map(|value| fill(value, &names)).collect();
        self.identity(&mut row, rank, domain)?;
        self.policy(&mut row, situation, &names, &mut certificates)
            .with_context(|| format!("situation {}", situation.name))?;
        let mut hosts = Vec::with_capacity(situation.expect.hosts.len());
        for template in &situation.expect.hosts {
            let host = self
                .host(template, situation, &names, &mut certificates)
                .with_context(|| format!("situation {}", situation.name))?;
            hosts.push(host);
        }
        let assessment = situation.expect.assessment.as_ref().map(|cells| {
            let mut cells: Vec<Value> = cells.iter().map(|value| fill(value, &names)).collect();
            set(&mut cells, self.contract.assessments.position("domain"), Value::text(domain));
            cells
        });
        let mut expected =
            Expected { situation: situation.name.clone(), domain: row, assessment, hosts, certificates };
        if let Some(delegations) = &self.delegations {
            iterating::amend(self, delegations, (situation, domain), &mut expected);
        }
        companions::amend(self, domain, &mut expected);
        Ok(expected)
    }

    fn identity(&self, row: &mut [Value], rank: u64, domain: &str) -> Result<()> {
        let rank = Value::Int(i64::try_from(rank)?);
        let (suffix, registrable) = suffix_and_registrable(domain);
        let cells = [
            ("domain", Value::text(domain)),
            ("input", Value::text(domain)),
            ("rank", rank.clone()),
            // The list's name is exempt.
            ("lists", Value::List(vec![Value::Struct(vec![Value::Null, rank])])),
            ("suffix", Value::text(suffix)),
            ("registrable", registrable.map_or(Value::Null, Value::text)),
        ];
        for (name, value) in cells {
            set(row, self.contract.domains.position(name), value);
        }
        Ok(())
    }

    /// What follows from the policy host's behaviour alone: the body's bytes and the certificates' hashes.
    /// Whether there is a body and whether a certificate was seen is the file's to say.
    fn policy(
        &self,
        row: &mut [Value],
        situation: &Situation,
        names: &Names<'_>,
        certificates: &mut Vec<Vec<Value>>,
    ) -> Result<()> {
        let at = |name: &str| self.contract.domains.position(name);
        let cell =
            |row: &[Value], name: &str| at(name).and_then(|i| row.get(i)).cloned().unwrap_or(Value::Null);
        if let Value::Bytes(body) = cell(row, "policy_body") {
            let mut body = if body == b"{body}" { policy_body(&situation.https, names) } else { body };
            body.truncate(KEPT);
            set(row, at("policy_bytes"), Value::Int(i64::try_from(body.len())?));
            set(row, at("policy_sha256"), Value::text(sha256_hex(&body)));
            set(row, at("policy_body"), Value::Bytes(body));
        }
        if !cell(row, "policy_cert_outcome").is_null() {
            let host = format!("mta-sts.{}", names.domain);
            let issued = self.authority.issue(&situation.https.tls.certificate, &host)?;
            let (leaf, chain) = hashes(&issued.chain);
            set(row, at("policy_certificate_sha256"), leaf);
            set(row, at("policy_chain_sha256"), chain);
            certificates.extend(issued.chain.iter().map(|facts| self.certificate(facts)));
        }
        Ok(())
    }

    fn host(
        &self,
        template: &[Value],
        situation: &Situation,
        names: &Names<'_>,
        certificates: &mut Vec<Vec<Value>>,
    ) -> Result<Vec<Value>> {
        let table = &self.contract.mx_hosts;
        let mut row: Vec<Value> = template.iter().map(|value| fill(value, names)).collect();
        let cell = |row: &[Value], name: &str| {
            table.position(name).and_then(|i| row.get(i)).and_then(Value::as_text).map(str::to_owned)
        };
        if cell(template, "cert_outcome").is_some() {
            let addr = cell(template, "addr").unwrap_or_default();
            let word = addr.split_once("smtp:").map_or("", |(_, word)| word);
            let word = word.split(['#', '}']).next().unwrap_or_default();
            let smtp =
                situation.smtp.get(word).with_context(|| format!("`{addr}` is not an SMTP behaviour"))?;
            let host = cell(&row, "host").unwrap_or_default();
            let issued = self.authority.issue(&smtp.tls.certificate, &host)?;
            let (leaf, chain) = hashes(&issued.chain);
            set(&mut row, table.position("certificate_sha256"), leaf);
            set(&mut row, table.position("chain_sha256"), chain);
            certificates.extend(issued.chain.iter().map(|facts| self.certificate(facts)));
        }
        Ok(row)
    }

    fn certificate(&self, facts: &Facts) -> Vec<Value> {
        let cell = |name: &str| match name {
            "sha256" => Value::text(&facts.sha256),
            "subject" => Value::text(&facts.subject),
            "issuer" => Value::text(&facts.issuer),
            "sans" => Value::texts(&facts.sans),
            "not_before" => Value::Int(facts.not_before),
            "not_after" => Value::Int(facts.not_after),
            "key_type" => Value::text(facts.key_type),
            "key_bits" => Value::Int(facts.key_bits),
            "signature" => Value::text(facts.signature),
            "key_usage" => Value::texts(&facts.key_usage),
            "eku" => facts.eku.as_ref().map_or(Value::Null, Value::texts),
            "policies" => facts.policies.as_ref().map_or(Value::Null, Value::texts),
            "must_staple" => Value::Bool(facts.must_staple),
            "is_ca" => Value::Bool(facts.is_ca),
            // Its certificates name no place to get the issuer's from.
            "aia" => Value::List(Vec::new()),
            "spki_sha256" => Value::text(&facts.spki_sha256),
            "issuer_org" => facts.issuer_org.as_ref().map_or(Value::Null, Value::text),
            "has_scts" => Value::Bool(facts.has_scts),
            "der" => Value::Bytes(facts.der.clone()),
            _ => Value::Null,
        };
        self.contract.certificates.columns.iter().map(|column| cell(&column.name)).collect()
    }
}

fn set(row: &mut [Value], at: Option<usize>, value: Value) {
    if let Some(cell) = at.and_then(|at| row.get_mut(at)) {
        *cell = value;
    }
}

fn hashes(chain: &[Arc<Facts>]) -> (Value, Value) {
    let mut all = chain.iter().map(|facts| facts.sha256.as_str());
    (all.next().map_or(Value::Null, Value::text), Value::texts(all))
}
