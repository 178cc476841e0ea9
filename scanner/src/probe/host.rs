//! One MX host: its addresses, and a conversation with each that is sampled.

use super::Probe;
use super::contact::Seen;
use crate::admission::Waited;
use crate::assess::may_pass;
use crate::dataset::rows::{HostRow, Retried, SmtpEvidence};
use crate::dataset::words::{DnsStatus, OwnWord, Word};
use crate::dns::{Addresses, Answer, RecordType};
use crate::fault::Unfinished;
use crate::plan::limits::{HOST_CONTACTS, QUIT_PATIENCE};
use crate::smtp::{self, Deadlines, Greeting, Target};
use crate::telemetry::Stage;
use crate::tls::Hello;
use crate::tls::failure::HandshakeFailure;
use crate::tls::tries::{self, Further};
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
    let unresolved = &*row.smtp.outcome == "no_address" && row.host_dns.is_some_and(DnsStatus::may_pass);
    unresolved || deserves_conversation(row) || lacks_tlsa(row)
}

/// Whether the address is to be contacted: for the first time, or because what came of it may pass.
fn deserves_conversation(row: &HostRow) -> bool {
    let outcome = &*row.smtp.outcome;
    outcome.is_empty() || may_pass(outcome) || matches!(outcome, "limited" | "smtp_rejected_4xx")
}

/// All rows of a host say the same here, so that they wait for their second look together.
fn lacks_tlsa(row: &HostRow) -> bool {
    row.tlsa_dns.is_some_and(DnsStatus::may_pass)
}

/// What of a host's questions is asked again, with what came of it.
fn retried(row: &HostRow) -> Vec<Retried> {
    let mut list = Vec::new();
    let asked_again = |status: Option<DnsStatus>| status.filter(|status| status.may_pass());
    Retried::note(&mut list, "address", asked_again(row.host_dns).filter(|_| row.addr.is_none()));
    Retried::note(&mut list, "tlsa", asked_again(row.tlsa_dns));
    list
}

