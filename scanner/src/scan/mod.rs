//! A scan from its lists to its assessed dataset: threads, channels, and the sum at the end. Knows no
//! protocol.

mod burst;
mod controls;
mod dataset;
mod further;
mod lists;
mod lookers;
mod masks;
mod pipeline;
pub(crate) mod preflight;
mod reach;
mod renumbered;
mod report;
mod rounds;
mod spool;
pub mod tally;

pub use dataset::Recorded;
pub use preflight::{Lowering, fit};
pub use report::{DnsSeen, Ended, Report};

use crate::dataset::lock::Lock;
use crate::dataset::manifest::{Resolution, Sum};
use crate::dataset::ranges::Positions;
use crate::dataset::writer::{DatasetWriter, FinalRow};
use crate::error::ScanError;
use crate::input::{self, Choices, Entry, ListSpec, Options, Reader, Repeats};
use crate::moment;
use crate::plan::{IntermediateSource, ScanPlan};
use crate::probe::{HostLook, Probe};
use crate::runtime;
use controls::Controls;
use dataset::Dataset;
use lookers::Lookers;
use pipeline::{Pipeline, Work};
use preflight::Prepared;
use spool::Spool;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tally::Tally;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Names of the list that are shuffled together.
const ORDER_WINDOW: usize = 65_536;

/// Entries handed to a DNS worker at once: one wake-up for many names.
const ENTRY_BATCH: usize = 256;

/// Final rows that may wait for the writer; at 100,000 per second the writer's pause takes an eighth of it.
const EVIDENCE_QUEUE: usize = 4_096;

/// How long the writer lets rows gather before it looks again. Without it every row wakes a thread: in a
/// profile some 9 % of the samples were such wake-ups and the switches that follow.
const EVIDENCE_PAUSE: Duration = Duration::from_millis(5);

/// What is to be scanned, how, and where to.
pub struct ScanJob {
    /// The plan.
    pub plan: ScanPlan,
    /// The lists.
    pub lists: Vec<ListSpec>,
    /// Folder of the dataset.
    pub output: PathBuf,
    /// Whether the folder is new or holds the start of this scan.
    pub start: Start,
}

/// How a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With a folder that is not there, or is empty.
    New,
    /// With what an earlier run committed.
    Resume,
}

/// Runs a scan to its end, or until `stop`; the counters in `tally` are true at any time.
///
/// # Errors
/// The scan cannot begin, another process writes to the folder, or the dataset cannot be written. What was
/// committed stays whole in any case; a folder that was made for a scan which cannot begin is removed.
pub fn run(job: ScanJob, tally: &Arc<Tally>, stop: &CancellationToken) -> Result<Report, ScanError> {
    let is_there = job.output.exists();
    let is_new = job.start == Start::New;
    let command = match job.start {
        Start::New => "sts-scan scan",
        Start::Resume => "sts-scan resume",
    };
    let folder = job.output.clone();
    if job.start == Start::New {
        let made = std::fs::create_dir_all(&folder);
        made.map_err(|source| ScanError::Io {
            what: format!("cannot write to {}", folder.display()),
            source,
        })?;
    }
    let locked = Lock::take(&folder, command);
    let locked = locked.map_err(|why| ScanError::Locked { path: folder.clone(), why });
    let done = locked.and_then(|_lock| run_alone(job, tally, stop));
    let is_of_no_names = done.as_ref().is_ok_and(|report| report.ended == Ended::NoNames);
    if is_new && is_of_no_names {
        // All that is in it was made for a list without a name, and would only be in the way of the right
        // one.
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        }
    }
    if (done.is_err() || is_new && is_of_no_names) && !is_there {
        // It is removed only where nothing is in it.
        let _ = std::fs::remove_dir(&folder);
    }
    done
}

