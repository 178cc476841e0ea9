//! Rounds of controls while a scan runs: every ten minutes and at its end.

use super::controls::Verdict;
use super::pipeline::Pipeline;
use crate::admission::Waited;
use crate::fault::Unfinished;
use crate::uplink::Lost;
use std::convert::Infallible;
use std::time::Duration;

/// Between two rounds.
const EVERY: Duration = Duration::from_secs(600);
/// Between two rounds while the scan is paused for what they showed.
const WHILE_PAUSED: Duration = Duration::from_secs(5);

impl Pipeline {
    /// Looks every ten minutes.
    pub(super) async fn keep_controls(&self) -> Infallible {
        loop {
            tokio::time::sleep(EVERY).await;
            if self.look_at_controls().await.is_err() {
                // The scan was stopped: the others end it.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Looks once more, when all else is done.
    pub(super) async fn last_controls(&self) {
        if !self.stop.is_cancelled()
            && let Err(Unfinished::Fault(fault)) = self.look_at_controls().await
        {
            self.halt(fault.to_string());
        }
    }

    /// Looks, and has the scan wait until all is well.
    async fn look_at_controls(&self) -> Result<(), Unfinished> {
        let (plan, dns, controls) = (&self.probe.plan, &self.probe.dns, &self.controls);
        let line = dns.uplink();
        let _turn = controls.asking.lock().await;
        // What is asked while the network is away says something about the network alone.
        line.until_up(&mut Waited::default()).await?;
        let mut found = controls.round(plan, dns, |_| true).await?;
        let mut is_paused = false;
        while let Some(Verdict::Bad(why)) = found {
            if !is_paused {
                let since = controls.last_good();
                let since =
                    since.map_or_else(String::new, |good| format!("; rows since {good} may be false"));
                line.cut(Lost::Controls, &format!("{why}{since}"));
                is_paused = true;
            }
            line.rest(WHILE_PAUSED).await?;
            found = controls.round(plan, dns, |verdict| matches!(verdict, Verdict::Good(_))).await?;
        }
        if is_paused && line.lost() == Some(Lost::Controls) {
            line.restore();
        }
        Ok(())
    }
}
