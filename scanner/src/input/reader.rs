//! The names of all lists as the scan takes them: checked, each once, in this shard's order.

use super::ListSpec;
use super::bad::{BadEntry, Example};
use super::delegated::{Delegated, Hosts, Packed};
use super::error::InputError;
use super::form::{self, Found};
use super::judge::{self, HEAD, Judge};
use super::open::{Opened, ReadAs};
use super::order::{Shard, Window};
use super::sample::Sample;
use super::source::RawEntry;
use super::unique::{Fingerprint, Memberships, NamesSeen};
use crate::evidence::rows::Listed;
use crate::evidence::text::escape;
use smol_str::SmolStr;
use std::collections::{BTreeMap, VecDeque};
use std::iter;
use std::sync::Arc;

/// Bad entries that are kept, of all lists: some 150 bytes of memory each.
const EXAMPLES: usize = 10_000;

/// How the lists are read. Seed, shard and window decide the order: a resumed scan needs the same ones.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Seed of the order inside the windows.
    pub seed: u64,
    /// The part of the names that is taken.
    pub shard: Shard,
    /// The sample of them that is taken.
    pub sample: Sample,
    /// Names that are put into random order together; at least 1, which keeps the list's order.
    /// They are held in memory, about 150 bytes each, and the first is given out when all of them were read.
    pub window: usize,
    /// The most names that the lists after the first may hold in this shard, together; 16 bytes of memory
    /// each.
    pub max_listed: usize,
    /// What is done about names that come twice.
    pub repeats: Repeats,
}

impl Options {
    /// Whether a normalised name is of this shard and of the sample.
    fn takes(&self, name: &str) -> bool {
        self.shard.takes(name) && self.sample.takes(self.seed, name)
    }
}

/// What is done about names that come twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// The first counts, the others are duplicates: a fingerprint of each name is kept.
    Dropped,
    /// There are none, says who gives the lists; nothing is kept, and one that comes twice is scanned twice.
    Unexpected,
}

/// A name to scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Location in the order of this scan, from 0 without gaps; the same at a resume.
    pub position: u64,
    /// The domain, normalised.
    pub domain: SmolStr,
    /// The name as the list writes it, without white space around it, escaped; of a zone file, made absolute.
    /// `None` where that is the domain itself.
    pub input: Option<SmolStr>,
    /// Rank in the first list that ranks it.
    pub rank: Option<i64>,
    /// Every list that has it, in the order given.
    pub lists: Vec<Listed>,
    /// Its name servers, where its list has them and they are wanted ([`super::Choices::delegations`]).
    pub delegated: Option<Box<Delegated>>,
}

/// What became of the entries that were read so far; exact when the reader has ended.
/// `inputs = accepted + duplicates + invalid + out_of_shard`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputCounts {
    /// Entries of all lists; comments and blank lines are none.
    pub inputs: u64,
    /// Given out, or about to be.
    pub accepted: u64,
    /// Met before, in the same list or an earlier one. Of names in this shard only.
    pub duplicates: u64,
    /// No domain name.
    pub invalid: u64,
    /// Names that another shard takes, or that are not of the sample, as often as they are met.
    pub out_of_shard: u64,
    /// The first bad entries.
    pub examples: Vec<Example>,
    /// The same of each list, in the order given, up to the one that is being read.
    pub lists: Vec<ListCounts>,
}

/// What became of the entries of one list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListCounts {
    /// How it was read; `None` before it is opened.
    pub read_as: Option<ReadAs>,
    /// Entries that are no domain name, by what is wrong with them.
    pub rejected: BTreeMap<BadEntry, u64>,
    /// Names from which `*.` was taken off.
    pub wildcards: u64,
    /// Names without a rank, where the list has ranks.
    pub unranked: u64,
    /// Names that came with their servers.
    pub delegated: u64,
}

/// A name between reading and giving out. Small, because a window holds many.
struct PendingName {
    domain: SmolStr,
    rank: Option<i64>,
    list: u16,
    /// `None` where there is nothing of the kind.
    more: Option<Box<More>>,
}

/// What few names have.
struct More {
    /// How the list writes it; `None` where that is the domain itself.
    input: Option<SmolStr>,
    delegated: Option<Packed>,
}

