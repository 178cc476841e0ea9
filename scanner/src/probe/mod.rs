//! The stages of one domain and of one MX host, the order of the questions within each, and that of the
//! stages (`course`).
//!
//! Every stage asks only what is not known yet, or what failed in a way that may pass: so the second look
//! is the same call again on the same evidence.

mod agreement;
mod contact;
mod control;
pub mod course;
mod dmarc;
mod host;
mod known;
mod named;
mod ns;
mod once;
mod policy;
mod reach;
mod secure;
mod tlsa;
mod tries;

use course::{Far, Left, Standing};
pub use dmarc::Above;
pub use host::HostLook;
pub use known::{Control, controls};
pub use once::Names;
pub use reach::{Reached, own_mail_server};

use crate::admission::{Admission, Waited};
use crate::dns::{Answer, Dns, Effort, Near, RecordType};
use crate::evidence::rows::{DmarcEvidence, DomainRow, Mx, Retried};
use crate::evidence::{DnsStatus, MxKind, PolicyOutcome, Question, RecordState, text};
use crate::fault::Unfinished;
use crate::input::{self, Entry, Split};
use crate::meters::Meters;
use crate::moment;
use crate::mta_sts::{mx_pattern, record, tlsrpt};
use crate::plan::{Companion, ImplicitScope, ScanPlan, StarttlsScope};
use crate::tls::TlsClient;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::sync::Arc;
use std::time::Instant;

/// What the stages share.
pub struct Probe {
    /// The plan.
    pub plan: Arc<ScanPlan>,
    /// The gate.
    pub admission: Arc<Admission>,
    /// The resolvers.
    pub dns: Dns,
    /// The TLS client that records what it sees.
    pub tls: TlsClient,
    /// What is told of connections to those who watch.
    pub meters: Arc<Meters>,
    /// What is known of the DMARC records above the names of the list.
    pub above: Above,
    /// What is known of the names that policies and TLSRPT records lead to.
    pub names: Names,
    /// Whether MX hosts can be contacted from here at all.
    pub smtp_reachable: bool,
    /// Whether an answer that is not marked as secure (AD) is known not to be.
    pub validates: bool,
}

/// A domain on its way.
#[derive(Debug, Serialize, Deserialize)]
pub struct Domain {
    /// Its position in the list.
    pub position: u64,
    /// What is known; boxed, since it is handed on to the writer.
    pub row: Box<DomainRow>,
    /// What came of asking for its own addresses, where that was asked.
    implicit: Option<DnsStatus>,
    /// What came of asking for its name servers, where that was asked.
    ns: Option<DnsStatus>,
    control: control::Control,
    agreement: agreement::Agreement,
    /// Whether the policy host answered that it is asked too much.
    asked_for_less: bool,
    /// Whether its policy host was not contacted, because the address let one connection after the other wait
    /// for its deadline.
    put_off: bool,
    waited: Waited,
    /// Where its servers were found; a look of another run begins at the root.
    #[serde(skip)]
    near: Near,
    /// How far this look is.
    far: Far,
    /// Of this look; that of the first is when the domain was made.
    #[serde(skip, default = "Instant::now")]
    began: Instant,
}

impl Domain {
    /// A name of the list, nothing known yet.
    #[must_use]
    pub fn new(entry: Entry) -> Self {
        let (near, ds) = match entry.delegated {
            Some(known) => (Near::of_list(&entry.domain, &known.servers), known.ds),
            None => (Near::default(), None),
        };
        let Split { suffix, registrable } = input::split(&entry.domain);
        let row = DomainRow {
            input: entry.input.unwrap_or_else(|| entry.domain.clone()),
            rank: entry.rank,
            lists: entry.lists,
            suffix: Some(suffix.into()),
            registrable: registrable.map(SmolStr::new),
            domain: entry.domain,
            ds,
            ..DomainRow::default()
        };
        Self {
            position: entry.position,
            row: Box::new(row),
            implicit: None,
            ns: None,
            control: control::Control::default(),
            agreement: agreement::Agreement::default(),
            asked_for_less: false,
            put_off: false,
            waited: Waited::default(),
            near,
            far: Far::default(),
            began: Instant::now(),
        }
    }

