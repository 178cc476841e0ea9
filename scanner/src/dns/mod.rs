//! DNS questions to recursive resolvers: the only place that names hickory.

mod addresses;
mod answer;
pub mod engine;
mod preflight;
mod resolvers;
mod wire;

pub use addresses::Addresses;
pub use answer::Answer;
pub use engine::{Counts, LATE_A_PLACE};
pub use preflight::Preflight;

use crate::admission::{Admission, Waited};
use crate::dataset::words::DnsStatus;
use crate::fault::{LocalFault, Unfinished};
use crate::moment;
use engine::{Engine, Event, Exchange};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, Query};
pub use hickory_resolver::proto::rr::RecordType;
use resolvers::{Chosen, Resolvers};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How much a question is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Three attempts within the whole deadline.
    Full,
    /// One attempt: for a name of which nobody has answered the question before this one.
    Once,
}

impl Effort {
    /// What of the deadline each attempt gets: an eighth, a quarter, and what is left; or a quarter.
    const fn parts(self) -> &'static [u32] {
        match self {
            Self::Full => &PARTS,
            Self::Once => &[4],
        }
    }
}

const PARTS: [u32; 3] = [8, 4, 1];

/// Asks recursive resolvers, with retransmission to the next one and TCP after truncation.
pub struct Dns {
    addrs: Vec<SocketAddr>,
    resolvers: Resolvers,
    /// Questions a second to one resolver, where that has a rate of its own.
    rate: Option<u32>,
    deadline: Duration,
    in_flight: usize,
    admission: Arc<Admission>,
    /// The engines of all threads, for their counters.
    engines: Mutex<Vec<Engine>>,
}

/// What one answer is worth.
enum Reading {
    /// It does not fit into a datagram.
    Truncated,
    /// Its bytes make no sense.
    Unreadable,
    /// This.
    Says(Answer),
}

impl Dns {
    /// A client of these resolvers: each question may take `deadline` in all, and each thread has at most `in_flight`
    /// questions in flight to each resolver. `rate` is that of questions to one resolver, where it has one of its own.
    #[must_use]
    pub fn new(
        resolvers: Vec<SocketAddr>,
        deadline: Duration,
        in_flight: usize,
        rate: Option<u32>,
        admission: Arc<Admission>,
    ) -> Self {
        let health = Resolvers::new(&resolvers, rate);
        Self {
            addrs: resolvers,
            resolvers: health,
            rate,
            deadline,
            in_flight,
            admission,
            engines: Mutex::default(),
        }
    }

    /// Runs `work` with an engine of this runtime, which must be a current-thread one: everything that is spawned on it
    /// while `work` lasts can ask. When `work` is done the engine is shut down.
    ///
    /// # Errors
    /// This machine has no socket or no random numbers for the engine.
    pub async fn attend<T>(&self, work: impl Future<Output = T>) -> Result<T, LocalFault> {
        let (engine, driver) = Engine::new(self.in_flight)?;
        self.engines.lock().unwrap_or_else(PoisonError::into_inner).push(engine.clone());
        let mut drivers = JoinSet::new();
        // The budget of a task would end a turn of the driver after 128 polls of sockets.
        drivers.spawn(tokio::task::unconstrained(driver));
        let entered = engine.enter();
        let done = work.await;
        drop(entered);
        engine.close();
        while drivers.join_next().await.is_some() {}
        Ok(done)
    }

