//! Who came, held against what the dataset says it did.

use super::Difference;
use super::limits::{Limits, Load};
use super::presence::is_contacted;
use crate::contract::Table;
use crate::serve::CONTACTS_LAYOUT;
use crate::value::{Value, from_arrow};
use crate::world::domain_of_control;
use anyhow::{Context, Result};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// The connections that a dataset says were made, as far as the laboratory can see them: it does not see one
/// that was refused or that nobody answered.
#[derive(Debug, Default)]
pub(super) struct ConnectionCounts {
    /// Least and most connections to each policy host.
    https: BTreeMap<String, (u64, u64)>,
    /// Most connections to the sibling that is made up for control, by domain; where the dataset says that it
    /// serves the same, there was one at least.
    controls: BTreeMap<String, (u64, u64)>,
    /// Connections to each address of an MX host.
    smtp: BTreeMap<String, u64>,
}

/// Addresses of a host that a look contacts at most (`scan.addresses_per_host`, of which the laboratory says
/// nothing).
const ADDRESSES: u64 = 2;

impl ConnectionCounts {
    /// Counts what a row says was contacted.
    pub(super) fn add(&mut self, table: &Table, row: &[Value]) {
        let cell = |name: &str| table.position(name).and_then(|at| row.get(at)).unwrap_or(&Value::Null);
        match table.name.as_str() {
            "domains" => {
                let Some(domain) = cell("domain").as_text() else { return };
                let outcomes: Vec<&str> = cell("policy_addrs")
                    .items()
                    .iter()
                    .filter_map(|addr| addr.items().get(1).and_then(Value::as_text))
                    .collect();
                let looks: Vec<&str> =
                    cell("policy_attempts").items().iter().filter_map(Value::as_text).collect();
                let (least, most) = connections(&outcomes, &looks);
                if let Some(bounds) = control(&cell) {
                    self.controls.insert(domain.to_owned(), bounds);
                }
                if most > 0 {
                    self.https.insert(format!("mta-sts.{domain}"), (least, most));
                }
            }
            "mx_hosts" => {
                let Some(addr) = cell("addr").as_text() else { return };
                let seen = |outcome: &&Value| {
                    outcome.as_text().is_some_and(|word| !word.starts_with("smtp_connect_"))
                };
                let seen = cell("attempts").items().iter().filter(seen).count() as u64;
                *self.smtp.entry(addr.to_owned()).or_default() += seen;
            }
            _ => {}
        }
    }

