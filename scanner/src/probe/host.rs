//! One MX host: its addresses, and a conversation with each that is sampled.

use super::Probe;
use super::contact::{Believed, ConnectionEnd, Peer};
use super::course::{Course, Left};
use super::tlsa::take_tlsa;
use super::tries::{Offer, look};
use crate::admission::{InQueue, Refusal, SmtpSlot, Waited};
use crate::dns::{Addresses, Effort};
use crate::evidence::rows::{HostRow, Retried, SmtpEvidence};
use crate::evidence::{DnsStatus, Outcome as _, Question, SmtpOutcome};
use crate::fault::{LocalFault, Unfinished};
use crate::meters::PeerKind;
use crate::smtp::{self, Deadlines, Greeting, SmtpRequest};
use crate::tls::Hello;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// How long an MX host has to answer QUIT.
const QUIT_PATIENCE: Duration = Duration::from_secs(3);

/// Connections to one address of an MX host in a scan, all looks and further tries together.
const HOST_CONTACTS: usize = 3;

/// The look after which every row is final.
const LAST_LOOK: u8 = 3;

/// A host on its way: one row per address.
#[derive(Debug, Serialize, Deserialize)]
pub struct HostLook {
    /// The host.
    pub host: String,
    /// How often it was looked at.
    pub looks: u8,
    /// Its rows that are not final: none before the first look.
    pub rows: Vec<HostRow>,
}

impl HostLook {
    /// A host, nothing known yet.
    #[must_use]
    pub fn new(host: String) -> Self {
        Self { host, looks: 0, rows: Vec::new() }
    }

    /// Takes out the rows that are final. Gives them, and how long the others wait for the next look, where
    /// there are any.
    pub fn take_final(&mut self, course: Course) -> (Vec<HostRow>, Option<Duration>) {
        let wait = |row: &HostRow| course.wait(self.looks, left(row));
        let longest = self.rows.iter().filter_map(wait).max();
        let (waiting, mut done): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.rows).into_iter().partition(|row| wait(row).is_some());
        self.rows = waiting;
        // It was put off to the last.
        for row in &mut done {
            row.smtp.outcome.get_or_insert(SmtpOutcome::NotAttempted);
        }
        (done, longest)
    }
}

/// What a look left open of a row. An address is contacted so often at most: then nothing is.
fn left(row: &HostRow) -> Left {
    let unresolved =
        row.smtp.outcome == Some(SmtpOutcome::NoAddress) && row.host_dns.is_some_and(DnsStatus::may_pass);
    let limited = row.smtp.outcome == Some(SmtpOutcome::Limited) && row.attempts.len() < HOST_CONTACTS;
    match limited {
        true => Left::Limited,
        false if unresolved || deserves_conversation(row) || lacks_tlsa(row) => Left::MayPass,
        false => Left::Nothing,
    }
}

/// Whether the address is to be contacted: for the first time, or because what came of it may pass.
fn deserves_conversation(row: &HostRow) -> bool {
    row.smtp.outcome.is_none_or(SmtpOutcome::wants_second_look)
}

/// All rows of a host say the same here, so that they wait for their second look together.
fn lacks_tlsa(row: &HostRow) -> bool {
    row.tlsa_dns.is_some_and(DnsStatus::may_pass)
}

/// What of a host's questions is asked again, with what came of it.
fn retried(row: &HostRow) -> Vec<Retried> {
    let mut list = Vec::new();
    let asked_again = |status: Option<DnsStatus>| status.filter(|status| status.may_pass());
    Retried::note(&mut list, Question::Address, asked_again(row.host_dns).filter(|_| row.addr.is_none()));
    Retried::note(&mut list, Question::Tlsa, asked_again(row.tlsa_dns));
    list
}

