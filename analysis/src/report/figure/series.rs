//! Measures over time: a line a measure, the range that the undecided leave open as a band, and jumps that
//! are explained.

use super::svg::{Anchor, Drawing, LINE, shortened, text_width, wrapped};
use super::{Tone, Unit, Width, rows, scale};

/// Low and high of a range at one time.
pub type Band = (f64, f64);

/// One measure.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesLine {
    /// What it measures.
    pub label: String,
    /// Its value at each time; `None` where there is none: the line is broken there.
    pub values: Vec<Option<f64>>,
    /// The range at each time; empty where no range is known.
    pub ranges: Vec<Option<Band>>,
    /// Its colour.
    pub tone: Tone,
}

/// A jump between two times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jump {
    /// Index of the time that it led to.
    pub at: usize,
    /// What explains it, with its numbers.
    pub label: String,
}

/// Two times between which the instrument changed, so that values before and after are not to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// Index of the later time.
    pub at: usize,
    /// What changed.
    pub label: String,
    /// Whether lines end there; not so where the user insisted.
    pub cuts: bool,
}

/// A figure over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The times, ascending: seconds since 1970 and what is written below the axis.
    pub times: Vec<(f64, String)>,
    /// The measures.
    pub lines: Vec<SeriesLine>,
    /// The jumps, by time.
    pub jumps: Vec<Jump>,
    /// Where the instrument changed, by time.
    pub breaks: Vec<Break>,
    /// What the axis measures.
    pub axis: String,
    /// What the values are.
    pub unit: Unit,
}

/// Where the notes on jumps begin, pixels.
const NOTES_AT: f64 = 26.0;

/// Places of one drawing.
struct Frame {
    pixels: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    across: scale::Scale,
    up: scale::Scale,
}

impl Series {
    pub(super) fn describe(&self) -> String {
        let lines = self.lines.iter().map(|line| {
            let values = line.values.iter().zip(&self.times).map(|(value, (_, when))| {
                format!(
                    "{when} {}",
                    value.map_or_else(|| "no value".to_owned(), |value| self.unit.written(value))
                )
            });
            format!("{}: {}", line.label, values.collect::<Vec<_>>().join(", "))
        });
        let jumps = self.jumps.iter().map(|jump| {
            let when = self.times.get(jump.at).map_or("", |(_, when)| when);
            format!("jump at {when}: {}", jump.label)
        });
        let breaks = self.breaks.iter().map(|broken| {
            let when = self.times.get(broken.at).map_or("", |(_, when)| when);
            format!("not to be compared with what is before {when}: {}", broken.label)
        });
        lines.chain(jumps).chain(breaks).collect::<Vec<_>>().join("; ") + "."
    }

    pub(super) fn draw(&self, width: Width) -> Drawing {
        let pixels = width.pixels();
        let labels = self.lines.iter().map(|line| text_width(&self.ending(line))).fold(0.0, f64::max) + 14.0;
        let beside = if width == Width::Wide { labels.min(230.0) } else { 10.0 };
        let marked = !self.jumps.is_empty() || !self.breaks.is_empty();
        let banded = |line: &SeriesLine| line.ranges.iter().flatten().any(|(low, high)| high > low);
        let bands = if self.lines.iter().any(banded) { "; bands: all the undecided either way" } else { "" };
        let head = wrapped(&format!("{}{bands}", self.axis), pixels);
        let above = LINE * rows(head.len().saturating_sub(1));
        let (top, bottom) = (above + if marked { 48.0 } else { 26.0 }, above + 268.0);
        let below = if width == Width::Wide { 0 } else { self.lines.len() };
        let notes: usize = self.notes(pixels).iter().chain(&self.told(pixels)).map(Vec::len).sum();
        let height = bottom + 36.0 + 20.0 * rows(below) + LINE * rows(notes);
        let mut drawing = Drawing::new(pixels, height);
        let ticks = scale::ticks(self.largest(), 5);
        let first = self.times.first().map_or(0.0, |(at, _)| *at);
        let last = self.times.last().map_or(1.0, |(at, _)| *at);
        let (left, right) = (50.0, pixels - beside);
        let frame = Frame {
            pixels,
            left,
            right,
            top,
            bottom,
            across: scale::Scale::new((first, last), (left + 14.0, right - 6.0)),
            up: scale::Scale::new((0.0, ticks.last().copied().unwrap_or(1.0)), (bottom, top)),
        };
        drawing.lines("m", (0.0, 12.0), &head);
        for tick in &ticks {
            drawing.line("g", (left, frame.up.at(*tick)), (right, frame.up.at(*tick)));
            let label = scale::label(*tick);
            drawing.text("m", (left - 8.0, frame.up.at(*tick) + 4.0), Anchor::End, &label);
        }
        self.draw_times(&mut drawing, &frame);
        let below = self.draw_jumps(&mut drawing, &frame, bottom + 34.0 + 20.0 * rows(below));
        self.draw_breaks(&mut drawing, &frame, below);
        for line in &self.lines {
            self.draw_line(&mut drawing, &frame, line);
        }
        if width == Width::Wide {
            self.name_beside(&mut drawing, &frame, pixels);
        } else {
            self.name_below(&mut drawing, &frame, pixels);
        }
        drawing
    }

