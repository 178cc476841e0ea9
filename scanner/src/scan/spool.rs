//! What waits for its next look, in the order in which it is due: the entries of `waiting.looks`, with what
//! they mean.

use crate::dataset::ranges::Positions;
use crate::dataset::waiting::{Kept, Remains, WaitingLog};
use crate::dictionary;
use crate::evidence::rows::HostRow;
use crate::fault::LocalFault;
use crate::moment;
use crate::probe::{Domain, HostLook};
use crate::smtp::registry::Registry;
use crate::tls::certificate::sha256_hex;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// What waits for its next look.
#[derive(Serialize, Deserialize)]
pub(super) enum Waiting {
    /// A domain.
    Domain(Box<Domain>),
    /// An MX host with the rows that wait, and those that became final at the same look, as far as they come
    /// from an earlier run: that may have ended before they were committed.
    Host(HostLook, Vec<HostRow>),
}

/// Something that was taken out.
pub(super) enum Taken {
    /// It is due then.
    Due(Instant, Waiting),
    /// The host is over, or a later look at it waits too: only the rows that were final are left of this one.
    Rows(Vec<HostRow>),
}

/// Raised with any change of `Waiting`, or of what it is made of, that `columns.json` does not show (the
/// tests hold a digest of entries).
const FORM: u32 = 10;

/// The queue.
pub(super) struct Spool {
    log: WaitingLog,
    /// A moment, and the Unix time of it in milliseconds.
    began: (Instant, u64),
    earlier: Earlier,
    /// How many domains and hosts wait.
    pub(super) domains: u64,
    pub(super) hosts: u64,
}

/// What is known of the entries of an earlier run, by where they begin.
#[derive(Default)]
struct Earlier {
    /// Where they end.
    end: u64,
    /// Those that are over: of domains with a committed row, and of hosts of which there is a later one or
    /// all of whose rows are committed.
    over: HashSet<u64>,
}

/// What an earlier run left.
pub(super) struct Leftovers {
    /// Positions of the domains that wait.
    pub(super) positions: Positions,
    /// What is to be told of the file.
    pub(super) warning: Option<String>,
}

impl Spool {
    /// That of a dataset; `done` are the positions that have a committed row. The hosts that wait are offered
    /// to the registry, so that nobody else contacts them.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub(super) fn open(
        folder: &Path,
        done: &Positions,
        registry: &Registry,
    ) -> io::Result<(Self, Leftovers)> {
        let began = (Instant::now(), unix_ms());
        let (mut earlier, mut domains, mut hosts) = (Earlier::default(), 0, 0);
        let mut positions = Positions::default();
        let mut last: HashMap<String, (u64, bool)> = HashMap::new();
        let (log, remains) = WaitingLog::open(folder, &form(), began.1, |Kept { at, what, .. }| {
            earlier.end = at + 1;
            match what {
                Waiting::Domain(domain) if done.contains(domain.position) => drop(earlier.over.insert(at)),
                Waiting::Domain(domain) => {
                    positions.insert(domain.position);
                    domains += 1;
                }
                Waiting::Host(look, _) => {
                    let is_committed = |row: &HostRow| registry.is_committed(&row.host, row.addr);
                    let is_over = look.rows.iter().all(is_committed);
                    let before = last.insert(look.host, (at, is_over));
                    earlier.over.extend(before.map(|(at, _)| at).into_iter().chain(is_over.then_some(at)));
                    hosts += u64::from(!is_over);
                    hosts -= u64::from(before.is_some_and(|(_, was_over)| !was_over));
                }
            }
        })?;
        for host in last.keys() {
            registry.offer(host);
        }
        let warning = match remains {
            Remains::Nothing | Remains::Entries { cut: 0 } => None,
            Remains::OtherForm => Some(
                "the entries waiting for their second look are from another version of this program: they are looked at anew"
                    .to_owned(),
            ),
            Remains::Entries { cut } => Some(format!(
                "{cut} bytes at the end of the entries waiting for their second look could not be read: those are looked at anew"
            )),
        };
        Ok((Self { log, began, earlier, domains, hosts }, Leftovers { positions, warning }))
    }

    /// Adds one at the end; those that are due first must come first.
    pub(super) fn push(&mut self, due: Instant, waiting: &Waiting) -> Result<(), LocalFault> {
        let wait = moment::millis(due.saturating_duration_since(self.began.0));
        let due_ms = self.began.1.saturating_add_signed(wait);
        self.log.push(due_ms, waiting).map_err(fault)?;
        *self.count(waiting) += 1;
        Ok(())
    }

    fn count(&mut self, waiting: &Waiting) -> &mut u64 {
        match waiting {
            Waiting::Domain(_) => &mut self.domains,
            Waiting::Host(..) => &mut self.hosts,
        }
    }

    /// Takes out the first that is not over, with when it is due; `None` where there is none. None waits
    /// longer than `longest`, whatever the clock said before.
    pub(super) fn pop(&mut self, longest: Duration) -> Result<Option<Taken>, LocalFault> {
        while let Some(Kept { at, due_ms, what }) = self.log.pop::<Waiting>().map_err(fault)? {
            match what {
                Waiting::Domain(_) if self.earlier.over.contains(&at) => {}
                Waiting::Host(_, rows) if self.earlier.over.contains(&at) => {
                    return Ok(Some(Taken::Rows(rows)));
                }
                mut waiting => {
                    *self.count(&waiting) -= 1;
                    if let Waiting::Host(_, rows) = &mut waiting
                        && at >= self.earlier.end
                    {
                        // The writer has them.
                        rows.clear();
                    }
                    let due = self.began.0 + Duration::from_millis(due_ms.saturating_sub(self.began.1));
                    return Ok(Some(Taken::Due(due.min(Instant::now() + longest), waiting)));
                }
            }
        }
        Ok(None)
    }

    /// Hands what is in memory to the system, and gives what then brings it to the disk; `None` where all is
    /// there.
    pub(super) fn unsynced(
        &mut self,
    ) -> Result<Option<impl FnOnce() -> Result<(), LocalFault> + Send + use<>>, LocalFault> {
        let sync = self.log.unsynced().map_err(fault)?;
        Ok(sync.map(|sync| move || sync().map_err(fault)))
    }
}

