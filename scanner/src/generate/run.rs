//! The command: one domain to the terminal, or a list into a folder.

use super::mx::{self, Mail, Unasked};
use super::{Deployment, Refused, Wish, deployment, text};
use crate::admission::{Admission, Exclusions};
use crate::dns::{self, ByHand, Dns};
use crate::evidence::Mode;
use crate::fault::{LocalFault, Unfinished};
use crate::input::{self, BadEntry, InputError, ListSpec, Options, Reader, Repeats, Sample, Shard};
use crate::plan::ScanPlan;
use crate::runtime;
use crate::uplink::Uplink;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Domains whose MX is asked for at once: a portfolio is short, and its names often share their servers.
const AT_ONCE: usize = 32;

/// What the command is asked for.
#[derive(Debug)]
pub struct GenerateJob {
    /// Whose.
    pub targets: Targets,
    /// What.
    pub wish: Wish,
    /// MX hosts as given; `None`: the DNS is asked.
    pub mx: Option<Vec<String>>,
    /// Folder for the files; `None`: everything is written out as text.
    pub output: Option<PathBuf>,
    /// Resolvers, deadlines and pace.
    pub plan: ScanPlan,
}

/// Whose deployment.
#[derive(Debug)]
pub enum Targets {
    /// One domain's.
    One(String),
    /// That of every domain of a list; needs a folder.
    List(PathBuf),
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Domains whose texts were given out.
    pub made: u64,
    /// Domains that were refused, each with its reason told.
    pub refused: u64,
    /// Lines of the list that are no domain.
    pub invalid: u64,
}

