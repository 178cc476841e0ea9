//! One situation: how a domain behaves in DNS, HTTPS and SMTP, and what a right scan says about it.
//!
//! A situation is a file `worlds/NAME.toml`, read strictly; one that begins with `_` only serves others as a
//! base. `worlds/README.md` has the grammar: `[dns]`, `[https]`, `[elsewhere]` and `[smtp.…]` say what
//! servers do, `[expect]` what a right scan says, `[bound]` what limits a hostile peer. `extends` names a
//! situation whose tables, but for `[bound]`, are taken over, key by key, unless the file states its own
//! value.

mod behaviour;
mod bound;
mod delegation;
mod ordinary;
mod signing;
mod template;

pub use behaviour::{
    Answer, Certificate, FLOOD, Forgery, Http2, Https, Issuer, KeyUse, Legacy, Oversized, Purpose, Record,
    Records, Smtp, Stage, Status, Tcp, Tls, Validity,
};
pub use bound::{Bound, Peer, Unplayed};
pub use delegation::{Delegation, Server};
pub use signing::{Algorithm, Denial, Flaw, Signing};
pub use template::{Fill, fill, from_toml};

use crate::contract::{Contract, Table};
use crate::value::Value;
use anyhow::{Context, Result, bail, ensure};
use include_dir::{Dir, include_dir};
use ordinary::Ordinary;
use serde::Deserialize;
use std::collections::BTreeMap;

static WORLDS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/worlds");

/// A kind of record a situation can answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are those of the DNS")]
pub enum RecordType {
    A,
    Ns,
    Cname,
    Mx,
    Txt,
    Aaaa,
    Dname,
    Tlsa,
}

impl RecordType {
    /// The type of its name in a file.
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "A" => Self::A,
            "NS" => Self::Ns,
            "CNAME" => Self::Cname,
            "MX" => Self::Mx,
            "TXT" => Self::Txt,
            "AAAA" => Self::Aaaa,
            "DNAME" => Self::Dname,
            "TLSA" => Self::Tlsa,
            _ => return None,
        })
    }

    /// Its number on the wire (RFC 1035 section 3.2.2, RFC 3596, RFC 6672, RFC 6698).
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Ns => 2,
            Self::Cname => 5,
            Self::Mx => 15,
            Self::Txt => 16,
            Self::Aaaa => 28,
            Self::Dname => 39,
            Self::Tlsa => 52,
        }
    }

    /// The type of a number on the wire; `None` where no situation can hold it.
    #[must_use]
    pub const fn from_number(number: u16) -> Option<Self> {
        Some(match number {
            1 => Self::A,
            2 => Self::Ns,
            5 => Self::Cname,
            15 => Self::Mx,
            16 => Self::Txt,
            28 => Self::Aaaa,
            39 => Self::Dname,
            52 => Self::Tlsa,
            _ => return None,
        })
    }
}

/// A situation, read and checked.
#[derive(Debug)]
pub struct Situation {
    /// Name of its file without the ending.
    pub name: String,
    /// What it is, in a line.
    pub about: String,
    /// The answers of its owners, by owner pattern.
    pub zone: BTreeMap<String, Vec<(RecordType, Answer)>>,
    /// What the policy host does.
    pub https: Https,
    /// What a web server does at other names below the domain that have its address; the same where it is
    /// `None`.
    pub elsewhere: Option<Https>,
    /// What its MX hosts do, by the name its addresses are written with.
    pub smtp: BTreeMap<String, Smtp>,
    /// Who answers for it where the DNS is delegated.
    pub delegation: Delegation,
    /// What a right scan finds.
    pub expect: Expect,
    /// What limits its peers; `None` where none of them means harm.
    pub bound: Option<Bound>,
}

/// What a right scan says about a domain in a situation, with placeholders in it.
#[derive(Debug)]
pub struct Expect {
    /// The cells of `domains` in the contract's order.
    pub domain: Vec<Value>,
    /// The cells of `assessments`; `None` where the domain has no row there.
    pub assessment: Option<Vec<Value>>,
    /// The cells of its rows of `mx_hosts`.
    pub hosts: Vec<Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    bound: Option<Bound>,
    #[serde(default)]
    dns: BTreeMap<String, behaviour::AnswerSpec>,
    #[serde(default)]
    https: Https,
    elsewhere: Option<Https>,
    #[serde(default)]
    smtp: BTreeMap<String, Smtp>,
    #[serde(default)]
    delegation: Delegation,
    #[serde(default)]
    expect: toml::Table,
}

/// The names of the situations of this build.
pub fn names() -> impl Iterator<Item = &'static str> {
    let names = WORLDS.files().filter_map(|file| file.path().file_name()?.to_str()?.strip_suffix(".toml"));
    names.filter(|name| !name.starts_with('_'))
}

/// Every situation of this build, by name.
///
/// # Errors
/// Where a file cannot be read, names a column the contract has not, or a value is not of its column's type.
pub fn load_all(contract: &Contract) -> Result<BTreeMap<String, Situation>> {
    let mut raw = BTreeMap::new();
    for file in WORLDS.files() {
        let Some(name) =
            file.path().file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_suffix(".toml"))
        else {
            continue;
        };
        let text = file.contents_utf8().with_context(|| format!("worlds/{name}.toml is not UTF-8"))?;
        let table: toml::Table = toml::from_str(text).with_context(|| format!("worlds/{name}.toml"))?;
        raw.insert(name.to_owned(), table);
    }
    let ordinary = raw.remove(ordinary::FILE).context("worlds/_ordinary.toml is not there")?;
    let ordinary = Ordinary::read(contract, ordinary).context("worlds/_ordinary.toml")?;
    raw.remove(bound::FILE);
    let mut situations = BTreeMap::new();
    for name in raw.keys().filter(|n| !n.starts_with('_')) {
        let merged = resolve(&raw, name, 0)?;
        let situation =
            read(contract, &ordinary, name, merged).with_context(|| format!("worlds/{name}.toml"))?;
        situations.insert(name.clone(), situation);
    }
    Ok(situations)
}