    fn largest(&self) -> f64 {
        let values = self.lines.iter().flat_map(|line| line.values.iter().flatten().copied());
        let highs = self.lines.iter().flat_map(|line| line.ranges.iter().flatten().map(|range| range.1));
        values.chain(highs).fold(0.0, f64::max)
    }

    /// Label and last value of a line.
    fn ending(&self, line: &SeriesLine) -> String {
        match line.values.iter().rev().flatten().next() {
            Some(value) => format!("{} {}", line.label, self.unit.written(*value)),
            None => line.label.clone(),
        }
    }

    fn draw_times(&self, drawing: &mut Drawing, frame: &Frame) {
        drawing.line("x", (frame.left, frame.bottom), (frame.right, frame.bottom));
        let mut free = f64::NEG_INFINITY;
        for (at, when) in &self.times {
            let x = frame.across.at(*at);
            drawing.line("x", (x, frame.bottom), (x, frame.bottom + 4.0));
            // A date that would run into the one before is left out; its tick stays.
            let half = text_width(when) / 2.0;
            let middle = x.min(frame.pixels.min(frame.right + 40.0) - half).max(half);
            if middle - half > free {
                drawing.text("m", (middle, frame.bottom + 18.0), Anchor::Middle, when);
                free = middle + half + 8.0;
            }
        }
    }

    /// The lines of what is written below about each jump.
    fn notes(&self, pixels: f64) -> Vec<Vec<String>> {
        let note = |jump: &Jump| {
            let when = self.times.get(jump.at).map_or("", |(_, when)| when);
            wrapped(&format!("{when}: {}", jump.label), pixels - NOTES_AT)
        };
        self.jumps.iter().map(note).collect()
    }

    /// Gives where the notes end.
    fn draw_jumps(&self, drawing: &mut Drawing, frame: &Frame, mut below: f64) -> f64 {
        for (number, (jump, note)) in self.jumps.iter().zip(self.notes(frame.pixels)).enumerate() {
            let Some((at, _)) = self.times.get(jump.at) else { continue };
            let x = frame.across.at(*at);
            // Several jumps at one time stand beside one another.
            let earlier = self.jumps.iter().take(number).filter(|other| other.at == jump.at).count();
            let x_mark = x - 18.0 * rows(earlier);
            if earlier == 0 {
                drawing.line("j", (x, frame.top - 8.0), (x, frame.bottom));
            }
            let name = (number + 1).to_string();
            drawing.dot("c4", (x_mark, frame.top - 15.0), 8.0);
            drawing.text("k b", (x_mark, frame.top - 10.7), Anchor::Middle, &name);
            drawing.dot("c4", (9.0, below + 8.0), 8.0);
            drawing.text("k b", (9.0, below + 12.3), Anchor::Middle, &name);
            drawing.lines("", (NOTES_AT, below + 12.3), &note);
            below += LINE * rows(note.len());
        }
        below
    }

    /// The lines of what is written below about each break.
    fn told(&self, pixels: f64) -> Vec<Vec<String>> {
        let note = |broken: &Break| {
            let when = self.times.get(broken.at).map_or("", |(_, when)| when);
            wrapped(&format!("{when}: not to be compared: {}", broken.label), pixels - NOTES_AT)
        };
        self.breaks.iter().map(note).collect()
    }

