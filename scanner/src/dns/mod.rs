//! DNS questions to recursive resolvers: the only place that names hickory.

mod addresses;
mod answer;
mod aside;
mod asking;
mod attempts;
mod burst;
mod effort;
pub mod engine;
mod iterate;
mod lookup;
mod map;
mod open;
mod overload;
mod preflight;
mod resolvers;
mod tcp;
mod trace;
mod watch;
mod wire;

pub use addresses::Addresses;
pub use answer::Answer;
pub use burst::Burst;
pub use effort::Effort;
pub use engine::{Counts, LATE_A_PLACE};
pub use iterate::{AuthorityPace, Closed, Iteration, Near};
pub use lookup::{Lookup, NoAnswer};
pub use open::{ByHand, fallen_back, open, open_by_hand, resolvers, workers};
pub use preflight::Preflight;
pub use trace::{Asked, Trace, Walked};
pub use watch::{Doubt, fresh_name};

use crate::admission::{Admission, Waited};
use crate::fault::{LocalFault, Unfinished};
use crate::runtime;
use crate::uplink::Uplink;
use attempts::{Reading, read};
use engine::Engine;
pub use hickory_resolver::proto::rr::RecordType;
use iterate::Iterating;
use overload::Overload;
use preflight::Manner;
use resolvers::Resolvers;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;
use tokio::task::JoinSet;

/// Asks recursive resolvers, with retransmission to the next one and TCP after truncation.
pub struct Dns {
    addrs: Vec<SocketAddr>,
    resolvers: Resolvers,
    /// Questions per second to one resolver, where that has a rate of its own.
    rate: Option<u32>,
    deadline: Duration,
    in_flight: usize,
    admission: Arc<Admission>,
    line: Arc<Uplink>,
    /// Held by who finds out for all whether the resolvers reach anybody.
    looking: tokio::sync::Mutex<()>,
    /// How long each took to answer before the scan began.
    takes: Vec<(SocketAddr, Duration)>,
    /// How many questions at once each thread may have with a resolver, where that is known.
    bounds: Vec<(SocketAddr, usize)>,
    overload: Overload,
    engines: Questions,
    /// Where authoritative servers are asked and no resolver.
    iterating: Option<Arc<Iterating>>,
    trace: Arc<Trace>,
}

/// The engines of all threads, for their counters.
#[derive(Clone, Default)]
pub struct Questions(Arc<Mutex<Vec<Engine>>>);

impl Questions {
    fn add(&self, engine: Engine) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(engine);
    }

    /// What all engines have done.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let engines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        engines.iter().fold(Counts::default(), |mut sum, engine| {
            sum += engine.counts();
            sum
        })
    }
}

impl Dns {
    /// A client of these resolvers: each question may take `deadline` in all, and each thread has at most
    /// `in_flight` questions in flight to each resolver. `rate` is that of questions to one resolver, where
    /// it has one of its own; `line` is told of outages, and believed.
    #[must_use]
    pub fn new(
        resolvers: Vec<SocketAddr>,
        deadline: Duration,
        in_flight: usize,
        rate: Option<u32>,
        admission: Arc<Admission>,
        line: Arc<Uplink>,
    ) -> Self {
        let health = Resolvers::new(&resolvers, rate);
        Self {
            addrs: resolvers,
            resolvers: health,
            rate,
            deadline,
            in_flight,
            admission,
            line,
            looking: tokio::sync::Mutex::default(),
            takes: Vec::new(),
            bounds: Vec::new(),
            overload: Overload::new(),
            engines: Questions::default(),
            iterating: None,
            trace: Arc::default(),
        }
    }

    /// A client of the authoritative servers themselves: each question may take `deadline` in all; `line` is
    /// told of outages, and believed.
    #[must_use]
    pub fn iterating(
        iteration: &Iteration,
        deadline: Duration,
        admission: Arc<Admission>,
        line: Arc<Uplink>,
    ) -> Self {
        let forwarding = Self::new(Vec::new(), deadline, 0, None, admission.clone(), line);
        let iterating = Iterating::new(iteration, deadline, admission, forwarding.trace.clone());
        Self { iterating: Some(Arc::new(iterating)), ..forwarding }
    }

