//! DMARC beside MTA-STS: the record at `_dmarc` of a domain, and where none stands there the walk above it
//! (RFC 9989 sections 4.10 and 4.10.1).
//!
//! Names above are shared: nearly all of a list lie below a few top-level domains. So what is asked there is
//! remembered ([`Above`]), and who wants to know the same at the same time waits for the one question.

use super::{Probe, written};
use crate::admission::Waited;
use crate::dns::{Answer, Effort, Near, RecordType};
use crate::evidence::rows::DmarcEvidence;
use crate::evidence::{DnsStatus, RecordState};
use crate::fault::Unfinished;
use crate::mta_sts::dmarc::walk::{above, applies, ends};
use crate::mta_sts::dmarc::{Judged, Psd, judge};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::OnceCell;

/// What stands at `_dmarc` of one name.
#[derive(Debug)]
struct Seen {
    status: DnsStatus,
    /// The records as the dataset has them; `None` where there was no definite answer.
    txt: Option<Vec<String>>,
    judged: Judged,
    /// When it was final.
    at: Instant,
}

impl Seen {
    fn of(answer: &Answer) -> Self {
        let records = answer.txt();
        let txt = written(answer, &records);
        Self { status: answer.status, txt, judged: judge(&records), at: Instant::now() }
    }

    fn psd(&self) -> Option<Psd> {
        self.judged.record.map(|record| record.psd)
    }

    /// Whether it is short enough to be remembered.
    fn is_small(&self) -> bool {
        self.txt.iter().flatten().map(String::len).sum::<usize>() <= LONGEST
    }
}

/// Names that one half of the memory holds: top-level domains and suffixes are a few thousand, and every name
/// of a list of hosts may have one above it.
const HALF: usize = 16_384;
/// Longest text of the records of a name that is remembered, bytes: so all of them take at most 64 MiB,
/// whatever is published.
const LONGEST: usize = 1_024;

/// What is known of names above those of the list.
#[derive(Debug, Default)]
pub struct Above(Mutex<Halves>);

/// What was asked for since the younger half began, and before that: a name that nobody asked for while
/// [`HALF`] others were asked is forgotten.
#[derive(Debug, Default)]
struct Halves {
    young: HashMap<String, Arc<OnceCell<Arc<Seen>>>>,
    old: HashMap<String, Arc<OnceCell<Arc<Seen>>>>,
}

impl Above {
    /// The place of a name's answer, for a look that began then. A failure holds for looks that were under
    /// way when it came: whoever comes later, as a second look does, asks again.
    fn place(&self, name: &str, began: Instant) -> Arc<OnceCell<Arc<Seen>>> {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = halves.young.get(name).cloned().or_else(|| halves.old.remove(name));
        let holds = |seen: &Arc<Seen>| seen.status.is_definite() || seen.at >= began;
        let place = known.filter(|place| place.get().is_none_or(holds)).unwrap_or_default();
        if halves.young.len() >= HALF {
            halves.old = std::mem::take(&mut halves.young);
        }
        halves.young.insert(name.to_owned(), place.clone());
        place
    }

    /// What stands at a name: as it is remembered, or as `ask` finds it.
    async fn seen(
        &self,
        name: &str,
        began: Instant,
        ask: impl Future<Output = Result<Answer, Unfinished>>,
    ) -> Result<Arc<Seen>, Unfinished> {
        let place = self.place(name, began);
        let seen =
            place.get_or_try_init(|| async { ask.await.map(|answer| Arc::new(Seen::of(&answer))) }).await?;
        if !seen.is_small() {
            self.forget(name);
        }
        Ok(seen.clone())
    }

    fn forget(&self, name: &str) {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        halves.young.remove(name);
        halves.old.remove(name);
    }
}

impl Probe {
    /// Asks for the record of a domain, and for those above it where none stands there; for a look that began
    /// then.
    pub(super) async fn dmarc(
        &self,
        (near, effort): (&Near, Effort),
        name: &str,
        began: Instant,
        waited: &mut Waited,
    ) -> Result<DmarcEvidence, Unfinished> {
        let answer =
            self.dns.ask_near(effort, Some(near), &format!("_dmarc.{name}"), RecordType::TXT, waited).await?;
        let own = Seen::of(&answer);
        if !own.status.is_definite() {
            return Ok(unknown(own.status));
        }
        if own.judged.record.is_some() {
            return Ok(evidence(&own, Some((name, &own))));
        }
        let mut found: Vec<(&str, Arc<Seen>)> = Vec::new();
        for parent in above(name) {
            let owner = format!("_dmarc.{parent}");
            let ask = self.dns.ask(&owner, RecordType::TXT, waited);
            let seen = self.above.seen(parent, began, ask).await?;
            if !seen.status.is_definite() {
                // A record there may end the walk: without it nobody can say which one applies.
                return Ok(unknown(seen.status));
            }
            if let Some(psd) = seen.psd() {
                found.push((parent, seen));
                if ends(psd) {
                    break;
                }
            }
        }
        let places: Vec<(&str, Psd)> =
            found.iter().filter_map(|(parent, seen)| Some((*parent, seen.psd()?))).collect();
        let applying = applies(&places).and_then(|at| found.get(at));
        Ok(evidence(&own, applying.map(|(parent, seen)| (*parent, &**seen))))
    }
}

fn unknown(status: DnsStatus) -> DmarcEvidence {
    DmarcEvidence { dns: Some(status), record: Some(RecordState::Unknown), ..DmarcEvidence::default() }
}

