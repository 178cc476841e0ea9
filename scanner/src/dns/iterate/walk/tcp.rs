//! The way of a walk's question whose answer was cut (RFC 7766).

use super::{Candidate, Course, Delegation, Walk, servers};
use crate::admission::Waited;
use crate::dns::engine::Event;
use crate::dns::tcp::over_tcp;
use crate::fault::Unfinished;
use std::net::SocketAddr;
use std::time::Instant;

impl Walk<'_> {
    /// Asks a server again by TCP, within the bounds that hold for datagrams. Gives the answer; `None` where
    /// none came, or one that was cut again.
    pub(super) async fn ask_by_tcp(
        &mut self,
        zone: &Delegation,
        next: &Candidate,
        course: &mut Course,
    ) -> Result<Option<Vec<u8>>, Unfinished> {
        let Some(exchange) = &mut course.exchange else { return Ok(None) };
        let (iterating, engine) = (self.iterating, self.engine);
        let _aside = engine.step_aside();
        iterating.admission.dns(self.waited).await?;
        let server = servers::name(zone, next.server);
        let to = SocketAddr::new(next.addr, iterating.port);
        let queued = match exchange.turn_by_tcp(to, iterating.scopes(zone, next.server, next.addr)).await {
            Ok(queued) => queued,
            Err(Event::Fault(ours)) if !ours.is_of_network() => return Err(ours.into()),
            Err(Event::Closed) => return Err(Unfinished::Stopped),
            Err(_) => return Ok(None),
        };
        self.waited.add(Waited::from(queued));
        // The wait may have been long, and an exclusion file may have grown.
        if let Err(why) = iterating.admission.name_server(next.addr, || server.to_string()) {
            course.failure.refused(why);
            return Ok(None);
        }
        let began = Instant::now();
        let reply = over_tcp(exchange, to, self.left, false).await?;
        exchange.is_back();
        (course.took, course.is_by_tcp) = (began.elapsed(), true);
        self.left = self.left.saturating_sub(course.took);
        if reply.is_none() {
            course.failure.is_cut = true;
            self.silences += 1;
        }
        Ok(reply)
    }
}
