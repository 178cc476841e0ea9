//! Stages one after the other: each row's track is the stage before it, its bar what came through. So a
//! funnel from millions to hundreds can be read to its end.

use super::svg::{Anchor, Drawing, shortened, text_width};
use super::{Width, percent, rows};
use crate::dataset::grouped;

/// A stage.
#[derive(Debug, Clone, PartialEq)]
pub struct FunnelStage {
    /// What it takes to be counted here.
    pub label: String,
    /// How many are left.
    pub count: u64,
    /// Percent of the stage before that came through, and percent of all; `None` where there is nothing to
    /// share.
    pub share: Option<f64>,
    /// Percent of the first stage.
    pub of_all: Option<f64>,
}

/// Stages from the widest to the narrowest.
#[derive(Debug, Clone, PartialEq)]
pub struct Funnel {
    /// The stages.
    pub stages: Vec<FunnelStage>,
}

impl Funnel {
    pub(super) fn describe(&self) -> String {
        let each = self.stages.iter().enumerate().map(|(at, stage)| {
            let before = stage
                .share
                .filter(|_| at > 0)
                .map(|share| format!(" ({} of the stage before)", percent(share)));
            format!("{}: {}{}", stage.label, grouped(stage.count), before.unwrap_or_default())
        });
        each.collect::<Vec<_>>().join("; ") + "."
    }

    pub(super) fn draw(&self, width: Width) -> Drawing {
        match width {
            Width::Wide => self.wide(),
            Width::Narrow => self.narrow(),
        }
    }

    fn wide(&self) -> Drawing {
        let (width, row) = (Width::Wide.pixels(), 34.0);
        let left =
            self.stages.iter().map(|s| text_width(&s.label)).fold(0.0, f64::max).clamp(60.0, 220.0) + 10.0;
        let (count_at, right) = (width - 150.0, width - 230.0);
        let mut drawing = Drawing::new(width, 22.0 + row * rows(self.stages.len()));
        drawing.text("m", (left, 12.0), Anchor::Start, "share of the stage before");
        drawing.text("m", (count_at, 12.0), Anchor::End, "names");
        drawing.text("m", (width, 12.0), Anchor::End, "of all");
        for (at, stage) in self.stages.iter().enumerate() {
            let y = 22.0 + row * rows(at);
            drawing.text("", (left - 10.0, y + 17.0), Anchor::End, &shortened(&stage.label, left - 10.0));
            self.track(&mut drawing, at, (left, right), y + 3.0);
            drawing.text("b", (count_at, y + 17.0), Anchor::End, &grouped(stage.count));
            let of_all = stage.of_all.map_or_else(|| "–".to_owned(), percent);
            drawing.text("m", (width, y + 17.0), Anchor::End, &of_all);
        }
        drawing
    }

    fn narrow(&self) -> Drawing {
        let (width, row) = (Width::Narrow.pixels(), 50.0);
        let mut drawing = Drawing::new(width, 20.0 + row * rows(self.stages.len()));
        drawing.text("m", (0.0, 12.0), Anchor::Start, "bar: share of the stage before");
        drawing.text("m", (width, 12.0), Anchor::End, "names");
        for (at, stage) in self.stages.iter().enumerate() {
            let y = 20.0 + row * rows(at);
            let count = grouped(stage.count);
            let room = width - text_width(&count) - 12.0;
            drawing.text("", (0.0, y + 15.0), Anchor::Start, &shortened(&stage.label, room));
            drawing.text("b", (width, y + 15.0), Anchor::End, &count);
            self.track(&mut drawing, at, (0.0, width), y + 21.0);
        }
        drawing
    }

    /// The track, what came through, and its share written where there is room for it.
    fn track(&self, drawing: &mut Drawing, at: usize, (left, right): (f64, f64), y: f64) {
        const HEIGHT: f64 = 20.0;
        drawing.rect("p", left, y, right - left, HEIGHT);
        let Some(share) = self.stages.get(at).and_then(|stage| stage.share) else { return };
        let length = (right - left) * share / 100.0;
        drawing.bar("c1", left, y, length, HEIGHT);
        if at == 0 {
            return;
        }
        let written = percent(share);
        let room = text_width(&written) + 16.0;
        if length > room {
            drawing.text("k", (left + length - 8.0, y + 14.5), Anchor::End, &written);
        } else {
            drawing.text("", (left + length + 8.0, y + 14.5), Anchor::Start, &written);
        }
    }
}
