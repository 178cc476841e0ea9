//! Progress on stderr: a bar on a terminal, a plain status line every few seconds elsewhere.

use crate::companion::{Companion, StopSignal};
use crate::scan::tally::Tally;
use crate::terminal::visible;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two drawings of the bar.
const BAR_EVERY: Duration = Duration::from_millis(250);

/// Between two status lines where stderr is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// What a resolver takes to answer, in the mean, from which on that is told.
const SLOW_RESOLVER: Duration = Duration::from_millis(500);

/// Shows what a scan does until it is dropped.
pub struct Progress {
    _thread: Companion,
}

impl Progress {
    /// Begins to show these counters.
    ///
    /// # Errors
    /// This machine has no thread for it.
    pub fn start(tally: Arc<Tally>) -> std::io::Result<Self> {
        let show = if std::io::stderr().is_terminal() { bar } else { lines };
        Ok(Self { _thread: Companion::start("progress", move |stop| show(&tally, stop))? })
    }
}

/// What is under way and was found, the same words on the bar and on the lines.
fn facts(tally: &Tally) -> String {
    let (policy, smtp) = tally.connections();
    let queued = tally.queued();
    if let Some((since, why)) = tally.uplink.get().and_then(|uplink| uplink.outage()) {
        let since = humantime::format_duration(Duration::from_secs(since.as_secs()));
        return format!("paused for {since}: {why}; interrupted work is repeated when it is back");
    }
    let mut facts = format!(
        "in flight {} dns, {policy} policy, {smtp} smtp, {queued} queued | {} signal | {} MX hosts | {} failures",
        tally.dns_now.value(),
        tally.signallers.value(),
        tally.host_rows.value(),
        tally.failures.value() + tally.failed_here.value(),
    );
    let takes = tally.uplink.get().map(|uplink| uplink.answers_after()).unwrap_or_default();
    if takes >= SLOW_RESOLVER {
        facts.push_str(&format!(" | resolver answers after {:.1} s", takes.as_secs_f64()));
    }
    if let Some(overload) = tally.overload() {
        facts.push_str(&format!(" | resolver overloaded: {:.1} % of questions", overload.percent()));
    }
    let waiting = tally.deferred.value();
    if waiting > 0 {
        facts.push_str(&format!(" | {waiting} waiting for a second look"));
    }
    facts
}

fn bar(tally: &Tally, stop: &StopSignal) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = |template: &str| {
        ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("rate", |state: &ProgressState, to: &mut dyn std::fmt::Write| {
                let _ = write!(to, "{:.0}/s", state.per_sec());
            })
            .progress_chars("=> ")
    };
    let unknown = style("{spinner} {human_pos} domains  {rate}  {elapsed}\n{msg}");
    let known =
        style("[{bar:30}] {human_pos}/{human_len} domains  {rate}  {elapsed} elapsed, {eta} left\n{msg}");
    bar.set_style(unknown);
    let mut lists = Lists::default();
    while stop.stays_off_for(BAR_EVERY) {
        lists.tell(tally, |line| bar.println(line));
        let total = tally.total.value();
        if total > 0 && bar.length().is_none() {
            bar.set_length(total);
            bar.set_style(known.clone());
        }
        bar.set_position(tally.settled.value());
        bar.set_message(facts(tally));
        bar.tick();
    }
    bar.finish_and_clear();
}

fn lines(tally: &Tally, stop: &StopSignal) {
    let began = Instant::now();
    let mut before = (Instant::now(), 0);
    let mut lists = Lists::default();
    while stop.stays_off_for(LINE_EVERY) {
        lists.tell(tally, |line| drop(writeln!(std::io::stderr(), "{line}")));
        let done = tally.settled.value();
        let rate = done.saturating_sub(before.1) as f64 / before.0.elapsed().as_secs_f64();
        before = (Instant::now(), done);
        let line = status(tally, done, rate, began.elapsed());
        // Nobody reads stderr any more: no reason to end the scan.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

/// Tells once how the lists are read, as soon as that is known.
#[derive(Default)]
struct Lists {
    are_told: bool,
}

impl Lists {
    fn tell(&mut self, tally: &Tally, mut tell: impl FnMut(&str)) {
        let Some(lines) = tally.lists.get().filter(|_| !self.are_told) else { return };
        lines.iter().for_each(|line| tell(&visible(&format!("list {line}"))));
        self.are_told = true;
    }
}

fn whole_seconds(seconds: f64) -> Duration {
    let exact = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    Duration::from_secs(exact.as_secs())
}

fn status(tally: &Tally, done: u64, rate: f64, gone: Duration) -> String {
    let total = tally.total.value();
    let of = if total > 0 { format!("{done}/{total} domains") } else { format!("{done} domains") };
    let left = if total > done && rate > 0.0 {
        format!(", {} left", humantime::format_duration(whole_seconds((total - done) as f64 / rate)))
    } else {
        String::new()
    };
    let gone = humantime::format_duration(Duration::from_secs(gone.as_secs()));
    format!("{of} | {rate:.0}/s | {gone} elapsed{left} | {}", facts(tally))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uplink::Uplink;
    use tokio_util::sync::CancellationToken;

    #[test]
    fn a_line_says_done_total_rate_and_time_left() {
        let tally = Tally::default();
        tally.total.add(1_000);
        tally.signallers.add(3);
        let line = status(&tally, 400, 50.0, Duration::from_secs(8));
        assert!(line.starts_with("400/1000 domains | 50/s | 8s elapsed, 12s left | "), "{line}");
        assert!(line.contains("| 3 signal |"), "{line}");
    }

    #[test]
    fn a_slow_resolver_is_told_and_a_quick_one_is_not() {
        for (takes, told) in [(0, false), (499, false), (1_500, true)] {
            let tally = Tally::default();
            let uplink = Uplink::new(Duration::ZERO, CancellationToken::new());
            uplink.takes(Duration::from_millis(takes));
            assert!(tally.uplink.set(Arc::new(uplink)).is_ok());
            let line = status(&tally, 400, 50.0, Duration::from_secs(8));
            assert_eq!(line.contains("| resolver answers after 1.5 s"), told, "{line}");
        }
    }

    #[test]
    fn without_a_total_there_is_no_time_left() {
        let line = status(&Tally::default(), 400, 50.0, Duration::from_secs(8));
        assert!(line.starts_with("400 domains | 50/s | 8s elapsed | "), "{line}");
    }
}
