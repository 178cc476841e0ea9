//! Outcomes of a policy host.

use super::code::Code;
use super::outcome::{ExtraHello, Outcome, PaceHint, Suspicion};
use super::vocabulary::{Vocabulary, WordEntry, vocabulary};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// The version of HTTP that an answer came in.
    HttpVersion {
        /// RFC 1945.
        Http10 = "HTTP/1.0",
        /// RFC 9112.
        Http11 = "HTTP/1.1",
        /// RFC 9113.
        Http2 = "HTTP/2",
    }
}

vocabulary! {
    /// The first thing that failed on the way to the text: name, TCP, TLS, certificate, HTTP, size, deadline.
    outcome PolicyOutcome {
        /// A complete body with status 200 behind a valid certificate.
        Ok = "ok",
        /// The name `mta-sts.<domain>` cannot be used in a URL.
        NameInvalid = "policy_host_name_invalid",
        /// The policy host does not exist.
        NxDomain = "policy_host_nxdomain",
        /// The policy host is an alias of a name that does not exist.
        DanglingCname = "policy_host_dangling_cname",
        /// The policy host has no address.
        NoAddress = "policy_host_no_address",
        /// The addresses of the policy host could not be resolved.
        DnsFailure = "policy_host_dns_failure",
        /// Its addresses are private, loopback or the like.
        ForbiddenAddress = "policy_host_forbidden_address",
        /// Nothing listens there.
        ConnectRefused = "policy_connect_refused",
        /// No answer to the connection attempt within the deadline.
        ConnectTimeout = "policy_connect_timeout",
        /// No route to the address, or a filter on the way.
        ConnectUnreachable = "policy_connect_unreachable",
        /// Reset while the connection was being set up, or before the server sent anything.
        ConnectReset = "policy_connect_reset",
        /// The certificate's first fault: none of its names is the host's.
        TlsName = "policy_tls_name",
        /// The certificate's first fault: it has expired.
        TlsExpired = "policy_tls_expired",
        /// The certificate's first fault: it is not valid yet.
        TlsNotYetValid = "policy_tls_not_yet_valid",
        /// The certificate's first fault: it is self-signed.
        TlsSelfSigned = "policy_tls_self_signed",
        /// The certificate's first fault: there is no path to a trusted root.
        TlsUntrusted = "policy_tls_untrusted",
        /// The certificate's first fault: the path lacks an intermediate that other servers send. Judged,
        /// never observed.
        TlsChainIncomplete = "policy_tls_chain_incomplete",
        /// The certificate's first fault: something else.
        TlsCertificateOther = "policy_tls_certificate_other",
        /// The certificate's one fault: its path holds what the scanner cannot check.
        TlsCertLimit = "policy_tls_cert_limit",
        /// A fatal alert that is about neither version nor parameters.
        TlsAlert = "policy_tls_alert",
        /// Older than TLS 1.2 (RFC 8461 section 4.2), or no TLS at all.
        TlsProtocol = "policy_tls_protocol",
        /// No parameters in common with this client, which does not offer every legitimate choice; and the
        /// server picks TLS 1.2 or newer of a broader offer, or does not answer it.
        TlsClientLimit = "policy_tls_client_limit",
        /// The alert no_application_protocol (RFC 7301 section 3.2), to HTTP/1.1 and, where nothing else came
        /// of that, to HTTP/2.
        TlsNoProtocol = "policy_tls_no_protocol",
        /// The server answered only a small hello. Found in attempts only.
        TlsLargeHello = "policy_tls_large_hello",
        /// The handshake did not finish within the deadline.
        TlsTimeout = "policy_tls_timeout",
        /// Closed during the handshake.
        TlsClosed = "policy_tls_closed",
        /// A status other than 200.
        HttpStatus = "policy_http_status",
        /// 3xx with a Location, which a sender must not follow (RFC 8461 section 3.3).
        Redirect = "policy_redirect",
        /// No HTTP response, or one that breaks off.
        HttpMalformed = "policy_http_malformed",
        /// A body without a length that ends with the connection, which TLS did not close (RFC 9112 section
        /// 9.8): it may have been cut.
        HttpIncomplete = "policy_http_incomplete",
        /// The deadline passed after the handshake.
        Timeout = "policy_timeout",
        /// A body larger than the limit.
        TooLarge = "policy_too_large",
    }
}

impl PolicyOutcome {
    /// Outcomes that are judged over the whole scan, and never stand in the evidence.
    pub const JUDGED: &[Self] = &[Self::TlsChainIncomplete];