/// The run of the one process that may write to the folder.
fn run_alone(job: ScanJob, tally: &Arc<Tally>, stop: &CancellationToken) -> Result<Report, ScanError> {
    let began = Instant::now();
    // Who asks resolvers has no use for name servers.
    let delegations = job.plan.resolvers.is_iterating();
    let lists = ListSpec::read_as(&job.lists, &Choices { delegations, ..job.plan.lists.clone() });
    let survey = input::survey(&lists)?;
    if survey.entries() == Some(0) {
        return Err(input::InputError::Empty.into());
    }
    tally.total.set(survey.entries().unwrap_or(0));
    let _ = tally.lists.set(lists::told(&survey));
    let facts = lists::facts(&lists, &survey);
    let begun = match job.start {
        Start::New => None,
        Start::Resume => Recorded::read(&job.output)?.began(),
    };
    let mut prepared = preflight::prepare(job.plan, begun.unwrap_or_else(moment::seconds), stop.clone())?;
    let bursts = burst::burst(&mut prepared)?;
    let controls = Controls::begin(&prepared.probe)?;
    watch(tally, &prepared.probe);
    let plan = prepared.probe.plan.clone();
    let options = Options {
        seed: plan.seed,
        shard: plan.shard,
        sample: plan.sample,
        window: ORDER_WINDOW,
        max_listed: input::LISTED_NAMES,
        repeats: if plan.unique { Repeats::Unexpected } else { Repeats::Dropped },
    };
    let mut dataset = match job.start {
        Start::New => Dataset::create(&job.output, facts, &prepared)?,
        Start::Resume => Dataset::resume(&job.output, &facts, &prepared, (&lists, options))?,
    };
    tally.rows_before.set(dataset.done.len());
    tally.settled.add(dataset.done.len());
    let Prepared { probe, silent, vantage, lowered, .. } = prepared;
    let admission = probe.admission.clone();
    let left_out = probe.tls.trust().left_out();
    let reader = Reader::open(&lists, options)?.with_hosts(survey.hosts);

    let (to_writer, from_stages) = mpsc::channel(EVIDENCE_QUEUE);
    let registry = std::mem::take(&mut dataset.registry);
    let (spool, found) = Spool::open(&job.output, &dataset.done, &registry).map_err(|source| {
        ScanError::Io { what: format!("cannot store waiting entries in {}", job.output.display()), source }
    })?;
    let hosts = dataset.hosts_to_contact(&registry, plan.starttls)?;
    let known = Known { done: dataset.done, waiting: found.positions };
    let pipeline =
        Pipeline::new(probe, registry, tally.clone(), stop.clone(), to_writer, spool, controls.clone());
    let pipeline = Arc::new(pipeline);
    let halted = pipeline.halted.clone();
    let uplink = pipeline.probe.dns.uplink().clone();
    let (read, mut dns) = drive(pipeline, reader, &known, hosts, dataset.writer, from_stages)?;

    dns.warnings.extend(left_out);
    dns.warnings.extend(found.warning);
    dns.warnings.extend(bursts);
    dns.warnings.extend(controls.warning());
    dataset.manifest.controls.extend(controls.take_seen());
    if !vantage.resolver_validates {
        let why = match vantage.resolution {
            Some(Resolution::Iterating) => {
                "dns.root_hints are given without dns.trust_anchor, so nothing is validated by DNSSEC"
            }
            _ => "not every resolver validates DNSSEC",
        };
        dns.warnings.push(format!("{why}: the DANE outcome of every MX host is `unknown`"));
    }
    dns.warnings.extend(admission.exclusions().warnings());
    dataset.manifest.exclusions = admission.exclusions().facts();
    let sum = sum_of(&read, tally, &known);
    let ended = Ended::of(&sum, tally, halted.get().cloned().or(uplink.gave_up()), stop.is_cancelled());
    let report = Report {
        sum,
        ended,
        output: job.output,
        list_names: lists.iter().map(|list| list.name().to_string()).collect(),
        lists: read.counts.lists,
        examples: read.counts.examples,
        silent_resolvers: silent,
        dns,
        outages: uplink.outages(),
        lowered,
        hosts_left: tally.hosts_left.value(),
        given: read.given,
        reading: read.took,
        scanning: began.elapsed(),
        assessing: Duration::ZERO,
        exclusions: dataset.manifest.exclusions.clone(),
        counts: BTreeMap::new(),
    };
    let further = plan.intermediates.clone().map_or(IntermediateSource::None, IntermediateSource::File);
    report::finish(dataset.manifest, report, read.stream_sha256, &further)
}