/// The evidence of a domain with this at its own name, to which the record at another or the same applies.
fn evidence(own: &Seen, applying: Option<(&str, &Seen)>) -> DmarcEvidence {
    // What stands at the domain and is no record is told before what applies in its place.
    let shown = match applying {
        Some((_, seen)) if own.judged.state == RecordState::Absent => seen,
        _ => own,
    };
    let record = applying.and_then(|(_, seen)| seen.judged.record);
    let is_own = applying.is_some_and(|(_, seen)| std::ptr::eq(seen, own));
    DmarcEvidence {
        dns: Some(own.status),
        txt: shown.txt.clone(),
        record: Some(shown.judged.state),
        policy: record.and_then(|record| if is_own { record.policy } else { record.subdomains }),
        subdomain_policy: record.and_then(|record| record.subdomains),
        testing: record.map(|record| record.testing),
        at: applying.map(|(name, _)| name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use crate::evidence::DmarcPolicy;
    use std::cell::Cell;
    use std::time::Duration;

    fn seen(status: DnsStatus, txts: &[&str]) -> Seen {
        let txt = status.is_definite().then(|| txts.iter().map(|txt| (*txt).to_owned()).collect());
        Seen { status, txt, judged: judge(txts), at: Instant::now() }
    }

    #[test]
    fn the_record_above_counts_and_what_stands_at_the_domain_is_told_before_it() {
        let above = seen(DnsStatus::NoError, &["v=DMARC1; p=reject; sp=none"]);
        let nothing = evidence(&seen(DnsStatus::NxDomain, &[]), Some(("example.com", &above)));
        assert_eq!((nothing.record, nothing.at.as_deref()), (Some(RecordState::Valid), Some("example.com")));
        assert_eq!(nothing.txt.unwrap(), ["v=DMARC1; p=reject; sp=none"]);
        let two = seen(DnsStatus::NoError, &["v=DMARC1; p=none", "v=DMARC1; p=none"]);
        let several = evidence(&two, Some(("example.com", &above)));
        assert_eq!(
            (several.record, several.txt.map(|txt| txt.len())),
            (Some(RecordState::Multiple), Some(2))
        );
        assert_eq!(several.policy, Some(DmarcPolicy::None));
        assert_eq!(evidence(&two, None).policy, None);
    }

    #[test]
    fn mail_of_a_name_without_a_record_has_the_policy_for_subdomains() {
        let above = seen(DnsStatus::NoError, &["v=DMARC1; p=reject; sp=none"]);
        let below = evidence(&seen(DnsStatus::NxDomain, &[]), Some(("example.com", &above)));
        assert_eq!(
            (below.policy, below.subdomain_policy),
            (Some(DmarcPolicy::None), Some(DmarcPolicy::None))
        );
        let own = evidence(&above, Some(("example.com", &above)));
        assert_eq!((own.policy, own.subdomain_policy), (Some(DmarcPolicy::Reject), Some(DmarcPolicy::None)));
    }

    /// Asks `above` for a name in a look that began then; whether the question was asked.
    async fn asked(above: &Above, name: &str, began: Instant, status: DnsStatus) -> (bool, DnsStatus) {
        let was = Cell::new(false);
        let ask = async {
            was.set(true);
            Ok(Answer::without(status, 0))
        };
        let seen = above.seen(name, began, ask).await.unwrap();
        (was.get(), seen.status)
    }

    #[tokio::test]
    async fn a_name_above_is_asked_once_and_a_failure_again_by_a_later_look() {
        let (above, first) = (Above::default(), Instant::now());
        assert_eq!(asked(&above, "com", first, DnsStatus::NoData).await, (true, DnsStatus::NoData));
        assert_eq!(asked(&above, "com", first, DnsStatus::Timeout).await, (false, DnsStatus::NoData));
        assert_eq!(asked(&above, "net", first, DnsStatus::Timeout).await, (true, DnsStatus::Timeout));
        assert_eq!(asked(&above, "net", first, DnsStatus::NoData).await, (false, DnsStatus::Timeout));
        let second = Instant::now() + Duration::from_secs(1);
        assert_eq!(asked(&above, "net", second, DnsStatus::NoData).await, (true, DnsStatus::NoData));
    }

    #[tokio::test]
    async fn what_is_long_is_told_and_not_remembered() {
        let (above, began) = (Above::default(), Instant::now());
        let long = "x".repeat(LONGEST + 1);
        above.place("long.example", began).set(Arc::new(seen(DnsStatus::NoError, &[&long]))).unwrap();
        assert!(!asked(&above, "long.example", began, DnsStatus::NoData).await.0);
        assert!(asked(&above, "long.example", began, DnsStatus::NoData).await.0);
    }

    #[tokio::test]
    async fn what_is_asked_for_again_and_again_is_not_forgotten_and_the_memory_is_bounded() {
        let (above, began) = (Above::default(), Instant::now());
        asked(&above, "com", began, DnsStatus::NoData).await;
        asked(&above, "once.example", began, DnsStatus::NoData).await;
        for number in 0..3 * HALF {
            above.place(&format!("d{number}.example"), began);
            if number % 1_000 == 0 {
                assert!(!asked(&above, "com", began, DnsStatus::Timeout).await.0, "{number}");
            }
        }
        assert!(asked(&above, "once.example", began, DnsStatus::NoData).await.0);
        let halves = above.0.lock().unwrap();
        assert!(halves.young.len() <= HALF && halves.old.len() <= HALF);
    }
}