    /// A double line across the axis between the two times, and what changed below.
    fn draw_breaks(&self, drawing: &mut Drawing, frame: &Frame, mut below: f64) {
        for (broken, note) in self.breaks.iter().zip(self.told(frame.pixels)) {
            let at = |at: usize| self.times.get(at).map(|(at, _)| frame.across.at(*at));
            let (Some(before), Some(after)) = (at(broken.at.saturating_sub(1)), at(broken.at)) else {
                continue;
            };
            let x = f64::midpoint(before, after);
            for side in [x - 2.0, x + 2.0] {
                drawing.line("x", (side, frame.top - 8.0), (side, frame.bottom + 6.0));
            }
            drawing.text("m", (x, frame.top - 12.0), Anchor::Middle, "≠");
            drawing.text("m", (9.0, below + 12.3), Anchor::Middle, "≠");
            drawing.lines("", (NOTES_AT, below + 12.3), &note);
            below += LINE * rows(note.len());
        }
    }

    fn draw_line(&self, drawing: &mut Drawing, frame: &Frame, line: &SeriesLine) {
        let place = |at: usize, value: f64| {
            let time = self.times.get(at).map_or(0.0, |(time, _)| *time);
            (frame.across.at(time), frame.up.at(value))
        };
        let edge = |of: fn(Band) -> f64| {
            let ranges = line.ranges.iter().enumerate();
            ranges.filter_map(|(at, range)| range.map(|range| place(at, of(range)))).collect::<Vec<_>>()
        };
        let mut outline = edge(|(_, high)| high);
        outline.extend(edge(|(low, _)| low).into_iter().rev());
        if outline.len() > 3 {
            drawing.polygon(&format!("band {}", line.tone.class()), &outline);
        }
        let points: Vec<Option<(f64, f64)>> =
            line.values.iter().enumerate().map(|(at, value)| value.map(|value| place(at, value))).collect();
        for run in self.runs(&points) {
            if run.len() > 1 {
                drawing.polyline(&format!("l {}", line.tone.class()), &run);
            }
            for point in run {
                drawing.dot(line.tone.class(), point, 3.2);
            }
        }
    }

    /// The points in rows that a line goes through: not over a time without a value, nor over a break.
    fn runs(&self, points: &[Option<(f64, f64)>]) -> Vec<Vec<(f64, f64)>> {
        let mut runs = vec![Vec::new()];
        for (at, point) in points.iter().enumerate() {
            if point.is_none() || self.breaks.iter().any(|broken| broken.cuts && broken.at == at) {
                runs.push(Vec::new());
            }
            if let (Some(point), Some(run)) = (point, runs.last_mut()) {
                run.push(*point);
            }
        }
        runs
    }

    /// Names at the ends of the lines, moved apart where they would cover one another.
    fn name_beside(&self, drawing: &mut Drawing, frame: &Frame, pixels: f64) {
        let mut names: Vec<(f64, &SeriesLine)> = self
            .lines
            .iter()
            .filter_map(|line| Some((frame.up.at(*line.values.iter().rev().flatten().next()?), line)))
            .collect();
        names.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut free = frame.top - 10.0;
        let count = names.len();
        for (at, (y, line)) in names.into_iter().enumerate() {
            // Room is kept for the names that follow.
            let latest = frame.bottom - 17.0 * rows(count - 1 - at);
            let y = y.min(latest).max(free);
            free = y + 17.0;
            let text = shortened(&self.ending(line), pixels - frame.right - 8.0);
            drawing.rect(line.tone.class(), frame.right + 2.0, y - 1.5, 6.0, 3.0);
            drawing.text("", (frame.right + 12.0, y + 4.0), Anchor::Start, &text);
        }
    }

    fn name_below(&self, drawing: &mut Drawing, frame: &Frame, pixels: f64) {
        for (at, line) in self.lines.iter().enumerate() {
            let y = frame.bottom + 46.0 + 20.0 * rows(at);
            drawing.line(&format!("l {}", line.tone.class()), (2.0, y - 4.0), (22.0, y - 4.0));
            drawing.text("", (30.0, y), Anchor::Start, &shortened(&self.ending(line), pixels - 30.0));
        }
    }
}
