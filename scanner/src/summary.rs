//! What a run says at its end.

use crate::dataset::columns::column;
use crate::dataset::manifest::Outage;
use crate::dataset::manifest::{ExclusionsSeen, Sum};
use crate::dns::Counts;
use crate::plan::descriptors;
use crate::scan::{Ended, Report};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// Invalid entries that are shown.
const SHOWN: usize = 5;

/// The summary: the sum of inputs, what was found, outcomes, durations, and where the dataset is.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    for resolver in &report.silent_resolvers {
        let _ = writeln!(text, "resolver {resolver} did not answer and was left out");
    }
    for warning in &report.dns.warnings {
        let _ = writeln!(text, "{warning}");
    }
    if let Some(overload) = report.dns.overload() {
        let _ = writeln!(
            text,
            "the resolvers had more questions than they bear: {:.1} % ({} of {}) were refused or failed so. They got \
             fewer, and these again; rows may be false. Leave --resolver out, or take unbound with scripts/unbound.conf",
            overload.percent(),
            overload.failed,
            overload.questions
        );
    }
    let lowered = descriptors::told(&report.lowered.budgets, report.lowered.open_files);
    if !lowered.is_empty() {
        let _ = writeln!(text, "{lowered}");
    }
    outages(&mut text, &report.outages);
    lists(&mut text, report);
    sum(&mut text, &report.sum);
    left_alone(&mut text, &report.exclusions);
    examples(&mut text, report);
    if !report.counts.is_empty() {
        found(&mut text, &report.counts);
    }
    questions(&mut text, &report.dns.counts);
    let reading = report.reading.as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "a rate is shown without decimals")]
    let rate = report.given as f64 / reading.max(0.001);
    let _ = writeln!(text, "\n{:<18}{reading:.1} s, {rate:.0} names per second", "names read in");
    let _ = writeln!(text, "{:<18}{}", "scanned in", seconds(report.scanning));
    if report.ended == Ended::Complete {
        let _ = writeln!(text, "{:<18}{}", "assessed in", seconds(report.assessing));
    }
    let _ = writeln!(text, "{:<18}{}", "dataset", report.output.display());
    text
}

fn outages(text: &mut String, outages: &[Outage]) {
    for outage in outages {
        let _ = writeln!(text, "paused for {} s at {}: {}", outage.seconds, outage.at, outage.why);
    }
}

/// How each list was read, and what was noticed.
fn lists(text: &mut String, report: &Report) {
    for (name, counts) in report.list_names.iter().zip(&report.lists) {
        let Some(read_as) = &counts.read_as else { continue };
        let _ = write!(text, "list {name}: {read_as}");
        let noticed = [
            (counts.wildcards, "names without their `*.`"),
            (counts.unranked, "names without a rank"),
            (counts.delegated, "names with their name servers"),
        ];
        for (count, what) in noticed.into_iter().filter(|(count, _)| *count > 0) {
            let _ = write!(text, "; {count} {what}");
        }
        let _ = writeln!(text);
    }
}

fn sum(text: &mut String, sum: &Sum) {
    let parts = [
        ("inputs", sum.inputs),
        ("= rows", sum.rows),
        ("+ duplicates", sum.duplicates),
        ("+ excluded", sum.excluded),
        ("+ invalid", sum.invalid),
        ("+ other shards", sum.other_shards),
        ("+ failed here", sum.failed_here),
        ("+ not reached", sum.not_reached),
    ];
    for (name, count) in parts {
        let _ = writeln!(text, "{name:<18}{count:>12}");
    }
    if !sum.holds() {
        let _ = writeln!(text, "the sum does not hold, which is a bug: please report it");
    }
}

fn left_alone(text: &mut String, exclusions: &ExclusionsSeen) {
    if exclusions.listed.is_empty() {
        return;
    }
    let _ = writeln!(text);
    let parts = [
        ("excluded: policy hosts", exclusions.policy_hosts),
        ("excluded: MX hosts", exclusions.mx_hosts),
        ("excluded: addresses", exclusions.addresses),
        ("changes to exclusions", exclusions.listed.len() as u64 - 1),
    ];
    for (name, count) in parts {
        let _ = writeln!(text, "{name:<26}{count:>4}");
    }
}

fn questions(text: &mut String, counts: &Counts) {
    let _ = writeln!(text);
    let parts = [
        ("DNS questions", counts.asked),
        ("= answered", counts.answered),
        ("+ no answer", counts.timed_out),
        ("+ given up", counts.given_up),
        ("datagrams repeated", counts.retransmitted),
        ("answers dropped", counts.dropped()),
    ];
    for (name, count) in parts {
        let _ = writeln!(text, "{name:<18}{count:>12}");
    }
}

fn examples(text: &mut String, report: &Report) {
    if report.examples.is_empty() {
        return;
    }
    let _ = writeln!(text, "\nfirst invalid entries");
    for example in report.examples.iter().take(SHOWN) {
        let _ = writeln!(text, "  {}:{}: `{}`: {}", example.list, example.line, example.text, example.reason);
    }
    if report.examples.len() > SHOWN {
        let _ = writeln!(text, "  … rejected.csv in the dataset has more of them");
    }
}

fn found(text: &mut String, counts: &BTreeMap<String, BTreeMap<String, u64>>) {
    let of = |column: &str, word: &str| counts.get(column).and_then(|c| c.get(word)).copied().unwrap_or(0);
    let _ = writeln!(text);
    for (name, count) in [
        ("MX domains", of("mx_kind", "explicit")),
        ("signallers", of("sts_signals", "true")),
        ("adopters", of("sts_record", "valid")),
    ] {
        let _ = writeln!(text, "{name:<18}{count:>12}");
    }
    let shown = [
        (column!(DOMAINS.mx_dns), "DNS status of MX"),
        (column!(DOMAINS.mx_kind), "where mail goes"),
        (column!(DOMAINS.sts_record), "MTA-STS record"),
        (column!(DOMAINS.tlsrpt_record), "TLSRPT record"),
        (column!(DOMAINS.dmarc_record), "DMARC record"),
        (column!(DOMAINS.policy_outcome), "policy retrieval"),
        (column!(DOMAINS.policy_mode), "mode of usable policies"),
        (column!(MX_HOSTS.smtp_outcome), "STARTTLS at MX hosts, by address"),
        (column!(ASSESSMENTS.verdict_strict), "verdict of a strict sender"),
    ];
    for (column, title) in shown {
        let Some(words) = counts.get(column).filter(|words| !words.is_empty()) else { continue };
        let _ = writeln!(text, "\n{title}");
        let mut words: Vec<(&String, &u64)> = words.iter().collect();
        words.sort_by_key(|&(word, count)| (std::cmp::Reverse(*count), word));
        for (word, count) in words {
            let _ = writeln!(text, "  {word:<32}{count:>12}");
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