    /// Whether authoritative servers are asked and no resolver.
    #[must_use]
    pub const fn is_iterating(&self) -> bool {
        self.iterating.is_some()
    }

    /// Runs `work` with an engine of this runtime, which must be a current-thread one: everything that is
    /// spawned on it while `work` lasts can ask. When `work` is done the engine is shut down.
    ///
    /// # Errors
    /// This machine has no socket or no random numbers for the engine.
    pub async fn attend<T>(&self, work: impl Future<Output = T>) -> Result<T, LocalFault> {
        let (engine, driver) = match &self.iterating {
            Some(iterating) => Engine::for_authorities(iterating.bounds())?,
            None => Engine::new(self.in_flight)?,
        };
        self.engines.add(engine.clone());
        self.takes.iter().for_each(|(resolver, takes)| engine.expect(*resolver, *takes));
        self.bounds.iter().for_each(|(resolver, most)| engine.bound(*resolver, *most));
        let mut watchers = JoinSet::new();
        if self.line.is_watched() {
            let whom = match &self.iterating {
                Some(iterating) => watch::Whom::Root(iterating.clone()),
                None => watch::Whom::Resolvers(self.addrs.clone()),
            };
            let watch = watch::watch(engine.clone(), self.line.clone(), whom);
            runtime::spawn(&mut watchers, watch);
        }
        let mut drivers = JoinSet::new();
        // The budget of a task would end a turn of the driver after 128 polls of sockets.
        runtime::spawn(&mut drivers, tokio::task::unconstrained(driver));
        let entered = engine.enter();
        let done = work.await;
        watchers.shutdown().await;
        drop(entered);
        engine.close();
        while drivers.join_next().await.is_some() {}
        Ok(done)
    }

    /// Questions of this thread that wait longer than most: their domains hold no place that another could
    /// have. 0 on a thread without an engine.
    #[must_use]
    pub fn late(&self) -> usize {
        Engine::here().map_or(0, |engine| engine.late())
    }

    /// As [`Dns::late`]; `waker` is told, once, when one more is. There is one such listener a thread.
    pub fn late_and_tell(&self, waker: &Waker) -> usize {
        Engine::here().map_or(0, |engine| engine.late_and_tell(waker))
    }

