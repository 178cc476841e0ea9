//! The way that an answer takes when it does not fit into a datagram (RFC 7766).

use super::engine::Exchange;
use super::wire;
use crate::fault::LocalFault;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, Query};
use std::net::SocketAddr;
use std::time::Duration;

/// Asks a server again by TCP what did not fit into a datagram; `recursively` where it is a resolver. Gives
/// the answer; `None` where none came, or one that was cut again.
///
/// # Errors
/// This machine failed.
pub(super) async fn over_tcp(
    exchange: &Exchange,
    server: SocketAddr,
    left: Duration,
    recursively: bool,
) -> Result<Option<Vec<u8>>, LocalFault> {
    let Some((name, kind)) = exchange.read(|query, _| wire::asked(query)) else { return Ok(None) };
    // Owns the library's task for the connection: when it goes, the task is ended.
    let runtime = TokioRuntimeProvider::default();
    let asking = async {
        let tcp = TcpClientStream::exchange(server, None, left, None, runtime.clone()).await?;
        let mut options = DnsRequestOptions::default();
        options.edns_payload_len = wire::EDNS_PAYLOAD;
        let mut request = DnsRequest::from_query(Query::query(name, kind), options);
        request.metadata.authentic_data = recursively;
        request.metadata.recursion_desired = recursively;
        tcp.send(request).first_answer().await
    };
    match tokio::time::timeout(left, asking).await {
        Ok(Ok(response)) => {
            let reply = response.into_buffer();
            let is_whole = exchange.read(|query, _| {
                let head = wire::Head::of_answer(&reply)?;
                let is_ours = wire::compare(query, &reply) != wire::Likeness::Other;
                (is_ours && !head.is_truncated()).then_some(())
            });
            Ok(is_whole.map(|()| reply))
        }
        Ok(Err(NetError::Io(error))) => {
            // A network that is away is found out from the silence.
            let fault = LocalFault::of_io("ask the resolver", &error).filter(|fault| !fault.is_of_network());
            fault.map_or_else(|| Ok(None), Err)
        }
        _ => Ok(None),
    }
}