    /// The finding that goes with it; `None` for `ok`.
    #[must_use]
    pub const fn code(self) -> Option<Code> {
        Some(match self {
            Self::Ok => return None,
            Self::NameInvalid => Code::policy_host_name_invalid,
            Self::NxDomain => Code::policy_host_nxdomain,
            Self::DanglingCname => Code::policy_host_dangling_cname,
            Self::NoAddress => Code::policy_host_no_address,
            Self::DnsFailure => Code::policy_host_dns_failure,
            Self::ForbiddenAddress => Code::policy_host_forbidden_address,
            Self::ConnectRefused => Code::policy_connect_refused,
            Self::ConnectTimeout => Code::policy_connect_timeout,
            Self::ConnectUnreachable => Code::policy_connect_unreachable,
            Self::ConnectReset => Code::policy_connect_reset,
            Self::TlsName => Code::policy_tls_name,
            Self::TlsExpired => Code::policy_tls_expired,
            Self::TlsNotYetValid => Code::policy_tls_not_yet_valid,
            Self::TlsSelfSigned => Code::policy_tls_self_signed,
            Self::TlsUntrusted => Code::policy_tls_untrusted,
            Self::TlsChainIncomplete => Code::policy_tls_chain_incomplete,
            Self::TlsCertificateOther => Code::policy_tls_certificate_other,
            Self::TlsCertLimit => Code::policy_tls_cert_limit,
            Self::TlsAlert => Code::policy_tls_alert,
            Self::TlsProtocol => Code::policy_tls_protocol,
            Self::TlsClientLimit => Code::policy_tls_client_limit,
            Self::TlsNoProtocol => Code::policy_tls_no_protocol,
            Self::TlsLargeHello => Code::policy_tls_large_hello,
            Self::TlsTimeout => Code::policy_tls_timeout,
            Self::TlsClosed => Code::policy_tls_closed,
            Self::HttpStatus => Code::policy_http_status,
            Self::Redirect => Code::policy_redirect,
            Self::HttpMalformed => Code::policy_http_malformed,
            Self::HttpIncomplete => Code::policy_http_incomplete,
            Self::Timeout => Code::policy_timeout,
            Self::TooLarge => Code::policy_too_large,
        })
    }

    /// Whether a second look may see something else.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        match self.code() {
            Some(code) => code.may_pass(),
            None => false,
        }
    }

    /// Whether it decides what the host is: neither may it pass, nor does it say more about the scan than
    /// about the host.
    #[must_use]
    pub const fn decides(self) -> bool {
        !self.may_pass() && !matches!(self, Self::Ok | Self::TlsClientLimit | Self::TlsCertLimit)
    }

    /// How far the connection came.
    const fn step(self) -> Step {
        match self {
            Self::NameInvalid
            | Self::NxDomain
            | Self::DanglingCname
            | Self::NoAddress
            | Self::DnsFailure
            | Self::ForbiddenAddress => Step::Name,
            Self::ConnectRefused | Self::ConnectTimeout | Self::ConnectUnreachable | Self::ConnectReset => {
                Step::Connect
            }
            Self::TlsTimeout | Self::TlsClosed | Self::TlsLargeHello => Step::Hello,
            Self::TlsAlert | Self::TlsProtocol | Self::TlsClientLimit | Self::TlsNoProtocol => {
                Step::Handshake
            }
            Self::TlsName
            | Self::TlsExpired
            | Self::TlsNotYetValid
            | Self::TlsSelfSigned
            | Self::TlsUntrusted
            | Self::TlsChainIncomplete
            | Self::TlsCertificateOther
            | Self::TlsCertLimit => Step::Certificate,
            Self::Ok
            | Self::HttpStatus
            | Self::Redirect
            | Self::HttpMalformed
            | Self::HttpIncomplete
            | Self::Timeout
            | Self::TooLarge => Step::Http,
        }
    }

    /// Whether another address of the host is worth trying: TCP or the handshake itself failed.
    #[must_use]
    pub const fn is_worth_another_address(self) -> bool {
        matches!(self.step(), Step::Connect | Step::Hello | Step::Handshake)
    }
}

/// How far a connection came before it ended.
#[derive(Clone, Copy)]
enum Step {
    /// There was none.
    Name,
    /// To the connect.
    Connect,
    /// To our hello, which was not answered.
    Hello,
    /// To an answer that ended the handshake.
    Handshake,
    /// To a bad certificate.
    Certificate,
    /// Beyond the handshake.
    Http,
}

impl Outcome for PolicyOutcome {
    const LARGE_HELLO: Self = Self::TlsLargeHello;
    const OLD_TLS: Self = Self::TlsProtocol;
    const ALERT: Self = Self::TlsAlert;

    fn extra_hello(self) -> Option<ExtraHello> {
        match self {
            // The ClientHello is the first that is said: a reset by it cannot be told from one of the
            // connect.
            Self::TlsTimeout | Self::TlsClosed | Self::ConnectReset | Self::TlsLargeHello => {
                Some(ExtraHello::Small)
            }
            Self::TlsClientLimit => Some(ExtraHello::Legacy),
            Self::TlsNoProtocol => Some(ExtraHello::Http2),
            Self::Ok
            | Self::NameInvalid
            | Self::NxDomain
            | Self::DanglingCname
            | Self::NoAddress
            | Self::DnsFailure
            | Self::ForbiddenAddress
            | Self::ConnectRefused
            | Self::ConnectTimeout
            | Self::ConnectUnreachable
            | Self::TlsName
            | Self::TlsExpired
            | Self::TlsNotYetValid
            | Self::TlsSelfSigned
            | Self::TlsUntrusted
            | Self::TlsChainIncomplete
            | Self::TlsCertificateOther
            | Self::TlsCertLimit
            | Self::TlsAlert
            | Self::TlsProtocol
            | Self::HttpStatus
            | Self::Redirect
            | Self::HttpMalformed
            | Self::HttpIncomplete
            | Self::Timeout
            | Self::TooLarge => None,
        }
    }

