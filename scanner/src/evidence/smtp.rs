//! Words about a conversation with an MX host.

use super::code::Code;
use super::outcome::{ExtraHello, Outcome, PaceHint, Suspicion};
use super::vocabulary::vocabulary;

vocabulary! {
    /// What came of an address of an MX host.
    outcome SmtpOutcome {
        /// The handshake was reached and a certificate was seen, valid or not.
        Ok = "ok",
        /// Nothing listens there.
        ConnectRefused = "smtp_connect_refused",
        /// No answer to the connection attempt within the deadline.
        ConnectTimeout = "smtp_connect_timeout",
        /// No route to the address, or a filter on the way.
        ConnectUnreachable = "smtp_connect_unreachable",
        /// Reset before the first byte of the greeting, which looks the same as a reset of the connection
        /// attempt.
        ConnectReset = "smtp_connect_reset",
        /// No complete greeting in time.
        BannerTimeout = "smtp_banner_timeout",
        /// 4xx as the greeting, or in reply to EHLO or HELO.
        Rejected4xx = "smtp_rejected_4xx",
        /// 5xx as the greeting, or in reply to both EHLO and HELO, or to EHLO by a server that then hung up.
        Rejected5xx = "smtp_rejected_5xx",
        /// Closed, reset later, or silent after the greeting.
        Closed = "smtp_closed",
        /// The reply is not SMTP.
        Protocol = "smtp_protocol",
        /// Plaintext bytes after the 220 reply to STARTTLS (RFC 3207 section 4.2, CVE-2021-38371).
        AnswerInjection = "smtp_answer_injection",
        /// STARTTLS is not in the reply to EHLO, or HELO had to be used.
        NotOffered = "starttls_not_offered",
        /// STARTTLS is masked in the reply to EHLO, or missing there after a masked greeting: there is a
        /// device in front of the server.
        Masked = "starttls_masked",
        /// STARTTLS was offered, and then answered with something other than 220.
        Refused = "starttls_refused",
        /// Older than TLS 1.2 (RFC 8461 section 4.2), or no TLS at all.
        TlsProtocol = "mx_tls_protocol",
        /// No parameters in common with this client, which does not offer every legitimate choice; and the
        /// server picks TLS 1.2 or newer of a broader offer, or does not answer it.
        TlsClientLimit = "mx_tls_client_limit",
        /// The server answered only a small hello. Found in attempts only.
        TlsLargeHello = "mx_tls_large_hello",
        /// A fatal alert that is about neither version nor parameters, or one in place of an answer inside
        /// TLS.
        TlsAlert = "mx_tls_alert",
        /// The handshake did not finish within the deadline.
        TlsTimeout = "mx_tls_timeout",
        /// Closed or reset during the handshake.
        TlsClosed = "mx_tls_closed",
        /// The host asked the scanner to slow down: 421, or another 4xx with a text that mentions a rate, or
        /// three connections broken off in a row.
        Limited = "limited",
        /// Not contacted: beyond --addresses-per-host.
        NotSampled = "not_sampled",
        /// Not contacted: this machine lacks the address family or port 25, or connection after connection to
        /// the address ran into its deadline.
        NotAttempted = "not_attempted",
        /// The host has no address.
        NoAddress = "no_address",
        /// The address is private, loopback or the like: not contacted.
        ForbiddenAddress = "forbidden_address",
    }
}

/// How an address fares with a sender that demands TLS, its certificate apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// TLS is there: the certificate decides.
    Tls,
    /// It does not deliver there.
    Fails,
    /// It does not deliver there, if a second look saw the same.
    FailsIfRepeated,
    /// It was not observed, or mail does not reach it with or without MTA-STS.
    Open,
}

impl SmtpOutcome {
    /// What an address has that was not connected to.
    pub const WITHOUT_CONNECTION: &[Self] =
        &[Self::NotSampled, Self::NotAttempted, Self::NoAddress, Self::ForbiddenAddress];