impl Probe {
    /// Looks at a host: resolves it and contacts its addresses; on a further look only those rows that are
    /// left.
    ///
    /// `skip` says which addresses a committed row has already. An address that an exclusion file names has
    /// no row, unless it was seen before the file named it.
    ///
    /// # Errors
    /// This machine failed, or the scan was stopped.
    pub async fn host(
        &self,
        look: &mut HostLook,
        skip: impl Fn(Option<IpAddr>) -> bool,
    ) -> Result<(), Unfinished> {
        look.looks += 1;
        if self.admission.excludes_mx_host(&look.host, &[]) {
            look.rows.retain(|row| !row.attempts.is_empty());
            look.looks = LAST_LOOK;
            return Ok(());
        }
        let unresolved = look.rows.iter().any(|row| row.addr.is_none());
        if look.rows.is_empty() || unresolved {
            let before = look.rows.first().map(retried).unwrap_or_default();
            look.rows = self.resolve(&look.host).await?;
            look.rows.retain(|row| !skip(row.addr));
            look.rows.iter_mut().for_each(|row| row.dns_retried.clone_from(&before));
        } else if look.looks < LAST_LOOK
            && let Some(row) = look.rows.iter().find(|row| lacks_tlsa(row))
        {
            let mut waited = Waited::default();
            let seen = self.tlsa(row, &mut waited).await?;
            for row in &mut look.rows {
                row.dns_retried = retried(row);
                seen.iter().for_each(|seen| take_tlsa(row, seen));
                row.waited_ms += waited.millis();
            }
        }
        let mut kept = Vec::with_capacity(look.rows.len());
        for mut row in std::mem::take(&mut look.rows) {
            if deserves_conversation(&row) {
                match self.converse(&mut row, look.looks).await {
                    // While it waited for its turn. Without a conversation it has nothing to say.
                    Err(Unfinished::Excluded) if row.smtp.outcome.is_none() => continue,
                    Err(Unfinished::Excluded) => {}
                    done => done?,
                }
            }
            kept.push(row);
        }
        look.rows = kept;
        Ok(())
    }

    /// One row per address; those to be contacted have no outcome yet.
    async fn resolve(&self, host: &str) -> Result<Vec<HostRow>, Unfinished> {
        let blank = || HostRow { host: host.to_owned(), ..HostRow::default() };
        if host.parse::<IpAddr>().is_ok() {
            return Ok(vec![with_outcome(blank(), SmtpOutcome::NoAddress)]);
        }
        let mut waited = Waited::default();
        let addresses = self.dns.addresses_with(Effort::Validated, None, host, &mut waited).await?;
        let Addresses { status, ede, addrs, chain, ad } = addresses;
        if self.admission.excludes_mx_host(host, chain.as_deref().unwrap_or_default()) {
            return Ok(Vec::new());
        }
        let mut known =
            HostRow { host_dns: Some(status), host_ede: ede, host_cname: chain, host_ad: ad, ..blank() };
        known.cname_ad = self.alias_ad(&known, &mut waited).await?;
        if let Some(tlsa) = self.tlsa(&known, &mut waited).await? {
            take_tlsa(&mut known, &tlsa);
        }
        known.waited_ms = waited.millis();
        let resolved = || known.clone();
        if addrs.is_empty() {
            return Ok(vec![with_outcome(resolved(), SmtpOutcome::NoAddress)]);
        }
        let mut left = self.plan.addresses_per_host;
        let mut row_of = |addr: IpAddr| {
            let row = HostRow { addr: Some(addr), ..resolved() };
            Some(match self.admission.address(addr) {
                Err(Refusal::Excluded) => return None,
                Err(Refusal::Forbidden) => with_outcome(row, SmtpOutcome::ForbiddenAddress),
                Err(Refusal::NoFamily) => with_outcome(row, SmtpOutcome::NotAttempted),
                Ok(()) if left == 0 => with_outcome(row, SmtpOutcome::NotSampled),
                Ok(()) if !self.smtp_reachable => with_outcome(row, SmtpOutcome::NotAttempted),
                Ok(()) => {
                    left -= 1;
                    row
                }
            })
        };
        Ok(addrs.into_iter().filter_map(&mut row_of).collect())
    }

