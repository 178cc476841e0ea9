//! `sts-tlsrpt read`.

use crate::args::Read;
use crate::{Ending, print, refused, say};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io;
use std::path::Path;
use std::time::Duration;
use sts_reports::input::{self, Met};
use sts_reports::store::{Counts, Store, StoreError};

/// Texts between two looks at the clock for the progress bar.
const TOLD_EVERY: u64 = 64;

pub(crate) fn run(args: &Read) -> Ending {
    if let Some(missing) = args.paths.iter().find(|path| path.as_os_str() != "-" && !path.exists()) {
        say(&format!("error: {} is not there", missing.display()));
        return Ending::Usage;
    }
    match read(args) {
        Ok(counts) => told(&counts, args),
        Err(fault) => refused(args.output.display(), &fault),
    }
}

fn read(args: &Read) -> Result<Counts, StoreError> {
    let mut store = Store::open(&args.output)?;
    let bar = progress();
    let mut met = 0_u64;
    // An error of the folder is carried past the reader, which knows those of reading only.
    let mut fault = None;
    let ended = input::read(&args.paths, &mut |one| {
        let done = match one {
            Met::Text(bytes, origin) => store.take(bytes, &origin).map(drop),
            Met::Rejected(source, reason) => store.reject(&source, reason.as_str()),
        };
        met += 1;
        if met.is_multiple_of(TOLD_EVERY) {
            bar.set_position(met);
            let counts = store.counts();
            bar.set_message(format!(
                "{} new, {} known, {} no report",
                counts.new, counts.known, counts.rejected
            ));
        }
        done.map_err(|error| {
            fault = Some(error);
            io::Error::other("the folder cannot be written to")
        })
    });
    bar.finish_and_clear();
    if let Some(fault) = fault {
        return Err(fault);
    }
    ended?;
    store.commit()?;
    Ok(store.counts())
}

/// A bar on a terminal; nothing is shown elsewhere.
fn progress() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} read  {per_sec}  {elapsed}  {msg}")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

fn told(counts: &Counts, args: &Read) -> Ending {
    let Counts { new, faulty, reused, known, rejected } = *counts;
    let ending = print(&format!(
        "{}: {new} reports added ({faulty} with faults, {reused} under the identifier of another), {known} there before\n",
        args.output.display()
    ));
    if rejected > 0 {
        say(&format!(
            "{rejected} hold no report: see {}",
            Path::new(&args.output).join("rejected.csv").display()
        ));
    }
    if ending != Ending::Done {
        return ending;
    }
    if new + known == 0 {
        say("error: there is no report at all");
        return Ending::Usage;
    }
    if args.strict && faulty + rejected > 0 { Ending::Faults } else { Ending::Done }
}
