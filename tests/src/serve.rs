//! The servers of a world: DNS, HTTPS and SMTP on the loopback network, each contact counted.

mod authorities;
mod chase;
mod contacts;
mod dns;
mod flow;
mod forge;
pub mod front;
mod http2;
mod https;
mod load;
pub(crate) mod message;
mod ports;
mod shape;
pub(crate) mod sign;
mod smtp;
mod tls;
mod zones;

pub(crate) use contacts::LAYOUT as CONTACTS_LAYOUT;
pub use contacts::{Connection, Contacts, Met, Service, write_contacts};
pub(crate) use flow::{flood, hex, stall, trickle};
pub use https::body as policy_body;
pub use load::{Asked, Load, Loads};
pub use ports::{Dns, Ports};
pub use tls::check as check_tls;

use crate::authority::Authority;
use crate::delegation::Delegations;
use crate::world::World;
use anyhow::{Context, Result};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use tokio::sync::watch;

/// What all servers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) world: Arc<World>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) contacts: Arc<Contacts>,
    pub(crate) dns: dns::Responder,
    pub(crate) tls: tls::Configs,
}

/// The running servers; dropping it stops them.
#[derive(Debug)]
pub struct Servers {
    /// Where they listen.
    pub ports: Ports,
    /// Who came.
    pub contacts: Arc<Contacts>,
    stopping: Arc<AtomicBool>,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl Servers {
    /// Starts the servers of a world on free ports, the authoritative ones on the one that is given, if any.
    ///
    /// # Errors
    /// Where no free port is found, or a thread cannot be started.
    pub(crate) fn start(
        world: Arc<World>,
        authority: Arc<Authority>,
        dns: Dns,
        signer: Option<sign::Signer>,
        authorities_at: Option<u16>,
    ) -> Result<Self> {
        let sockets = ports::Sockets::bind(&world, dns, authorities_at)?;
        let ports = sockets.ports;
        let contacts = Arc::new(Contacts::default());
        let shared = Arc::new(Shared {
            dns: dns::Responder::new(
                Arc::clone(&world),
                Arc::clone(&authority),
                Arc::clone(&contacts),
                if dns == Dns::Resolver { 1 } else { 3 },
            ),
            tls: tls::Configs::default(),
            world,
            authority,
            contacts: Arc::clone(&contacts),
        });
        let stopping = Arc::new(AtomicBool::new(false));
        let (stop, stopped) = watch::channel(false);
        let mut threads = Vec::new();
        let ports::Sockets { dns_udp, forgers, dns_tcp, https, smtp, authorities, resets, .. } = sockets;
        {
            let (shared, stopping) = (Arc::clone(&shared), Arc::clone(&stopping));
            let serve = move || dns::serve_udp(&dns_udp, &forgers, &shared.dns, &stopping);
            threads.push(spawn("lab-dns", serve)?);
        }
        if let Some(sockets) = authorities {
            let world = Arc::clone(&shared.world);
            let delegations =
                if signer.is_some() { Delegations::signed(world) } else { Delegations::new(world) };
            let forges = dns == Dns::Forged;
            let authorities = authorities::Authorities::new(delegations, shared.world.seed, forges, signer);
            let (shared, stopped) = (Arc::clone(&shared), stopped.clone());
            threads.push(spawn("lab-authorities", move || {
                run(stopped, move || {
                    // A socket that the runtime does not take answers nobody, which every scan shows.
                    drop(authorities::serve(sockets, Arc::new(authorities), &shared));
                });
            })?);
        }
        threads.push(spawn("lab-tcp", move || {
            run(stopped, move || {
                dns::serve_tcp(dns_tcp, &shared);
                https.into_iter().for_each(|listener| https::serve(listener, &shared));
                smtp.into_iter().for_each(|listener| smtp::serve(listener, &shared));
                resets.into_iter().for_each(ports::reset_all);
            });
        })?);
        Ok(Self { ports, contacts, stopping, stop, threads })
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.stop.send_replace(true);
        for thread in self.threads.drain(..) {
            // A server that panicked has nothing more to stop.
            drop(thread.join());
        }
    }
}

/// Starts tasks in a runtime of this thread, which stand until it is to stop.
fn run(mut stopped: watch::Receiver<bool>, start: impl FnOnce()) {
    // Without a runtime nobody answers, which every scan shows.
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    runtime.block_on(async {
        start();
        // An error means that the sender is gone, which is a stop as well.
        drop(stopped.wait_for(|stop| *stop).await);
    });
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.into()).spawn(work).with_context(|| format!("cannot start {name}"))
}

/// Bytes that may wait to be sent on a connection, as far as the system lets itself be told.
const SEND_BUFFER: usize = 65_536;

/// Takes connections for good, each in a task of its own; a failing accept is tried again.
pub(crate) fn accept_all<F, W>(listener: std::net::TcpListener, serve: F)
where
    F: Fn(tokio::net::TcpStream, std::net::SocketAddr) -> W + 'static,
    W: Future<Output = io::Result<()>> + Send + 'static,
    F: Send,
{
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let Ok(local) = listener.local_addr() else { return };
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                // The peer decides how a connection ends. Little waits to be sent, so that what a peer took
                // of a flood is what it read, but for its own buffer.
                Ok((stream, _)) => {
                    let _ = socket2::SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER);
                    drop(tokio::spawn(serve(stream, local)));
                }
                Err(_) => tokio::task::yield_now().await,
            }
        }
    });
}
