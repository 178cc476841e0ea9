//! A mix: how often each situation occurs.

use anyhow::{Context, Result, ensure};
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The mixes that are no file: every situation as often as any other; and the same, with all that a scan may
/// ask besides.
const UNIFORM: &str = "uniform";
const COMPANIONS: &str = "companions";

static MIXES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/mixes");

/// How often each situation occurs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// What it is, in a line.
    pub about: String,
    /// Whether every situation must occur, so that one which never does fails the grade.
    pub every_situation: bool,
    /// What a scan asks every domain for besides: `dmarc`, or nothing.
    #[serde(default)]
    pub companions: Vec<String>,
    /// Weights by situation, relative to their sum.
    pub weights: BTreeMap<String, u64>,
}

impl Mix {
    /// Reads a mix of this build by its name, or a file.
    ///
    /// # Errors
    /// Where there is neither, or the file is no mix.
    pub fn load(name_or_path: &str) -> Result<Self> {
        if name_or_path == UNIFORM {
            return Ok(Self::uniform());
        }
        if name_or_path == COMPANIONS {
            let about = "every situation as often as any other, and DMARC asked for".to_owned();
            return Ok(Self { about, companions: vec!["dmarc".to_owned()], ..Self::uniform() });
        }
        let own = MIXES.get_file(format!("{name_or_path}.toml")).and_then(|file| file.contents_utf8());
        let text = match own {
            Some(text) => text.to_owned(),
            None => std::fs::read_to_string(Path::new(name_or_path)).with_context(|| {
                format!("`{name_or_path}` is neither a mix of this build ({}) nor a file", Self::names())
            })?,
        };
        let mix: Self = toml::from_str(&text).with_context(|| format!("mix `{name_or_path}`"))?;
        ensure!(mix.total() > 0, "mix `{name_or_path}`: every weight is 0");
        Ok(mix)
    }

    /// Every situation of this build as often as any other, but for those that signatures make.
    #[must_use]
    pub fn uniform() -> Self {
        let unsigned = |name: &&str| !name.starts_with("dnssec-");
        Self {
            about: "every situation as often as any other".to_owned(),
            every_situation: true,
            companions: Vec::new(),
            weights: crate::situation::names().filter(unsigned).map(|name| (name.to_owned(), 1)).collect(),
        }
    }

    /// Only this situation.
    #[must_use]
    pub fn only(situation: &str) -> Self {
        Self {
            about: format!("only {situation}"),
            every_situation: true,
            companions: Vec::new(),
            weights: BTreeMap::from([(situation.to_owned(), 1)]),
        }
    }

    /// The sum of all weights.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.weights.values().sum()
    }

    fn names() -> String {
        let mut names: Vec<_> = MIXES.files().filter_map(|f| f.path().file_stem()?.to_str()).collect();
        names.extend([UNIFORM, COMPANIONS]);
        names.sort_unstable();
        names.join(", ")
    }
}
