//! The TLSA records of an MX host: whether they are asked for, and whose (RFC 7672 section 2.2).

use super::Probe;
use crate::admission::Waited;
use crate::dns::{Answer, Effort, RecordType};
use crate::evidence::DnsStatus;
use crate::evidence::rows::HostRow;
use crate::fault::Unfinished;

/// Whose TLSA records count for an MX host.
#[derive(Debug, PartialEq, Eq)]
enum Base<'a> {
    /// Nobody's: no sender asks for them.
    Nobody,
    /// The host's own.
    Own,
    /// Those of its alias' target where that has any, else the host's own (section 2.2.3).
    Target(&'a str),
}

impl<'a> Base<'a> {
    /// That of a host by its row. `validates` says whether an AD bit that is not set means anything.
    ///
    /// Where the addresses are insecure nobody asks, because a server of an unsigned zone may fail at a type
    /// that it does not know; but a host that is a secure alias of such a one has records of its own (section
    /// 2.2.2).
    fn of(row: &'a HostRow, validates: bool) -> Self {
        let is_insecure = validates && row.host_ad == Some(false);
        match row.host_cname.as_deref().and_then(<[String]>::last) {
            _ if is_insecure && row.cname_ad != Some(true) => Self::Nobody,
            Some(target) if !is_insecure => Self::Target(target),
            _ => Self::Own,
        }
    }
}

/// Where a host's TLSA records for mail are, whatever port is configured (RFC 7672 section 2.2.3, RFC 6698
/// section 3).
pub(super) fn tlsa_name(host: &str) -> String {
    format!("_25._tcp.{host}")
}

/// Notes the answer that counts in a row of its host.
pub(super) fn take_tlsa(row: &mut HostRow, answer: &Answer) {
    row.tlsa_dns = Some(answer.status);
    row.tlsa_ede.clone_from(&answer.ede);
    row.tlsa_ad = answer.ad;
    row.tlsa = answer.status.is_definite().then(|| answer.tlsa());
}

impl Probe {
    /// Whether the addresses of a host are known not to be secure, by the AD bit of their answer.
    pub(super) fn is_insecure(&self, ad: Option<bool>) -> bool {
        self.validates && ad == Some(false)
    }

    /// Whether a host with insecure addresses is a secure alias, asked for by itself: the answer about its
    /// addresses is secure only as a whole. `None` where that is not asked or there was no answer.
    pub(super) async fn alias_ad(
        &self,
        row: &HostRow,
        waited: &mut Waited,
    ) -> Result<Option<bool>, Unfinished> {
        let is_alias = row.host_cname.as_ref().is_some_and(|chain| !chain.is_empty());
        if !is_alias || !self.is_insecure(row.host_ad) {
            return Ok(None);
        }
        let answer = self.dns.ask_with(Effort::Validated, &row.host, RecordType::CNAME, waited).await?;
        Ok(answer.ad.filter(|_| answer.status.is_definite()))
    }

    /// The TLSA answer that counts for a host of which the other questions are answered; `None` where nobody
    /// asks for one.
    pub(super) async fn tlsa(
        &self,
        row: &HostRow,
        waited: &mut Waited,
    ) -> Result<Option<Answer>, Unfinished> {
        let base = Base::of(row, self.validates);
        if base == Base::Nobody {
            return Ok(None);
        }
        let own =
            self.dns.ask_with(Effort::Validated, &tlsa_name(&row.host), RecordType::TLSA, waited).await?;
        let Base::Target(target) = base else { return Ok(Some(own)) };
        let answer =
            self.dns.ask_with(Effort::Validated, &tlsa_name(target), RecordType::TLSA, waited).await?;
        let counts = !matches!(answer.status, DnsStatus::NoData | DnsStatus::NxDomain);
        Ok(Some(if counts { answer } else { own }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(host_ad: Option<bool>, chain: &[&str], cname_ad: Option<bool>) -> HostRow {
        let host_cname = Some(chain.iter().map(|&name| name.to_owned()).collect());
        HostRow { host: "mx.example".to_owned(), host_ad, host_cname, cname_ad, ..HostRow::default() }
    }

    #[test]
    fn nobody_asks_where_the_addresses_are_insecure_but_for_a_secure_alias() {
        let target = || Base::Target("b.example");
        for (validates, row, base) in [
            (true, row(Some(true), &[], None), Base::Own),
            (true, row(Some(false), &[], None), Base::Nobody),
            (true, row(None, &[], None), Base::Own),
            (true, row(Some(true), &["a.example", "b.example"], None), target()),
            (true, row(Some(false), &["a.example", "b.example"], Some(false)), Base::Nobody),
            (true, row(Some(false), &["a.example", "b.example"], None), Base::Nobody),
            (true, row(Some(false), &["a.example", "b.example"], Some(true)), Base::Own),
            // Without validation a bit that is not set says nothing.
            (false, row(Some(false), &[], None), Base::Own),
            (false, row(Some(false), &["b.example"], None), target()),
        ] {
            assert_eq!(Base::of(&row, validates), base, "{row:?}");
        }
    }
}