/// Reads the lists one after the other. Blocks on the disk: it belongs on a thread of its own.
pub struct Reader {
    lists: Vec<ListSpec>,
    options: Options,
    hosts: Arc<Hosts>,
    fingerprint: Fingerprint,
    /// `None` with a single list.
    memberships: Option<Memberships>,
    current: Option<Opened>,
    /// Entries of a stream that were looked at before any was given out.
    head: VecDeque<RawEntry>,
    /// Location of the current list, and of the next one where none is open.
    at: usize,
    seen: NamesSeen,
    window: Window<PendingName>,
    position: u64,
    counts: InputCounts,
    raw: RawEntry,
    ended: bool,
    stream_digest: Option<(String, u64)>,
}

impl Reader {
    /// Opens the first list and, with several, reads the others through to learn which names they hold.
    ///
    /// # Errors
    /// A list cannot be opened, is no list, or (not the first) cannot be read to its end.
    pub fn open(lists: &[ListSpec], options: Options) -> Result<Self, InputError> {
        let (first, later) = lists.split_first().ok_or(InputError::NoList)?;
        let mut current = first.open_again()?;
        let head = if first.is_stream() { judged(&mut current, first)? } else { VecDeque::new() };
        let fingerprint = Fingerprint::seeded(options.seed);
        let memberships = match later {
            [] => None,
            later => Some(memberships(later, &fingerprint, &options)?),
        };
        Ok(Self {
            lists: lists.to_vec(),
            options,
            hosts: Arc::default(),
            fingerprint,
            memberships,
            counts: InputCounts { lists: vec![ListCounts::of(&current)], ..InputCounts::default() },
            current: Some(current),
            head,
            at: 0,
            seen: NamesSeen::default(),
            window: Window::new(options.window),
            position: 0,
            raw: RawEntry::default(),
            ended: false,
            stream_digest: None,
        })
    }

    /// Gives the servers of names the addresses that a survey of the lists found.
    #[must_use]
    pub fn with_hosts(self, hosts: Arc<Hosts>) -> Self {
        Self { hosts, ..self }
    }

    /// What became of the entries that were read so far, which is up to a window more than were given out.
    #[must_use]
    pub const fn counts(&self) -> &InputCounts {
        &self.counts
    }

    /// SHA-256 (hexadecimal) and bytes of the list that came as a stream; `None` until its end, and without a
    /// stream.
    #[must_use]
    pub fn stream_digest(&self) -> Option<(&str, u64)> {
        self.stream_digest.as_ref().map(|(sha256, bytes)| (sha256.as_str(), *bytes))
    }

    /// Fills the window from the lists; leaves it empty at their end.
    fn fill(&mut self) -> Result<(), InputError> {
        while !self.window.is_full() {
            let opened = match &mut self.current {
                Some(opened) => opened,
                None => match self.lists.get(self.at) {
                    Some(list) => {
                        let opened = self.current.insert(list.open_again()?);
                        self.counts.lists.push(ListCounts::of(opened));
                        opened
                    }
                    None => break,
                },
            };
            let list = &self.lists[self.at];
            let form = opened.form;
            if let Some(entry) = self.head.pop_front() {
                self.raw = entry;
                self.take(form);
                continue;
            }
            if read(opened, list, &mut self.raw)? {
                self.take(form);
                continue;
            }
            if list.is_stream() {
                self.stream_digest = opened.digest.as_ref().map(super::digest::Digest::so_far);
            }
            self.current = None;
            self.at += 1;
        }
        self.window.spread();
        Ok(())
    }

    /// Looks at one raw entry.
    fn take(&mut self, form: form::Form) {
        self.counts.inputs += 1;
        let of_list = &mut self.counts.lists[self.at];
        let domain = match form::name_in(&self.raw, form) {
            Ok(Found { name, is_wildcard }) => {
                of_list.wildcards += u64::from(is_wildcard);
                let is_ranked = self.raw.rank.is_some() || !of_list.is_ranked();
                of_list.unranked += u64::from(!is_ranked);
                name
            }
            Err(reason) => return self.refuse(reason),
        };
        if !self.options.takes(&domain) {
            self.counts.out_of_shard += 1;
            return;
        }
        let fingerprint = self.fingerprint.of(&domain);
        if self.options.repeats == Repeats::Dropped && !self.seen.insert(fingerprint) {
            self.counts.duplicates += 1;
            return;
        }
        self.counts.accepted += 1;
        let input = (self.raw.text != domain.as_bytes()).then(|| escape(&self.raw.text).into());
        let list = u16::try_from(self.at).unwrap_or(u16::MAX);
        let delegated = Packed::of(&self.raw.servers, self.raw.ds);
        self.counts.lists[self.at].delegated += u64::from(delegated.is_some());
        let rank = self.raw.rank;
        let more = (input.is_some() || delegated.is_some()).then(|| Box::new(More { input, delegated }));
        self.window.push(fingerprint, PendingName { domain: domain.into(), rank, list, more });
    }