    /// Adds what the contacts and the tally do not agree on; gives the number of connections that came.
    pub(super) fn compare(
        mut self,
        path: &Path,
        limits: Option<&Limits>,
        differences: &mut Vec<Difference>,
    ) -> Result<u64> {
        let mut all = 0;
        let mut https: BTreeMap<String, u64> = BTreeMap::new();
        let mut controls: BTreeMap<String, u64> = BTreeMap::new();
        let mut smtp: BTreeMap<String, u64> = BTreeMap::new();
        let mut rude: BTreeMap<String, u64> = BTreeMap::new();
        let mut asked = Vec::new();
        read(path, &mut |Came { service, addr, name, left, contacts, peak }| {
            if left {
                *rude.entry(addr.to_owned()).or_default() += 1;
            }
            match service {
                // A connection that did not come to a hello is nobody's: it is compared under its address.
                "https" if name.and_then(domain_of_control).is_some() => {
                    let domain = name.and_then(domain_of_control).unwrap_or_default();
                    *controls.entry(domain.to_owned()).or_default() += 1;
                }
                "https" => *https.entry(name.unwrap_or(addr).to_owned()).or_default() += 1,
                "smtp" => *smtp.entry(addr.to_owned()).or_default() += 1,
                _ => {
                    let who = if addr.is_empty() { name.unwrap_or_default() } else { addr };
                    asked.push(Load { of: service.to_owned(), who: who.to_owned(), contacts, peak });
                    return;
                }
            }
            all += 1;
        })
        .with_context(|| path.display().to_string())?;
        let mut fault = |column: &str, row: &str, expected: String, found: String| {
            differences.push(Difference {
                table: "contacts".into(),
                row: row.into(),
                column: column.into(),
                situation: String::new(),
                expected,
                found,
            });
        };
        for (addr, left) in &rude {
            let expected = "a QUIT wherever a session stands (RFC 5321 section 4.1.1.10)".to_owned();
            fault("quit", addr, expected, format!("{left} sessions left without it"));
        }
        let connections_came = |count: u64| format!("{count} connections came");
        for (host, came) in &https {
            let (least, most) = self.https.remove(host).unwrap_or_default();
            if !(least..=most).contains(came) {
                fault("https", host, format!("{least} to {most} in the dataset"), connections_came(*came));
            }
        }
        for (host, (least, most)) in self.https.iter().filter(|(_, (least, _))| *least > 0) {
            fault("https", host, format!("{least} to {most} in the dataset"), connections_came(0));
        }
        for (domain, came) in &controls {
            let (least, most) = self.controls.remove(domain).unwrap_or_default();
            if !(least..=most).contains(came) {
                fault("https", domain, format!("{least} to {most} to a sibling"), connections_came(*came));
            }
        }
        for (domain, (least, most)) in self.controls.iter().filter(|(_, (least, _))| *least > 0) {
            fault("https", domain, format!("{least} to {most} to a sibling"), connections_came(0));
        }
        for (addr, came) in &smtp {
            let said = self.smtp.remove(addr).unwrap_or_default();
            if said != *came {
                fault("smtp", addr, format!("{said} in the dataset"), connections_came(*came));
            }
        }
        for (addr, said) in self.smtp.iter().filter(|(_, said)| **said > 0) {
            fault("smtp", addr, format!("{said} in the dataset"), connections_came(0));
        }
        if let Some(limits) = limits {
            limits.compare(&asked, &mut |column, row, expected, found| fault(column, row, expected, found));
        }
        Ok(all)
    }
}

/// Least and most connections to the sibling of a policy host; `None` where no policy was served, so that
/// there is nothing to hold a sibling against.
fn control<'r>(cell: &dyn Fn(&str) -> &'r Value) -> Option<(u64, u64)> {
    let is_served = cell("policy_http_status").as_int() == Some(200)
        && matches!(cell("policy_body"), Value::Bytes(body) if !body.is_empty());
    let looks = cell("attempts").as_int().and_then(|looks| u64::try_from(looks).ok()).unwrap_or(1);
    let least = u64::from(*cell("policy_wildcard") == Value::Bool(true));
    is_served.then_some((least, ADDRESSES * looks))
}

/// Least and most connections that the outcomes of a policy host's addresses and looks mean. The addresses
/// tell the last look exactly; of an earlier one only the outcome is known. A further try in the same look is
/// one connection more.
fn connections(outcomes: &[&str], looks: &[&str]) -> (u64, u64) {
    let is_seen = |outcome: &str| is_contacted(outcome) && !outcome.starts_with("policy_connect_");
    let (looks, further) = without_further_tries(looks);
    let last = outcomes.iter().filter(|outcome| is_seen(outcome)).count() as u64;
    let earlier = looks.len().saturating_sub(1);
    let (mut least, mut most) = (last + further, last + further);
    for look in looks.iter().take(earlier).filter(|look| !look.starts_with("policy_host_")) {
        least += u64::from(is_seen(look));
        most += if outcomes.len() > 1 { outcomes.len().min(2) as u64 } else { u64::from(is_seen(look)) };
    }
    (least, most)
}

