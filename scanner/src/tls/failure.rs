//! How a connection or a handshake failed, from the errors of the operating system and of rustls.

use crate::evidence::{PolicyOutcome, SmtpOutcome};
use crate::fault::LocalFault;
use rustls::{AlertDescription, InvalidMessage, PeerIncompatible};
use std::io;

/// How a TCP connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectFailure {
    /// Nobody listens there.
    Refused,
    /// No answer within the deadline, ours or the operating system's.
    Timeout,
    /// No way there, or a filter on the way.
    Unreachable,
    /// Reset while it was being made, or before the server said anything: as the first bytes of a client
    /// follow the connection at once, nobody can tell the two apart.
    Reset,
}

impl ConnectFailure {
    /// The outcome of a policy host.
    #[must_use]
    pub const fn at_policy_host(self) -> PolicyOutcome {
        match self {
            Self::Refused => PolicyOutcome::ConnectRefused,
            Self::Timeout => PolicyOutcome::ConnectTimeout,
            Self::Unreachable => PolicyOutcome::ConnectUnreachable,
            Self::Reset => PolicyOutcome::ConnectReset,
        }
    }

    /// The outcome of an MX host.
    #[must_use]
    pub const fn at_mx_host(self) -> SmtpOutcome {
        match self {
            Self::Refused => SmtpOutcome::ConnectRefused,
            Self::Timeout => SmtpOutcome::ConnectTimeout,
            Self::Unreachable => SmtpOutcome::ConnectUnreachable,
            Self::Reset => SmtpOutcome::ConnectReset,
        }
    }
}

/// How a TLS handshake failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HandshakeFailure {
    /// Not finished within the deadline.
    Timeout,
    /// Closed.
    Closed,
    /// Reset.
    Reset,
    /// A fatal alert that says neither version nor parameters: the server does not want this name, or this
    /// client.
    Alert,
    /// What RFC 8461 section 4.2 has senders refuse (older than TLS 1.2), or no TLS at all.
    Protocol,
    /// No parameters in common with this client, which does not offer everything that is legitimate.
    ClientLimit,
}

impl HandshakeFailure {
    /// The outcome of a policy host.
    #[must_use]
    pub const fn at_policy_host(self) -> PolicyOutcome {
        match self {
            Self::Timeout => PolicyOutcome::TlsTimeout,
            Self::Closed => PolicyOutcome::TlsClosed,
            // The ClientHello is the first that is said: see [`ConnectFailure::Reset`].
            Self::Reset => PolicyOutcome::ConnectReset,
            Self::Alert => PolicyOutcome::TlsAlert,
            Self::Protocol => PolicyOutcome::TlsProtocol,
            Self::ClientLimit => PolicyOutcome::TlsClientLimit,
        }
    }

    /// The outcome of an MX host.
    #[must_use]
    pub const fn at_mx_host(self) -> SmtpOutcome {
        match self {
            Self::Timeout => SmtpOutcome::TlsTimeout,
            // After STARTTLS a reset comes in the handshake, whoever it is by.
            Self::Closed | Self::Reset => SmtpOutcome::TlsClosed,
            Self::Alert => SmtpOutcome::TlsAlert,
            Self::Protocol => SmtpOutcome::TlsProtocol,
            Self::ClientLimit => SmtpOutcome::TlsClientLimit,
        }
    }
}

/// What an error of `connect` says.
///
/// # Errors
/// Where the failure is ours, and where the error is none that a peer or the way to it can cause.
pub fn of_connect(err: &io::Error) -> Result<ConnectFailure, LocalFault> {
    const DOING: &str = "connect";
    if let Some(fault) = LocalFault::of_io(DOING, err) {
        return Err(fault);
    }
    match err.kind() {
        io::ErrorKind::ConnectionRefused => return Ok(ConnectFailure::Refused),
        io::ErrorKind::TimedOut => return Ok(ConnectFailure::Timeout),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            return Ok(ConnectFailure::Reset);
        }
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
            return Ok(ConnectFailure::Unreachable);
        }
        _ => {}
    }
    // What the kernel makes of the rarer ICMP errors.
    let from_icmp = [libc::EACCES, libc::EPROTO, libc::ENOPROTOOPT, libc::EHOSTDOWN, libc::ENONET];
    match err.raw_os_error() {
        Some(code) if from_icmp.contains(&code) => Ok(ConnectFailure::Unreachable),
        Some(code) => Err(LocalFault::Os { doing: DOING, source: io::Error::from_raw_os_error(code) }),
        None => Err(LocalFault::Setup { doing: DOING, reason: err.kind().to_string() }),
    }
}

/// What an error of a handshake says, as tokio-rustls gives it.
///
/// # Errors
/// Where the failure is ours.
pub fn of_handshake(err: &io::Error) -> Result<HandshakeFailure, LocalFault> {
    if let Some(fault) = LocalFault::of_io("make a TLS handshake", err) {
        return Err(fault);
    }
    match err.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(err) => of_rustls(err),
        None => Ok(of_io_kind(err.kind())),
    }
}

/// The fatal alert (RFC 8446 section 6) that an error says came, as tokio-rustls gives it; `None` where none
/// did.
#[must_use]
pub fn alert_of(err: &io::Error) -> Option<u8> {
    alert_in(err.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())?)
}

