//! What a publisher may leave out, and from which columns it is taken.
//!
//! A column that holds nothing else is left out whole: absent means withheld, null keeps meaning not asked or
//! not seen. Internet addresses also stand in the midst of other text (an MX that is an address, a greeting,
//! the text of a refusal); there each is replaced, see [`crate::publish`].

use crate::claimable;
use crate::contract::TABLES;
use crate::fault::Fault;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// A class of facts that a publisher may not be free to share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Class {
    /// Internet addresses of policy hosts and MX hosts, wherever they occur.
    Addresses,
    /// Mail servers' own words: greeting, EHLO lines, text of replies.
    Banners,
    /// Certificates, and whatever identifies one: fingerprints, TLSA records.
    Certificates,
    /// Names that somebody could take, wherever they occur, and the findings that tell of them.
    Claimable,
}

impl Class {
    /// All of them, in the order they are told.
    pub const ALL: [Self; 4] = [Self::Addresses, Self::Banners, Self::Certificates, Self::Claimable];

    /// Its word on the command line, in the manifest and in the dictionary.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Addresses => "addresses",
            Self::Banners => "banners",
            Self::Certificates => "certificates",
            Self::Claimable => "claimable",
        }
    }

    /// Whether it is left out unless the publisher asks for it (ETHICS.md).
    #[must_use]
    pub const fn is_left_out_by_itself(self) -> bool {
        matches!(self, Self::Claimable)
    }

    /// The findings that are left out.
    #[must_use]
    pub const fn findings(self) -> &'static [&'static str] {
        match self {
            Self::Addresses | Self::Banners | Self::Certificates => &[],
            Self::Claimable => &claimable::CODES,
        }
    }

    /// The columns that are left out; a table with `*` is left out whole.
    #[must_use]
    pub const fn columns(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Addresses => &[("domains", "policy_addrs"), ("mx_hosts", "addr")],
            Self::Banners => &[
                ("mx_hosts", "smtp_text"),
                ("mx_hosts", "banner"),
                ("mx_hosts", "ehlo"),
                ("mx_hosts", "ehlo_tls"),
                ("mx_hosts", "quit_text"),
            ],
            Self::Certificates => &[
                ("certificates", "*"),
                ("domains", "policy_certificate_sha256"),
                ("domains", "policy_chain_sha256"),
                ("mx_hosts", "certificate_sha256"),
                ("mx_hosts", "chain_sha256"),
                ("mx_hosts", "tlsa"),
            ],
            Self::Claimable => &[("domains", "pattern_dns"), ("domains", "tlsrpt_rua_dns")],
        }
    }
}

/// The classes that are left out of one dataset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Withheld {
    classes: BTreeSet<Class>,
}

impl Withheld {
    /// These classes.
    #[must_use]
    pub fn new(classes: &[Class]) -> Self {
        Self { classes: classes.iter().copied().collect() }
    }

    /// What a publisher leaves out: these classes, and those that are left out by themselves, but for those
    /// `with` which it is published.
    ///
    /// # Errors
    /// A class is to be left out and not, or `with` names one that is in anyway (usage).
    pub fn by_publisher(without: &[Class], with: &[Class]) -> Result<Self, Fault> {
        for class in with {
            let word = class.word();
            if !class.is_left_out_by_itself() {
                return Err(Fault::Usage(format!(
                    "--with {word}: {word} are published unless --without names them"
                )));
            }
            if without.contains(class) {
                return Err(Fault::Usage(format!("{word} cannot be both left out and published")));
            }
        }
        let of_itself =
            Class::ALL.into_iter().filter(|class| class.is_left_out_by_itself() && !with.contains(class));
        Ok(Self { classes: without.iter().copied().chain(of_itself).collect() })
    }

    /// What a manifest says was left out; nothing where it says nothing.
    ///
    /// # Errors
    /// The manifest names a class that this version does not know.
    pub fn of_manifest(manifest: &Value) -> Result<Self, Fault> {
        let named = manifest.get("withheld").and_then(Value::as_object);
        let mut classes = BTreeSet::new();
        for word in named.into_iter().flat_map(Map::keys) {
            let class = Class::ALL.into_iter().find(|class| class.word() == word).ok_or_else(|| {
                Fault::Usage(format!(
                    "manifest.json: `withheld` names {word}, which this version does not know"
                ))
            })?;
            classes.insert(class);
        }
        Ok(Self { classes })
    }

    /// For the manifest: each class with its columns, and its findings as `findings.CODE`.
    #[must_use]
    pub fn in_manifest(&self) -> Value {
        let named = |class: &Class| {
            let columns = class.columns().iter().map(|(table, column)| json!(format!("{table}.{column}")));
            let findings = class.findings().iter().map(|code| json!(format!("findings.{code}")));
            (class.word().to_owned(), Value::Array(columns.chain(findings).collect()))
        };
        Value::Object(self.classes.iter().map(named).collect())
    }

