//! What a comparison says.

use super::{Comparison, Differing};
use crate::grade::cut;
use std::fmt;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<20} {:>11} {:>11} {:>11} {:>11}",
            "rows", "before", "after", "unpaired", "cells differ"
        )?;
        for table in &self.tables {
            let [before, after] = table.rows;
            let (unpaired, cells) = (table.unpaired.count, table.differing_cells());
            writeln!(f, "  {:<18} {before:>11} {after:>11} {unpaired:>11} {cells:>11}", table.table)?;
        }
        let [before, after] = [0, 1].map(|side| {
            let only = self.tables.iter().filter_map(|table| table.only.get(side)).flatten();
            only.map(String::as_str).collect::<Vec<_>>().join(" ")
        });
        for (side, columns) in [("BEFORE", before), ("AFTER", after)] {
            if !columns.is_empty() {
                writeln!(f, "only in {side}, not compared: {columns}")?;
            }
        }
        for table in &self.tables {
            for column in &table.retyped {
                writeln!(f, "{column} has another type")?;
            }
            examples(f, &format!("{} (row)", table.table), &table.unpaired)?;
            for (column, cells) in &table.cells {
                examples(f, &format!("{}.{column}", table.table), cells)?;
            }
            if table.not_looked_at > 0 {
                writeln!(f, "{} more rows of {} differ", table.not_looked_at, table.table)?;
            }
        }
        writeln!(f, "{}", if self.is_clean() { "no difference" } else { "they differ" })
    }
}

fn examples(f: &mut fmt::Formatter<'_>, what: &str, differing: &Differing) -> fmt::Result {
    if differing.count > 0 {
        writeln!(f, "{:>9}  {what}", differing.count)?;
    }
    for example in &differing.examples {
        writeln!(f, "           {}", example.row)?;
        writeln!(f, "             before {}", cut(&example.before))?;
        writeln!(f, "             after  {}", cut(&example.after))?;
    }
    Ok(())
}
