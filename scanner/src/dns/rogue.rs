//! A DNS server on loopback that answers as it is told, right or wrong, for the tests of this module.
#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]

use super::Dns;
use crate::admission::{Admission, Exclusions};
use crate::plan::{Origin, ScanPlan, Typed};
use crate::uplink::Uplink;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Runs for as long as it lives.
pub(super) struct Rogue {
    pub(super) addr: SocketAddr,
    tasks: JoinSet<()>,
}

/// A query's number from 0, and itself, to the datagrams that are sent back.
pub(super) type Behaviour = dyn FnMut(usize, &[u8]) -> Vec<Vec<u8>> + Send;

impl Rogue {
    pub(super) async fn serve(behave: impl FnMut(usize, &[u8]) -> Vec<Vec<u8>> + Send + 'static) -> Self {
        Self::at(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap(), Box::new(behave))
    }

    /// Answers late by so much, and loses nothing.
    pub(super) async fn serve_late(
        late: impl Fn(&[u8]) -> Duration + Send + 'static,
        behave: impl Fn(&[u8]) -> Vec<u8> + Send + 'static,
    ) -> Self {
        let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
        rustix::net::sockopt::set_socket_recv_buffer_size(&*socket, 4 << 20).unwrap();
        let addr = socket.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut buffer = [0; 4_096];
            let mut waiting = JoinSet::new();
            loop {
                let (len, from) = socket.recv_from(&mut buffer).await.unwrap();
                while waiting.try_join_next().is_some() {}
                let (query, socket) = (&buffer[..len], socket.clone());
                let (reply, due) = (behave(query), tokio::time::Instant::now() + late(query));
                waiting.spawn(async move {
                    tokio::time::sleep_until(due).await;
                    socket.send_to(&reply, from).await.unwrap();
                });
            }
        });
        Self { addr, tasks }
    }

    /// Answers by TCP too, at the same port.
    pub(super) async fn serve_both(
        behave: impl FnMut(usize, &[u8]) -> Vec<Vec<u8>> + Send + 'static,
        answer: fn(&[u8]) -> Vec<u8>,
    ) -> Self {
        let (socket, listener) = loop {
            // What is free for one may be taken for the other, by any connection of this machine.
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            match TcpListener::bind(socket.local_addr().unwrap()).await {
                Ok(listener) => break (socket, listener),
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse),
            }
        };
        let mut server = Self::at(socket, Box::new(behave));
        server.tasks.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut query = vec![0; usize::from(stream.read_u16().await.unwrap())];
                stream.read_exact(&mut query).await.unwrap();
                let reply = answer(&query);
                stream.write_u16(u16::try_from(reply.len()).unwrap()).await.unwrap();
                stream.write_all(&reply).await.unwrap();
            }
        });
        server
    }

    fn at(socket: UdpSocket, behave: Box<Behaviour>) -> Self {
        rustix::net::sockopt::set_socket_recv_buffer_size(&socket, 4 << 20).unwrap();
        let addr = socket.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(answer_all(socket, behave));
        Self { addr, tasks }
    }
}

async fn answer_all(socket: UdpSocket, mut behave: Box<Behaviour>) {
    let mut buffer = [0; 4_096];
    for n in 0.. {
        let (len, from) = socket.recv_from(&mut buffer).await.unwrap();
        for reply in behave(n, &buffer[..len]) {
            socket.send_to(&reply, from).await.unwrap();
        }
    }
}

/// An answer without records.
pub(super) fn empty(query: &[u8], code: u8) -> Vec<u8> {
    let mut reply = query.to_vec();
    reply[2] |= 0x80;
    reply[3] = 0x80 | code;
    reply
}

pub(super) fn nxdomain(query: &[u8]) -> Vec<u8> {
    empty(query, 3)
}

/// An answer with one TXT record `v=1` at the name that was asked for.
pub(super) fn txt(query: &[u8]) -> Vec<u8> {
    let mut reply = empty(query, 0);
    reply.truncate(reply.len() - 11);
    reply[7] = 1;
    reply[11] = 0;
    reply.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, 4, 3, b'v', b'=', b'1']);
    reply
}

/// A client of these servers without a pace worth the name.
pub(super) fn client(servers: &[SocketAddr], deadline: Duration, in_flight: usize) -> Dns {
    paced_client(servers, deadline, in_flight, None)
}

/// The same with so many questions per second to each server.
pub(super) fn paced_client(
    servers: &[SocketAddr],
    deadline: Duration,
    in_flight: usize,
    each: Option<u32>,
) -> Dns {
    let rate =
        Typed { key: "pace.dns_rate".to_owned(), values: vec!["10000000".to_owned()], origin: Origin::Flag };
    let plan = ScanPlan::build(Vec::new(), None, vec![rate]).unwrap();
    let admission = Admission::new(&plan, Exclusions::read(&[]).unwrap(), true, CancellationToken::new());
    let line = Uplink::new(Duration::from_secs(60), CancellationToken::new());
    Dns::new(servers.to_vec(), deadline, in_flight, each, Arc::new(admission), Arc::new(line))
}
