//! How hickory's validator asks: by a channel, so that it knows nothing of sockets, pace and exclusions.

use futures::stream;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::DnsHandle;
use hickory_resolver::proto::op::{DnsRequest, DnsResponse, Query};
use std::pin::Pin;
use tokio::sync::{mpsc, oneshot};

type Answers = Pin<Box<dyn futures::Stream<Item = Result<DnsResponse, NetError>> + Send>>;

/// A question of the validator.
pub(super) struct Wanted {
    /// What it asks for.
    pub(super) query: Query,
    /// Where the answer goes.
    pub(super) answer: oneshot::Sender<Result<DnsResponse, NetError>>,
}

/// The validator's end of the channel.
#[derive(Clone)]
pub(super) struct Asking(pub(super) mpsc::UnboundedSender<Wanted>);

impl DnsHandle for Asking {
    type Response = Answers;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let (answer, came) = oneshot::channel();
        let sent =
            request.queries.first().cloned().map(|query| self.0.send(Wanted { query, answer }).is_ok());
        Box::pin(stream::once(async move {
            match (sent, came.await) {
                (Some(true), Ok(answer)) => answer,
                _ => Err("nobody asks for the validator any more".into()),
            }
        }))
    }
}