    /// Questions of this thread that wait longer than most: their domains hold no place that another could have.
    /// 0 on a thread without an engine.
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
        let engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        engines.iter().fold(Counts::default(), |mut sum, engine| {
            sum += engine.counts();
            sum
        })
    }

    /// A line for each resolver that stopped answering or refused everything for a time.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.resolvers.warnings()
    }

    /// The answer to one question; dropping the future gives the question up.
    ///
    /// # Errors
    /// Only where this machine failed (no sockets, no memory, no engine on this thread), the scan was stopped, or an exclusion
    /// file has the name: then nothing was sent.
    /// Everything a resolver does is an [`Answer`].
    pub async fn ask(&self, name: &str, kind: RecordType, waited: &mut Waited) -> Result<Answer, Unfinished> {
        self.ask_with(Effort::Full, name, kind, waited).await
    }

    /// As [`Dns::ask`], with as much effort as the question is worth.
    ///
    /// # Errors
    /// As [`Dns::ask`].
    pub async fn ask_with(
        &self,
        effort: Effort,
        name: &str,
        kind: RecordType,
        waited: &mut Waited,
    ) -> Result<Answer, Unfinished> {
        let engine = engine_here()?;
        let Some(mut exchange) = engine.exchange(name, kind) else {
            return Ok(Answer::without(DnsStatus::BadAnswer, moment::now()));
        };
        let mut left = self.deadline;
        let mut last: Option<Chosen> = None;
        // An answer that is none, kept for the case that no resolver has a better one.
        let mut useless = None;
        for &part in effort.parts() {
            self.admission.dns(waited).await?;
            let chosen = self.resolvers.choose(last);
            last = Some(chosen);
            let resolver = self.resolvers.addr(chosen);
            if let Some(pace) = self.resolvers.pace(chosen) {
                self.admission.paced(pace, waited).await?;
            }
            let patience = if part == 1 { left } else { (self.deadline / part).min(left) };
            // Last of all, since the wait for pace may have been long and an exclusion file may have grown meanwhile.
            if self.admission.excludes(name) {
                return Err(Unfinished::Excluded);
            }
            let began = Instant::now();
            let (event, queued) = exchange.send(resolver, patience).await;
            waited.add(Waited::from(queued));
            left = left.saturating_sub(began.elapsed().saturating_sub(queued));
            match event {
                Event::Fault(fault) => return Err(fault.into()),
                Event::Closed => return Err(Unfinished::Stopped),
                Event::Expired | Event::Unreachable => self.resolvers.silent(chosen),
                Event::Answer => match read(&exchange) {
                    Reading::Truncated => {
                        let _aside = engine.step_aside();
                        return Ok(over_tcp(&exchange, resolver, left).await?);
                    }
                    Reading::Unreadable => {
                        useless = Some(Answer::without(DnsStatus::BadAnswer, moment::now()));
                    }
                    Reading::Says(answer) if answer.status == DnsStatus::Refused => {
                        if self.resolvers.refused(chosen) {
                            engine.slow_down(resolver);
                        }
                        if self.resolvers.len() == 1 {
                            return Ok(answer);
                        }
                        useless = Some(answer);
                    }
                    Reading::Says(answer) => {
                        self.resolvers.answered(chosen);
                        return Ok(answer);
                    }
                },
            }
            if left.is_zero() {
                break;
            }
        }
        Ok(useless.unwrap_or_else(|| Answer::without(DnsStatus::Timeout, moment::now())))
    }

    /// The addresses of a host: A and AAAA, asked together.
    ///
    /// # Errors
    /// As [`Dns::ask`].
    pub async fn addresses(&self, host: &str, waited: &mut Waited) -> Result<Addresses, Unfinished> {
        let mut waited_too = Waited::default();
        let (v4, v6) = tokio::join!(
            self.ask(host, RecordType::A, waited),
            self.ask(host, RecordType::AAAA, &mut waited_too)
        );
        waited.add(waited_too);
        Ok(Addresses::from_answers(&v4?, &v6?))
    }

    /// The resolvers that are asked.
    #[must_use]
    pub fn resolvers(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// Asks each resolver what shows whether it is there and validates; keeps those that answer.
    ///
    /// # Errors
    /// No resolver answers within the deadline.
    pub async fn preflight(&mut self) -> Result<Preflight, LocalFault> {
        let asked = self.attend(preflight::ask_all(&self.addrs, self.deadline)).await??;
        let (answering, silent): (Vec<_>, Vec<_>) = asked.into_iter().partition(|(_, says)| says.is_some());
        let addrs = |of: &[(SocketAddr, Option<bool>)]| of.iter().map(|(addr, _)| *addr).collect::<Vec<_>>();
        if answering.is_empty() {
            let names: Vec<String> = addrs(&silent).iter().map(ToString::to_string).collect();
            return Err(LocalFault::Setup {
                doing: "begin",
                reason: format!("no resolver answers within {:?}, asked {}", self.deadline, names.join(", ")),
            });
        }
        let validates = answering.iter().all(|(_, validates)| *validates == Some(true));
        self.addrs = addrs(&answering);
        self.resolvers = Resolvers::new(&self.addrs, self.rate);
        Ok(Preflight { silent: addrs(&silent), validates })
    }
}

fn engine_here() -> Result<Engine, LocalFault> {
    let reason = || "no DNS engine runs on this thread".to_owned();
    Engine::here().ok_or_else(|| LocalFault::Setup { doing: "ask the resolver", reason: reason() })
}

fn read(exchange: &Exchange) -> Reading {
    exchange.read(|query, reply| {
        if wire::Head::of_answer(reply).is_some_and(wire::Head::is_truncated) {
            return Reading::Truncated;
        }
        Answer::of_wire(query, reply, moment::now()).map_or(Reading::Unreadable, Reading::Says)
    })
}

/// Asks again by TCP what did not fit into a datagram.
async fn over_tcp(exchange: &Exchange, resolver: SocketAddr, left: Duration) -> Result<Answer, LocalFault> {
    let truncated = || Answer::without(DnsStatus::Truncated, moment::now());
    let Some((name, kind)) = exchange.read(|query, _| wire::asked(query)) else { return Ok(truncated()) };
    // Owns the library's task for the connection: when it goes, the task is ended.
    let runtime = TokioRuntimeProvider::default();
    let asking = async {
        let tcp = TcpClientStream::exchange(resolver, None, left, None, runtime.clone()).await?;
        let mut options = DnsRequestOptions::default();
        options.edns_payload_len = wire::EDNS_PAYLOAD;
        let mut request = DnsRequest::from_query(Query::query(name, kind), options);
        request.metadata.authentic_data = true;
        tcp.send(request).first_answer().await
    };
    match tokio::time::timeout(left, asking).await {
        Ok(Ok(response)) => {
            let reply = response.into_buffer();
            let answer = exchange.read(|query, _| {
                let head = wire::Head::of_answer(&reply)?;
                let is_ours = wire::compare(query, &reply) != wire::Likeness::Other;
                (is_ours && !head.is_truncated()).then(|| Answer::of_wire(query, &reply, moment::now()))?
            });
            Ok(answer.unwrap_or_else(truncated))
        }
        Ok(Err(NetError::Io(error))) => {
            LocalFault::of_io("ask the resolver", &error).map_or_else(|| Ok(truncated()), Err)
        }
        _ => Ok(truncated()),
    }
}

/// The resolvers of this machine.
///
/// # Errors
/// `/etc/resolv.conf` cannot be read or names none.
pub fn system_resolvers() -> Result<Vec<SocketAddr>, LocalFault> {
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
