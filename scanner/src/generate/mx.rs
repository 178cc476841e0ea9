//! Where the mail of a domain goes, asked of the DNS.

use crate::dns::{Answer, Dns, RecordType};
use crate::evidence::DnsStatus;
use crate::fault::Unfinished;
use crate::mta_sts::mx_pattern;

/// Where mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// MX hosts by preference, each once; the domain itself where it has no MX record but an address.
    pub hosts: Vec<String>,
}

/// Why the MX hosts are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unasked {
    /// NXDOMAIN.
    #[error("{0} does not exist")]
    NoName(String),
    /// Neither MX nor address.
    #[error(
        "{0} has neither an MX record nor an address: no mail reaches it, and there is nothing to protect"
    )]
    NoMail(String),
    /// RFC 7505.
    #[error("{0} has a null MX (RFC 7505): it takes no mail, and there is nothing to protect")]
    NullMx(String),
    /// Every MX record names what never exists (RFC 6761 section 6.4).
    #[error(
        "no MX record of {0} names a host that exists: no mail reaches it, and there is nothing to protect"
    )]
    NoHost(String),
    /// There was no answer.
    #[error("the MX of {domain} could not be resolved ({status}): try again, or give the hosts with --mx")]
    NoAnswer {
        /// The domain.
        domain: String,
        /// What came instead.
        status: DnsStatus,
    },
}

impl Unasked {
    /// Whether there may be MX hosts once all is set up: a preset can do without them until then.
    pub(super) const fn may_come(&self) -> bool {
        match self {
            Self::NoMail(_) | Self::NoAnswer { .. } => true,
            Self::NoName(_) | Self::NullMx(_) | Self::NoHost(_) => false,
        }
    }
}

/// Asks for the MX hosts, and for addresses where there are none (RFC 5321 section 5.1).
pub(super) async fn ask(dns: &Dns, domain: &str) -> Result<Result<Mail, Unasked>, Unfinished> {
    let mut waited = crate::admission::Waited::default();
    let answer = dns.ask(domain, RecordType::MX, &mut waited).await?;
    Ok(match answer.status {
        DnsStatus::NoError => explicit(domain, &answer),
        DnsStatus::NxDomain if !answer.is_aliased() => Err(Unasked::NoName(domain.to_owned())),
        DnsStatus::NoData | DnsStatus::NxDomain => {
            let addresses = dns.addresses(domain, &mut waited).await?;
            match addresses.status {
                DnsStatus::NoError => Ok(Mail { hosts: vec![domain.to_owned()] }),
                status if status.is_definite() => Err(Unasked::NoMail(domain.to_owned())),
                status => Err(Unasked::NoAnswer { domain: domain.to_owned(), status }),
            }
        }
        status => Err(Unasked::NoAnswer { domain: domain.to_owned(), status }),
    })
}

fn explicit(domain: &str, answer: &Answer) -> Result<Mail, Unasked> {
    let mut hosts: Vec<String> = Vec::new();
    for (_, host) in answer.mx() {
        // A null MX beside others is none (RFC 7505 section 3).
        if mx_pattern::is_host(&host) && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    if !hosts.is_empty() {
        return Ok(Mail { hosts });
    }
    let is_null = answer.mx().iter().all(|(_, host)| host == ".");
    Err(if is_null { Unasked::NullMx(domain.to_owned()) } else { Unasked::NoHost(domain.to_owned()) })
}
