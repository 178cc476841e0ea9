//! What senders of each form would have written about a world: TLS-RPT reports, mail and all, with the truth
//! beside them. Written from RFC 8460 by hand, with no code of the library that reads reports.

mod explained;
mod grade;
mod mail;
mod seen;
mod senders;

pub use explained::grade_explained;
pub use grade::{ReportGrade, grade};

use crate::authority::Authority;
use crate::contract::Contract;
use crate::dice::draw;
use crate::mix::Mix;
use crate::names::Names;
use crate::truth::Oracle;
use crate::world::World;
use anyhow::{Context, Result};
use seen::Seen;
use senders::{FORMS, Written};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file that says what is in the reports, a JSON object a line.
pub const TRUTH: &str = "reports.truth.jsonl";

/// Mails of a folder: many file systems slow down beyond some thousands.
const A_FOLDER: u64 = 4096;

/// What is to be written.
#[derive(Debug)]
pub struct Order {
    /// The domains that are reported on.
    pub names: Names,
    /// Everything is drawn from it.
    pub seed: u64,
    /// What puts domains into situations.
    pub mix: Mix,
    /// The folder for `mails/` and [`TRUTH`].
    pub dir: PathBuf,
}

/// A failure as it must be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Failing {
    /// The result type (RFC 8460 section 4.3).
    pub result: String,
    /// The MX host; `None` where the report names none.
    pub mx: Option<String>,
    /// Sessions.
    pub sessions: i64,
    /// The findings of a scan of the same world that explain it, in order of their names.
    #[serde(default)]
    pub findings: Vec<String>,
}

/// A report as it must be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// organization-name.
    pub organization: String,
    /// report-id.
    pub id: String,
    /// The domain's situation.
    pub situation: String,
    /// policy-domain; `None` where the sender leaves it out.
    pub domain: Option<String>,
    /// policy-type.
    pub policy_type: String,
    /// The mode in policy-string; `None` where there is none.
    pub mode: Option<String>,
    /// Sessions that succeeded.
    pub successful: i64,
    /// Sessions that failed, as the summary says.
    pub failed: i64,
    /// The details, in order.
    pub failures: Vec<Failing>,
    /// The codes of its faults, in order of their names.
    pub faults: Vec<String>,
    /// When the mail was received, microseconds since 1970.
    pub received_at: i64,
}

/// Writes the mails of every sender about every domain that asks for reports by mail; gives how many.
///
/// # Errors
/// Where a file cannot be written or a name cannot be had.
pub fn write(order: &Order) -> Result<u64> {
    let contract = Arc::new(Contract::load()?);
    let world = Arc::new(World::new(&contract, order.seed, 0, order.mix.clone())?);
    let authority = Arc::new(Authority::new(order.seed)?);
    let oracle = Oracle { contract, world, authority, delegations: None };
    fs::create_dir_all(&order.dir).with_context(|| format!("cannot make {}", order.dir.display()))?;
    let mut truth = BufWriter::new(File::create(order.dir.join(TRUTH))?);
    let mut count = 0;
    for (name, rank) in order.names.iter(order.seed)?.zip(1..) {
        let domain = name?;
        let expected = oracle.expected(rank, &domain)?;
        let Some(seen) = Seen::of(&oracle.contract, &expected, &domain, draw(order.seed, domain.as_bytes()))
        else {
            continue;
        };
        for form in FORMS {
            let Some(written) = form(&seen) else { continue };
            write_mail(&order.dir, count, &written)?;
            serde_json::to_writer(&mut truth, &written.told)?;
            truth.write_all(b"\n")?;
            count += 1;
        }
    }
    truth.flush()?;
    Ok(count)
}

fn write_mail(dir: &Path, number: u64, written: &Written) -> Result<()> {
    let folder = dir.join("mails").join(format!("{:05}", number / A_FOLDER));
    if number.is_multiple_of(A_FOLDER) {
        fs::create_dir_all(&folder)?;
    }
    let path = folder.join(format!("{number:08}.eml"));
    fs::write(&path, mail::mail(written)?).with_context(|| format!("cannot write {}", path.display()))
}