    /// What all engines have done.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.engines.counts()
    }

    /// The counters, for whoever watches them while the scan runs.
    #[must_use]
    pub fn questions(&self) -> Questions {
        self.engines.clone()
    }

    /// The notes of every question, for whoever wants them.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Whether the network is there.
    #[must_use]
    pub fn uplink(&self) -> &Arc<Uplink> {
        &self.line
    }

    /// A line for each resolver that stopped answering or refused everything for a time.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.resolvers.warnings()
    }

    /// The addresses of a host: A and AAAA, asked together.
    ///
    /// # Errors
    /// As [`Dns::ask`].
    pub async fn addresses(&self, host: &str, waited: &mut Waited) -> Result<Addresses, Unfinished> {
        self.addresses_near(None, host, waited).await
    }

    /// As [`Dns::addresses`]; where authoritative servers are asked, beginning at those that `near` knows.
    ///
    /// # Errors
    /// As [`Dns::ask`].
    pub async fn addresses_near(
        &self,
        near: Option<&Near>,
        host: &str,
        waited: &mut Waited,
    ) -> Result<Addresses, Unfinished> {
        self.addresses_with(Effort::Full, near, host, waited).await
    }

    /// As [`Dns::addresses_near`], with as much effort as the questions are worth.
    ///
    /// # Errors
    /// As [`Dns::ask`].
    pub async fn addresses_with(
        &self,
        effort: Effort,
        near: Option<&Near>,
        host: &str,
        waited: &mut Waited,
    ) -> Result<Addresses, Unfinished> {
        let mut waited_too = Waited::default();
        let (v4, v6) = tokio::join!(
            self.ask_near(effort, near, host, RecordType::A, waited),
            self.ask_near(effort, near, host, RecordType::AAAA, &mut waited_too)
        );
        waited.add(waited_too);
        Ok(Addresses::from_answers(&v4?, &v6?))
    }

    /// The resolvers that are asked.
    #[must_use]
    pub fn resolvers(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// Whether authoritative servers can be asked from here; so it is where resolvers are.
    ///
    /// # Errors
    /// This machine has no sockets.
    pub async fn reach(&self) -> Result<Result<(), Closed>, LocalFault> {
        let Some(iterating) = &self.iterating else { return Ok(Ok(())) };
        let reached = async {
            let engine = engine_here()?;
            iterating.reach(&engine).await
        };
        self.attend(reached).await?
    }

    /// Asks each resolver what shows whether it is there and validates; keeps those that answer. Where
    /// authoritative servers are asked, whether the root's keys are those that are trusted.
    ///
    /// # Errors
    /// No resolver answers within the deadline; the root's keys are others.
    pub async fn preflight(&mut self) -> Result<Preflight, LocalFault> {
        if let Some(iterating) = &self.iterating {
            let validates = iterating.validates();
            self.trust_the_root(iterating).await?;
            return Ok(Preflight { silent: Vec::new(), validates });
        }
        let asked = self.attend(preflight::ask_all(&self.addrs, self.deadline)).await??;
        let (answering, silent): (Vec<_>, Vec<_>) = asked.into_iter().partition(|(_, says)| says.is_some());
        let addrs =
            |of: &[(SocketAddr, Option<Manner>)]| of.iter().map(|(addr, _)| *addr).collect::<Vec<_>>();
        if answering.is_empty() {
            let names: Vec<String> = addrs(&silent).iter().map(ToString::to_string).collect();
            return Err(LocalFault::Setup {
                doing: "begin",
                reason: format!("no resolver answers within {:?}, asked {}", self.deadline, names.join(", ")),
            });
        }
        let validates = answering.iter().all(|(_, manner)| manner.is_some_and(|manner| manner.validates));
        self.addrs = addrs(&answering);
        let takes =
            |(addr, manner): &(SocketAddr, Option<Manner>)| manner.map(|manner| (*addr, manner.takes));
        self.takes = answering.iter().filter_map(takes).collect();
        self.resolvers = Resolvers::new(&self.addrs, self.rate);
        Ok(Preflight { silent: addrs(&silent), validates })
    }
}

impl Dns {
    /// Whether answers of [`Effort::Validated`] are validated here, rather than by whoever is asked.
    #[must_use]
    pub fn is_validating(&self) -> bool {
        self.iterating.as_ref().is_some_and(|iterating| iterating.validates())
    }

    /// Finds out before a scan whether anything can be validated.
    async fn trust_the_root(&self, iterating: &Iterating) -> Result<(), LocalFault> {
        let asked = async {
            let engine = engine_here()?;
            match iterating.trusts_the_root(&engine).await {
                Err(Unfinished::Fault(fault)) => Err(fault),
                trusted => Ok(trusted.unwrap_or(None)),
            }
        };
        // That nobody says anything may pass.
        match self.attend(asked).await?? {
            Some(false) => Err(LocalFault::Setup {
                doing: "validate what the DNS says (give --trust-anchor FILE)",
                reason: "the root's keys are not those that are trusted, or its signatures are not valid now"
                    .to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

fn engine_here() -> Result<Engine, LocalFault> {
    let reason = || "no DNS engine is running on this thread".to_owned();
    Engine::here().ok_or_else(|| LocalFault::Setup { doing: "ask the resolver", reason: reason() })
}

/// The resolvers of this machine.
///
/// # Errors
/// `/etc/resolv.conf` cannot be read or names none.
fn system_resolvers() -> Result<Vec<SocketAddr>, LocalFault> {
    let unusable =
        |reason: String| LocalFault::Setup { doing: "find a resolver (give --resolver ADDR)", reason };
    let (config, _) =
        hickory_resolver::system_conf::read_system_conf().map_err(|e| unusable(e.to_string()))?;
    let mut servers: Vec<SocketAddr> =
        config.name_servers().iter().map(|s| SocketAddr::new(s.ip, 53)).collect();
    servers.dedup();
    if servers.is_empty() {
        return Err(unusable("/etc/resolv.conf names none".to_owned()));
    }
    Ok(servers)
}

#[cfg(test)]
mod pace_tests;
#[cfg(test)]
mod rogue;
#[cfg(test)]
mod tests;
