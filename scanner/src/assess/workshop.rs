//! How a new judgement takes the place of the old one: it is written beside it, and the two change places at
//! once, so that a kill leaves one of them, whole.

use crate::dataset::columns::ASSESSMENTS;
use crate::dataset::commits::UNFINISHED;
use crate::dataset::content::Parts;
use crate::dataset::parts::{Closed, PartWriter};
use crate::evidence::rows::AssessmentRow;
use crate::hook;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Folder in which the new judgement is written.
const WORKSHOP: &str = ".assessing";

/// Name in it of the old judgement, on file systems that cannot exchange two names.
const BEFORE: &str = "before";

/// The folder of a new judgement; it goes with what is left in it.
pub(super) struct Workshop {
    dataset: PathBuf,
    folder: PathBuf,
    assessments: PathBuf,
}

impl Workshop {
    /// Begins one; leftovers of a killed run are brought back or removed.
    ///
    /// # Errors
    /// The dataset's folder cannot be written.
    pub(super) fn begin(dataset: &Path) -> io::Result<Self> {
        let (folder, assessments) = (dataset.join(WORKSHOP), dataset.join(ASSESSMENTS.name));
        let before = folder.join(BEFORE);
        if before.exists() && !assessments.exists() {
            std::fs::rename(before, &assessments)?;
        }
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let workshop = Self { dataset: dataset.to_owned(), folder, assessments };
        std::fs::create_dir_all(workshop.fresh())?;
        hook::at("assess.begun");
        Ok(workshop)
    }

    fn fresh(&self) -> PathBuf {
        self.folder.join(ASSESSMENTS.name)
    }

    /// Writes the new judgement.
    pub(super) fn writer(&self, scan: &str) -> PartWriter<AssessmentRow> {
        PartWriter::new(&self.folder, scan, 0)
    }

    /// Brings the new judgement to the disk; gives what is in its part, of which there is none where no
    /// domain has a judgement.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn keep(&self, closed: Option<Closed>) -> io::Result<Parts> {
        let mut parts = Parts::new();
        if let Some(Closed { name, content }) = closed {
            let unfinished = self.fresh().join(format!("{name}.{UNFINISHED}"));
            File::open(&unfinished)?.sync_all()?;
            std::fs::rename(&unfinished, self.fresh().join(&name))?;
            parts.insert(format!("{}/{name}", ASSESSMENTS.name), content);
        }
        File::open(self.fresh())?.sync_all()?;
        hook::at("assess.written");
        Ok(parts)
    }

    /// Puts the new judgement in the old one's place.
    ///
    /// # Errors
    /// A name cannot be changed.
    pub(super) fn exchange(&self) -> io::Result<()> {
        hook::at("assess.exchange");
        if self.assessments.exists() {
            match renameat_with(CWD, self.fresh(), CWD, &self.assessments, RenameFlags::EXCHANGE) {
                // Network file systems know no exchange.
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                    std::fs::rename(&self.assessments, self.folder.join(BEFORE))?;
                    hook::at("assess.aside");
                    std::fs::rename(self.fresh(), &self.assessments)?;
                }
                exchanged => exchanged?,
            }
        } else {
            std::fs::rename(self.fresh(), &self.assessments)?;
        }
        File::open(&self.dataset)?.sync_all()?;
        hook::at("assess.exchanged");
        Ok(())
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if self.assessments.exists() || !self.folder.join(BEFORE).exists() {
            // Files that cannot be removed are removed by the next one.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    fn judged(folder: &Path, text: &str) {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("part"), text).unwrap();
    }

    #[test]
    fn the_new_judgement_takes_the_place_and_nothing_of_the_old_one_stays() {
        let dataset = tempfile::tempdir().unwrap();
        for text in ["first", "second"] {
            let workshop = Workshop::begin(dataset.path()).unwrap();
            judged(&workshop.fresh(), text);
            workshop.exchange().unwrap();
            drop(workshop);
            let part = dataset.path().join("assessments/part");
            assert_eq!(std::fs::read_to_string(part).unwrap(), text);
            assert_eq!(dataset.path().read_dir().unwrap().count(), 1);
        }
    }

    #[test]
    fn an_old_judgement_that_a_kill_left_aside_is_brought_back() {
        let dataset = tempfile::tempdir().unwrap();
        judged(&dataset.path().join(".assessing/before"), "old");
        judged(&dataset.path().join(".assessing/assessments"), "new");
        drop(Workshop::begin(dataset.path()).unwrap());
        assert_eq!(std::fs::read_to_string(dataset.path().join("assessments/part")).unwrap(), "old");
        assert_eq!(dataset.path().read_dir().unwrap().count(), 1);
    }
}
