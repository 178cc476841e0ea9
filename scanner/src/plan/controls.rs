//! Names that are known to signal MTA-STS, by which a scan sees that what the DNS says is to be believed.

use super::ScanPlan;
use crate::input;

/// Those of six operators that signal, as public sources show (METHODS names them).
const USUAL: [&str; 6] =
    ["gmail.com", "outlook.com", "yahoo.com", "comcast.net", "fastmail.com", "mailbox.org"];
/// Names that may be given.
const MOST: usize = 64;

impl ScanPlan {
    /// The controls: those that were given; else the usual ones, and none in a laboratory, which does not
    /// have them.
    #[must_use]
    pub fn controls(&self) -> Vec<String> {
        match &self.controls {
            Some(given) => given.clone(),
            None if self.allow_private => Vec::new(),
            None => USUAL.map(str::to_owned).to_vec(),
        }
    }
}

/// What was typed: no value or `none`, or names.
pub(super) fn of(values: &[String]) -> Result<Vec<String>, String> {
    match values {
        [word] if word == "none" => Ok(Vec::new()),
        _ if values.len() > MOST => Err(format!("a list of {}", values.len())),
        _ => values.iter().map(|text| input::normalise(text).map_err(|_| format!("{text:?}"))).collect(),
    }
}
