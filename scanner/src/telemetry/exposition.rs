//! What the counters are called outside.

use crate::evidence::DnsStatus;
use crate::meters::Process;
use crate::scan::tally::Tally;
use prometheus::TextEncoder;
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};

/// Everything that is known now, in the text format 0.0.4.
///
/// # Errors
/// A name or label that the format does not have, which a test would have seen.
pub(super) fn text(tally: &Tally) -> prometheus::Result<String> {
    let mut families = Vec::new();
    of_names(tally, &mut families);
    of_questions(tally, &mut families);
    if let Some(meters) = tally.meters.get() {
        families.extend(meters.families());
    }
    of_machine(tally, &mut families);
    // The format has no family without a sample: before the first connection there is no histogram.
    families.retain(|family| !family.get_metric().is_empty());
    TextEncoder::new().encode_to_string(&families)
}

/// Samples of one name: the label's value, where there is a label, and the number.
fn family<'a>(
    kind: MetricType,
    name: &str,
    help: &str,
    label: &str,
    samples: impl IntoIterator<Item = (&'a str, f64)>,
) -> MetricFamily {
    let metric = |(value, number): (&str, f64)| {
        let mut pair = LabelPair::default();
        pair.set_name(label.to_owned());
        pair.set_value(value.to_owned());
        let mut metric = Metric::from_label(if label.is_empty() { Vec::new() } else { vec![pair] });
        if kind == MetricType::COUNTER {
            let mut counter = Counter::default();
            counter.set_value(number);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(number);
            metric.set_gauge(gauge);
        }
        metric
    };
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family.set_metric(samples.into_iter().map(metric).collect());
    family
}

fn counter(name: &str, help: &str, count: u64) -> MetricFamily {
    family(MetricType::COUNTER, name, help, "", [("", number(count))])
}

fn gauge(name: &str, help: &str, value: f64) -> MetricFamily {
    family(MetricType::GAUGE, name, help, "", [("", value)])
}

#[allow(clippy::cast_precision_loss, reason = "the format has no other numbers")]
fn number(count: u64) -> f64 {
    count as f64
}

fn of_names(tally: &Tally, to: &mut Vec<MetricFamily>) {
    let of = |name: &str, help: &str, count: u64| counter(&format!("sts_scan_{name}_total"), help, count);
    to.push(gauge(
        "sts_scan_inputs",
        "Entries of the lists; 0 where that is not known.",
        number(tally.total.value()),
    ));
    to.extend([
        of("read", "Entries read.", tally.read.value()),
        of("settled", "Entries with a final outcome, earlier runs included.", tally.settled.value()),
        of("excluded", "Names that an exclusion file lists.", tally.excluded.value()),
        of("failures", "Domains with a question that had no definite answer.", tally.failures.value()),
        of("failed_here", "Names for which this machine failed.", tally.failed_here.value()),
        of("hosts_left", "MX hosts for which this machine failed.", tally.hosts_left.value()),
        of("mx_domains", "Domains with MX records.", tally.mx_domains.value()),
        of("signallers", "Domains that signal MTA-STS.", tally.signallers.value()),
        of("adopters", "Domains with one valid record.", tally.adopters.value()),
    ]);
    let rows = [
        ("domains", number(tally.rows_before.value() + tally.rows.value())),
        ("mx_hosts", number(tally.host_rows.value())),
    ];
    let help = "Rows; those of domains include earlier runs, those of MX hosts' addresses do not.";
    to.push(family(MetricType::COUNTER, "sts_scan_rows_total", help, "table", rows));
}

fn of_questions(tally: &Tally, to: &mut Vec<MetricFamily>) {
    let Some(questions) = tally.questions.get() else { return };
    let counts = questions.counts();
    let statuses =
        DnsStatus::ALL.iter().zip(counts.by_status).map(|(status, n)| (status.as_str(), number(n)));
    let help = "Completed DNS questions of the scan, by outcome.";
    to.push(family(MetricType::COUNTER, "sts_scan_dns_questions_total", help, "status", statuses));
    let datagrams = [
        ("first", number(counts.sent - counts.retransmitted)),
        ("repeated", number(counts.retransmitted)),
        ("dropped", number(counts.dropped())),
    ];
    let help = "Datagrams sent to the resolvers, and answers dropped because they failed a check.";
    to.push(family(MetricType::COUNTER, "sts_scan_dns_datagrams_total", help, "kind", datagrams));
}

fn of_machine(tally: &Tally, to: &mut Vec<MetricFamily>) {
    let (policy, smtp) = tally.connections();
    let in_flight = [
        ("dns", number(tally.dns_now.value())),
        ("policy", number(policy as u64)),
        ("smtp", number(smtp as u64)),
    ];
    let help = "In flight now: domains at the DNS stage, connections to policy hosts and MX hosts.";
    to.push(family(MetricType::GAUGE, "sts_scan_in_flight", help, "stage", in_flight));
    to.push(gauge(
        "sts_scan_queued",
        "Domains and MX hosts waiting for a connection.",
        number(tally.queued()),
    ));
    let deferred = number(tally.deferred.value());
    to.push(gauge("sts_scan_deferred", "Domains and MX hosts waiting for their second look.", deferred));
    if let Some(uplink) = tally.uplink.get() {
        let is_cut = f64::from(u8::from(uplink.is_cut()));
        to.push(gauge("sts_scan_paused", "1 while the scan waits for this machine's network.", is_cut));
        let outages = uplink.outages().len() as u64;
        to.push(counter("sts_scan_outages_total", "Number of times that the network was away.", outages));
        let seconds = [("", uplink.paused().as_secs_f64())];
        let help = "Seconds that the scan has spent waiting for the network.";
        to.push(family(MetricType::COUNTER, "sts_scan_paused_seconds_total", help, "", seconds));
    }
    to.push(gauge("sts_scan_tasks", "Live tasks of the scan's runtimes.", number(tally.tasks())));
    let Process { rss_bytes, fds } = Process::now();
    if let Some(bytes) = rss_bytes {
        let help = "Resident memory size in bytes.";
        to.push(gauge("process_resident_memory_bytes", help, number(bytes)));
    }
    if let Some(fds) = fds {
        to.push(gauge("process_open_fds", "Number of open file descriptors.", number(fds)));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use crate::meters::{Meters, PeerKind};
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn connections_are_told_by_stage_and_outcome() {
        let tally = Tally::default();
        let meters = Arc::new(Meters::new().unwrap());
        assert!(tally.meters.set(meters.clone()).is_ok());
        for millis in [20, 300] {
            meters.ended(PeerKind::Policy, "ok", Duration::from_millis(millis));
        }
        meters.ended(PeerKind::Smtp, "smtp_connect_timeout", Duration::from_secs(120));
        let text = text(&tally).unwrap();
        for line in [
            "# TYPE sts_scan_connection_seconds histogram",
            "sts_scan_connection_seconds_count{outcome=\"ok\",stage=\"policy\"} 2",
            "sts_scan_connection_seconds_bucket{outcome=\"ok\",stage=\"policy\",le=\"0.025\"} 1",
            "sts_scan_connection_seconds_bucket{outcome=\"smtp_connect_timeout\",stage=\"smtp\",le=\"90\"} 0",
            "sts_scan_connection_seconds_bucket{outcome=\"smtp_connect_timeout\",stage=\"smtp\",le=\"+Inf\"} 1",
            "# TYPE sts_scan_inputs gauge",
        ] {
            assert!(text.lines().any(|l| l == line), "`{line}` is not in:\n{text}");
        }
    }
}
