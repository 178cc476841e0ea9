//! `sts-tlsrpt serve`: takes uploads of reports (RFC 8460 section 3), without TLS: a proxy has that.
//!
//! What is answered with 201 is on the disk of the spool. A thread of its own takes it from there into the
//! tables, and what a stop or a crash leaves there is found again.

mod answer;
mod clients;
mod spool;
mod tables;

use crate::args::Serve;
use crate::{Ending, refused, say};
use answer::{Door, respond};
use clients::Clients;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use spool::Spool;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use sts_reports::store::Store;
use tables::Tables;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Connections at a time; more wait to be accepted.
const CONNECTIONS: usize = 256;

/// How long a client may take for the head of a request.
const HEAD: Duration = Duration::from_secs(10);

/// How long connections may go on when the server stops.
const STOPPING: Duration = Duration::from_secs(10);

pub(crate) fn run(args: &Serve) -> Ending {
    let Some(address) = address(&args.address) else {
        say(&format!("error: {} must be a port, or ADDRESS:PORT", args.address));
        return Ending::Usage;
    };
    let store = match Store::open(&args.output) {
        Ok(store) => store,
        Err(fault) => return refused(args.output.display(), &fault),
    };
    match serve(address, args, store) {
        Ok(true) => Ending::Done,
        Ok(false) => Ending::LocalFault,
        Err(fault) => {
            say(&format!("error: cannot serve at {address}: {fault}"));
            Ending::LocalFault
        }
    }
}

/// A port alone is one of this machine's own, which nobody else can reach.
fn address(text: &str) -> Option<SocketAddr> {
    let own = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    text.parse().ok().or_else(|| text.parse().ok().map(own))
}

/// Serves until it is told to stop; `false` where what is in the spool could not be taken into the tables.
fn serve(address: SocketAddr, args: &Serve, store: Store) -> io::Result<bool> {
    let spool = Spool::open(&args.output)?;
    let tables = Tables::start(spool.clone(), args.output.clone(), store)?;
    let door = Arc::new(Door {
        spool,
        clients: Clients::new(args.per_minute),
        behind_proxy: args.behind_proxy,
        most: args.max_mib as usize * 1024 * 1024,
        judging: Semaphore::new(1),
        arrived: tables.bell(),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(listen(address, door))?;
    drop(runtime);
    Ok(tables.stop())
}

async fn listen(address: SocketAddr, door: Arc<Door>) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    say(&format!("takes reports at http://{}/, POST only; stop it with Ctrl-C", listener.local_addr()?));
    let (stop, stopping) = watch::channel(false);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>((listener.accept().await?, place))
        };
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            Some(_) = connections.join_next() => {}
            accepted = next => match accepted {
                Ok(((stream, from), place)) => {
                    let (door, stopping) = (Arc::clone(&door), stopping.clone());
                    connections.spawn(async move {
                        connection(stream, from.ip(), door, stopping).await;
                        drop(place);
                    });
                }
                // No descriptor is free, or the client is gone already.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
        }
    }
    say("stopping: what was taken goes into the tables");
    // Nobody waits for it any more where this fails.
    let _ = stop.send(true);
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    drop(tokio::time::timeout(STOPPING, all).await);
    Ok(())
}

async fn connection(stream: TcpStream, from: IpAddr, door: Arc<Door>, mut stopping: watch::Receiver<bool>) {
    let service = service_fn(|request| respond(request, from, Arc::clone(&door)));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(served);
    let mut told = false;
    loop {
        tokio::select! {
            // A client that goes away, or speaks no HTTP, is none of our faults.
            _ = served.as_mut() => return,
            _ = stopping.changed(), if !told => {
                told = true;
                served.as_mut().graceful_shutdown();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn a_port_alone_is_reached_by_this_machine_only() {
        let shown = |text: &str| address(text).map(|address| address.to_string());
        assert_eq!(shown("8460").as_deref(), Some("127.0.0.1:8460"));
        assert_eq!(shown("192.0.2.1:80").as_deref(), Some("192.0.2.1:80"));
        assert_eq!(shown("[::1]:80").as_deref(), Some("[::1]:80"));
        assert_eq!((shown("host.example:80"), shown("70000"), shown("")), (None, None, None));
    }
}
