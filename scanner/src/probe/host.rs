//! One MX host: its addresses, and a conversation with each that is sampled.

use super::Probe;
use super::contact::Seen;
use crate::admission::{Refusal, Said, Waited};
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

/// The look after which every row is final.
const LAST_LOOK: u8 = 3;

/// A host on its way: one row an address.
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

    /// Takes out the rows that are final. The first look leaves those that failed in a way that may pass; the second those that were
    /// asked for less again, which are tried a third time; the third none.
    pub fn take_final(&mut self) -> Vec<HostRow> {
        let waits = match self.looks {
            1 => deserves_second_look,
            2 => deserves_third_look,
            _ => |_: &HostRow| false,
        };
        let (waiting, done) = std::mem::take(&mut self.rows).into_iter().partition(waits);
        self.rows = waiting;
        done
    }
}

fn deserves_second_look(row: &HostRow) -> bool {
    let unresolved = &*row.smtp.outcome == "no_address" && row.host_dns.is_some_and(DnsStatus::may_pass);
    unresolved || deserves_conversation(row) || lacks_tlsa(row)
}

fn deserves_third_look(row: &HostRow) -> bool {
    &*row.smtp.outcome == "limited" && row.attempts.len() < HOST_CONTACTS
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
    /// Looks at a host: resolves it and contacts its addresses; on a further look only those rows that are left.
    ///
    /// `skip` says which addresses a committed row has already. What an exclusion file names has no row; what was seen before it did keeps its own.
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
                match self.converse(row).await {
                    // While it waited for its turn. Without a conversation it has nothing to say.
                    Err(Unfinished::Excluded) => {}
                    done => done?,
                }
            }
        }
        look.rows.retain(|row| !row.smtp.outcome.is_empty());
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
        if self.admission.excludes_mx_host(host, chain.as_deref().unwrap_or_default()) {
            return Ok(Vec::new());
        }
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
            Some(match self.admission.address(addr) {
                Err(Refusal::Excluded) => return None,
                Err(Refusal::Forbidden) => with_outcome(row, "forbidden_address"),
                Err(Refusal::NoFamily) => with_outcome(row, "not_attempted"),
                Ok(()) if left == 0 => with_outcome(row, "not_sampled"),
                Ok(()) if !self.smtp_reachable => with_outcome(row, "not_attempted"),
                Ok(()) => {
                    left -= 1;
                    row
                }
            })
        };
        Ok(addrs.into_iter().filter_map(&mut row_of).collect())
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
            let enter = async |turn: &mut Waited| self.admission.smtp(addr, &row.host, turn).await;
            let mut place = contact.turn(enter, &mut waited).await?;
            let greeting = Greeting::default();
            let target = self.target(&row.host, addr, Hello::Small, &greeting);
            let outcome = place.hold(|| greeting.is_over(), smtp::probe_legacy(target)).await;
            drop(place);
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
            let enter = async |turn: &mut Waited| self.admission.smtp(addr, &row.host, turn).await;
            let mut place = contact.turn(enter, &mut waited).await?;
            let greeting = Greeting::default();
            let target = self.target(&row.host, addr, hello, &greeting);
            let evidence = place.hold(|| greeting.is_over(), smtp::probe(target, &self.tls)).await;
            let said = evidence.as_ref().map_or(Said::Nothing, |evidence| said(&evidence.outcome));
            // Ends in a row are a way of saying "too much".
            let is_limited = place.note(said) && said == Said::End;
            drop(place);
            let ended = contact.ended(evidence, |seen| own(&seen.outcome), &mut waited).await?;
            if let Some(mut evidence) = ended {
                if is_limited {
                    evidence.outcome = Word::Borrowed("limited");
                }
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

/// What an outcome says about the pace: a conversation that breaks off says nothing by itself, several in a row do.
fn said(outcome: &str) -> Said {
    match outcome {
        "limited" => Said::TooMuch,
        "smtp_connect_reset" | "smtp_closed" => Said::End,
        "smtp_connect_refused" | "smtp_connect_timeout" | "smtp_connect_unreachable" => Said::Nothing,
        "smtp_banner_timeout" | "smtp_protocol" | "mx_tls_timeout" | "mx_tls_closed" => Said::Nothing,
        _ => Said::Answer,
    }
}

/// Where a host's TLSA records for mail are, whatever port is configured (RFC 7672 section 2.2.3, RFC 6698 section 3).
fn tlsa_name(host: &str) -> String {
    format!("_25._tcp.{host}")
}

fn with_outcome(row: HostRow, outcome: &'static str) -> HostRow {
    HostRow { smtp: SmtpEvidence { outcome: Word::Borrowed(outcome), ..SmtpEvidence::default() }, ..row }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_at(outcomes: &[&'static str]) -> HostLook {
        let mut look = HostLook::new("mx.example".to_owned());
        for outcome in outcomes {
            let row = look.rows.pop().unwrap_or_default();
            let mut row = with_outcome(row, outcome);
            row.attempts.push(Word::Borrowed(outcome));
            look.rows.push(row);
            look.looks += 1;
        }
        look
    }

    #[test]
    fn a_limited_host_is_looked_at_three_times_and_others_that_may_pass_twice() {
        for (outcomes, waits) in [
            (&["limited"][..], true),
            (&["limited", "limited"], true),
            (&["limited", "limited", "limited"], false),
            (&["smtp_rejected_4xx"], true),
            (&["smtp_rejected_4xx", "smtp_rejected_4xx"], false),
            (&["smtp_rejected_4xx", "limited"], true),
            (&["limited", "smtp_connect_timeout"], false),
            (&["limited", "ok"], false),
            (&["starttls_not_offered"], false),
        ] {
            let mut look = looked_at(outcomes);
            let done = look.take_final();
            assert_eq!(
                (look.rows.len(), done.len()),
                (usize::from(waits), usize::from(!waits)),
                "{outcomes:?}"
            );
        }
    }

    #[test]
    fn further_tries_count_among_the_three_connections() {
        let mut look = looked_at(&["mx_tls_closed", "limited"]);
        look.rows[0].attempts.insert(1, Word::Borrowed("mx_tls_closed"));
        assert_eq!(look.take_final().len(), 1);
    }

    #[test]
    fn only_what_breaks_off_may_say_too_much_without_a_word() {
        assert_eq!(said("limited"), Said::TooMuch);
        for outcome in ["smtp_connect_reset", "smtp_closed"] {
            assert_eq!(said(outcome), Said::End, "{outcome}");
        }
        for outcome in
            ["smtp_connect_refused", "smtp_connect_timeout", "smtp_banner_timeout", "mx_tls_timeout"]
        {
            assert_eq!(said(outcome), Said::Nothing, "{outcome}");
        }
        for outcome in ["ok", "smtp_rejected_5xx", "smtp_rejected_4xx", "starttls_refused", "mx_tls_alert"] {
            assert_eq!(said(outcome), Said::Answer, "{outcome}");
        }
    }
}
