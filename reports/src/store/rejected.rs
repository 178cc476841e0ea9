//! `rejected.csv`: what held no report, and why; each source and reason once, however often it is read.

use super::StoreError;
use crate::visible::visible;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::path::Path;

const NAME: &str = "rejected.csv";

pub(super) struct Rejected {
    /// The first bytes of a hash of each line.
    listed: HashSet<[u8; 8]>,
    list: csv::Writer<File>,
}

fn hash(source: &str, reason: &str) -> [u8; 8] {
    let hash = Sha256::new().chain_update(reason).chain_update([0]).chain_update(source).finalize();
    let mut short = [0; 8];
    short.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    short
}

impl Rejected {
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(NAME);
        let mut listed = HashSet::new();
        if let Ok(file) = File::open(&path) {
            let mut lines = csv::ReaderBuilder::new().flexible(true).from_reader(file);
            for line in lines.records() {
                let line = line.map_err(StoreError::parquet)?;
                if let (Some(source), Some(reason)) = (line.get(0), line.get(1)) {
                    listed.insert(hash(source, reason));
                }
            }
        }
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let is_new = file.metadata()?.len() == 0;
        let mut list = csv::Writer::from_writer(file);
        if is_new {
            list.write_record(["source", "reason"]).map_err(StoreError::parquet)?;
        }
        Ok(Self { listed, list })
    }

    pub(super) fn add(&mut self, source: &str, reason: &str) -> Result<(), StoreError> {
        let source = visible(source);
        if self.listed.insert(hash(&source, reason)) {
            self.list.write_record([source.as_str(), reason]).map_err(StoreError::parquet)?;
        }
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<(), StoreError> {
        self.list.flush()?;
        Ok(())
    }
}