    /// Whether the policy and the name servers are asked for.
    #[must_use]
    pub fn signals(&self) -> bool {
        self.row.sts_signals == Some(true)
    }

    /// Where it stands on its course.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let look = u8::try_from(self.row.attempts).unwrap_or(u8::MAX);
        let left = if self.may_pass() { Left::MayPass } else { Left::Nothing };
        Standing { far: self.far, look, signals: self.signals(), left }
    }

    /// Whether something failed in a way that may pass.
    fn may_pass(&self) -> bool {
        let row = &self.row;
        let records = [row.mx_dns, row.sts_dns, row.tlsrpt_dns, row.dmarc.dns];
        let others = [self.implicit, self.ns, row.policy.host_dns];
        records.into_iter().chain(others).flatten().any(DnsStatus::may_pass)
            || self.control.may_pass()
            || self.agreement.may_pass()
            || self.asked_for_less
            || self.put_off
            || row.policy.outcome.is_some_and(PolicyOutcome::may_pass)
    }

    /// Gives those of its MX hosts whose course begins: the ones that are `new` to the scan.
    pub fn send_off_hosts(&mut self, scope: StarttlsScope, new: impl FnMut(&&str) -> bool) -> Vec<HostLook> {
        self.far = Far::Hosts;
        self.targets(scope).filter(new).map(|host| HostLook::new(host.to_owned())).collect()
    }

    /// It has waited for its next look, which begins.
    pub fn begin_look(&mut self) {
        self.far = Far::Nowhere;
    }

    /// Notes that a question is asked again; does nothing at its first look, when nothing came of it before.
    fn note_retry(&mut self, question: Question, before: Option<DnsStatus>) {
        Retried::note(&mut self.row.dns_retried, question, before);
    }

    /// The hosts whose STARTTLS is wanted: the MX set, for the domains that the plan's scope names.
    fn targets(&self, scope: StarttlsScope) -> impl Iterator<Item = &str> {
        let hosts = self.row.mx.iter().flatten().map(|mx| mx.host.as_str());
        targets(hosts, self.row.sts_signals, scope)
    }

    /// The row, complete.
    #[must_use]
    pub fn into_row(mut self) -> Box<DomainRow> {
        self.row.waited_ms = self.waited.millis();
        self.row.total_ms = moment::millis(self.began.elapsed());
        self.row
    }
}

/// The hosts of an MX set whose STARTTLS is wanted; not every member is a host.
pub fn targets<'a>(
    hosts: impl Iterator<Item = &'a str>,
    signals: Option<bool>,
    scope: StarttlsScope,
) -> impl Iterator<Item = &'a str> {
    let wanted = match scope {
        StarttlsScope::All => true,
        StarttlsScope::Adopters => signals == Some(true),
        StarttlsScope::None => false,
    };
    hosts.filter(move |host| wanted && mx_pattern::is_host(host))
}

/// Whether a question is still to be asked.
fn open(status: Option<DnsStatus>) -> bool {
    status.is_none_or(DnsStatus::may_pass)
}

impl Probe {
    /// Counts the look, and asks for MX, `_mta-sts` and `_smtp._tls`, and for `_dmarc` where the plan says
    /// so, in the order that costs a cold resolver least.
    ///
    /// # Errors
    /// This machine failed, or the scan was stopped.
    pub async fn records(&self, domain: &mut Domain) -> Result<(), Unfinished> {
        domain.row.attempts += 1;
        if domain.row.attempts > 1 {
            domain.began = Instant::now();
        }
        domain.far = Far::Records;
        if open(domain.row.mx_dns) {
            domain.note_retry(Question::Mx, domain.row.mx_dns);
            let (near, name) = (Some(&domain.near), domain.row.domain.as_str());
            let asking = self.dns.ask_near(Effort::Full, near, name, RecordType::MX, &mut domain.waited);
            let answer = asking.await?;
            domain.row.delegated_to = domain.near.delegated_to();
            domain.row.ds = domain.near.ds().or(domain.row.ds);
            let gone = answer.status == DnsStatus::NxDomain && !answer.is_aliased();
            take_mx(&mut domain.row, &answer);
            if gone {
                return Ok(());
            }
        } else if domain.row.sts_dns.is_none() {
            // The first look found that the name does not exist; something else of it is looked at again.
            return Ok(());
        }
        self.texts_and_addresses(domain).await?;
        // Boxed: few domains signal, and every one under way would hold room for it.
        Box::pin(self.secure_mx(domain)).await
    }

