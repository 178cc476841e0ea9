//! Whether the MX set of a domain that signals is secure: DANE rests on it (RFC 7672 section 2.2.1). Behind
//! resolvers these have said so; authoritative servers are asked once more, with signatures.

use super::{Domain, Probe, take_mx};
use crate::dns::{Effort, RecordType};
use crate::evidence::DnsStatus;
use crate::fault::Unfinished;

impl Probe {
    /// Asks for the MX set in a way that can be validated, where that is to be done here and is still open.
    /// What is bogus is no answer.
    pub(super) async fn secure_mx(&self, domain: &mut Domain) -> Result<(), Unfinished> {
        let is_answered = domain.row.mx_dns.is_some_and(DnsStatus::is_definite);
        if !self.dns.is_validating() || !domain.signals() || !is_answered || domain.row.mx_ad.is_some() {
            return Ok(());
        }
        let (near, waited) = (Some(&domain.near), &mut domain.waited);
        let question = (&domain.row.domain, RecordType::MX);
        let answer = self.dns.ask_near(Effort::Validated, near, question.0, question.1, waited).await?;
        if domain.row.mx_dns == Some(answer.status) {
            domain.row.mx_ad = answer.ad;
        } else {
            take_mx(&mut domain.row, &answer);
        }
        Ok(())
    }
}
