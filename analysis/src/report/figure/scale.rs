//! From values to places, and where the ticks stand.

/// A linear scale from `low..=high` to pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    pub(super) fn new(values: (f64, f64), pixels: (f64, f64)) -> Self {
        Self { low: values.0, high: values.1, from: pixels.0, to: pixels.1 }
    }

    /// The place of a value; a scale without extent puts every value in its middle.
    pub(super) fn at(self, value: f64) -> f64 {
        let extent = self.high - self.low;
        let part = if extent > 0.0 { ((value - self.low) / extent).clamp(0.0, 1.0) } else { 0.5 };
        self.from + part * (self.to - self.from)
    }
}

/// A round number at or above the largest value, and the ticks up to it (zero among them), about `wanted` of
/// them. Values are not negative; where all are zero the scale ends at 1.
pub(super) fn ticks(largest: f64, wanted: u32) -> Vec<f64> {
    let largest = if largest.is_finite() && largest > 0.0 { largest } else { 1.0 };
    let rough = largest / f64::from(wanted.max(1));
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * power);
    let step = step.into_iter().find(|step| *step >= rough * 0.999_999).unwrap_or(power * 10.0);
    let mut ticks = vec![0.0];
    let mut count = 0.0;
    while step * count < largest * 0.999_999 {
        count += 1.0;
        ticks.push(step * count);
    }
    ticks
}

/// A tick's label: no more decimals than it needs.
pub(super) fn label(tick: f64) -> String {
    let text = format!("{tick:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if tick.fract() == 0.0 { grouped(text) } else { text.to_owned() }
}

/// Whole numbers with commas between their thousands.
fn grouped(digits: &str) -> String {
    digits.parse::<u64>().map_or_else(|_| digits.to_owned(), crate::dataset::grouped)
}
