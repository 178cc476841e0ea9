//! Cumulative distributions over a logarithmic axis.

use super::svg::{Anchor, Drawing, LINE, shortened, text_width, wrapped};
use super::{Tone, Width, percent, rows, scale};

/// One distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What it is of.
    pub label: String,
    /// Value and cumulative share (percent) up to and with it, by value.
    pub points: Vec<(f64, f64)>,
    /// Its colour.
    pub tone: Tone,
}

/// A figure of distributions.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    /// The curves.
    pub curves: Vec<Curve>,
    /// Marks of the axis: the value and its name; at least the ends of what is drawn.
    pub marks: Vec<(f64, String)>,
    /// What the values are.
    pub axis: String,
    /// What the shares are of.
    pub shares: String,
}

impl Steps {
    pub(super) fn describe(&self) -> String {
        let each = self.curves.iter().map(|curve| {
            let at = self
                .marks
                .iter()
                .map(|(value, name)| format!("{} up to {name}", percent(reached(&curve.points, *value))));
            format!("{}: {}", curve.label, at.collect::<Vec<_>>().join(", "))
        });
        each.collect::<Vec<_>>().join("; ") + "."
    }

    pub(super) fn draw(&self, width: Width) -> Drawing {
        let pixels = width.pixels();
        let head = wrapped(&self.shares, pixels);
        let above = LINE * rows(head.len().saturating_sub(1));
        let (left, top, bottom) = (44.0, 24.0 + above, 244.0 + above);
        let right = pixels - if width == Width::Wide { 16.0 } else { 10.0 };
        let legend = if self.curves.len() > 1 { 22.0 * rows(self.curves.len()) } else { 0.0 };
        let mut drawing = Drawing::new(pixels, bottom + 44.0 + legend);
        let across = scale::Scale::new(self.extent(), (left, right));
        let up = scale::Scale::new((0.0, 100.0), (bottom, top));
        drawing.lines("m", (0.0, 12.0), &head);
        for share in [0.0, 25.0, 50.0, 75.0, 100.0] {
            drawing.line("g", (left, up.at(share)), (right, up.at(share)));
            drawing.text("m", (left - 8.0, up.at(share) + 4.0), Anchor::End, &scale::label(share));
        }
        let mut free = f64::NEG_INFINITY;
        for (value, name) in &self.marks {
            let x = across.at(logarithm(*value));
            drawing.line("g", (x, top), (x, bottom));
            // A name that would run into the one before is left out; its line stays.
            let half = text_width(name) / 2.0;
            let middle = x.min(pixels - half);
            if middle - half > free {
                drawing.text("m", (middle, bottom + 17.0), Anchor::Middle, name);
                free = middle + half + 6.0;
            }
        }
        drawing.line("x", (left, bottom), (right, bottom));
        drawing.text("m", (right, bottom + 36.0), Anchor::End, &self.axis);
        for curve in &self.curves {
            let class = format!("l {}", curve.tone.class());
            drawing.polyline(&class, &stairs(&curve.points, across, up, right));
        }
        if self.curves.len() > 1 {
            for (at, curve) in self.curves.iter().enumerate() {
                let y = bottom + 56.0 + 22.0 * rows(at);
                let class = format!("l {}", curve.tone.class());
                drawing.line(&class, (left, y - 4.0), (left + 22.0, y - 4.0));
                let label = shortened(&curve.label, right - left - 30.0);
                drawing.text("", (left + 30.0, y), Anchor::Start, &label);
            }
        }
        drawing
    }

    /// Logarithms of the least and largest of marks and values.
    fn extent(&self) -> (f64, f64) {
        let values = self.curves.iter().flat_map(|curve| curve.points.iter().map(|(value, _)| *value));
        let all = values.chain(self.marks.iter().map(|(value, _)| *value)).map(logarithm);
        let (low, high) = all
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low < high { (low, high) } else { (0.0, 1.0) }
    }
}

/// Zero and less stand where one stands.
fn logarithm(value: f64) -> f64 {
    value.max(1.0).log10()
}

/// The share that is reached at a value.
fn reached(points: &[(f64, f64)], value: f64) -> f64 {
    points.iter().take_while(|(at, _)| *at <= value).last().map_or(0.0, |(_, share)| *share)
}

/// Horizontal up to each value, then up; at the end on to the right border.
fn stairs(points: &[(f64, f64)], across: scale::Scale, up: scale::Scale, right: f64) -> Vec<(f64, f64)> {
    let mut path = vec![(across.at(f64::NEG_INFINITY), up.at(0.0))];
    let mut height = up.at(0.0);
    for (value, share) in points {
        let x = across.at(logarithm(*value));
        path.push((x, height));
        height = up.at(*share);
        path.push((x, height));
    }
    path.push((right, height));
    path
}