    /// One look at an address: a conversation, and the further ones that its outcome calls for.
    async fn converse(&self, row: &mut HostRow, number: u8) -> Result<(), Unfinished> {
        let Some(addr) = row.addr else { return Ok(()) };
        let mut waited = Waited::default();
        let peer = MxHost { probe: self, host: &row.host, addr, look: number };
        let mut conversations = Believed { probe: self, peer, waited: &mut waited };
        let shown = look(&mut row.attempts, HOST_CONTACTS, &mut conversations).await;
        row.waited_ms += waited.millis();
        match shown? {
            Some(shown) => row.smtp = shown.evidence,
            // One that was put off keeps what an earlier look saw. Who was not seen yet, because the address
            // had enough of others, is limited all the same.
            None if row.smtp.outcome.is_none() && self.admission.mx_host_rests(addr, &row.host) => {
                row.smtp.outcome = Some(SmtpOutcome::Limited);
            }
            None => {}
        }
        Ok(())
    }
}

/// An address of an MX host.
struct MxHost<'a> {
    probe: &'a Probe,
    host: &'a str,
    addr: IpAddr,
    /// The how manieth look it is, from 1.
    look: u8,
}

impl MxHost<'_> {
    fn request<'b>(&'b self, hello: Hello, greeting: &'b Greeting) -> SmtpRequest<'b> {
        let plan = &self.probe.plan;
        SmtpRequest {
            host: self.host,
            addr: SocketAddr::new(self.addr, plan.smtp_port),
            ehlo_name: &plan.identity.ehlo_name,
            hello,
            deadlines: Deadlines {
                total: plan.deadlines.smtp,
                banner: plan.deadlines.banner,
                quit: QUIT_PATIENCE,
            },
            greeting,
        }
    }
}

impl<'a> Peer for MxHost<'a> {
    type Slot = SmtpSlot<'a>;
    type Shown = Conversation;
    type Outcome = SmtpOutcome;
    const KIND: PeerKind = PeerKind::Smtp;

    fn addr(&self) -> IpAddr {
        self.addr
    }

    async fn enter(
        &self,
        in_queue: InQueue,
        waited: &mut Waited,
    ) -> Result<Option<SmtpSlot<'a>>, Unfinished> {
        self.probe.admission.smtp(self.addr, self.host, (in_queue, self.look), waited).await
    }

    fn was_silent(&self, began: Instant) {
        self.probe.admission.mx_host_was_silent(self.addr, self.host, began);
    }

    async fn connect(&self, mut slot: SmtpSlot<'a>, offer: Offer) -> Result<Conversation, LocalFault> {
        let greeting = Greeting::default();
        let Offer::Ours(hello) = offer else {
            let request = self.request(Hello::Small, &greeting);
            let outcome = slot.hold(|| greeting.is_over(), smtp::probe_legacy(request)).await?;
            return Ok(Conversation { evidence: nothing_but(outcome), says_too_much: false });
        };
        let conversation = smtp::probe(self.request(hello, &greeting), &self.probe.tls);
        let evidence = slot.hold(|| greeting.is_over(), conversation).await?;
        let says_too_much = slot.note(ended(&evidence).pace_hint());
        Ok(Conversation { evidence, says_too_much })
    }

    /// One that came to be inside TLS is whole where QUIT was answered: an outcome is known before that.
    fn seen(shown: &Conversation) -> ConnectionEnd<SmtpOutcome> {
        let evidence = &shown.evidence;
        let is_cut = evidence.handshake_ms.is_some() && evidence.quit_code.is_none();
        ConnectionEnd { outcome: ended(evidence), is_cut }
    }

    fn outcome(shown: &mut Conversation) -> &mut SmtpOutcome {
        shown.evidence.outcome.get_or_insert(SmtpOutcome::Closed)
    }

    /// Ends without a word, several in a row, are one. What ends in a handshake keeps its own.
    fn believe(shown: &mut Conversation) {
        if shown.says_too_much
            && matches!(ended(&shown.evidence), SmtpOutcome::ConnectReset | SmtpOutcome::Closed)
        {
            shown.evidence.outcome = Some(SmtpOutcome::Limited);
        }
    }
}