fn take_tlsa(row: &mut HostRow, answer: &Answer) {
    row.tlsa_dns = Some(answer.status);
    row.tlsa_ad = answer.ad;
    row.tlsa = answer.status.is_definite().then(|| answer.tlsa());
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
            let before = look.rows.first().map(retried).unwrap_or_default();
            look.rows = self.resolve(&look.host).await?;
            look.rows.retain(|row| !skip(row.addr));
            look.rows.iter_mut().for_each(|row| row.dns_retried.clone_from(&before));
        } else if let Some(row) = look.rows.iter().find(|row| lacks_tlsa(row)) {
            let mut waited = Waited::default();
            let own = self.dns.ask(&tlsa_name(&look.host), RecordType::TLSA, &mut waited).await?;
            let seen = self.tlsa_behind(row.host_cname.as_deref(), own, &mut waited).await?;
            for row in &mut look.rows {
                row.dns_retried = retried(row);
                take_tlsa(row, &seen);
                row.waited_ms += waited.millis();
            }
        }
        for row in &mut look.rows {
            if deserves_conversation(row) {
                self.converse(row).await?;
            }
        }
        Ok(())
    }

    /// The TLSA answer that counts: that of the target where the host is an alias and the target has records or could
    /// not be asked, else the host's own (RFC 7672 section 2.2.3).
    async fn tlsa_behind(
        &self,
        chain: Option<&[String]>,
        own: Answer,
        waited: &mut Waited,
    ) -> Result<Answer, Unfinished> {
        let Some(target) = chain.and_then(<[String]>::last) else { return Ok(own) };
        let answer = self.dns.ask(&tlsa_name(target), RecordType::TLSA, waited).await?;
        let counts = !matches!(answer.status, DnsStatus::NoData | DnsStatus::NxDomain);
        Ok(if counts { answer } else { own })
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
        let (mut waited, mut waited_too) = Default::default();
        let asked = tlsa_name(host);
        let (addresses, own) = tokio::join!(
            self.dns.addresses(host, &mut waited),
            self.dns.ask(&asked, RecordType::TLSA, &mut waited_too)
        );
        let Addresses { status, addrs, chain, ad } = addresses?;
        let tlsa = self.tlsa_behind(chain.as_deref(), own?, &mut waited_too).await?;
        waited.add(waited_too);
        let resolved = || {
            let mut row = HostRow {
                host_dns: Some(status),
                host_cname: chain.clone(),
                host_ad: ad,
                waited_ms: waited.millis(),
                ..blank()
            };
            take_tlsa(&mut row, &tlsa);
            row
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

    /// One look at an address: a conversation, and the further ones that its outcome calls for.
    async fn converse(&self, row: &mut HostRow) -> Result<(), Unfinished> {
        let Some(addr) = row.addr else { return Ok(()) };
        row.smtp = self.conversation(row, addr, Hello::PostQuantum).await?;
        row.attempts.push(row.smtp.outcome.clone());
        while let Some(further) = tries::further(&row.attempts)
            && row.attempts.len() < HOST_CONTACTS
        {
            match further {
                Further::SmallHello => self.with_small_hello(row, addr).await?,
                Further::LegacyHello => self.with_legacy_hello(row, addr).await?,
            }
        }
        Ok(())
    }

    /// Once more without a post-quantum share. What it shows stands where the handshake was answered; else the row stays as it is.
    async fn with_small_hello(&self, row: &mut HostRow, addr: IpAddr) -> Result<(), Unfinished> {
        let again = self.conversation(row, addr, Hello::Small).await?;
        let outcome = again.outcome.clone();
        if matches!(&*outcome, "ok" | "mx_tls_alert" | "mx_tls_protocol" | "mx_tls_client_limit") {
            if let Some(first) = row.attempts.last_mut() {
                *first = Word::Borrowed("mx_tls_large_hello");
            }
            row.smtp = again;
        }
        row.attempts.push(outcome);
        Ok(())
    }

    /// Once more with old versions and suites: it says whether the limit is ours.
    async fn with_legacy_hello(&self, row: &mut HostRow, addr: IpAddr) -> Result<(), Unfinished> {
        let mut waited = Waited::default();
        let mut contact = self.contact(Stage::Smtp, addr);
        let outcome = loop {
            contact.ready(&mut waited).await?;
            let mut turn = Waited::default();
            let place = self.admission.smtp(addr, &mut turn).await?;
            contact.begins(turn);
            waited.add(turn);
            let greeting = Greeting::default();
            let target = self.target(&row.host, addr, Hello::Small, &greeting);
            let outcome = place.hold(|| greeting.is_over(), smtp::probe_legacy(target)).await;
            if let Some(outcome) = contact.ended(outcome, own, &mut waited).await? {
                break outcome;
            }
        };
        row.waited_ms += waited.millis();
        if outcome == HandshakeFailure::Protocol.mx_word() {
            row.smtp.outcome = outcome.clone();
        }
        row.attempts.push(outcome);
        Ok(())
    }

    async fn conversation(
        &self,
        row: &mut HostRow,
        addr: IpAddr,
        hello: Hello,
    ) -> Result<SmtpEvidence, Unfinished> {
        let mut waited = Waited::default();
        let mut contact = self.contact(Stage::Smtp, addr);
        let evidence = loop {
            contact.ready(&mut waited).await?;
            let mut turn = Waited::default();
            let place = self.admission.smtp(addr, &mut turn).await?;
            contact.begins(turn);
            waited.add(turn);
            let greeting = Greeting::default();
            let target = self.target(&row.host, addr, hello, &greeting);
            let evidence = place.hold(|| greeting.is_over(), smtp::probe(target, &self.tls)).await;
            if let Some(evidence) = contact.ended(evidence, |seen| own(&seen.outcome), &mut waited).await? {
                break evidence;
            }
        };
        row.waited_ms += waited.millis();
        Ok(evidence)
    }

    fn target<'a>(&'a self, host: &'a str, addr: IpAddr, hello: Hello, greeting: &'a Greeting) -> Target<'a> {
        Target {
            host,
            addr: SocketAddr::new(addr, self.plan.smtp_port),
            ehlo_name: &self.plan.identity.ehlo_name,
            hello,
            deadlines: Deadlines {
                total: self.plan.deadlines.smtp,
                banner: self.plan.deadlines.banner,
                quit: QUIT_PATIENCE,
            },
            greeting,
        }
    }
}

/// An outcome for those who watch: a word that this program made, as it always is here.
fn own(outcome: &Word) -> Seen {
    let outcome: OwnWord = match outcome {
        Word::Borrowed(word) => word,
        Word::Owned(_) => "other",
    };
    Seen { outcome, is_cut: false }
}

/// Where a host's TLSA records for mail are, whatever port is configured (RFC 7672 section 2.2.3, RFC 6698 section 3).
fn tlsa_name(host: &str) -> String {
    format!("_25._tcp.{host}")
}

fn with_outcome(row: HostRow, outcome: &'static str) -> HostRow {
    HostRow { smtp: SmtpEvidence { outcome: Word::Borrowed(outcome), ..SmtpEvidence::default() }, ..row }
}