    async fn texts_and_addresses(&self, domain: &mut Domain) -> Result<(), Unfinished> {
        let name = domain.row.domain.as_str();
        let no_mx = matches!(domain.row.mx_dns, Some(DnsStatus::NoData | DnsStatus::NxDomain));
        let addresses_open = no_mx && open(domain.implicit);
        let everyone = self.plan.implicit_mx == ImplicitScope::All;
        let (mut first, mut second, mut third, mut fourth) = Default::default();
        // If three attempts for MX went unanswered, the names below are not asked three times each.
        let silent = domain.row.mx_dns == Some(DnsStatus::Timeout);
        let effort = if silent { Effort::Once } else { Effort::Full };
        let wanted = |status| open(status).then_some(effort);
        let near = &domain.near;
        let below = |labels: &str| [labels, name].concat();
        let sts = self.text_records(near, below("_mta-sts."), wanted(domain.row.sts_dns), &mut first);
        let tlsrpt =
            self.text_records(near, below("_smtp._tls."), wanted(domain.row.tlsrpt_dns), &mut second);
        let (asks_now, asks_dmarc) = (addresses_open && everyone, wanted(domain.row.dmarc.dns));
        let further = async {
            if !asks_now && (asks_dmarc.is_none() || !self.plan.companions.contains(&Companion::Dmarc)) {
                return (Ok(None), Ok(None));
            }
            // Boxed: most names have no further questions, and each would hold room for them.
            let implicit = self.has_address(near, name, asks_now, &mut third);
            let dmarc = self.companion(domain, asks_dmarc, &mut fourth);
            Box::pin(futures::future::join(implicit, dmarc)).await
        };
        let (sts, tlsrpt, (mut implicit, dmarc)) = futures::future::join3(sts, tlsrpt, further).await;
        if let Some(answer) = sts? {
            domain.note_retry(Question::Sts, domain.row.sts_dns);
            take_sts(&mut domain.row, &answer);
        }
        if let Some(answer) = tlsrpt? {
            domain.note_retry(Question::Tlsrpt, domain.row.tlsrpt_dns);
            take_tlsrpt(&mut domain.row, &answer);
        }
        if let Some(dmarc) = dmarc? {
            domain.note_retry(Question::Dmarc, domain.row.dmarc.dns);
            domain.row.dmarc = dmarc;
        }
        if addresses_open && !everyone && domain.signals() {
            implicit = self.has_address(&domain.near, &domain.row.domain, true, &mut third).await;
        }
        if let Some(status) = implicit? {
            domain.note_retry(Question::Address, domain.implicit);
            domain.implicit = Some(status);
            take_implicit(&mut domain.row, status);
        }
        for waited in [first, second, third, fourth] {
            domain.waited.add(waited);
        }
        Ok(())
    }

    async fn text_records(
        &self,
        near: &Near,
        name: String,
        wanted: Option<Effort>,
        waited: &mut Waited,
    ) -> Result<Option<Answer>, Unfinished> {
        let Some(effort) = wanted else { return Ok(None) };
        self.dns.ask_near(effort, Some(near), &name, RecordType::TXT, waited).await.map(Some)
    }

    /// What DMARC says of a domain, where the plan wants to know it.
    async fn companion(
        &self,
        domain: &Domain,
        wanted: Option<Effort>,
        waited: &mut Waited,
    ) -> Result<Option<DmarcEvidence>, Unfinished> {
        let Some(effort) = wanted.filter(|_| self.plan.companions.contains(&Companion::Dmarc)) else {
            return Ok(None);
        };
        // Boxed: most scans do not ask, and every domain under way would hold room for it.
        let whom = (&domain.near, effort);
        Box::pin(self.dmarc(whom, &domain.row.domain, domain.began, waited)).await.map(Some)
    }