/// The outcome that each look ended with, and how many outcomes came before a further try: the first failure
/// of a handshake that a smaller hello may mend, the first that an older one may explain, and each that
/// HTTP/2 may mend.
fn without_further_tries<'o>(outcomes: &[&'o str]) -> (Vec<&'o str>, u64) {
    const MENDED: [&str; 4] =
        ["policy_tls_large_hello", "policy_tls_timeout", "policy_tls_closed", "policy_connect_reset"];
    let first = |words: &[&str]| outcomes.iter().position(|outcome| words.contains(outcome));
    let mut tried: Vec<usize> =
        [first(&MENDED), first(&["policy_tls_client_limit"])].into_iter().flatten().collect();
    let mut http2 = None;
    for (at, _) in outcomes.iter().enumerate().filter(|(_, outcome)| **outcome == "policy_tls_no_protocol") {
        // Of two in a row the later one is what HTTP/2 came to.
        if http2.is_none_or(|before: usize| before + 1 != at) {
            tried.push(at);
            http2 = Some(at);
        }
    }
    let is_last = |at: usize| at + 1 == outcomes.len();
    let further: Vec<usize> = tried.into_iter().filter(|at| !is_last(*at)).collect();
    let ends = outcomes.iter().enumerate().filter(|(at, _)| !further.contains(at)).map(|(_, end)| *end);
    // The laboratory counts no connection that it resets at once.
    let seen = further.iter().filter(|at| outcomes.get(**at) != Some(&"policy_connect_reset")).count();
    (ends.collect(), seen as u64)
}

/// One row of the contacts.
struct Came<'a> {
    service: &'a str,
    addr: &'a str,
    name: Option<&'a str>,
    left: bool,
    contacts: u64,
    peak: Option<u64>,
}

fn read(path: &Path, each: &mut dyn FnMut(Came<'_>)) -> Result<()> {
    for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()? {
        let batch = batch?;
        for at in 0..batch.num_rows() {
            let cell = |name: &str| -> Result<Value> {
                let (_, kind) =
                    CONTACTS_LAYOUT.iter().find(|(n, _)| *n == name).context("a column of the contacts")?;
                let array = batch.column_by_name(name).with_context(|| format!("no column `{name}`"))?;
                from_arrow(kind, array, at)
            };
            let (service, addr, name) = (cell("service")?, cell("addr")?, cell("name")?);
            let left = cell("left")? == Value::Bool(true);
            let number = |value: Value| value.as_int().and_then(|number| u64::try_from(number).ok());
            let (contacts, peak) = (number(cell("contacts")?).unwrap_or_default(), number(cell("peak")?));
            each(Came {
                service: service.as_text().unwrap_or_default(),
                addr: addr.as_text().unwrap_or_default(),
                name: name.as_text(),
                left,
                contacts,
                peak,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::connections;

    #[test]
    fn a_refused_or_a_forbidden_address_is_not_seen() {
        assert_eq!(connections(&["forbidden_address"], &["policy_host_forbidden_address"]), (0, 0));
        assert_eq!(connections(&["policy_connect_refused", "ok"], &["ok"]), (1, 1));
        assert_eq!(connections(&["policy_connect_timeout"], &["policy_connect_timeout"; 2]), (0, 0));
    }

    #[test]
    fn a_further_try_is_one_connection_more() {
        assert_eq!(connections(&["ok"], &["policy_tls_large_hello", "ok"]), (2, 2));
        assert_eq!(connections(&["policy_tls_closed"], &["policy_tls_closed"; 3]), (3, 3));
        assert_eq!(
            connections(&["policy_tls_protocol"], &["policy_tls_client_limit", "policy_tls_protocol"]),
            (2, 2)
        );
    }

    #[test]
    fn http_2_is_tried_in_each_look() {
        let refused = "policy_tls_no_protocol";
        assert_eq!(connections(&[refused], &[refused, refused]), (2, 2));
        assert_eq!(
            connections(&["policy_timeout"], &[refused, "policy_timeout", refused, "policy_timeout"]),
            (4, 4)
        );
    }

    #[test]
    fn each_look_counts() {
        assert_eq!(connections(&["ok"], &["policy_timeout", "ok"]), (2, 2));
        assert_eq!(connections(&["ok"], &["policy_host_dns_failure", "ok"]), (1, 1));
        assert_eq!(connections(&[], &[]), (0, 0));
    }
}
