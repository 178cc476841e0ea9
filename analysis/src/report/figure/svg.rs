//! SVG elements, written as text.

use super::{About, Width};
use crate::visible::is_hidden;
use std::fmt::Write as _;

/// Size of letters in every figure, CSS pixels.
pub(super) const LETTERS: f64 = 12.5;
/// How high a line of text over several lines is, CSS pixels.
pub(super) const LINE: f64 = 19.0;

/// Text as it may stand in HTML and SVG, in an element or a quoted attribute. What could hide or turn text
/// around (control characters, marks of direction, invisible separators) is shown by its number.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            '\t' => out.push(' '),
            _ if is_hidden(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

/// About how wide a text is in the figures' type, CSS pixels: reckoned for a wide sans-serif, so that a
/// narrower one fits too.
#[must_use]
pub fn text_width(text: &str) -> f64 {
    let each = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.33,
        'f' | 't' | 'r' | '(' | ')' | ' ' | '-' | '/' => 0.42,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.95,
        _ if c.is_ascii_uppercase() => 0.72,
        _ if c.is_ascii() => 0.62,
        _ => 1.0,
    };
    text.chars().map(each).sum::<f64>() * LETTERS
}

/// The text, cut with an ellipsis where it is wider than `room`.
#[must_use]
pub fn shortened(text: &str, room: f64) -> String {
    if text_width(text) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        if text_width(&out) + text_width("…") > room {
            out.pop();
            break;
        }
    }
    out.trim_end().to_owned() + "…"
}

/// The text over lines that are no wider than `room`; a word that is wider than that is cut visibly.
pub(super) fn wrapped(text: &str, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(line) + text_width(" ") + text_width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(shortened(word, room)),
        }
    }
    lines
}

/// Where a text is tied to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// An unfinished drawing.
#[derive(Debug)]
pub struct Drawing {
    width: f64,
    height: f64,
    body: String,
}

impl Drawing {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    pub(super) fn rect(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let (x, y, width, height) = (short(x), short(y), short(width.max(0.0)), short(height.max(0.0)));
        let _ = write!(
            self.body,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"
        );
    }

    /// A rectangle whose corners are rounded on the right, for the end of a bar.
    pub(super) fn bar(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let radius = 2.0_f64.min(width);
        let path = format!(
            "M{} {}h{}q{r} 0 {r} {r}v{}q0 {r} -{r} {r}h-{}z",
            short(x),
            short(y),
            short(width - radius),
            short(height - 2.0 * radius),
            short(width - radius),
            r = short(radius),
        );
        let _ = write!(self.body, "<path class=\"{class}\" d=\"{path}\"/>");
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let _ = write!(
            self.body,
            "<line class=\"{class}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
            short(from.0),
            short(from.1),
            short(to.0),
            short(to.1)
        );
    }

    pub(super) fn polyline(&mut self, class: &str, points: &[(f64, f64)]) {
        let _ = write!(self.body, "<polyline class=\"{class}\" points=\"{}\"/>", joined(points));
    }

    pub(super) fn polygon(&mut self, class: &str, points: &[(f64, f64)]) {
        let _ = write!(self.body, "<polygon class=\"{class}\" points=\"{}\"/>", joined(points));
    }

    pub(super) fn dot(&mut self, class: &str, at: (f64, f64), radius: f64) {
        let _ = write!(
            self.body,
            "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>",
            short(at.0),
            short(at.1),
            short(radius)
        );
    }

    pub(super) fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let (x, y) = (short(at.0), short(at.1));
        let _ = write!(self.body, "<text{class} x=\"{x}\" y=\"{y}\"{anchor}>{}</text>", escape(text));
    }

    /// Lines of text below one another, the first at this point.
    pub(super) fn lines(&mut self, class: &str, (x, mut y): (f64, f64), lines: &[String]) {
        for line in lines {
            self.text(class, (x, y), Anchor::Start, line);
            y += LINE;
        }
    }

    /// Text that rises to the right by so many degrees.
    pub(super) fn tilted(&mut self, at: (f64, f64), degrees: f64, text: &str) {
        let (x, y) = (short(at.0), short(at.1));
        let _ = write!(
            self.body,
            "<text x=\"{x}\" y=\"{y}\" transform=\"rotate(-{degrees} {x} {y})\">{}</text>",
            escape(text)
        );
    }

    /// The whole element. Its parts are hidden from screen readers, which read title and description.
    pub(super) fn finish(self, about: &About, width: Width) -> String {
        let id = format!("{}-{}", escape(&about.id), width.word());
        let (wide, high) = (short(self.width), short(self.height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"{}\" role=\"img\" viewBox=\"0 0 {wide} {high}\" \
             width=\"{wide}\" height=\"{high}\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{}</title>\
             <desc id=\"{id}-d\">{}</desc><g aria-hidden=\"true\">{}</g></svg>",
            width.word(),
            escape(&about.title),
            escape(&about.description),
            self.body
        )
    }
}

fn joined(points: &[(f64, f64)]) -> String {
    let each: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", short(*x), short(*y))).collect();
    each.join(" ")
}

/// A coordinate with at most one decimal.
fn short(number: f64) -> String {
    let rounded = (number * 10.0).round() / 10.0;
    // No minus zero.
    let rounded = if rounded == 0.0 { 0.0 } else { rounded };
    format!("{rounded}")
}
