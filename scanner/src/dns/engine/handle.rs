//! The engine as hickory sees it: one server as a [`DnsHandle`], all servers as a [`ConnectionProvider`].

use super::{Engine, Event};
use crate::dns::effort::{PARTS, patience};
use crate::dns::wire::Head;
use futures::Stream;
use hickory_resolver::ConnectionProvider;
use hickory_resolver::PoolContext;
use hickory_resolver::config::{ConnectionConfig, ProtocolConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::xfer::{DnsExchange, DnsHandle, FirstAnswer};
use hickory_resolver::proto::op::{DnsRequest, DnsResponse};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::{Duration, Instant};

type Answers = Pin<Box<dyn Stream<Item = Result<DnsResponse, NetError>> + Send>>;
type Connecting = Pin<Box<dyn Future<Output = Result<EngineHandle, NetError>> + Send>>;

/// A server that hickory asks through an engine, or by TCP where it says so.
///
/// The engine repeats what is not answered; hickory's own interval is not heeded, because it grows with each
/// NXDOMAIN.
#[derive(Clone)]
pub struct EngineHandle {
    engine: Engine,
    server: SocketAddr,
    patience: Duration,
    tcp: Option<DnsExchange<TokioRuntimeProvider>>,
}

impl EngineHandle {
    /// A server that has `patience` for each question, all attempts together.
    #[must_use]
    pub fn new(engine: Engine, server: SocketAddr, patience: Duration) -> Self {
        Self { engine, server, patience, tcp: None }
    }

    async fn ask(self, request: DnsRequest) -> Result<DnsResponse, NetError> {
        if let Some(tcp) = &self.tcp {
            return tcp.send(request).first_answer().await;
        }
        let query = request.to_vec()?;
        let mut exchange = self.engine.exchange_written(&query).ok_or("no question that can be sent")?;
        let mut left = self.patience;
        for part in PARTS {
            let began = Instant::now();
            let (event, queued) = exchange.send(self.server, patience(self.patience, part, left)).await;
            left = left.saturating_sub(began.elapsed().saturating_sub(queued));
            match event {
                Event::Answer => {
                    let reply = exchange.read(|_, reply| reply.to_vec());
                    if Head::of_answer(&reply).is_some_and(Head::is_truncated) {
                        return self.over_tcp(request).await;
                    }
                    return Ok(DnsResponse::from_buffer(reply)?);
                }
                Event::Expired if left.is_zero() => break,
                Event::Expired => {}
                Event::Unreachable => return Err(io::Error::from(io::ErrorKind::ConnectionRefused).into()),
                Event::Fault(fault) => return Err(io::Error::other(fault).into()),
                Event::Closed => return Err("the engine was closed".into()),
            }
        }
        Err(NetError::Timeout)
    }

    async fn over_tcp(&self, request: DnsRequest) -> Result<DnsResponse, NetError> {
        // Owns the library's task for the connection: when it goes, the task is ended.
        let runtime = TokioRuntimeProvider::default();
        let exchange = async {
            let tcp =
                TcpClientStream::exchange(self.server, None, self.patience, None, runtime.clone()).await?;
            tcp.send(request).first_answer().await
        };
        tokio::time::timeout(self.patience, exchange).await.map_err(|_| NetError::Timeout)?
    }
}

impl DnsHandle for EngineHandle {
    type Response = Answers;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        Box::pin(futures::stream::once(self.clone().ask(request)))
    }
}

/// Connections for a `Resolver` of hickory: UDP through an engine, TCP as hickory does it.
#[derive(Clone)]
pub struct EngineConnections {
    engine: Engine,
    runtime: TokioRuntimeProvider,
}

impl EngineConnections {
    /// Connections through this engine; they live as long as it does.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self { engine, runtime: TokioRuntimeProvider::default() }
    }
}

impl ConnectionProvider for EngineConnections {
    type Conn = EngineHandle;
    type FutureConn = Connecting;
    type RuntimeProvider = TokioRuntimeProvider;

    fn new_connection(
        &self,
        ip: IpAddr,
        config: &ConnectionConfig,
        cx: &PoolContext,
    ) -> Result<Self::FutureConn, NetError> {
        let server = SocketAddr::new(ip, config.port);
        let handle = EngineHandle::new(self.engine.clone(), server, cx.options.timeout);
        if matches!(config.protocol, ProtocolConfig::Udp) {
            return Ok(Box::pin(std::future::ready(Ok(handle))));
        }
        let connecting = self.runtime.new_connection(ip, config, cx)?;
        Ok(Box::pin(async move { Ok(EngineHandle { tcp: Some(connecting.await?), ..handle }) }))
    }

    fn runtime_provider(&self) -> &Self::RuntimeProvider {
        &self.runtime
    }
}
