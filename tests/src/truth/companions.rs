//! What a scan holds of DMARC: nothing where it was not asked for; and where no record stands at a domain,
//! what stands at the names above it, which are domains of the world too or names that domains share (RFC
//! 9989 section 4.10).

use super::{Expected, Oracle, set};
use crate::contract::Table;
use crate::situation::{Fill, RecordType, Status};
use crate::value::Value;
use crate::world::Names;
use std::collections::HashMap;

/// The word of the setting, and of the question.
const DMARC: &str = "dmarc";
/// Its columns, but for the status.
const COLUMNS: [&str; 6] =
    ["dmarc_txt", "dmarc_record", "dmarc_policy", "dmarc_subdomain_policy", "dmarc_testing", "dmarc_at"];
/// Names that are asked about beside the domain.
const ABOVE: usize = 7;

/// Changes what a situation says of a domain alone to what a scan of this world holds.
pub(super) fn amend(oracle: &Oracle, domain: &str, expected: &mut Expected) {
    let table = &oracle.contract.domains;
    if !oracle.world.mix.companions.iter().any(|word| word == DMARC) {
        return forget(oracle, expected);
    }
    let cell = |expected: &Expected, name: &str| cell(table, &expected.domain, name);
    let is_open = matches!(cell(expected, "dmarc_record").as_text(), Some("absent" | "multiple" | "invalid"));
    if !is_open || !cell(expected, "dmarc_at").is_null() {
        return;
    }
    if let Some(found) = walk(oracle, domain) {
        found.tell(oracle, expected);
    }
}

fn cell(table: &Table, row: &[Value], name: &str) -> Value {
    table.position(name).and_then(|at| row.get(at)).cloned().unwrap_or(Value::Null)
}

/// The columns are null, no finding is about it, and no look was taken for its sake.
fn forget(oracle: &Oracle, expected: &mut Expected) {
    let table = &oracle.contract.domains;
    let row = &mut expected.domain;
    let is_of_it = |pair: &Value| pair.items().first().and_then(Value::as_text) == Some(DMARC);
    let retried = cell(table, row, "dns_retried");
    if retried.items().iter().any(is_of_it) {
        let others: Vec<Value> = retried.items().iter().filter(|pair| !is_of_it(pair)).cloned().collect();
        if others.is_empty() {
            set(row, table.position("attempts"), Value::Int(1));
        }
        set(row, table.position("dns_retried"), Value::List(others));
    }
    for name in COLUMNS.iter().chain(&["dmarc_dns"]) {
        set(row, table.position(name), Value::Null);
    }
    for column in ["findings", "lasting"] {
        findings(oracle, expected, column, |codes| codes.retain(|code| !code.starts_with("dmarc_")));
    }
}

/// Changes the codes in a column of the assessment.
fn findings(oracle: &Oracle, expected: &mut Expected, column: &str, change: impl Fn(&mut Vec<String>)) {
    let at = oracle.contract.assessments.position(column);
    let Some(cells) = &mut expected.assessment else { return };
    let Some(cell) = at.and_then(|at| cells.get_mut(at)) else { return };
    let mut codes: Vec<String> = cell.items().iter().filter_map(Value::as_text).map(str::to_owned).collect();
    change(&mut codes);
    *cell = Value::texts(codes);
}

/// A record above a domain.
struct Found {
    at: String,
    txt: String,
    tags: HashMap<String, String>,
}

impl Found {
    /// That of the only record of these texts; `None` where there is none, or there are several.
    fn of(name: &str, texts: &[String]) -> Option<Self> {
        let mut records = texts.iter().filter(|text| text.split(';').next() == Some("v=DMARC1"));
        let (Some(txt), None) = (records.next(), records.next()) else { return None };
        let tag = |part: &str| {
            let (name, value) = part.split_once('=')?;
            Some((name.trim().to_owned(), value.trim().to_owned()))
        };
        Some(Self { at: name.to_owned(), txt: txt.clone(), tags: txt.split(';').filter_map(tag).collect() })
    }

    fn tag(&self, name: &str) -> Option<&str> {
        self.tags.get(name).map(String::as_str)
    }

    /// What the domain's row holds with it: records above domains are valid in every world.
    fn tell(self, oracle: &Oracle, expected: &mut Expected) {
        let table = &oracle.contract.domains;
        let policy = self.tag("sp").or(self.tag("p")).unwrap_or_default().to_owned();
        let testing = self.tag("t") == Some("y");
        let stands_alone = cell(table, &expected.domain, "dmarc_record").as_text() == Some("absent");
        let row = &mut expected.domain;
        for (name, value) in [
            ("dmarc_policy", Value::text(&policy)),
            ("dmarc_subdomain_policy", Value::text(&policy)),
            ("dmarc_testing", Value::Bool(testing)),
            ("dmarc_at", Value::text(self.at)),
        ] {
            set(row, table.position(name), value);
        }
        if stands_alone {
            set(row, table.position("dmarc_record"), Value::text("valid"));
            set(row, table.position("dmarc_txt"), Value::texts([self.txt]));
        }
        findings(oracle, expected, "findings", |codes| {
            codes.retain(|code| code != "dmarc_absent");
            if policy == "none" {
                // The last about DMARC; those of DANE follow.
                let end = codes.iter().take_while(|code| !code.starts_with("dane_")).count();
                codes.insert(end, "dmarc_policy_none".to_owned());
            }
        });
    }
}

/// The record that applies to a domain without one of its own.
fn walk(oracle: &Oracle, domain: &str) -> Option<Found> {
    let labels: Vec<&str> = domain.split('.').collect();
    let first = labels.len().saturating_sub(ABOVE).max(1);
    let mut all = Vec::new();
    for from in first..labels.len() {
        let name = labels.get(from..).unwrap_or_default().join(".");
        let Some(found) = Found::of(&name, &texts(oracle, &name)) else { continue };
        let psd = found.tag("psd").map(str::to_owned);
        all.push(found);
        match psd.as_deref() {
            // Whoever is directly below a public suffix goes before it.
            Some("y") => {
                let suffix = all.pop()?;
                let below = all.pop().filter(|below| below.at.split('.').count() == labels.len() - from + 1);
                return Some(below.unwrap_or(suffix));
            }
            Some("n") => break,
            _ => {}
        }
    }
    all.pop()
}

/// The texts at `_dmarc` of a name.
fn texts(oracle: &Oracle, name: &str) -> Vec<String> {
    let Some(owner) = oracle.world.owner(&format!("_dmarc.{name}"), Some(RecordType::Txt)) else {
        return Vec::new();
    };
    let with = Names {
        world: &oracle.world,
        authority: &oracle.authority,
        situation: owner.situation,
        domain: &owner.domain,
    };
    let answers = owner.answers().unwrap_or_default().iter();
    let answered =
        answers.filter(|(kind, answer)| *kind == RecordType::Txt && answer.status == Status::NoError);
    answered.flat_map(|(_, answer)| &answer.records).map(|record| with.text(&record.joined())).collect()
}
