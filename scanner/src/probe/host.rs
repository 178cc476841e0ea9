//! One MX host: its addresses, and a conversation with each that is sampled.

use super::Probe;
use crate::admission::Waited;
use crate::assess::may_pass;
use crate::dataset::rows::{HostRow, SmtpEvidence};
use crate::dataset::words::{DnsStatus, Word};
use crate::dns::Addresses;
use crate::fault::Unfinished;
use crate::plan::limits::QUIT_PATIENCE;
use crate::smtp::{self, Deadlines, Target};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// A host on its way: one row an address.
#[derive(Debug, Serialize, Deserialize)]
pub struct HostLook {
    /// The host.
    pub host: String,
    /// Its rows: none before the first look.
    pub rows: Vec<HostRow>,
}

impl HostLook {
    /// A host, nothing known yet.
    #[must_use]
    pub fn new(host: String) -> Self {
        Self { host, rows: Vec::new() }
    }

    /// Takes out the rows that are final: those that did not fail in a way that may pass.
    pub fn take_final(&mut self) -> Vec<HostRow> {
        let (waiting, done) = std::mem::take(&mut self.rows).into_iter().partition(deserves_second_look);
        self.rows = waiting;
        done
    }
}

fn deserves_second_look(row: &HostRow) -> bool {
    let outcome = &*row.smtp.outcome;
    may_pass(outcome)
        || matches!(outcome, "limited" | "smtp_rejected_4xx")
        || outcome == "no_address" && row.host_dns.is_some_and(DnsStatus::may_pass)
}

impl Probe {
    /// Looks at a host: resolves it and contacts its addresses; on a second look only those rows that are left.
    ///
    /// `skip` says which addresses a committed row has already.
    ///
    /// # Errors
    /// This machine failed, or the scan was stopped.
    pub async fn host(
        &self,
        look: &mut HostLook,
        skip: impl Fn(Option<IpAddr>) -> bool,
    ) -> Result<(), Unfinished> {
        let unresolved = look.rows.iter().any(|row| row.addr.is_none());
        if look.rows.is_empty() || unresolved {
            look.rows = self.resolve(&look.host).await?;
            look.rows.retain(|row| !skip(row.addr));
        }
        for row in &mut look.rows {
            if row.smtp.outcome.is_empty() || deserves_second_look(row) {
                self.converse(row).await?;
            }
        }
        Ok(())
    }

    /// One row an address; those to be contacted have no outcome yet.
    async fn resolve(&self, host: &str) -> Result<Vec<HostRow>, Unfinished> {
        let blank = || HostRow { host: host.to_owned(), ..HostRow::default() };
        if self.admission.excludes(host) {
            return Ok(vec![with_outcome(blank(), "excluded")]);
        }
        if host.parse::<IpAddr>().is_ok() {
            return Ok(vec![with_outcome(blank(), "no_address")]);
        }
        let mut waited = Waited::default();
        let Addresses { status, addrs, chain, ad } = self.dns.addresses(host, &mut waited).await?;
        let resolved = || HostRow {
            host_dns: Some(status),
            host_cname: chain.clone(),
            host_ad: ad,
            waited_ms: waited.millis(),
            ..blank()
        };
        if addrs.is_empty() {
            return Ok(vec![with_outcome(resolved(), "no_address")]);
        }
        let mut left = self.plan.addresses_per_host;
        let mut row_of = |addr: IpAddr| {
            let row = HostRow { addr: Some(addr), ..resolved() };
            match self.admission.address(addr) {
                Err(refusal) => with_outcome(row, refusal.outcome()),
                Ok(()) if left == 0 => with_outcome(row, "not_sampled"),
                Ok(()) if !self.smtp_reachable => with_outcome(row, "not_attempted"),
                Ok(()) => {
                    left -= 1;
                    row
                }
            }
        };
        Ok(addrs.into_iter().map(&mut row_of).collect())
    }

    async fn converse(&self, row: &mut HostRow) -> Result<(), Unfinished> {
        let Some(addr) = row.addr else { return Ok(()) };
        let mut waited = Waited::default();
        let slot = self.admission.smtp(addr, &mut waited).await?;
        let target = Target {
            host: &row.host,
            addr: SocketAddr::new(addr, self.plan.smtp_port),
            ehlo_name: &self.plan.identity.ehlo_name,
            deadlines: Deadlines {
                total: self.plan.deadlines.smtp,
                banner: self.plan.deadlines.banner,
                quit: QUIT_PATIENCE,
            },
        };
        row.smtp = smtp::probe(target, &self.tls).await?;
        drop(slot);
        row.waited_ms += waited.millis();
        row.attempts.push(row.smtp.outcome.clone());
        Ok(())
    }
}

fn with_outcome(row: HostRow, outcome: &'static str) -> HostRow {
    HostRow { smtp: SmtpEvidence { outcome: Word::Borrowed(outcome), ..SmtpEvidence::default() }, ..row }
}
