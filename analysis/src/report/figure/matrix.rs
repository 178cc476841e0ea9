//! Changes from state to state: a row each state before, a column each state after. On a phone the changes
//! stand one below the other.

use super::svg::{Anchor, Drawing, shortened, text_width};
use super::{Bar, Bars, Tone, Unit, Width, rows};
use crate::dataset::grouped;

/// How far the heads of columns lean, degrees.
const TILT: f64 = 38.0;

/// How many went from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The state before.
    pub from: String,
    /// The state after.
    pub to: String,
    /// How many.
    pub count: u64,
}

/// A figure of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    /// The states in the order of rows and columns.
    pub states: Vec<String>,
    /// The changes; states that stay among them.
    pub flows: Vec<Flow>,
}

impl Matrix {
    fn count(&self, from: &str, to: &str) -> u64 {
        self.flows.iter().filter(|flow| flow.from == from && flow.to == to).map(|flow| flow.count).sum()
    }

    fn leaving(&self, from: &str) -> u64 {
        self.flows.iter().filter(|flow| flow.from == from).map(|flow| flow.count).sum()
    }

    pub(super) fn describe(&self) -> String {
        let each = self.flows.iter().filter(|flow| flow.count > 0);
        let each = each.map(|flow| format!("{} to {}: {}", flow.from, flow.to, grouped(flow.count)));
        each.collect::<Vec<_>>().join("; ") + "."
    }

    pub(super) fn draw(&self, width: Width) -> Drawing {
        match width {
            Width::Wide => self.wide(),
            Width::Narrow => self.changes().draw(Width::Narrow),
        }
    }

    fn wide(&self) -> Drawing {
        let width = Width::Wide.pixels();
        let widest = self.states.iter().map(|state| text_width(state)).fold(60.0, f64::max).min(150.0);
        let left = widest + 12.0;
        // The heads lean to the right, out of the last column.
        let (across, up) = (widest * TILT.to_radians().cos(), widest * TILT.to_radians().sin());
        let column = ((width - left - across) / rows(self.states.len().max(1))).clamp(36.0, 110.0);
        let (top, row) = (up + 20.0, 34.0);
        let mut drawing = Drawing::new(width, top + row * rows(self.states.len()) + 4.0);
        drawing.text("m", (left - 12.0, top - 10.0), Anchor::End, "before ↓ after →");
        for (at, state) in self.states.iter().enumerate() {
            let middle = left + column * (rows(at) + 0.5);
            drawing.tilted((middle, top - 8.0), TILT, &shortened(state, widest));
        }
        for (down, from) in self.states.iter().enumerate() {
            let y = top + row * rows(down);
            drawing.text("", (left - 12.0, y + 21.0), Anchor::End, &shortened(from, left - 12.0));
            let all = self.leaving(from);
            for (right, to) in self.states.iter().enumerate() {
                let x = left + column * rows(right);
                let count = self.count(from, to);
                let level = level(count, all);
                // Unchanged cells are grey, changed ones coloured: the reader looks for the change.
                let class = if count == 0 {
                    "p"
                } else if from == to {
                    "c6"
                } else {
                    "c1"
                };
                drawing.rect(&format!("{class} q{level}"), x + 1.0, y + 1.0, column - 2.0, row - 2.0);
                let ink = if level >= 3 && from != to { "k b" } else { "" };
                let shown = if count == 0 { "·".to_owned() } else { grouped(count) };
                let class = if count == 0 { "m" } else { ink };
                drawing.text(class, (x + column / 2.0, y + 21.0), Anchor::Middle, &shown);
            }
        }
        drawing
    }

    /// The true changes as bars, the largest first.
    #[allow(clippy::cast_precision_loss, reason = "the length of a bar needs no more than 52 bits")]
    fn changes(&self) -> Bars {
        let mut flows: Vec<&Flow> = self.flows.iter().filter(|f| f.from != f.to && f.count > 0).collect();
        flows.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.from.cmp(&other.from)));
        let bars = flows.into_iter().take(20).map(|flow| Bar {
            label: format!("{} → {}", flow.from, flow.to),
            value: Some(flow.count as f64),
            range: None,
            note: String::new(),
            tone: Tone::Main,
        });
        Bars { bars: bars.collect(), axis: "names that changed".to_owned(), unit: Unit::Count }
    }
}

/// How strong a cell is drawn, 0 to 4, by its share of the row.
const fn level(count: u64, all: u64) -> u8 {
    if count == 0 || all == 0 {
        return 0;
    }
    match count.saturating_mul(100) / all {
        0..2 => 1,
        2..10 => 2,
        10..40 => 3,
        _ => 4,
    }
}