/// Lets those who watch the counters see the rest too.
fn watch(tally: &Tally, probe: &Probe) {
    let _ = tally.gate.set(probe.admission.clone());
    let _ = tally.uplink.set(probe.dns.uplink().clone());
    let _ = tally.meters.set(probe.meters.clone());
    let _ = tally.questions.set(probe.dns.questions());
}

/// Positions of the list that an earlier run looked at.
struct Known {
    /// They have a committed row.
    done: Positions,
    /// They wait for their next look.
    waiting: Positions,
}

/// What the reader thread saw.
struct ReadOut {
    counts: input::InputCounts,
    stream_sha256: Option<String>,
    /// Names given to the DNS workers.
    given: u64,
    /// Names that had a committed row.
    known: u64,
    /// Names that wait for their next look from an earlier run on.
    waiting: u64,
    /// From the first name to the last that a worker took.
    took: Duration,
}

/// Raises the threads, waits for all of them, and commits.
fn drive(
    pipeline: Arc<Pipeline>,
    reader: Reader,
    known: &Known,
    hosts: Vec<HostLook>,
    writer: DatasetWriter,
    from_stages: mpsc::Receiver<FinalRow>,
) -> Result<(ReadOut, DnsSeen), ScanError> {
    let workers = crate::dns::workers(&pipeline.probe.plan);
    let slots = pipeline.probe.plan.pace.dns_in_flight.div_ceil(workers);
    let (to_workers, entries) = mpsc::channel(4 * workers);
    let (to_contacts, contacts) = mpsc::channel(1_024);
    let entries = Arc::new(tokio::sync::Mutex::new(entries));
    let contact_runtime = runtime::runtime()?;
    let dns_runtimes = (0..workers).map(|_| runtime::runtime()).collect::<Result<Vec<_>, _>>()?;
    dns_runtimes.iter().chain([&contact_runtime]).for_each(|runtime| pipeline.tally.watch(runtime.handle()));
    // All that the threads wait for goes with this closure, so that they end where one of them cannot be
    // started.
    std::thread::scope(move |scope| {
        let ends = pipeline.stop.clone().drop_guard();
        let writing = runtime::scoped(scope, "writer", move || write(writer, from_stages))?;
        let contact_worker = pipeline.clone().contact_worker(contacts);
        let work = attended(pipeline.clone(), contact_runtime, contact_worker);
        let mut stages = vec![runtime::scoped(scope, "contacts", work)?];
        for runtime in dns_runtimes {
            let lookers = Lookers::new(pipeline.clone(), to_contacts.clone(), entries.clone(), slots);
            let work = attended(pipeline.clone(), runtime, lookers.work());
            stages.push(runtime::scoped(scope, "dns", work)?);
        }
        let tally = pipeline.tally.clone();
        stages.push(runtime::scoped(scope, "hosts", move || offer(hosts, &to_contacts, &tally))?);
        // They are all there: from here on they end by themselves.
        ends.disarm();
        drop(entries);
        let read = read(&pipeline, reader, known, &to_workers);
        if read.is_err() {
            pipeline.stop.cancel();
        }
        drop(to_workers);
        let panicked =
            stages.into_iter().map(std::thread::ScopedJoinHandle::join).filter(Result::is_err).count();
        let dns = &pipeline.probe.dns;
        let seen = DnsSeen { counts: dns.counts(), warnings: dns.warnings() };
        // The last holder of the writer's sender: now the writer knows that all is in.
        drop(pipeline);
        let written = writing.join().map_err(|_| ScanError::Panicked)?;
        let read = read?;
        written?;
        if panicked > 0 { Err(ScanError::Panicked) } else { Ok((read, seen)) }
    })
}

/// A stage's thread: its runtime asks the DNS by an engine of its own.
fn attended(
    pipeline: Arc<Pipeline>,
    runtime: tokio::runtime::Runtime,
    work: impl Future<Output = ()>,
) -> impl FnOnce() {
    move || {
        if let Err(fault) = runtime.block_on(pipeline.probe.dns.attend(work)) {
            pipeline.halt(fault.to_string());
        }
    }
}