/// The fatal alert that rustls was sent; `None` where that is another error.
#[must_use]
pub fn alert_in(err: &rustls::Error) -> Option<u8> {
    match err {
        rustls::Error::AlertReceived(alert) => Some(u8::from(*alert)),
        _ => None,
    }
}

/// What an error of the connection says, once the handshake was begun.
#[must_use]
pub fn of_io_kind(kind: io::ErrorKind) -> HandshakeFailure {
    match kind {
        io::ErrorKind::TimedOut => HandshakeFailure::Timeout,
        io::ErrorKind::ConnectionReset => HandshakeFailure::Reset,
        _ => HandshakeFailure::Closed,
    }
}

/// What an error of rustls says about the peer.
///
/// # Errors
/// Where the failure is ours: no random bytes, no time.
pub fn of_rustls(err: &rustls::Error) -> Result<HandshakeFailure, LocalFault> {
    use rustls::Error as E;
    match err {
        E::AlertReceived(AlertDescription::ProtocolVersion) => Ok(HandshakeFailure::Protocol),
        E::AlertReceived(AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity) => {
            Ok(HandshakeFailure::ClientLimit)
        }
        E::AlertReceived(_) => Ok(HandshakeFailure::Alert),
        // A ServerHello of TLS 1.0 or 1.1 to an offer of 1.3 and 1.2: the server speaks nothing newer.
        E::PeerIncompatible(
            PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::ServerDoesNotSupportTls12Or13,
        ) => Ok(HandshakeFailure::Protocol),
        E::PeerIncompatible(_) => Ok(HandshakeFailure::ClientLimit),
        // rustls takes certificates of 64 KiB in all; others take more (OpenSSL: 100 KiB).
        E::InvalidMessage(
            InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
        ) => Ok(HandshakeFailure::ClientLimit),
        E::FailedToGetRandomBytes | E::FailedToGetCurrentTime => {
            Err(LocalFault::Setup { doing: "make a TLS handshake", reason: err.to_string() })
        }
        _ => Ok(HandshakeFailure::Protocol),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what must be there")]
    use super::{ConnectFailure, HandshakeFailure, of_connect, of_handshake, of_rustls};
    use crate::evidence::{PolicyOutcome, SmtpOutcome};
    use rustls::{AlertDescription, Error, InvalidMessage, PeerIncompatible};
    use std::io;

    #[test]
    fn each_alert_has_its_word() {
        let of = |alert| of_rustls(&Error::AlertReceived(alert)).unwrap();
        assert_eq!(of(AlertDescription::ProtocolVersion), HandshakeFailure::Protocol);
        assert_eq!(of(AlertDescription::HandshakeFailure), HandshakeFailure::ClientLimit);
        assert_eq!(of(AlertDescription::InsufficientSecurity), HandshakeFailure::ClientLimit);
        assert_eq!(of(AlertDescription::UnrecognisedName), HandshakeFailure::Alert);
        assert_eq!(of(AlertDescription::InternalError), HandshakeFailure::Alert);
    }

    #[test]
    fn what_is_not_tls_is_protocol_and_what_we_lack_is_our_limit() {
        let of = |err: Error| of_handshake(&io::Error::new(io::ErrorKind::InvalidData, err)).unwrap();
        assert_eq!(of(InvalidMessage::InvalidContentType.into()), HandshakeFailure::Protocol);
        assert_eq!(of(InvalidMessage::HandshakePayloadTooLarge.into()), HandshakeFailure::ClientLimit);
        assert_eq!(of(InvalidMessage::CertificatePayloadTooLarge.into()), HandshakeFailure::ClientLimit);
        assert_eq!(of(PeerIncompatible::NoKxGroupsInCommon.into()), HandshakeFailure::ClientLimit);
        assert_eq!(of(PeerIncompatible::ServerDoesNotSupportTls12Or13.into()), HandshakeFailure::Protocol);
    }

    #[test]
    fn an_end_is_closed_and_a_reset_is_told_from_it() {
        for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::BrokenPipe] {
            assert_eq!(of_handshake(&kind.into()).unwrap(), HandshakeFailure::Closed);
        }
        let reset = of_handshake(&io::ErrorKind::ConnectionReset.into()).unwrap();
        assert_eq!(reset, HandshakeFailure::Reset);
        assert_eq!(reset.at_policy_host(), PolicyOutcome::ConnectReset);
        assert_eq!(reset.at_mx_host(), SmtpOutcome::TlsClosed);
        assert_eq!(of_handshake(&io::ErrorKind::TimedOut.into()).unwrap(), HandshakeFailure::Timeout);
    }

    #[test]
    fn a_failed_connect_is_theirs_or_the_ways_unless_we_lack_descriptors() {
        let of = |code| of_connect(&io::Error::from_raw_os_error(code));
        assert_eq!(of(libc::ECONNREFUSED).unwrap(), ConnectFailure::Refused);
        assert_eq!(of(libc::ETIMEDOUT).unwrap(), ConnectFailure::Timeout);
        assert_eq!(of(libc::ENETUNREACH).unwrap(), ConnectFailure::Unreachable);
        assert_eq!(of(libc::EACCES).unwrap(), ConnectFailure::Unreachable);
        assert_eq!(of(libc::ECONNRESET).unwrap(), ConnectFailure::Reset);
        assert!(of(libc::EMFILE).is_err());
    }
}
