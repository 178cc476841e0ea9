//! Figures: numbers in, SVG out. Pure functions, so that every figure can be tested by its text.
//!
//! Each figure is drawn for two widths ([`Width`]): a page shows one of them, so that text is never shrunk.
//! Colours are classes, which the page gives for light and dark; a figure that stands alone as a file brings
//! its own ([`alone`]).

mod bars;
mod funnel;
mod matrix;
mod scale;
mod series;
mod steps;
mod svg;

use crate::render::significant;

pub use bars::{Bar, Bars};
pub use funnel::{Funnel, FunnelStage};
pub use matrix::{Flow, Matrix};
pub use series::{Band, Break, Jump, Series, SeriesLine};
pub use steps::{Curve, Steps};
pub use svg::{Drawing, escape, shortened, text_width};

/// How wide a figure is drawn, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// For a page of a book or a screen.
    Wide,
    /// For a phone: labels stand above what they name.
    Narrow,
}

impl Width {
    /// CSS pixels.
    #[must_use]
    pub const fn pixels(self) -> f64 {
        match self {
            Self::Wide => 720.0,
            Self::Narrow => 340.0,
        }
    }

    /// The word that keeps the ids of both drawings of a figure apart.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
        }
    }
}

/// What a mark stands for, by which its colour is chosen. The colours differ in lightness too, so that they
/// are told apart without hue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// The measure itself.
    Main,
    /// What is beside it, or was before.
    Second,
    /// A third kind.
    Third,
    /// A fault.
    Fault,
    /// A warning.
    Warning,
    /// What the observation does not decide, or what is left.
    Rest,
}

impl Tone {
    /// Class of the page's style sheet, and of [`alone`].
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Main => "c1",
            Self::Second => "c2",
            Self::Third => "c3",
            Self::Fault => "c4",
            Self::Warning => "c5",
            Self::Rest => "c6",
        }
    }

    /// The tones of lines that stand beside one another, in the order they are given out.
    pub const LINES: [Self; 5] = [Self::Main, Self::Fault, Self::Third, Self::Second, Self::Warning];
}

/// A figure of any kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Figure {
    /// Horizontal bars with ranges.
    Bars(Bars),
    /// Stages, each a share of the one before.
    Funnel(Funnel),
    /// A cumulative distribution.
    Steps(Steps),
    /// Measures over time.
    Series(Series),
    /// Changes from state to state.
    Matrix(Matrix),
}

/// What a figure says about itself to those who do not see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Letters, digits and hyphens; unique in its page.
    pub id: String,
    /// What it shows, in one line.
    pub title: String,
    /// Its numbers in words.
    pub description: String,
}

impl Figure {
    /// Draws it.
    #[must_use]
    pub fn draw(&self, about: &About, width: Width) -> String {
        let drawing = match self {
            Self::Bars(bars) => bars.draw(width),
            Self::Funnel(funnel) => funnel.draw(width),
            Self::Steps(steps) => steps.draw(width),
            Self::Series(series) => series.draw(width),
            Self::Matrix(matrix) => matrix.draw(width),
        };
        drawing.finish(about, width)
    }

    /// Its numbers in words, for [`About::description`].
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Bars(bars) => bars.describe(),
            Self::Funnel(funnel) => funnel.describe(),
            Self::Steps(steps) => steps.describe(),
            Self::Series(series) => series.describe(),
            Self::Matrix(matrix) => matrix.describe(),
        }
    }
}

/// Colours and type of a figure that stands alone: dark on white, as papers print.
const ALONE: &str = "text{font-family:Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif;font-size:12.5px;fill:#1c2126}\
.m{fill:#59636e}.b{font-weight:600}.k{fill:#ffffff}.g{stroke:#dfe3e8;stroke-width:1}.x{stroke:#59636e;stroke-width:1}\
.w{stroke:#1c2126;stroke-width:1.25;fill:none}.p{fill:#eceff2}.c1{fill:#2a6fb0}.c2{fill:#8bbbe2}.c3{fill:#1b8a72}\
.c4{fill:#c04a16}.c5{fill:#e0a030}.c6{fill:#a3abb5}.l{fill:none;stroke-width:2;stroke-linejoin:round}\
.l.c1{stroke:#2a6fb0;fill:none}.l.c2{stroke:#8bbbe2;fill:none}.l.c3{stroke:#1b8a72;fill:none}.l.c4{stroke:#c04a16;fill:none}\
.l.c5{stroke:#e0a030;fill:none}.l.c6{stroke:#a3abb5;fill:none}.band{opacity:.16}.q1{opacity:.25}.q2{opacity:.45}.q3{opacity:.85}.j{stroke:#c04a16;stroke-width:1;stroke-dasharray:3 3}";

/// A figure as a file of its own: with a white ground and its own colours.
#[must_use]
pub fn alone(figure: &Figure, about: &About) -> String {
    let svg = figure.draw(about, Width::Wide);
    let Some((opening, rest)) = svg.split_once('>') else { return svg };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{opening}><style>{ALONE}</style>\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>{rest}\n"
    )
}

/// A share for people: three significant digits below one, two decimals below ten, else one.
#[must_use]
pub fn percent(share: f64) -> String {
    if share.abs() < 1.0 && share != 0.0 {
        return format!("{} %", significant(share));
    }
    if share.abs() < 10.0 && share != 0.0 { format!("{share:.2} %") } else { format!("{share:.1} %") }
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share.
    Percent,
    /// A number of things.
    Count,
}

impl Unit {
    /// A value for people.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are whole and not negative"
    )]
    pub fn written(self, value: f64) -> String {
        match self {
            Self::Percent => percent(value),
            Self::Count => crate::dataset::grouped(value.round().max(0.0) as u64),
        }
    }
}

/// A number of rows as pixels' factor.
fn rows(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
