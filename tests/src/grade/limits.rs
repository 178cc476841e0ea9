//! How much authoritative servers were asked, held against what the scan said that it would ask.

use crate::world::domain_of_control;
use serde_json::Value;

/// Number of the type A.
const A: &str = "1";
/// Number of the type NS.
const NS: &str = "2";
/// Number of the type DS.
const DS: &str = "43";
/// Number of the type DNSKEY.
const DNSKEY: &str = "48";
/// Number of the type SOA.
const SOA: &str = "6";
/// Questions for the servers of the root that a run asks of it: by UDP and by TCP whether it is there, and
/// once for priming (RFC 9609).
const PRIMING: u64 = 3;

/// How much somebody was asked.
#[derive(Debug)]
pub(super) struct Load {
    /// The word of `contacts.parquet`.
    pub(super) of: String,
    /// An address or a name.
    pub(super) who: String,
    /// Questions in all.
    pub(super) contacts: u64,
    /// The most datagrams in any second.
    pub(super) peak: Option<u64>,
}

/// What a scan that asked authoritative servers itself said of its pace.
#[derive(Debug)]
pub(super) struct Limits {
    manifest: Value,
    /// How often it was begun.
    runs: u64,
}

impl Limits {
    /// Those of a manifest; `None` where a resolver was asked.
    pub(super) fn of(manifest: Value) -> Option<Self> {
        let resolution = super::find(&manifest, "resolution")?.as_str()?;
        let resumed = manifest.get("resumed").and_then(Value::as_array).map_or(0, Vec::len);
        let runs = 1 + u64::try_from(resumed).unwrap_or(0);
        (resolution == "iterating").then_some(Self { manifest, runs })
    }

    /// A rate, per second.
    fn rate(&self, name: &str) -> Option<u64> {
        super::find(&self.manifest, name)?.as_str()?.parse().ok()
    }

    /// Tells of whoever was asked more than that, and of what the root need not have been asked.
    pub(super) fn compare(&self, loads: &[Load], fault: &mut dyn FnMut(&str, &str, String, String)) {
        for load in loads {
            let setting = match load.of.as_str() {
                "dns_server" => "pace.per_server_rate",
                "dns_operator" | "dns_network" => "pace.per_operator_rate",
                "dns_tld" => "pace.per_tld_rate",
                "dns_root" => {
                    let (most, found) = match self.of_root(&load.who) {
                        Some(most) => (most, load.contacts),
                        // A sign of life, of which there is one per second; both ends are in it.
                        None => (2, load.peak.unwrap_or_default()),
                    };
                    if found > most {
                        fault("dns_root", &load.who, format!("at most {most}"), found.to_string());
                    }
                    continue;
                }
                _ => continue,
            };
            let (Some(rate), Some(peak)) = (self.rate(setting), load.peak) else { continue };
            // Both ends of the second are in it, as with connections.
            if peak > rate + 1 {
                let expected = format!("{rate} per second ({setting})");
                fault(&load.of, &load.who, expected, format!("{peak} in a second"));
            }
        }
    }

    /// How often the root may be asked this: for itself, for each top-level domain once, its DS too, for its
    /// keys once, and once for a name that nobody has, whether somebody in between answers; `None` for a sign
    /// of life.
    fn of_root(&self, asked: &str) -> Option<u64> {
        let each = match asked.rsplit_once(' ') {
            Some(("", SOA)) => return None,
            Some(("", NS)) => PRIMING,
            Some(("", DNSKEY)) => 1,
            Some((name, NS | DS)) if !name.contains('.') => 1,
            Some((name, A)) if domain_of_control(name).is_some() => 1,
            _ => 0,
        };
        Some(self.runs * each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_asked_too_much_is_told_and_what_the_root_need_not_know() {
        let manifest = serde_json::json!({
            "manners": { "pace.per_server_rate": "10", "pace.per_operator_rate": "20", "pace.per_tld_rate": "30" },
            "resumed": [],
            "vantage": { "resolution": "iterating" },
        });
        let limits = Limits::of(manifest.clone()).into_iter().next();
        let load =
            |of: &str, who: &str, contacts, peak| Load { of: of.into(), who: who.into(), contacts, peak };
        let loads = [
            load("dns_server", "127.66.0.1", 500, Some(11)),
            load("dns_server", "127.66.0.2", 500, Some(12)),
            load("dns_operator", "labdns1.net", 500, Some(22)),
            load("dns_network", "127.66.0.0", 500, Some(21)),
            load("dns_tld", "com", 500, Some(32)),
            load("dns_root", " 2", 3, None),
            load("dns_root", " 6", 60, Some(2)),
            load("dns_root", "com 2", 1, None),
            load("dns_root", "org 2", 2, None),
            load("dns_root", " 48", 1, None),
            load("dns_root", "com 43", 2, None),
            load("dns_root", "a.com 2", 1, None),
            load("dns_root", "sts-census-0.com 1", 1, None),
            load("dns", "16", 9, None),
        ];
        let mut told = Vec::new();
        if let Some(limits) = limits {
            limits.compare(&loads, &mut |_, row, _, _| told.push(row.to_owned()));
        }
        assert_eq!(told, ["127.66.0.2", "labdns1.net", "com", "org 2", "com 43", "a.com 2"]);
        let mut behind = manifest;
        behind["vantage"]["resolution"] = "forwarding".into();
        assert!(Limits::of(behind).is_none());
    }
}