/// What an entry's bytes mean hangs on the columns and on `FORM`.
fn form() -> String {
    let columns = sha256_hex(dictionary::contract().to_string().as_bytes());
    format!("{FORM}-{}", columns.get(..16).unwrap_or_default())
}

fn unix_ms() -> u64 {
    u64::try_from(moment::now() / 1_000).unwrap_or(0)
}

fn fault(source: io::Error) -> LocalFault {
    LocalFault::Os { doing: "keep what waits for its second look", source }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use crate::evidence::rows::{DomainRow, Mx, Retried, SmtpEvidence};
    use crate::evidence::{DnsStatus, MxKind, Question, SmtpOutcome};
    use crate::input::Entry;
    use std::net::{IpAddr, Ipv4Addr};

    const LOOK: Duration = Duration::from_secs(900);

    fn domain(position: u64) -> Waiting {
        let mut domain = Domain::new(Entry {
            position,
            input: None,
            rank: Some(7),
            lists: Vec::new(),
            delegated: None,
            domain: format!("d{position}.example").into(),
        });
        let mx = Mx { preference: 10, host: "mx.example".to_owned(), matched: Some(true), pattern: None };
        *domain.row = DomainRow {
            attempts: 1,
            mx_dns: Some(DnsStatus::ServFail),
            mx_kind: Some(MxKind::Unknown),
            mx: Some(vec![mx]),
            dns_retried: vec![Retried { question: Question::Mx, status: DnsStatus::ServFail }],
            sts_signals: Some(false),
            ..*domain.row
        };
        Waiting::Domain(Box::new(domain))
    }

    fn row(host: &str, last: u8, outcome: SmtpOutcome) -> HostRow {
        let smtp = SmtpEvidence { outcome: Some(outcome), ..SmtpEvidence::default() };
        let addr = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)));
        HostRow { host: host.to_owned(), addr, smtp, attempts: vec![outcome], ..HostRow::default() }
    }

    fn host(host: &str, looks: u8) -> Waiting {
        let rows = vec![row(host, 1, SmtpOutcome::Limited)];
        let look = HostLook { host: host.to_owned(), looks, rows };
        Waiting::Host(look, vec![row(host, looks + 1, SmtpOutcome::Ok)])
    }

    fn open(folder: &Path, done: u64) -> (Spool, Leftovers, Registry) {
        let (mut positions, registry) = (Positions::default(), Registry::default());
        positions.insert_range(0, done);
        let (spool, found) = Spool::open(folder, &positions, &registry).unwrap();
        (spool, found, registry)
    }

    /// What comes out of it: positions, hosts with their looks, rows.
    fn drained(spool: &mut Spool) -> Vec<String> {
        let mut out = Vec::new();
        while let Some(taken) = spool.pop(LOOK).unwrap() {
            out.push(match taken {
                Taken::Due(_, Waiting::Domain(domain)) => format!("domain {}", domain.position),
                Taken::Due(_, Waiting::Host(look, rows)) => {
                    format!("{} look {}, {} final", look.host, look.looks, rows.len())
                }
                Taken::Rows(rows) => format!("{} rows", rows.len()),
            });
        }
        out
    }

    #[test]
    fn a_kill_leaves_what_waits_for_the_next_run_but_for_what_is_committed() {
        let folder = tempfile::tempdir().unwrap();
        let (mut spool, ..) = open(folder.path(), 0);
        let due = Instant::now() + LOOK;
        for waiting in
            [domain(0), domain(7), host("a.example", 1), host("b.example", 1), host("a.example", 2)]
        {
            spool.push(due, &waiting).unwrap();
        }
        spool.unsynced().unwrap().unwrap()().unwrap();
        drop(spool);
        let (mut spool, found, registry) = open(folder.path(), 5);
        assert!(found.positions.contains(7) && found.positions.len() == 1 && found.warning.is_none());
        assert!(!registry.offer("a.example") && registry.offer("c.example"));
        assert_eq!((spool.domains, spool.hosts), (1, 2));
        let all = ["domain 7", "1 rows", "b.example look 1, 1 final", "a.example look 2, 1 final"];
        assert_eq!(drained(&mut spool), all);
        assert_eq!((spool.domains, spool.hosts), (0, 0));
        // Entries that this run adds are looked at whatever became of the last run, and all of them are there
        // for a third.
        spool.push(Instant::now(), &host("b.example", 2)).unwrap();
        assert_eq!(drained(&mut spool), ["b.example look 2, 0 final"]);
        drop(spool.unsynced().unwrap());
        assert_eq!(drained(&mut open(folder.path(), 8).0).len(), 4);
    }

    #[test]
    fn nothing_waits_longer_than_a_look_whatever_the_clock_said_before() {
        let folder = tempfile::tempdir().unwrap();
        let (mut spool, ..) = open(folder.path(), 0);
        spool.push(Instant::now() + 1_000 * LOOK, &domain(0)).unwrap();
        drop(spool.unsynced().unwrap());
        let (mut spool, ..) = open(folder.path(), 0);
        assert!(spool.pop(LOOK).unwrap().is_some_and(|taken| match taken {
            Taken::Due(due, _) => due <= Instant::now() + LOOK,
            Taken::Rows(_) => false,
        }));
    }

    #[test]
    fn a_host_whose_rows_are_committed_waits_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (mut spool, ..) = open(folder.path(), 0);
        spool.push(Instant::now(), &host("a.example", 1)).unwrap();
        spool.push(Instant::now(), &host("a.example", 2)).unwrap();
        drop(spool.unsynced().unwrap());
        let mut registry = Registry::default();
        registry.note_committed("a.example", Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))));
        let (mut spool, _) = Spool::open(folder.path(), &Positions::default(), &registry).unwrap();
        assert_eq!((spool.domains, spool.hosts), (0, 0));
        assert_eq!(drained(&mut spool), ["1 rows", "1 rows"]);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nothing_wait_longer() {
        let folder = tempfile::tempdir().unwrap();
        let tomorrow = unix_ms() + 86_400_000;
        WaitingLog::open(folder.path(), &form(), tomorrow, |_: Kept<Waiting>| {}).unwrap();
        let (mut spool, ..) = open(folder.path(), 0);
        spool.push(Instant::now() + LOOK, &domain(0)).unwrap();
        assert!(spool.pop(LOOK).unwrap().is_some_and(|taken| match taken {
            Taken::Due(due, _) => due <= Instant::now() + LOOK,
            Taken::Rows(_) => false,
        }));
    }

    #[test]
    fn the_bytes_of_an_entry_are_those_of_this_form() {
        let entries = [domain(300), host("mx.example", 2)].map(|one| postcard::to_stdvec(&one).unwrap());
        let digest = sha256_hex(&entries.concat());
        // Another digest is another form: raise `FORM`, so that an older file is not misread, and put it
        // here.
        assert_eq!((FORM, &digest[..16]), (10, "7da29019ea8a8b00"), "{entries:02x?}");
    }
}
