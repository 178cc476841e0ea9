//! Brings a dataset's folder back to what its log says, for a resume.

use super::columns::EVIDENCE;
use super::commits::{Commit, UNFINISHED, is_part};
use super::whole::NotWhole;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// What can be done about a file that no line names.
const NOT_NAMED: &str = "move it out of the folder; if it was committed, put back the log that names it";

/// Brings the folders into line with the log: unfinished renames are finished, and unfinished files of a run
/// are removed. Nothing else is: a file that no line names stops it before anything is touched.
///
/// # Errors
/// There is such a file, a part that a line names is gone, or a file cannot be renamed or removed.
pub fn recover(dataset: &Path, commits: &[Commit]) -> Result<(), NotWhole> {
    let (mut renames, mut left) = (Vec::new(), Vec::new());
    for table in EVIDENCE {
        let folder = dataset.join(table.name);
        let unreadable = |e: io::Error| NotWhole::new(&folder, e.to_string(), NOT_NAMED);
        let named: BTreeSet<&str> =
            commits.iter().filter(|c| c.table == table.name).map(|c| c.part.as_str()).collect();
        let mut there = BTreeSet::new();
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            there.insert(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
        }
        for name in &there {
            let unfinished = name.strip_suffix(&format!(".{UNFINISHED}")).filter(|part| is_part(part));
            match unfinished {
                Some(part) if named.contains(part) && !there.contains(part) => {
                    renames.push((folder.join(name), folder.join(part)));
                }
                Some(_) => left.push(folder.join(name)),
                None if named.contains(name.as_str()) => {}
                None => {
                    let why =
                        "no line of commits.jsonl names it, and nothing that may be somebody's is removed";
                    return Err(NotWhole::new(&folder.join(name), why, NOT_NAMED));
                }
            }
        }
        let is_gone =
            |part: &&&str| !there.contains(**part) && !there.contains(&format!("{part}.{UNFINISHED}"));
        if let Some(gone) = named.iter().find(is_gone) {
            let why = "it is missing, but commits.jsonl lists it";
            return Err(NotWhole::new(&folder.join(gone), why, "restore it from a copy"));
        }
    }
    let failed = |path: &Path, e: &io::Error| NotWhole::new(path, e.to_string(), NOT_NAMED);
    for (from, to) in renames {
        std::fs::rename(&from, &to).map_err(|e| failed(&from, &e))?;
    }
    for path in left {
        std::fs::remove_file(&path).map_err(|e| failed(&path, &e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use crate::dataset::columns::DOMAINS;
    use crate::dataset::content::Content;

    fn dataset() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for table in EVIDENCE {
            std::fs::create_dir(folder.path().join(table.name)).unwrap();
        }
        folder
    }

    fn commit(part: &str, done: Vec<(u64, u64)>) -> Commit {
        let content = Content { rows: 3, bytes: 1, sha256: "00".repeat(32) };
        Commit::new(&DOMAINS, part.into(), content, done)
    }

    #[test]
    fn a_part_is_finished_where_a_line_names_it_and_removed_where_none_does() {
        let folder = dataset();
        let named = folder.path().join("domains/part-00000.parquet.tmp");
        let stray = folder.path().join("domains/part-00001.parquet.tmp");
        std::fs::write(&named, "x").unwrap();
        std::fs::write(&stray, "y").unwrap();
        recover(folder.path(), &[commit("part-00000.parquet", vec![(0, 3)])]).unwrap();
        assert!(folder.path().join("domains/part-00000.parquet").exists());
        assert!(!named.exists() && !stray.exists());
    }

    #[test]
    fn a_part_that_a_line_names_and_that_is_gone_is_an_error() {
        let folder = dataset();
        let error = recover(folder.path(), &[commit("part-00000.parquet", Vec::new())]).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("domains/part-00000.parquet: it is missing, but commits.jsonl lists it")
        );
    }

    #[test]
    fn what_no_line_names_stops_it_and_nothing_is_touched() {
        for strange in ["part-00001.parquet", "part-00000 (copy).parquet", "NOTES.txt", "notes.tmp"] {
            let folder = dataset();
            let domains = folder.path().join("domains");
            let kept = ["part-00000.parquet.tmp", "part-00007.parquet.tmp", strange];
            for name in kept {
                std::fs::write(domains.join(name), "x").unwrap();
            }
            let named = commit("part-00000.parquet", vec![(0, 3)]);
            let error = recover(folder.path(), std::slice::from_ref(&named)).unwrap_err();
            assert!(error.to_string().contains(&format!("domains/{strange}: no line")), "{error}");
            assert!(kept.iter().all(|name| domains.join(name).exists()), "{strange}");
        }
    }
}