/// Why nothing was done, or not all.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A name that was typed is none.
    #[error("`{text}` {refusal}")]
    Name {
        /// As typed.
        text: String,
        /// What is wrong with it.
        refusal: BadEntry,
    },
    /// The folder holds something.
    #[error("{} already exists and is not empty: give another -o", .0.display())]
    Exists(PathBuf),
    /// The list.
    #[error(transparent)]
    Input(#[from] InputError),
    /// This machine.
    #[error(transparent)]
    Fault(#[from] LocalFault),
    /// Nobody can be asked for the MX hosts.
    #[error("{0}. Give the MX hosts with --mx, or a resolver with --resolver")]
    Closed(#[from] dns::Closed),
    /// A file, or the place written to.
    #[error("cannot write {what}: {source}")]
    Write {
        /// Which.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// A task of ours broke off: a fault of this program.
    #[error("a part of the program crashed")]
    Panicked,
}

impl GenerateError {
    /// Whether what was typed is at fault, rather than this machine.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Name { .. } | Self::Exists(_) | Self::Input(_))
    }
}

/// Makes the deployments, writes them out, and tells each domain that is refused to `refusals`.
///
/// # Errors
/// A name or list that is none, a folder that holds something, a file that cannot be written, no resolver.
pub fn run(job: &GenerateJob, out: &mut dyn Write, refusals: &mut dyn Write) -> Result<Done, GenerateError> {
    let given = job.mx.as_deref().map(hosts).transpose()?;
    let domains = match &job.targets {
        Targets::One(domain) => Domains::One(Some(name(domain)?)),
        Targets::List(list) => Domains::List(Box::new(reader(list)?)),
    };
    if let Some(folder) = &job.output {
        empty_folder(folder)?;
    }
    let given = given.or_else(|| (job.wish.mode == Mode::None).then(Vec::new));
    let asked = given.is_none().then(|| Asked::new(job.plan.clone(), refusals)).transpose()?;
    let work = Generation { job, done: Done { made: 0, refused: 0, invalid: 0 }, out, refusals };
    match (given, asked) {
        (None, Some(asked)) => work.ask_and_make(domains, &asked),
        (given, _) => work.make_all(domains, &given.unwrap_or_default()),
    }
}

fn name(text: &str) -> Result<String, GenerateError> {
    input::normalise(text).map_err(|refusal| GenerateError::Name { text: text.to_owned(), refusal })
}

fn hosts(typed: &[String]) -> Result<Vec<String>, GenerateError> {
    let mut hosts = Vec::new();
    for text in typed {
        // An address is told as what it is, with the domain, by the deployment.
        let is_address = text.parse::<std::net::IpAddr>().is_ok();
        let host = if is_address { text.clone() } else { name(text)? };
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    Ok(hosts)
}

fn reader(list: &Path) -> Result<Reader, GenerateError> {
    let lists = ListSpec::all(&[list])?;
    // Sees that it is one of domains.
    input::survey(&lists)?;
    // One window of one name keeps the list's order.
    let options = Options {
        seed: 0,
        shard: Shard::WHOLE,
        sample: Sample::WHOLE,
        window: 1,
        max_listed: input::LISTED_NAMES,
        repeats: Repeats::Dropped,
    };
    Ok(Reader::open(&lists, options)?)
}

fn empty_folder(folder: &Path) -> Result<(), GenerateError> {
    let wrong = |source| GenerateError::Write { what: folder.display().to_string(), source };
    std::fs::create_dir_all(folder).map_err(wrong)?;
    let mut entries = std::fs::read_dir(folder).map_err(wrong)?;
    if entries.next().is_some() { Err(GenerateError::Exists(folder.to_owned())) } else { Ok(()) }
}

/// The domains one after the other.
enum Domains {
    One(Option<String>),
    List(Box<Reader>),
}

impl Domains {
    fn next(&mut self) -> Result<Option<String>, GenerateError> {
        match self {
            Self::One(domain) => Ok(domain.take()),
            Self::List(reader) => Ok(reader.next().transpose()?.map(|entry| entry.domain.into())),
        }
    }

    fn invalid(&self) -> u64 {
        match self {
            Self::One(_) => 0,
            Self::List(reader) => reader.counts().invalid,
        }
    }
}

/// Who is asked for MX hosts, and a runtime to ask from.
struct Asked {
    dns: Arc<Dns>,
    runtime: Runtime,
}

impl Asked {
    /// Tells `note` where others than planned are asked.
    fn new(mut plan: ScanPlan, note: &mut dyn Write) -> Result<Self, GenerateError> {
        // Nobody but the resolvers is contacted, so there is nothing to exclude.
        let admission =
            Arc::new(Admission::new(&plan, Exclusions::default(), false, CancellationToken::new()));
        let runtime = runtime::runtime()?;
        // A user who asks for a few names wants to hear of silence, not to wait.
        let uplink = Arc::new(Uplink::new(Duration::ZERO, CancellationToken::new()));
        let (dns, closed) = dns::open_by_hand(&mut plan, AT_ONCE, &admission, &uplink, &runtime).map_err(
            |wrong| match wrong {
                ByHand::Fault(fault) => GenerateError::Fault(fault),
                ByHand::Closed(closed) => GenerateError::Closed(closed),
            },
        )?;
        if let Some(closed) = closed {
            let note = writeln!(note, "{}", dns::fallen_back(&closed));
            note.map_err(|source| GenerateError::Write { what: "a note".to_owned(), source })?;
        }
        Ok(Self { dns: Arc::new(dns), runtime })
    }
}

type Answered = (String, Result<Result<Mail, Unasked>, Unfinished>);

struct Generation<'a> {
    job: &'a GenerateJob,
    done: Done,
    out: &'a mut dyn Write,
    refusals: &'a mut dyn Write,
}

impl Generation<'_> {
    /// All domains with the same hosts.
    fn make_all(mut self, mut domains: Domains, hosts: &[String]) -> Result<Done, GenerateError> {
        while let Some(domain) = domains.next()? {
            self.make(&domain, Ok(hosts))?;
        }
        self.finish(&domains)
    }

    /// All domains, several questions under way at once.
    fn ask_and_make(mut self, mut domains: Domains, asked: &Asked) -> Result<Done, GenerateError> {
        let asking = async {
            let mut under_way: JoinSet<Answered> = JoinSet::new();
            let mut more = true;
            loop {
                while more && under_way.len() < AT_ONCE {
                    match domains.next()? {
                        Some(domain) => {
                            let dns = asked.dns.clone();
                            runtime::spawn(&mut under_way, async move {
                                let mail = mx::ask(&dns, &domain).await;
                                (domain, mail)
                            });
                        }
                        None => more = false,
                    }
                }
                let Some(answered) = under_way.join_next().await else { break };
                let (domain, mail) = answered.map_err(|_| GenerateError::Panicked)?;
                match mail {
                    Ok(mail) => self.make(
                        &domain,
                        mail.as_ref().map(|mail| mail.hosts.as_slice()).map_err(Clone::clone),
                    )?,
                    Err(Unfinished::Fault(fault)) => return Err(GenerateError::from(fault)),
                    // There are no exclusions here.
                    Err(Unfinished::Stopped | Unfinished::Excluded) => break,
                }
            }
            Ok(())
        };
        asked.runtime.block_on(asked.dns.attend(asking))??;
        self.finish(&domains)
    }

    fn finish(mut self, domains: &Domains) -> Result<Done, GenerateError> {
        self.done.invalid = domains.invalid();
        self.out.flush().map_err(|source| GenerateError::Write { what: "the output".to_owned(), source })?;
        Ok(self.done)
    }

    fn make(&mut self, domain: &str, hosts: Result<&[String], Unasked>) -> Result<(), GenerateError> {
        let hosts = match hosts {
            Err(unasked) if self.job.wish.preset.is_some() && unasked.may_come() => Ok(&[][..]),
            hosts => hosts,
        };
        let made = hosts.map_err(Refused::from).and_then(|hosts| deployment(domain, hosts, &self.job.wish));
        let to_terminal = |source| GenerateError::Write { what: "the output".to_owned(), source };
        match made {
            Ok(made) => {
                self.done.made += 1;
                match &self.job.output {
                    Some(folder) => save(folder, &made),
                    None => self.out.write_all(text::all(&made).as_bytes()).map_err(to_terminal),
                }
            }
            Err(refused) => {
                self.done.refused += 1;
                writeln!(self.refusals, "refused: {domain}: {refused}").map_err(to_terminal)
            }
        }
    }
}

/// The files of one domain, in a folder of its own. A normalised name is a safe file name: no slash, never
/// `..`.
fn save(folder: &Path, made: &Deployment) -> Result<(), GenerateError> {
    let folder = folder.join(&made.domain);
    let wrong = |path: &Path| {
        let what = path.display().to_string();
        move |source| GenerateError::Write { what, source }
    };
    std::fs::create_dir_all(&folder).map_err(wrong(&folder))?;
    for (name, text) in [
        ("mta-sts.txt", made.policy.clone()),
        ("dns.zone", text::zone(made)),
        ("steps.txt", text::steps(made)),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(wrong(&path))?;
    }
    Ok(())
}
