//! The sockets of a world: free ports, and the addresses that nobody answers at.

use super::authorities;
use super::forge::Forgers;
use crate::world::{Address, World};
use anyhow::{Context, Result, bail};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

/// Who answers questions beside the resolver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dns {
    /// Nobody.
    #[default]
    Resolver,
    /// The root, registries and operators, each for its zones.
    Delegated,
    /// The same, and before each of their answers come forged ones.
    Forged,
    /// As delegated, and signed from the root down.
    Signed,
}

/// Where the servers listen.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// The resolver.
    pub dns: SocketAddr,
    /// Port of the policy hosts.
    pub https: u16,
    /// Port of the MX hosts.
    pub smtp: u16,
    /// Port of the authoritative servers, where the DNS is delegated.
    pub authorities: Option<u16>,
}

/// Every socket of a world, bound.
pub(super) struct Sockets {
    pub(super) ports: Ports,
    pub(super) dns_udp: UdpSocket,
    pub(super) forgers: Forgers,
    pub(super) dns_tcp: TcpListener,
    pub(super) https: Vec<TcpListener>,
    pub(super) smtp: Vec<TcpListener>,
    /// Those of the authoritative servers, where the DNS is delegated.
    pub(super) authorities: Option<authorities::Sockets>,
    /// Those that reset every connection.
    pub(super) resets: Vec<TcpListener>,
}

impl Sockets {
    /// `authorities_at` is the port of the authoritative servers, or any that is free.
    pub(super) fn bind(world: &World, dns: Dns, authorities_at: Option<u16>) -> Result<Self> {
        raise_open_files();
        let (resolver, (dns_udp, forgers, dns_tcp)) = on_free_port(0, |port| {
            let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let udp = datagrams(at)?;
            // How soon the thread sees that it is to stop.
            udp.set_read_timeout(Some(Duration::from_millis(50)))?;
            Ok((udp, Forgers::bind(port)?, listen(at, 1024)?))
        })?;
        let (https_port, (https, mut resets)) = on_free_port(7000, |port| {
            blackhole(port)?;
            Ok((listen_all(Address::Https.all(), port)?, listen_all(Address::Reset.all(), port)?))
        })?;
        let (smtp_port, (smtp, more_resets)) = on_free_port(14000, |port| {
            blackhole(port)?;
            let behaviours = (0..u8::MAX).zip(world.behaviours());
            let hosts = behaviours.flat_map(|(number, smtp)| Address::Smtp(number).all_of(smtp.networks));
            let hosts = listen_all(hosts, port)?;
            Ok((hosts, listen_all(Address::Reset.all(), port)?))
        })?;
        resets.extend(more_resets);
        let authorities = match dns {
            Dns::Resolver => None,
            Dns::Delegated | Dns::Forged | Dns::Signed => Some(match authorities_at {
                Some(port) => {
                    (port, authorities(port).with_context(|| format!("cannot listen on port {port}"))?)
                }
                None => on_free_port(17_000, authorities)?,
            }),
        };
        let (authority_port, authorities) = authorities.unzip();
        let ports = Ports {
            dns: (Ipv4Addr::LOCALHOST, resolver).into(),
            https: https_port,
            smtp: smtp_port,
            authorities: authority_port,
        };
        Ok(Self { ports, dns_udp, forgers, dns_tcp, https, smtp, authorities, resets })
    }
}

/// The sockets of the authoritative servers: one for all addresses of the loopback network.
fn authorities(port: u16) -> io::Result<authorities::Sockets> {
    let at = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let other_port = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    Ok(authorities::Sockets { udp: datagrams(at)?, other_port, tcp: listen(at, 1024)? })
}

fn datagrams(at: SocketAddr) -> io::Result<UdpSocket> {
    let udp = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    udp.set_recv_buffer_size(8 << 20)?;
    udp.bind(&at.into())?;
    Ok(udp.into())
}

/// Tries ports below the range that systems take for outgoing connections, until one is free for all
/// addresses.
pub(super) fn on_free_port<T>(offset: u16, bind: impl Fn(u16) -> io::Result<T>) -> Result<(u16, T)> {
    let start = crate::dice::finish(std::process::id().into());
    for turn in 0..200_u64 {
        let port = 10_000 + u16::try_from((start.wrapping_add(turn * 31) + u64::from(offset)) % 20_000)?;
        match bind(port) {
            Ok(bound) => return Ok((port, bound)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error).context("cannot listen on the loopback network"),
        }
    }
    bail!("no free port between 10000 and 30000");
}

fn listen(at: SocketAddr, backlog: i32) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&at.into())?;
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn listen_all(addresses: impl Iterator<Item = Ipv4Addr>, port: u16) -> io::Result<Vec<TcpListener>> {
    addresses.map(|addr| listen((addr, port).into(), 1024)).collect()
}

/// Takes connections in a task of the current runtime and resets them: an end with no time to linger is a
/// reset.
pub(super) fn reset_all(listener: TcpListener) {
    super::accept_all(listener, async |stream, _| SockRef::from(&stream).set_linger(Some(Duration::ZERO)));
}

/// Makes the unanswering address of a port: a listener that takes no connection and whose queue is full, so
/// that the system drops what comes. It stands for the life of the process.
fn blackhole(port: u16) -> io::Result<()> {
    let at = SocketAddr::from((Address::Blackhole.of("", 1), port));
    let listener = listen(at, 0)?;
    for _ in 0..4 {
        let filler = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        filler.set_nonblocking(true)?;
        // It is in progress for ever: that is what it is for.
        drop(filler.connect(&at.into()));
        std::mem::forget(filler);
    }
    std::mem::forget(listener);
    Ok(())
}

/// Hundreds of listeners and as many connections do not fit the usual limit of 1,024 open files.
fn raise_open_files() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Where it cannot be raised the limit stays what it was.
    let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, raised);
}
