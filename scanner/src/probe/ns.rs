//! The name servers of a domain, asked for when all else of it is known: no sender asks for them, and a
//! resolver that has learnt what the domain itself says of them may not reach it any more, where the registry
//! says otherwise and is right (seen of BIND and Knot Resolver).

use super::tlsa::tlsa_name;
use super::{Domain, Probe, open, targets};
use crate::admission::Waited;
use crate::dns::RecordType;
use crate::evidence::Question;
use crate::fault::Unfinished;

/// MX hosts of a domain's own that are asked for before.
const HOSTS: usize = 8;

impl Probe {
    /// Asks for the name servers, where that is still to be done.
    pub(super) async fn name_servers(&self, domain: &mut Domain) -> Result<(), Unfinished> {
        if !open(domain.ns) {
            return Ok(());
        }
        let mut waited = Waited::default();
        if !self.dns.is_iterating() {
            self.learn_own_hosts(domain, &mut waited).await?;
        }
        let answer = self.dns.ask(&domain.row.domain, RecordType::NS, &mut waited).await?;
        domain.note_retry(Question::Ns, domain.ns);
        domain.ns = Some(answer.status);
        domain.row.ns = answer.status.is_definite().then(|| answer.ns());
        domain.waited.add(waited);
        Ok(())
    }

    /// Has the resolver learn what will be asked of the MX hosts below the domain, whose course begins later.
    async fn learn_own_hosts(&self, domain: &Domain, waited: &mut Waited) -> Result<(), Unfinished> {
        let row = &domain.row;
        let is_own = |host: &&str| {
            let above = host.strip_suffix(row.domain.as_str());
            above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
        };
        let hosts = row.mx.iter().flatten().map(|mx| mx.host.as_str());
        let own: Vec<&str> =
            targets(hosts, row.sts_signals, self.plan.starttls).filter(is_own).take(HOSTS).collect();
        for host in own {
            if self.admission.excludes(host) {
                continue;
            }
            let addresses = self.dns.addresses(host, waited).await?;
            if !self.is_insecure(addresses.ad) {
                self.dns.ask(&tlsa_name(host), RecordType::TLSA, waited).await?;
            }
        }
        Ok(())
    }
}
