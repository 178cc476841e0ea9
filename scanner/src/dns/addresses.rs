//! The addresses of a host: what the answers about A and AAAA say together.

use super::Answer;
use crate::evidence::DnsStatus;
use std::net::IpAddr;

/// The addresses of a host, both families together.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// NOERROR where any was had, else the failure of A, else that of AAAA, else NODATA or NXDOMAIN.
    pub status: DnsStatus,
    /// Extended errors (RFC 8914) of the answer that failed where no address was had, else of the one that
    /// was used; `None` where there was no answer.
    pub ede: Option<Vec<i32>>,
    /// IPv4 and IPv6 in turn, IPv4 first, ascending within a family.
    pub addrs: Vec<IpAddr>,
    /// The CNAME chain; `None` where neither answer was definite.
    pub chain: Option<Vec<String>>,
    /// AD bit of the answer that was used: that of A where it has addresses, else that of AAAA; `None` where
    /// the resolver failed, so that none was.
    pub ad: Option<bool>,
}

impl Addresses {
    pub(super) fn from_answers(v4: &Answer, v6: &Answer) -> Self {
        let addrs = in_turn(v4.addresses(), v6.addresses());
        let failure = [v4, v6].into_iter().find(|a| !a.status.is_definite());
        let status = match failure {
            _ if !addrs.is_empty() => DnsStatus::NoError,
            Some(failed) => failed.status,
            None if v4.status == DnsStatus::NxDomain && v6.status == DnsStatus::NxDomain => {
                DnsStatus::NxDomain
            }
            None => DnsStatus::NoData,
        };
        let v6_alone = v4.addresses().is_empty() && !v6.addresses().is_empty();
        let used = if v6_alone || !v4.status.is_definite() { v6 } else { v4 };
        let ede = failure.filter(|_| addrs.is_empty()).unwrap_or(used).ede.clone();
        let chain = v4.chain.clone().or_else(|| v6.chain.clone());
        Self { status, ede, addrs, chain, ad: used.ad.filter(|_| used.status.is_definite()) }
    }
}

/// IPv4 and IPv6 in turn, IPv4 first.
fn in_turn(v4: Vec<IpAddr>, v6: Vec<IpAddr>) -> Vec<IpAddr> {
    let (mut v4, mut v6) = (v4.into_iter(), v6.into_iter());
    let mut both = Vec::with_capacity(v4.len() + v6.len());
    loop {
        let pair = (v4.next(), v6.next());
        both.extend(pair.0.into_iter().chain(pair.1));
        if pair == (None, None) {
            return both;
        }
    }
}