/// The bounds that no world plays, in the order of `worlds/_bounds.toml`.
///
/// # Errors
/// Where the file cannot be read.
pub fn unplayed() -> Result<Vec<Unplayed>> {
    let file =
        WORLDS.get_file(format!("{}.toml", bound::FILE)).context("worlds/_bounds.toml is not there")?;
    let text = file.contents_utf8().context("worlds/_bounds.toml is not UTF-8")?;
    Ok(toml::from_str::<bound::List>(text).context("worlds/_bounds.toml")?.bound)
}

fn resolve(raw: &BTreeMap<String, toml::Table>, name: &str, depth: usize) -> Result<toml::Table> {
    ensure!(depth < 8, "`extends` of `{name}` runs in a circle");
    let mut own = raw.get(name).with_context(|| format!("no situation `{name}` to extend"))?.clone();
    let Some(base) = own.remove("extends") else { return Ok(own) };
    let base = base.as_str().context("`extends` is the name of a situation")?;
    let mut merged = resolve(raw, base, depth + 1)?;
    // What limits a peer is said where the peer is: what a world changes may be limited by something else.
    merged.remove("bound");
    overlay(&mut merged, own);
    Ok(merged)
}

fn overlay(base: &mut toml::Table, own: toml::Table) {
    for (key, value) in own {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => overlay(below, above),
            (_, value) => drop(base.insert(key, value)),
        }
    }
}

fn read(contract: &Contract, ordinary: &Ordinary, name: &str, table: toml::Table) -> Result<Situation> {
    let file: File = table.try_into()?;
    ensure!(file.bound.is_some() || !name.starts_with("hostile-"), "a hostile world has a [bound]");
    let mut zone: BTreeMap<String, Vec<(RecordType, Answer)>> = BTreeMap::new();
    for (key, spec) in file.dns.into_iter().filter(|(_, spec)| !spec.is_absent()) {
        let (owner, kind) = key.rsplit_once(' ').with_context(|| format!("`{key}` is not \"owner TYPE\""))?;
        let kind = RecordType::from_name(kind).with_context(|| format!("`{key}`: no such type"))?;
        let answer = spec.into_answer(kind).with_context(|| format!("`{key}`"))?;
        zone.entry(owner.to_owned()).or_default().push((kind, answer));
    }
    let expect = read_expect(contract, ordinary, file.expect)?;
    let situation = Situation {
        name: name.to_owned(),
        about: file.about,
        zone,
        https: file.https,
        elsewhere: file.elsewhere,
        smtp: file.smtp,
        delegation: file.delegation,
        expect,
        bound: file.bound,
    };
    for (owner, answers) in &situation.zone {
        for word in answers.iter().flat_map(|(_, answer)| &answer.records).filter_map(Record::behaviour) {
            let known = situation.smtp.contains_key(word);
            ensure!(known, "`{owner}` has an address of `{word}`, but there is no [smtp.{word}]");
        }
    }
    Ok(situation)
}

fn read_expect(contract: &Contract, ordinary: &Ordinary, mut expect: toml::Table) -> Result<Expect> {
    let mut hosts = Vec::new();
    if let Some(rows) = expect.remove("hosts") {
        for (id, row) in rows.as_table().context("[expect.hosts.ID] is a table")? {
            // A situation that takes over a row and does not want it says `ID = {}` with `absent = true`.
            let mut row = row.as_table().context("a host's row is a table")?.clone();
            if row.remove("absent").is_some() {
                continue;
            }
            hosts.push(
                cells(&contract.mx_hosts, ordinary, &mut row)
                    .with_context(|| format!("[expect.hosts.{id}]"))?,
            );
            only_known(&row)?;
        }
    }
    let assessed = expect.contains_key("findings");
    let domain = cells(&contract.domains, ordinary, &mut expect)?;
    let assessment = if assessed { Some(cells(&contract.assessments, ordinary, &mut expect)?) } else { None };
    only_known(&expect)?;
    Ok(Expect { domain, assessment, hosts })
}

/// Takes the columns of a table out of what a file expects; what it does not name is ordinary.
fn cells(table: &Table, ordinary: &Ordinary, expect: &mut toml::Table) -> Result<Vec<Value>> {
    let names_column: Vec<bool> =
        table.columns.iter().map(|column| expect.contains_key(&column.name)).collect();
    let mut cells = table
        .columns
        .iter()
        .map(|column| match expect.remove(&column.name) {
            None => Ok(Value::Null),
            Some(value) => {
                from_toml(&column.kind, &value).with_context(|| format!("column `{}`", column.name))
            }
        })
        .collect::<Result<Vec<_>>>()?;
    ordinary.fill(table, &names_column, &mut cells);
    Ok(cells)
}

fn only_known(rest: &toml::Table) -> Result<()> {
    if let Some(key) = rest.keys().next() {
        bail!("`{key}` is not a column that can be expected here");
    }
    Ok(())
}