    /// The finding that goes with it; `None` where there is none, or the host's addresses say which.
    #[must_use]
    pub const fn code(self) -> Option<Code> {
        Some(match self {
            Self::Ok | Self::NotSampled | Self::NotAttempted | Self::NoAddress | Self::ForbiddenAddress => {
                return None;
            }
            Self::ConnectRefused => Code::smtp_connect_refused,
            Self::ConnectTimeout => Code::smtp_connect_timeout,
            Self::ConnectUnreachable => Code::smtp_connect_unreachable,
            Self::ConnectReset => Code::smtp_connect_reset,
            Self::BannerTimeout => Code::smtp_banner_timeout,
            Self::Rejected4xx => Code::smtp_rejected_4xx,
            Self::Rejected5xx => Code::smtp_rejected_5xx,
            Self::Closed => Code::smtp_closed,
            Self::Protocol => Code::smtp_protocol,
            Self::AnswerInjection => Code::smtp_answer_injection,
            Self::NotOffered => Code::starttls_not_offered,
            Self::Masked => Code::starttls_masked,
            Self::Refused => Code::starttls_refused,
            Self::TlsProtocol => Code::mx_tls_protocol,
            Self::TlsClientLimit => Code::mx_tls_client_limit,
            Self::TlsLargeHello => Code::mx_tls_large_hello,
            Self::TlsAlert => Code::mx_tls_alert,
            Self::TlsTimeout => Code::mx_tls_timeout,
            Self::TlsClosed => Code::mx_tls_closed,
            Self::Limited => Code::smtp_limited,
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

    /// Whether the address is contacted again at the second look: it may pass, or the host said that it may.
    /// A mask over STARTTLS may be that of a device near the scanner: until that is known no row is final.
    #[must_use]
    pub const fn wants_second_look(self) -> bool {
        self.may_pass() || matches!(self, Self::Limited | Self::Rejected4xx | Self::Masked)
    }

    /// What a sender that demands TLS does at such an address.
    #[must_use]
    pub const fn delivery(self) -> Delivery {
        match self {
            Self::Ok => Delivery::Tls,
            Self::Masked | Self::TlsProtocol | Self::TlsAlert | Self::AnswerInjection => Delivery::Fails,
            // Behind one address may be machines of which some do not offer it.
            Self::NotOffered | Self::Refused => Delivery::FailsIfRepeated,
            Self::ConnectRefused
            | Self::ConnectTimeout
            | Self::ConnectUnreachable
            | Self::ConnectReset
            | Self::BannerTimeout
            | Self::Rejected4xx
            | Self::Rejected5xx
            | Self::Closed
            | Self::Protocol
            | Self::TlsClientLimit
            | Self::TlsLargeHello
            | Self::TlsTimeout
            | Self::TlsClosed
            | Self::Limited
            | Self::NotSampled
            | Self::NotAttempted
            | Self::NoAddress
            | Self::ForbiddenAddress => Delivery::Open,
        }
    }
}

impl Outcome for SmtpOutcome {
    const LARGE_HELLO: Self = Self::TlsLargeHello;
    const OLD_TLS: Self = Self::TlsProtocol;
    const ALERT: Self = Self::TlsAlert;

    fn extra_hello(self) -> Option<ExtraHello> {
        match self {
            Self::TlsTimeout | Self::TlsClosed | Self::TlsLargeHello => Some(ExtraHello::Small),
            Self::TlsClientLimit => Some(ExtraHello::Legacy),
            Self::Ok
            | Self::ConnectRefused
            | Self::ConnectTimeout
            | Self::ConnectUnreachable
            | Self::ConnectReset
            | Self::BannerTimeout
            | Self::Rejected4xx
            | Self::Rejected5xx
            | Self::Closed
            | Self::Protocol
            | Self::AnswerInjection
            | Self::NotOffered
            | Self::Masked
            | Self::Refused
            | Self::TlsProtocol
            | Self::TlsAlert
            | Self::Limited
            | Self::NotSampled
            | Self::NotAttempted
            | Self::NoAddress
            | Self::ForbiddenAddress => None,
        }
    }

    fn answered_hello(self) -> bool {
        matches!(self, Self::Ok | Self::TlsAlert | Self::TlsProtocol | Self::TlsClientLimit)
    }

    fn is_deadline(self) -> bool {
        matches!(self, Self::ConnectTimeout | Self::BannerTimeout | Self::TlsTimeout)
    }

    fn pace_hint(self) -> PaceHint {
        match self {
            Self::Limited => PaceHint::TooMuch,
            Self::ConnectReset | Self::Closed | Self::TlsClosed => PaceHint::End,
            Self::ConnectRefused
            | Self::ConnectTimeout
            | Self::ConnectUnreachable
            | Self::BannerTimeout
            | Self::Protocol
            | Self::TlsTimeout
            | Self::TlsLargeHello
            | Self::NotSampled
            | Self::NotAttempted
            | Self::NoAddress
            | Self::ForbiddenAddress => PaceHint::Nothing,
            Self::Ok
            | Self::Rejected4xx
            | Self::Rejected5xx
            | Self::AnswerInjection
            | Self::NotOffered
            | Self::Masked
            | Self::Refused
            | Self::TlsProtocol
            | Self::TlsClientLimit
            | Self::TlsAlert => PaceHint::Answer,
        }
    }

    fn suspicion(self) -> Option<Suspicion> {
        match self {
            Self::ConnectUnreachable => Some(Suspicion::Route),
            Self::ConnectRefused => Some(Suspicion::Answers),
            // Said, not cut off.
            Self::NotOffered | Self::Refused => None,
            other => other.may_pass().then_some(Suspicion::Answers),
        }
    }
}

vocabulary! {
    /// Where a conversation ended.
    SmtpPhase {
        /// During the connection attempt.
        Connect = "connect",
        /// While waiting for the greeting.
        Banner = "banner",
        /// While waiting for the reply to EHLO or HELO.
        Ehlo = "ehlo",
        /// While waiting for the reply to STARTTLS.
        Starttls = "starttls",
        /// During the handshake, or after it.
        Tls = "tls",
    }
}

vocabulary! {
    /// What became of STARTTLS (RFC 3207).
    Starttls {
        /// It is in the reply to EHLO.
        Offered = "offered",
        /// It is not in the reply to EHLO, or HELO had to be used.
        NotOffered = "not_offered",
        /// It is masked, or missing after a masked greeting.
        Masked = "masked",
        /// It was offered, and then answered with something other than 220.
        Refused = "refused",
        /// The conversation did not get that far.
        Unknown = "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_breaks_off_may_say_too_much_without_a_word() {
        for (hint, outcomes) in [
            (PaceHint::TooMuch, &[SmtpOutcome::Limited][..]),
            (PaceHint::End, &[SmtpOutcome::ConnectReset, SmtpOutcome::Closed, SmtpOutcome::TlsClosed]),
            (
                PaceHint::Nothing,
                &[
                    SmtpOutcome::ConnectRefused,
                    SmtpOutcome::ConnectTimeout,
                    SmtpOutcome::BannerTimeout,
                    SmtpOutcome::TlsTimeout,
                ],
            ),
            (
                PaceHint::Answer,
                &[
                    SmtpOutcome::Ok,
                    SmtpOutcome::Rejected5xx,
                    SmtpOutcome::Rejected4xx,
                    SmtpOutcome::Refused,
                    SmtpOutcome::TlsAlert,
                ],
            ),
        ] {
            for outcome in outcomes {
                assert_eq!(outcome.pace_hint(), hint, "{outcome}");
            }
        }
    }

    #[test]
    fn what_a_peer_answered_is_not_doubted_and_silence_is() {
        assert_eq!(SmtpOutcome::NotOffered.suspicion(), None);
        assert_eq!(SmtpOutcome::ConnectTimeout.suspicion(), Some(Suspicion::Answers));
        assert_eq!(SmtpOutcome::TlsClosed.suspicion(), Some(Suspicion::Answers));
        assert_eq!(SmtpOutcome::ConnectUnreachable.suspicion(), Some(Suspicion::Route));
    }
}
