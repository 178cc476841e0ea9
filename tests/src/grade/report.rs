//! What a grade says.

use super::Grade;
use std::collections::BTreeMap;
use std::fmt;

/// How many differences are shown one by one.
const SHOWN: usize = 20;
/// Longest value that is shown whole.
const WIDTH: usize = 300;

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "situations")?;
        for (name, count) in &self.situations {
            writeln!(f, "  {name:<32} {count:>9}")?;
        }
        writeln!(f, "rows{:>32} {:>9}", "expected", "found")?;
        for (table, expected, found) in &self.rows {
            writeln!(f, "  {table:<24} {expected:>9} {found:>9}")?;
        }
        match self.connections {
            Some(came) => writeln!(f, "connections{came:>25}  compared with the dataset")?,
            None => writeln!(f, "connections              not compared: the laboratory left no contacts")?,
        }
        write!(f, "{}", self.faults())?;
        if self.is_clean() {
            writeln!(f, "no difference")
        } else {
            writeln!(f, "{} differences", self.differences.len())
        }
    }
}

/// What is wrong with a grade, without what is right: empty where nothing is.
struct Faults<'a>(&'a Grade);

impl Grade {
    /// What is wrong, without the lists of what occurred.
    #[must_use]
    pub fn faults(&self) -> impl fmt::Display {
        Faults(self)
    }
}

impl fmt::Display for Faults<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(grade) = self;
        for name in &grade.never_occurred {
            writeln!(f, "situation {name} never occurred")?;
        }
        for one in grade.differences.iter().take(SHOWN) {
            writeln!(f, "{} {} {} ({})", one.table, one.row, one.column, one.situation)?;
            writeln!(f, "  expected {}", cut(&one.expected))?;
            writeln!(f, "  found    {}", cut(&one.found))?;
        }
        let mut counts: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
        for one in &grade.differences {
            *counts.entry((&one.table, &one.column, &one.situation)).or_default() += 1;
        }
        for ((table, column, situation), count) in counts {
            writeln!(f, "{count:>9}  {table}.{column}  {situation}")?;
        }
        if grade.not_looked_at > 0 {
            writeln!(f, "{} more rows differ", grade.not_looked_at)?;
        }
        Ok(())
    }
}

/// A value, cut where it is long.
pub(crate) fn cut(text: &str) -> String {
    if text.chars().count() <= WIDTH {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(WIDTH).collect();
    short.push('…');
    short
}