    async fn has_address(
        &self,
        near: &Near,
        name: &str,
        wanted: bool,
        waited: &mut Waited,
    ) -> Result<Option<DnsStatus>, Unfinished> {
        if !wanted {
            return Ok(None);
        }
        // Boxed: few names have no MX, and every domain under way would hold room for two more questions.
        Ok(Some(Box::pin(self.dns.addresses_near(Some(near), name, waited)).await?.status))
    }
}

fn take_mx(row: &mut DomainRow, answer: &Answer) {
    row.mx_at = Some(answer.at);
    row.mx_dns = Some(answer.status);
    row.mx_ede.clone_from(&answer.ede);
    row.mx_ad = answer.ad;
    row.mx_ttl = answer.ttl;
    let (kind, set) = mx_set(answer);
    row.mx_kind = Some(kind);
    row.mx = set;
}

/// Where mail goes by an answer to the MX question, and the set; both are open where there is no MX.
fn mx_set(answer: &Answer) -> (MxKind, Option<Vec<Mx>>) {
    match answer.status {
        DnsStatus::NoError => match answer.mx() {
            set if set.len() == 1 && set[0].1 == "." => (MxKind::Null, Some(Vec::new())),
            set => (MxKind::Explicit, Some(set.into_iter().map(|(p, host)| member(p, host)).collect())),
        },
        DnsStatus::NxDomain if !answer.is_aliased() => (MxKind::None, Some(Vec::new())),
        _ => (MxKind::Unknown, None),
    }
}

fn member(preference: u16, host: String) -> Mx {
    Mx { preference, host, matched: None, pattern: None }
}

/// No MX: the domain's own address takes its place, preference 0 (RFC 5321 section 5.1).
fn take_implicit(row: &mut DomainRow, status: DnsStatus) {
    let kind = implicit(status);
    row.mx_kind = Some(kind);
    row.mx = match kind {
        MxKind::Implicit => Some(vec![member(0, row.domain.to_string())]),
        MxKind::None => Some(Vec::new()),
        _ => None,
    };
}

/// Where mail goes that has no MX, by what came of asking for the domain's own addresses.
const fn implicit(status: DnsStatus) -> MxKind {
    match status {
        DnsStatus::NoError => MxKind::Implicit,
        DnsStatus::NoData | DnsStatus::NxDomain => MxKind::None,
        _ => MxKind::Unknown,
    }
}

/// TXT records as the dataset has them: sorted, escaped; `None` where there was no definite answer.
fn written(answer: &Answer, records: &[Vec<u8>]) -> Option<Vec<String>> {
    let mut texts: Vec<String> = records.iter().map(|txt| text::escape(txt)).collect();
    texts.sort();
    answer.status.is_definite().then_some(texts)
}

fn take_sts(row: &mut DomainRow, answer: &Answer) {
    row.sts_at = Some(answer.at);
    row.sts_dns = Some(answer.status);
    row.sts_ede.clone_from(&answer.ede);
    row.sts_ttl = answer.ttl;
    row.sts_cname.clone_from(&answer.chain);
    let records = answer.txt();
    row.sts_txt = written(answer, &records);
    if answer.status.is_definite() {
        let judged = record::judge(&records);
        row.sts_signals = Some(judged.signals);
        row.sts_record = Some(judged.state);
        row.sts_id = judged.id;
    } else {
        row.sts_record = Some(RecordState::Unknown);
    }
}

fn take_tlsrpt(row: &mut DomainRow, answer: &Answer) {
    row.tlsrpt_dns = Some(answer.status);
    let records = answer.txt();
    row.tlsrpt_txt = written(answer, &records);
    if answer.status.is_definite() {
        let judged = tlsrpt::judge(&records);
        row.tlsrpt_record = Some(judged.state);
        row.tlsrpt_rua = judged.rua;
    } else {
        row.tlsrpt_record = Some(RecordState::Unknown);
    }
}