    fn refuse(&mut self, reason: BadEntry) {
        self.counts.invalid += 1;
        *self.counts.lists[self.at].rejected.entry(reason).or_default() += 1;
        if self.counts.examples.len() < EXAMPLES {
            self.counts.examples.push(judge::example(&self.lists[self.at], &self.raw, reason));
        }
    }

    fn entry(&mut self, fingerprint: u64, taken: PendingName) -> Entry {
        let own = iter::once((taken.list, taken.rank));
        let others = self.memberships.iter().flat_map(|memberships| memberships.of(fingerprint));
        let lists: Vec<Listed> = own
            .chain(others.filter(|(list, _)| *list != taken.list))
            .map(|(list, rank)| Listed { list: self.lists[usize::from(list)].name().clone(), rank })
            .collect();
        let More { input, delegated } =
            taken.more.map_or(More { input: None, delegated: None }, |more| *more);
        let position = self.position;
        self.position += 1;
        Entry {
            position,
            input,
            rank: lists.iter().find_map(|listed| listed.rank),
            lists,
            delegated: delegated.map(|packed| Box::new(packed.unpacked(&self.hosts))),
            domain: taken.domain,
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Entry, InputError>;

    /// The next name. After an error there is nothing more; the names of the window it broke are not given
    /// out, so that a resume with the fixed list finds every position unchanged.
    fn next(&mut self) -> Option<Self::Item> {
        if let Some((fingerprint, taken)) = self.window.pop() {
            return Some(Ok(self.entry(fingerprint, taken)));
        }
        if self.ended {
            return None;
        }
        if let Err(error) = self.fill() {
            self.window.clear();
            self.ended = true;
            return Some(Err(error));
        }
        let first = self.window.pop();
        self.ended = first.is_none();
        first.map(|(fingerprint, taken)| Ok(self.entry(fingerprint, taken)))
    }
}

/// Reads one raw entry; a fault names list and line.
pub(super) fn read(opened: &mut Opened, list: &ListSpec, raw: &mut RawEntry) -> Result<bool, InputError> {
    opened.source.read(raw).map_err(|cause| {
        let line = opened.source.line();
        InputError::Read { list: list.typed(), line, cause }
    })
}

impl ListCounts {
    /// Nothing yet of a list that was opened.
    pub(super) fn of(opened: &Opened) -> Self {
        Self { read_as: Some(opened.read_as.clone()), ..Self::default() }
    }

    fn is_ranked(&self) -> bool {
        self.read_as.as_ref().is_some_and(|read_as| read_as.ranks.is_some())
    }
}

/// Takes the first entries off a stream, which no survey has seen, and refuses one that can hardly be meant.
fn judged(opened: &mut Opened, list: &ListSpec) -> Result<VecDeque<RawEntry>, InputError> {
    let (mut head, mut judge) = (VecDeque::new(), Judge::default());
    let mut raw = RawEntry::default();
    while (head.len() as u64) < HEAD && read(opened, list, &mut raw)? {
        judge.look(list, &raw, opened.form);
        head.push_back(std::mem::take(&mut raw));
    }
    judge.verdict(list, &opened.read_as.names)?;
    Ok(head)
}

/// Which of the later lists hold which names.
fn memberships(
    later: &[ListSpec],
    fingerprint: &Fingerprint,
    options: &Options,
) -> Result<Memberships, InputError> {
    let mut memberships = Memberships::default();
    let mut raw = RawEntry::default();
    for (list, number) in later.iter().zip(1_u16..) {
        if list.is_stream() {
            return Err(InputError::StreamNotFirst { list: list.typed() });
        }
        let mut opened = list.open_again()?;
        while read(&mut opened, list, &mut raw)? {
            let Ok(Found { name: domain, .. }) = form::name_in(&raw, opened.form) else { continue };
            if !options.takes(&domain) {
                continue;
            }
            if memberships.len() >= options.max_listed {
                return Err(InputError::TooManyListed {
                    most: options.max_listed,
                    bytes: Memberships::BYTES,
                });
            }
            memberships.add(fingerprint.of(&domain), number, raw.rank);
        }
    }
    memberships.seal();
    Ok(memberships)
}