    /// Whether nothing is left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// The classes that are left out, in the order they are told.
    pub fn classes(&self) -> impl Iterator<Item = Class> + '_ {
        self.classes.iter().copied()
    }

    /// Whether addresses are replaced where they stand in other text.
    #[must_use]
    pub fn redacts(&self) -> bool {
        self.classes.contains(&Class::Addresses)
    }

    /// Whether names that somebody could take are replaced where they stand in other text.
    #[must_use]
    pub fn hides_names(&self) -> bool {
        self.classes.contains(&Class::Claimable)
    }

    /// Whether a finding is left out.
    #[must_use]
    pub fn has_finding(&self, code: &str) -> bool {
        self.classes().any(|class| class.findings().contains(&code))
    }

    /// The class a column is left out with; `None` where it stays.
    #[must_use]
    pub fn class_of(&self, table: &str, column: &str) -> Option<Class> {
        let holds =
            |class: &Class| class.columns().iter().any(|(t, c)| *t == table && (*c == column || *c == "*"));
        self.classes().find(holds)
    }

    /// The tables that stay.
    #[must_use]
    pub fn tables(&self) -> Vec<&'static str> {
        TABLES.into_iter().filter(|table| self.class_of(table, "*").is_none()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;
    use crate::contract;

    #[test]
    fn only_columns_of_the_contract_are_withheld_and_none_that_the_tables_are_joined_by() {
        for class in Class::ALL {
            for (table, column) in class.columns() {
                let columns = contract::columns(table).unwrap();
                assert!(*column == "*" || columns.iter().any(|c| c.name == *column), "{table}.{column}");
                assert!(!["scan", "domain", "host"].contains(column), "{table}.{column}");
            }
        }
    }

    /// Kinds of values that say nothing in another's words: a time, a count, yes or no.
    const SILENT: [&str; 4] = ["bool", "int32", "int64", "timestamp_us"];

    /// Columns whose meaning speaks of a class and that stay all the same, each for a reason: they hold a
    /// verdict, a status or a name, but nothing of the class itself. Free text is redacted.
    const LOOKED_AT: [&str; 23] = [
        "domains.mx_kind",
        "domains.tlsrpt_rua",
        "domains.tlsrpt_rua_dns",
        "domains.policy_host_dns",
        "domains.policy_outcome",
        "domains.policy_cert_outcome",
        "domains.policy_cert_faults",
        "domains.policy_cert_differs",
        "domains.policy_body",
        "mx_hosts.host",
        "mx_hosts.host_dns",
        "mx_hosts.host_ede",
        "mx_hosts.smtp_outcome",
        "mx_hosts.smtp_phase",
        "mx_hosts.cert_outcome",
        "mx_hosts.tlsa_dns",
        "mx_hosts.tlsa_ad",
        "certificates.sans",
        "mx_hosts.starttls",
        "domains.mx",
        "domains.dns_retried",
        "mx_hosts.dns_retried",
        "assessments.dane",
    ];

    #[test]
    fn every_column_that_speaks_of_a_class_was_looked_at() {
        let words: [(Class, &[&str]); 4] = [
            (Class::Addresses, &["address"]),
            (Class::Banners, &["greeting", "reply", "banner", "EHLO"]),
            (Class::Certificates, &["certificate", "TLSA", "fingerprint"]),
            (Class::Claimable, &["claimable"]),
        ];
        for table in TABLES {
            let columns = contract::columns(table).unwrap();
            for column in columns.iter().filter(|column| !SILENT.contains(&column.kind.as_str())) {
                let name = format!("{table}.{}", column.name);
                for (class, words) in words {
                    let speaks = words.iter().any(|word| column.meaning.contains(word));
                    let held = Withheld::new(&[class]).class_of(table, &column.name).is_some();
                    assert!(
                        !speaks || held || LOOKED_AT.contains(&name.as_str()),
                        "{name} ({})",
                        class.word()
                    );
                }
            }
        }
    }

    #[test]
    fn a_manifest_says_again_what_was_withheld() {
        let withheld = Withheld::new(&[Class::Banners, Class::Addresses]);
        let manifest = json!({"withheld": withheld.in_manifest()});
        assert_eq!(Withheld::of_manifest(&manifest).unwrap(), withheld);
        assert_eq!(Withheld::of_manifest(&json!({})).unwrap(), Withheld::default());
        assert!(Withheld::of_manifest(&json!({"withheld": {"names": []}})).is_err());
    }

    #[test]
    fn what_somebody_could_take_is_left_out_unless_it_is_asked_for() {
        let words = |without: &[Class], with: &[Class]| -> Vec<&str> {
            Withheld::by_publisher(without, with).unwrap().classes().map(Class::word).collect()
        };
        assert_eq!(words(&[], &[]), ["claimable"]);
        assert_eq!(words(&[Class::Banners], &[]), ["banners", "claimable"]);
        assert_eq!(words(&[], &[Class::Claimable]), [""; 0]);
        assert!(Withheld::by_publisher(&[Class::Claimable], &[Class::Claimable]).is_err());
        assert!(Withheld::by_publisher(&[], &[Class::Banners]).is_err());
        assert!(Withheld::new(&[Class::Claimable]).has_finding("tlsrpt_rua_no_mx"));
        assert!(!Withheld::new(&[Class::Claimable]).has_finding("pattern_unused"));
    }

    #[test]
    fn a_table_of_a_withheld_class_does_not_stay() {
        assert_eq!(Withheld::new(&[Class::Certificates]).tables(), ["domains", "mx_hosts", "assessments"]);
        assert_eq!(Withheld::default().tables(), TABLES);
    }
}
