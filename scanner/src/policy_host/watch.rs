//! When the connection was up and its handshake done: reqwest does not say, its connector does.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Wraps the connector of one client and remembers whether it delivered a connection, which is after the
/// handshake.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch(Arc<AtomicBool>);

impl Watch {
    /// The handshake is done.
    pub(super) fn handshake_is_done(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether the handshake is done.
    pub(super) fn handshake_done(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl<S> Layer<S> for Watch {
    type Service = Watched<S>;

    fn layer(&self, inner: S) -> Watched<S> {
        Watched { inner, watch: self.clone() }
    }
}

/// The connector under watch.
#[derive(Debug, Clone)]
pub(super) struct Watched<S> {
    inner: S,
    watch: Watch,
}

impl<S, R> Service<R> for Watched<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let connecting = self.inner.call(request);
        let watch = self.watch.clone();
        Box::pin(async move {
            let connection = connecting.await?;
            watch.handshake_is_done();
            Ok(connection)
        })
    }
}