/// What a conversation shows.
struct Conversation {
    evidence: SmtpEvidence,
    /// Whether with those before it it says "too much".
    says_too_much: bool,
}

/// How a conversation ended; one that is over has its outcome.
fn ended(evidence: &SmtpEvidence) -> SmtpOutcome {
    evidence.outcome.unwrap_or(SmtpOutcome::Closed)
}

fn with_outcome(row: HostRow, outcome: SmtpOutcome) -> HostRow {
    HostRow { smtp: nothing_but(outcome), ..row }
}

fn nothing_but(outcome: SmtpOutcome) -> SmtpEvidence {
    SmtpEvidence { outcome: Some(outcome), ..SmtpEvidence::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COURSE: Course = Course::new(Some(Duration::from_secs(900)));

    fn looked_at(outcomes: &[SmtpOutcome]) -> HostLook {
        let mut look = HostLook::new("mx.example".to_owned());
        for outcome in outcomes {
            let row = look.rows.pop().unwrap_or_default();
            let mut row = with_outcome(row, *outcome);
            row.attempts.push(*outcome);
            look.rows.push(row);
            look.looks += 1;
        }
        look
    }

    #[test]
    fn a_limited_host_is_looked_at_three_times_and_others_that_may_pass_twice() {
        for (outcomes, waits) in [
            (&[SmtpOutcome::Limited][..], true),
            (&[SmtpOutcome::Limited, SmtpOutcome::Limited], true),
            (&[SmtpOutcome::Limited, SmtpOutcome::Limited, SmtpOutcome::Limited], false),
            (&[SmtpOutcome::Rejected4xx], true),
            (&[SmtpOutcome::Rejected4xx, SmtpOutcome::Rejected4xx], false),
            (&[SmtpOutcome::Rejected4xx, SmtpOutcome::Limited], true),
            (&[SmtpOutcome::Limited, SmtpOutcome::ConnectTimeout], false),
            (&[SmtpOutcome::Limited, SmtpOutcome::Ok], false),
            (&[SmtpOutcome::NotOffered], true),
            (&[SmtpOutcome::NotOffered, SmtpOutcome::NotOffered], false),
            (&[SmtpOutcome::Masked], true),
            (&[SmtpOutcome::Masked, SmtpOutcome::Masked], false),
        ] {
            let mut look = looked_at(outcomes);
            let (done, wait) = look.take_final(COURSE);
            let (waiting, left) = (usize::from(waits), usize::from(!waits));
            assert_eq!((look.rows.len(), done.len(), wait.is_some()), (waiting, left, waits), "{outcomes:?}");
        }
    }

    #[test]
    fn further_tries_count_among_the_three_connections() {
        let mut look = looked_at(&[SmtpOutcome::TlsClosed, SmtpOutcome::Limited]);
        look.rows[0].attempts.insert(1, SmtpOutcome::TlsClosed);
        assert_eq!(look.take_final(COURSE).0.len(), 1);
    }

    #[test]
    fn a_conversation_inside_tls_is_cut_where_nobody_answered_the_farewell() {
        let is_cut = |handshake_ms, quit_code| {
            let outcome = Some(SmtpOutcome::Ok);
            let evidence = SmtpEvidence { outcome, handshake_ms, quit_code, ..SmtpEvidence::default() };
            MxHost::seen(&Conversation { evidence, says_too_much: false }).is_cut
        };
        assert!(is_cut(Some(3), None));
        assert!(!is_cut(Some(3), Some(221)) && !is_cut(None, None));
    }
}