    fn answered_hello(self) -> bool {
        matches!(self.step(), Step::Handshake | Step::Certificate | Step::Http)
    }

    fn is_deadline(self) -> bool {
        matches!(self, Self::ConnectTimeout | Self::TlsTimeout | Self::Timeout)
    }

    fn pace_hint(self) -> PaceHint {
        match (self, self.step()) {
            (Self::ConnectReset | Self::TlsClosed, _) => PaceHint::End,
            (Self::Timeout, _) | (_, Step::Name | Step::Connect | Step::Hello) => PaceHint::Nothing,
            (_, Step::Handshake | Step::Certificate | Step::Http) => PaceHint::Answer,
        }
    }

    fn suspicion(self) -> Option<Suspicion> {
        match self {
            Self::ConnectUnreachable => Some(Suspicion::Route),
            Self::ConnectRefused => Some(Suspicion::Answers),
            other => other.may_pass().then_some(Suspicion::Answers),
        }
    }
}

/// What came of one address of a policy host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AddressOutcome {
    /// It was contacted, and this is what came of it.
    Contacted(PolicyOutcome),
    /// It is private, loopback or the like.
    Forbidden,
    /// An earlier address has answered, or enough were tried.
    NotSampled,
    /// This machine lacks the address's family, or the address let one connection after the other wait for
    /// its deadline.
    NotAttempted,
}

impl Vocabulary for AddressOutcome {
    fn all() -> Vec<Self> {
        let contacted = PolicyOutcome::ALL.iter().copied().map(Self::Contacted);
        contacted.chain([Self::Forbidden, Self::NotSampled, Self::NotAttempted]).collect()
    }

    fn word(self) -> &'static str {
        match self {
            Self::Contacted(outcome) => outcome.as_str(),
            Self::Forbidden => "forbidden_address",
            Self::NotSampled => "not_sampled",
            Self::NotAttempted => "not_attempted",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        Self::all().into_iter().find(|outcome| outcome.word() == word)
    }

    fn entry(self) -> WordEntry {
        let meaning = match self {
            Self::Contacted(outcome) => return outcome.entry(),
            Self::Forbidden => "Private, loopback or the like: not contacted.",
            Self::NotSampled => "Not tried: beyond --addresses-per-host, or an earlier address answered.",
            Self::NotAttempted => {
                "Not tried: this machine lacks the address family, or connection after connection ran into its deadline."
            }
        };
        WordEntry { word: self.word(), meaning: Some(meaning), may_pass: Some(false) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_breaks_off_may_say_too_much_without_a_word() {
        for (hint, outcomes) in [
            (PaceHint::End, &[PolicyOutcome::ConnectReset, PolicyOutcome::TlsClosed][..]),
            (
                PaceHint::Nothing,
                &[PolicyOutcome::ConnectRefused, PolicyOutcome::TlsTimeout, PolicyOutcome::Timeout],
            ),
            (
                PaceHint::Answer,
                &[
                    PolicyOutcome::Ok,
                    PolicyOutcome::TlsAlert,
                    PolicyOutcome::TlsName,
                    PolicyOutcome::Redirect,
                ],
            ),
        ] {
            assert!(outcomes.iter().all(|outcome| outcome.pace_hint() == hint), "{hint:?}");
        }
    }

    #[test]
    fn another_address_is_tried_until_a_certificate_was_seen() {
        assert!(PolicyOutcome::ConnectTimeout.is_worth_another_address());
        assert!(PolicyOutcome::TlsClientLimit.is_worth_another_address());
        assert!(!PolicyOutcome::TlsExpired.is_worth_another_address());
        assert!(!PolicyOutcome::Timeout.is_worth_another_address());
    }

    #[test]
    fn what_a_peer_answered_is_not_doubted_and_silence_is() {
        for answered in [PolicyOutcome::Ok, PolicyOutcome::HttpStatus, PolicyOutcome::TlsAlert] {
            assert_eq!(answered.suspicion(), None, "{answered}");
        }
        for cut in [PolicyOutcome::ConnectTimeout, PolicyOutcome::TlsTimeout, PolicyOutcome::ConnectRefused] {
            assert_eq!(cut.suspicion(), Some(Suspicion::Answers), "{cut}");
        }
        assert_eq!(PolicyOutcome::ConnectUnreachable.suspicion(), Some(Suspicion::Route));
    }

    #[test]
    fn every_word_of_an_address_is_read_back() {
        for outcome in AddressOutcome::all() {
            assert_eq!(AddressOutcome::of_word(outcome.word()), Some(outcome));
        }
    }
}
