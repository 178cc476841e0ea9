//! Horizontal bars, each with the range that the undecided leave open.

use super::svg::{Anchor, Drawing, shortened, text_width};
use super::{Tone, Unit, Width, rows, scale};

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What it stands for.
    pub label: String,
    /// Its length; `None` where there is no value (nothing to count over).
    pub value: Option<f64>,
    /// The range that the value may lie in; `None` where nothing is open.
    pub range: Option<(f64, f64)>,
    /// The numbers behind it, for example `12 of 345`.
    pub note: String,
    /// Its colour.
    pub tone: Tone,
}

/// A figure of bars.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// The bars from top to bottom.
    pub bars: Vec<Bar>,
    /// What the axis measures, for example `% of names`.
    pub axis: String,
    /// What the values are.
    pub unit: Unit,
}

/// Least pixels between the end of a bar and what is written beside it.
const GAP: f64 = 8.0;

impl Bars {
    pub(super) fn draw(&self, width: Width) -> Drawing {
        match width {
            Width::Wide => self.wide(),
            Width::Narrow => self.narrow(),
        }
    }

    /// The numbers in words.
    pub(super) fn describe(&self) -> String {
        let each = self.bars.iter().map(|bar| {
            let value = bar.value.map_or_else(|| "no value".to_owned(), |value| self.unit.written(value));
            format!("{}: {value} ({})", bar.label, bar.note)
        });
        each.collect::<Vec<_>>().join("; ") + "."
    }

    /// What the marks mean, so that a figure that stands alone says it too.
    fn told(&self) -> Vec<&'static str> {
        let ranged = |bar: &Bar| bar.range.is_some_and(|(low, high)| high > low);
        let whiskers =
            self.bars.iter().any(ranged).then_some("whiskers: all the undecided either way; no 95 %");
        let small = self.bars.iter().any(|bar| bar.note.ends_with('†'));
        whiskers.into_iter().chain(small.then_some("† of fewer than 30")).collect()
    }

    fn ticks(&self, wanted: u32) -> Vec<f64> {
        let reach = |bar: &Bar| bar.value.unwrap_or(0.0).max(bar.range.map_or(0.0, |(_, high)| high));
        scale::ticks(self.bars.iter().map(reach).fold(0.0, f64::max), wanted)
    }

    fn written(&self, bar: &Bar) -> String {
        bar.value.map_or_else(|| "–".to_owned(), |value| self.unit.written(value))
    }

    fn wide(&self) -> Drawing {
        let (width, row) = (Width::Wide.pixels(), 25.0);
        let widest = |of: &dyn Fn(&Bar) -> f64| self.bars.iter().map(of).fold(0.0, f64::max);
        let left = widest(&|bar| text_width(&bar.label)).clamp(60.0, 210.0) + GAP;
        let values = widest(&|bar| text_width(&self.written(bar))) + GAP;
        let notes = widest(&|bar| text_width(&bar.note)).min(170.0) + 2.0 * GAP;
        let ticks = self.ticks(5);
        let top = ticks.last().copied().unwrap_or(1.0);
        let place = scale::Scale::new((0.0, top), (left, width - values - notes));
        let bottom = row * rows(self.bars.len());
        let told = self.told();
        let mut drawing = Drawing::new(width, bottom + 38.0 + 17.0 * rows(told.len()));
        for (line, told) in told.iter().enumerate() {
            drawing.text("m", (left, bottom + 50.0 + 17.0 * rows(line)), Anchor::Start, told);
        }
        for tick in &ticks {
            drawing.line("g", (place.at(*tick), 0.0), (place.at(*tick), bottom));
            let label = scale::label(*tick);
            drawing.text("m", (place.at(*tick), bottom + 16.0), Anchor::Middle, &label);
        }
        drawing.text("m", (left, bottom + 33.0), Anchor::Start, &self.axis);
        for (number, bar) in self.bars.iter().enumerate() {
            let y = row * rows(number);
            let base = y + 16.5;
            drawing.text("", (left - GAP, base), Anchor::End, &shortened(&bar.label, left - GAP));
            let end = mark(&mut drawing, bar, place, y + 5.0);
            drawing.text("b", (end + GAP, base), Anchor::Start, &self.written(bar));
            drawing.text("m", (width, base), Anchor::End, &shortened(&bar.note, notes));
        }
        drawing.line("x", (left, 0.0), (left, bottom));
        drawing
    }

    fn narrow(&self) -> Drawing {
        let (width, row) = (Width::Narrow.pixels(), 46.0);
        let values =
            self.bars.iter().map(|bar| text_width(&self.written(bar))).fold(0.0, f64::max) + GAP + 2.0;
        let ticks = self.ticks(3);
        let top = ticks.last().copied().unwrap_or(1.0);
        let place = scale::Scale::new((0.0, top), (1.0, width - values));
        let bottom = row * rows(self.bars.len());
        let told = self.told();
        let mut drawing = Drawing::new(width, bottom + 38.0 + 17.0 * rows(told.len()));
        for (line, told) in told.iter().enumerate() {
            let at = (1.0, bottom + 49.0 + 17.0 * rows(line));
            drawing.text("m", at, Anchor::Start, &shortened(told, width));
        }
        for (at, tick) in ticks.iter().enumerate() {
            drawing.line("g", (place.at(*tick), 20.0), (place.at(*tick), bottom));
            let anchor = if at == 0 { Anchor::Start } else { Anchor::Middle };
            drawing.text("m", (place.at(*tick), bottom + 15.0), anchor, &scale::label(*tick));
        }
        drawing.text("m", (1.0, bottom + 32.0), Anchor::Start, &shortened(&self.axis, width));
        for (number, bar) in self.bars.iter().enumerate() {
            let y = row * rows(number);
            let note = shortened(&bar.note, width * 0.55);
            let room = width - text_width(&note) - GAP;
            // A ground below the words, so that no line of the grid runs through them.
            drawing.rect("k", 0.0, y, width, 21.0);
            drawing.text("", (1.0, y + 15.0), Anchor::Start, &shortened(&bar.label, room));
            drawing.text("m", (width, y + 15.0), Anchor::End, &note);
            let end = mark(&mut drawing, bar, place, y + 23.0);
            drawing.text("b", (end + GAP, y + 35.0), Anchor::Start, &self.written(bar));
        }
        drawing
    }
}

/// Bar and range; gives where the longer of them ends.
fn mark(drawing: &mut Drawing, bar: &Bar, place: scale::Scale, y: f64) -> f64 {
    let zero = place.at(0.0);
    let Some(value) = bar.value else { return zero };
    drawing.bar(bar.tone.class(), zero, y, place.at(value) - zero, 15.0);
    let Some((low, high)) = bar.range else { return place.at(value) };
    let (from, to) = (place.at(low), place.at(high));
    // A range that is narrower than the line that would show it is not drawn.
    if to - from > 2.0 {
        let middle = y + 7.5;
        drawing.line("w", (from, middle), (to, middle));
        drawing.line("w", (from, middle - 3.5), (from, middle + 3.5));
        drawing.line("w", (to, middle - 3.5), (to, middle + 3.5));
    }
    place.at(value).max(to)
}
