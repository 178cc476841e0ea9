//! What the manifest says of the lists, and the file of entries that are no domain name.

use crate::dataset::manifest::{ListFacts, Manifest};
use crate::input::{Example, ListCounts, ListSpec, Survey, Surveyed};
use serde_json::Value;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

/// Name of the file beside the manifest.
pub(super) const REJECTED: &str = "rejected.csv";

/// What is known of the lists before they are scanned.
pub(super) fn facts(lists: &[ListSpec], survey: &Survey) -> Vec<ListFacts> {
    let path =
        |list: &ListSpec| list.path().map_or_else(|| "-".to_owned(), |path| path.display().to_string());
    let facts = lists.iter().zip(&survey.lists).map(|(list, surveyed)| ListFacts {
        name: surveyed.name.to_string(),
        path: Some(path(list)),
        sha256: surveyed.sha256.clone(),
        entries: surveyed.entries,
        format: None,
        names: None,
        ranks: None,
        rejected: None,
        wildcards: None,
        unranked: None,
        delegated: None,
    });
    facts.collect()
}

/// How each list is read, a line each; of a stream nothing is known before it is read.
pub(super) fn told(survey: &Survey) -> Vec<String> {
    let known = |list: &Surveyed| Some((list.name.clone(), list.read_as.as_ref()?.to_string()));
    survey.lists.iter().filter_map(known).map(|(name, read_as)| format!("{name}: {read_as}")).collect()
}

/// Adds what reading them has shown.
pub(super) fn add(facts: &mut [ListFacts], counts: &[ListCounts]) {
    for (facts, counts) in facts.iter_mut().zip(counts) {
        let Some(read_as) = &counts.read_as else { continue };
        facts.format = Some(read_as.format.to_string());
        facts.names = Some(read_as.names.clone());
        facts.ranks.clone_from(&read_as.ranks);
        let rejected = counts.rejected.iter().map(|(reason, count)| (reason.as_str().to_owned(), *count));
        facts.rejected = Some(rejected.collect());
        facts.wildcards = Some(counts.wildcards);
        facts.unranked = Some(counts.unranked);
        facts.delegated = Some(counts.delegated);
    }
}

/// Settings whose values are files.
const FILES: [&str; 6] = [
    "dns.root_hints",
    "dns.trust_anchor",
    "tls.trust",
    "tls.intermediates",
    "scan.exclude",
    "report.status_file",
];

/// Leaves of every path in a manifest the name of the file alone: a scan that is complete needs none, and
/// what is published must not say where things were on this machine.
pub(super) fn forget_paths(manifest: &mut Manifest) {
    manifest.lists.iter_mut().for_each(|list| list.path = None);
    for settings in [&mut manifest.plan, &mut manifest.manners] {
        for key in FILES {
            if let Some(setting) = settings.get_mut(key) {
                leave_name(setting);
            }
        }
    }
    for (key, (before, after)) in manifest.resumed.iter_mut().flat_map(|run| &mut run.changed) {
        if FILES.contains(&key.as_str()) {
            leave_name(before);
            leave_name(after);
        }
    }
}

/// Cuts the paths in a setting, which stands there as `scan.toml` would write it: a text or a list of texts.
fn leave_name(setting: &mut Value) {
    let Some(value) = setting.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()) else {
        return;
    };
    let short = match value {
        Value::String(path) => Value::String(leaf(&path).to_owned()),
        Value::Array(paths) => paths.iter().map(|path| Value::from(path.as_str().map_or("", leaf))).collect(),
        other => other,
    };
    *setting = short.to_string().into();
}

fn leaf(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Writes the entries that are no domain name; removes the file of an earlier run where there are none.
pub(super) fn write_rejected(dataset: &Path, examples: &[Example]) -> io::Result<()> {
    let path = dataset.join(REJECTED);
    if examples.is_empty() {
        return match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    let mut text = "list,line,entry,reason\n".to_owned();
    for Example { list, line, text: entry, reason } in examples {
        let _ = writeln!(text, "{},{line},{},{}", field(list), field(entry), reason.as_str());
    }
    std::fs::write(path, text)
}

/// A field of CSV; an apostrophe keeps a spreadsheet from running what looks like a formula.
fn field(text: &str) -> String {
    let mark = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use crate::input::BadEntry;

    #[test]
    fn of_a_path_the_name_of_the_file_stays() {
        for (setting, want) in [
            ("\"/home/me/ca.pem\"", "\"ca.pem\""),
            ("\"webpki\"", "\"webpki\""),
            ("[\"/etc/a\", \"b\"]", "[\"a\",\"b\"]"),
            ("[]", "[]"),
            ("25", "25"),
        ] {
            let mut value = Value::from(setting);
            leave_name(&mut value);
            assert_eq!(value, want);
        }
    }

    #[test]
    fn what_is_refused_can_be_looked_up() {
        let folder = tempfile::tempdir().unwrap();
        let example =
            |line, text: &str, reason| Example { list: "a.csv".into(), line, text: text.into(), reason };
        let examples =
            [example(3, "a \"b\",c", BadEntry::WhiteSpace), example(4, "=1+1", BadEntry::Character)];
        write_rejected(folder.path(), &examples).unwrap();
        let path = folder.path().join(REJECTED);
        let want = "list,line,entry,reason\n\"a.csv\",3,\"a \"\"b\"\",c\",white_space\n\"a.csv\",4,\"'=1+1\",character\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), want);
        write_rejected(folder.path(), &[]).unwrap();
        assert!(!path.exists());
    }
}
