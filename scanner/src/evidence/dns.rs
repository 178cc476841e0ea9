//! Words about the DNS.

use super::vocabulary::vocabulary;

vocabulary! {
    /// What came of one DNS question.
    outcome DnsStatus {
        /// At least one record of the type asked for.
        NoError = "NOERROR",
        /// The name exists, but has no record of this type.
        NoData = "NODATA",
        /// The name, or the target of its CNAME chain, does not exist.
        NxDomain = "NXDOMAIN",
        /// No name server gave an answer of use, or the signatures are not valid.
        ServFail = "SERVFAIL",
        /// The resolver refused to answer; never where authoritative servers are asked.
        Refused = "REFUSED",
        /// The resolver did not understand the query; never where authoritative servers are asked.
        FormErr = "FORMERR",
        /// The resolver does not implement this kind of query; never where authoritative servers are asked.
        NotImp = "NOTIMP",
        /// No answer within the deadline.
        Timeout = "TIMEOUT",
        /// Truncated over UDP, and TCP gave no answer.
        Truncated = "TRUNCATED",
        /// An unreadable answer, or a response code that is not listed here.
        BadAnswer = "BADANSWER",
    }
}

impl DnsStatus {
    /// Whether it says what the DNS holds: the records, or that there are none.
    #[must_use]
    pub const fn is_definite(self) -> bool {
        matches!(self, Self::NoError | Self::NoData | Self::NxDomain)
    }

    /// Whether it may pass, so that a second look is worth it. REFUSED is the resolver's own word: none hands
    /// on that of a server, and one that has no place left says it.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        match self {
            Self::ServFail | Self::Timeout | Self::Refused => true,
            Self::NoError
            | Self::NoData
            | Self::NxDomain
            | Self::FormErr
            | Self::NotImp
            | Self::Truncated
            | Self::BadAnswer => false,
        }
    }
}

vocabulary! {
    /// A question that a second look asked again.
    Question {
        /// MX of the domain.
        Mx = "mx",
        /// Addresses: in domains, of a domain without MX; in mx_hosts, of the host.
        Address = "address",
        /// TXT at `_mta-sts`.
        Sts = "sts",
        /// TXT at `_smtp._tls`.
        Tlsrpt = "tlsrpt",
        /// TXT at `_dmarc`, of the domain and of those above it.
        Dmarc = "dmarc",
        /// Name servers of the domain.
        Ns = "ns",
        /// Addresses of the policy host.
        PolicyHost = "policy_host",
        /// TXT at a random sibling of `_mta-sts`.
        StsSibling = "sts_sibling",
        /// TLSA of the host.
        Tlsa = "tlsa",
    }
}

impl Question {
    /// Whether it is about an MX host, rather than a domain.
    #[must_use]
    pub const fn is_of_hosts(self) -> bool {
        matches!(self, Self::Address | Self::Tlsa)
    }

    /// Whether it is about a domain.
    #[must_use]
    pub const fn is_of_domains(self) -> bool {
        !matches!(self, Self::Tlsa)
    }
}