/// Gives the MX hosts of committed domains that have no committed row to the contact runtime.
fn offer(hosts: Vec<HostLook>, contacts: &mpsc::Sender<Work>, tally: &Tally) {
    for host in hosts {
        if contacts.blocking_send(Work::Host(host)).is_err() {
            tally.hosts_left.up();
        }
    }
}

/// The writer's thread: takes what is final until all senders are gone, then commits the rest.
fn write(mut writer: DatasetWriter, mut rows: mpsc::Receiver<FinalRow>) -> Result<(), ScanError> {
    let mut taken = Vec::with_capacity(EVIDENCE_QUEUE);
    while rows.blocking_recv_many(&mut taken, EVIDENCE_QUEUE) > 0 {
        for one in taken.drain(..) {
            writer.take(one).map_err(|e| ScanError::write(e, writer.committed()))?;
        }
        writer.commit_old().map_err(|e| ScanError::write(e, writer.committed()))?;
        std::thread::sleep(EVIDENCE_PAUSE);
    }
    writer.finish().map_err(|e| ScanError::write(e, writer.committed()))
}

/// The reader's thread: names in batches to the DNS workers, until the lists end or the scan is stopped.
fn read(
    pipeline: &Pipeline,
    mut reader: Reader,
    earlier: &Known,
    workers: &mpsc::Sender<Vec<Entry>>,
) -> Result<ReadOut, ScanError> {
    let (mut given, mut known, mut waiting) = (0, 0, 0);
    let began = Instant::now();
    let mut batch = Vec::with_capacity(ENTRY_BATCH);
    let mut settled = 0;
    // Looked at per batch, since each look takes a lock.
    while !(batch.is_empty() && pipeline.stop.is_cancelled()) {
        let Some(entry) = reader.next().transpose()? else { break };
        let read = reader.counts();
        let without_row = read.duplicates + read.invalid + read.out_of_shard;
        pipeline.tally.read.set(read.inputs);
        pipeline.tally.settled.add(without_row - settled);
        settled = without_row;
        if earlier.done.contains(entry.position) {
            known += 1;
            continue;
        }
        if earlier.waiting.contains(entry.position) {
            waiting += 1;
            continue;
        }
        batch.push(entry);
        if batch.len() == ENTRY_BATCH {
            given += batch.len() as u64;
            if workers.blocking_send(std::mem::replace(&mut batch, Vec::with_capacity(ENTRY_BATCH))).is_err()
            {
                break;
            }
        }
    }
    given += batch.len() as u64;
    if !batch.is_empty() && workers.blocking_send(batch).is_err() {
        tracing::debug!("the DNS workers ended before the list");
    }
    let took = began.elapsed();
    let counts = reader.counts().clone();
    pipeline.tally.read.set(counts.inputs);
    pipeline.tally.settled.add(counts.duplicates + counts.invalid + counts.out_of_shard - settled);
    let stream_sha256 = reader.stream_digest().map(|(sha256, _)| sha256.to_owned());
    Ok(ReadOut { counts, stream_sha256, given, known, waiting, took })
}

/// The sum of inputs. Names in the reader's window and beyond are known only as the difference to the survey.
fn sum_of(read: &ReadOut, tally: &Tally, known: &Known) -> Sum {
    let lists = &read.counts;
    let in_window = lists.accepted - read.given - read.known - read.waiting;
    // Positions that an earlier run looked at and that this run was stopped before coming to again. Those
    // that wait are counted by what became of them.
    let beyond = known.done.len() - read.known + known.waiting.len() - read.waiting;
    let never_read = tally.total.value().saturating_sub(lists.inputs);
    Sum {
        inputs: lists.inputs + never_read,
        rows: known.done.len() + tally.rows.value(),
        duplicates: lists.duplicates,
        excluded: tally.excluded.value(),
        invalid: lists.invalid,
        other_shards: lists.out_of_shard,
        failed_here: tally.failed_here.value(),
        not_reached: (tally.given_up.value() + in_window + never_read).saturating_sub(beyond),
    }
}
