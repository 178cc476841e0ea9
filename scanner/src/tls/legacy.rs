//! A ClientHello by hand, for what rustls cannot speak, read up to the version in ServerHello.
//!
//! A server that finds nothing in common with us may speak TLS 1.2 with suites that we lack (CBC, static
//! RSA), or TLS 1.3 with groups that we lack (secp521r1, x448), which is our limit; or nothing newer than TLS
//! 1.1, which RFC 8996 has retired and a sender must refuse. It is offered all of them: the version that it
//! picks is the newest that it speaks (RFC 5246 appendix E.1). One that answers this offer with an alert too
//! has no certificate for the name, or wants nobody: no sender gets further. No handshake is made.

use super::failure::HandshakeFailure;
use crate::fault::LocalFault;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// What came back, as far as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacyAnswer {
    /// A ServerHello with this version, as it stands there: 0x0303 is TLS 1.2.
    ServerHello(u16),
    /// A fatal alert.
    Alert(u8),
    /// The end, silence, or what is no TLS.
    Nothing,
}

impl LegacyAnswer {
    /// The outcome of a host that found nothing in common with our usual hello and answered this one so.
    #[must_use]
    pub const fn verdict(self) -> HandshakeFailure {
        match self {
            // Older than TLS 1.2, though TLS 1.2 was offered.
            Self::ServerHello(..=0x0302) => HandshakeFailure::Protocol,
            // Or a HelloRetryRequest, which is one of TLS 1.3 (RFC 8446 section 4.1.4).
            Self::ServerHello(_) | Self::Nothing => HandshakeFailure::ClientLimit,
            // protocol_version (RFC 8446 section 6.2): nothing from TLS 1.0 to 1.3.
            Self::Alert(70) => HandshakeFailure::Protocol,
            Self::Alert(_) => HandshakeFailure::Alert,
        }
    }
}

/// Suites in the order of preference that clients had: forward secrecy first, the broken ones last (IANA "TLS
/// Cipher Suites").
const SUITES: [u16; 51] = [
    // TLS 1.3 (RFC 8446 appendix B.4)
    0x1301, 0x1302, 0x1303, 0x1304, 0x1305, // ECDHE with GCM and ChaCha20, with CBC
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc0ac, 0xc0ad, 0xc023, 0xc027, 0xc009, 0xc013, 0xc024,
    0xc028, 0xc00a, 0xc014, // DHE
    0x009e, 0x009f, 0xccaa, 0x0067, 0x006b, 0x0033, 0x0039, 0x0032, 0x0038, 0x0045, 0x0088,
    // Static RSA
    0x009c, 0x009d, 0xc09c, 0xc09d, 0x003c, 0x003d, 0x002f, 0x0035, 0x0041, 0x0084, 0x0096,
    // 3DES and RC4
    0xc008, 0xc012, 0x0016, 0x000a, 0xc011, 0x0005, 0x0004,
    // No suite: renegotiation is secure (RFC 5746 section 3.3)
    0x00ff,
];

/// Curves and finite fields, the common ones first (IANA "TLS Supported Groups").
const GROUPS: [u16; 11] =
    [0x001d, 0x0017, 0x0018, 0x0019, 0x001e, 0x001a, 0x001b, 0x001c, 0x0015, 0x0016, 0x0100];

/// RSA, ECDSA and DSA, with SHA-2 and with SHA-1 (RFC 5246 section 7.4.1.4.1), RSASSA-PSS and EdDSA (RFC 8446
/// section 4.2.3).
const SIGNATURES: [u16; 21] = [
    0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0807, 0x0808, 0x0401, 0x0501,
    0x0601, 0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0302, 0x0202,
];

/// TLS 1.3 to 1.0, the newest first (RFC 8446 section 4.2.1).
const VERSIONS: [u16; 4] = [0x0304, 0x0303, 0x0302, 0x0301];

/// How it leaves: user_canceled, then close_notify (RFC 8446 section 6.1), in records of TLS 1.2.
const FAREWELL: [u8; 14] = [21, 3, 3, 0, 2, 1, 90, 21, 3, 3, 0, 2, 1, 0];

/// Most bytes that are read for a ServerHello's first six.
const MOST: usize = 4_096;

/// Bytes that a prefix of `width` bytes counts (RFC 8446 section 3.4). What is longer than the prefix can say
/// is none of ours.
fn counted(width: usize, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u64).to_be_bytes();
    let mut vector = length.get(length.len() - width..).unwrap_or_default().to_vec();
    vector.extend_from_slice(body);
    vector
}

fn numbers(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut extension = kind.to_be_bytes().to_vec();
    extension.extend(counted(2, body));
    extension
}

/// One record with a ClientHello of TLS 1.2 (RFC 5246 section 7.4.1.2) that offers TLS 1.3 beside it, its key
/// share empty, so that a server of 1.3 asks for one (RFC 8446 section 4.2.8); without SNI where the host has
/// no name that it can carry.
fn client_hello(host: Option<&str>, random: [u8; 32]) -> Vec<u8> {
    let mut extensions = Vec::new();
    if let Some(host) = host {
        // RFC 6066 section 3: a list of one name of the kind host_name.
        let name = [&[0], counted(2, host.as_bytes()).as_slice()].concat();
        extensions.extend(extension(0, &counted(2, &name)));
    }
    extensions.extend(extension(10, &counted(2, &numbers(&GROUPS))));
    // Uncompressed points alone (RFC 8422 section 5.1.2).
    extensions.extend(extension(11, &counted(1, &[0])));
    extensions.extend(extension(13, &counted(2, &numbers(&SIGNATURES))));
    extensions.extend(extension(43, &counted(1, &numbers(&VERSIONS))));
    extensions.extend(extension(51, &counted(2, &[])));

    let mut body = vec![3, 3];
    body.extend(random);
    // No session to resume, no compression.
    body.push(0);
    body.extend(counted(2, &numbers(&SUITES)));
    body.extend(counted(1, &[0]));
    // Some old servers hang at a hello of 256 to 511 bytes: RFC 7685 pads it over that.
    let unpadded = 4 + body.len() + 2 + extensions.len();
    if (256..512).contains(&unpadded) {
        let padding = 512_usize.saturating_sub(unpadded + 4).max(1);
        extensions.extend(extension(21, &vec![0; padding]));
    }
    body.extend(counted(2, &extensions));

    let handshake = [&[1], counted(3, &body).as_slice()].concat();
    // A first record says TLS 1.0, which every server takes (RFC 5246 appendix E.1).
    [&[22, 3, 1], counted(2, &handshake).as_slice()].concat()
}

/// What the bytes say that have come so far; `None` where more are needed, which is never so from 4,096 bytes
/// on.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<LegacyAnswer> {
    let (mut rest, mut handshake) = (bytes, Vec::new());
    while let [kind, 3, _, high, low, body @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let fragment = body.get(..length).unwrap_or(body);
        match (*kind, fragment) {
            // A warning, such as unrecognized_name, goes before the ServerHello.
            (21, [1, _]) => {}
            (21, [_, description]) => return Some(LegacyAnswer::Alert(*description)),
            (21, _) if body.len() < length => return None,
            (22, _) => handshake.extend_from_slice(fragment),
            _ => return Some(LegacyAnswer::Nothing),
        }
        match handshake.as_slice() {
            [2, _, _, _, major, minor, ..] => {
                return Some(LegacyAnswer::ServerHello(u16::from_be_bytes([*major, *minor])));
            }
            [2, ..] | [] => {}
            _ => return Some(LegacyAnswer::Nothing),
        }
        rest = body.get(length..)?;
    }
    let begins_a_record = matches!(rest, [] | [21 | 22] | [21 | 22, 3, ..]);
    if begins_a_record && bytes.len() < MOST { None } else { Some(LegacyAnswer::Nothing) }
}

/// Sends the hello and reads the answer; the connection is of no use after it. Until `deadline`.
///
/// # Errors
/// Where we failed: no random bytes, no descriptors. Whatever the server does is the answer.
pub(crate) async fn ask<S>(
    stream: &mut S,
    host: Option<&str>,
    deadline: Instant,
) -> Result<LegacyAnswer, LocalFault>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    const DOING: &str = "ask for old versions of TLS";
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|_| LocalFault::Setup { doing: DOING, reason: "no random bytes".to_owned() })?;
    let hello = client_hello(host, random);
    let exchange = async {
        stream.write_all(&hello).await?;
        stream.flush().await?;
        let mut bytes = Vec::with_capacity(256);
        loop {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(LegacyAnswer::Nothing);
            }
            if let Some(answer) = read(&bytes) {
                if matches!(answer, LegacyAnswer::ServerHello(_)) {
                    // The answer is had, whatever becomes of this.
                    let _ = leave(stream).await;
                }
                return Ok(answer);
            }
        }
    };
    match timeout_at(deadline, exchange).await {
        Err(_) => Ok(LegacyAnswer::Nothing),
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(err)) => of_io(DOING, &err),
    }
}

/// Takes leave, so that the server does not note a connection that broke off.
async fn leave<S: AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    stream.write_all(&FAREWELL).await?;
    stream.flush().await?;
    stream.shutdown().await
}

fn of_io(doing: &'static str, err: &io::Error) -> Result<LegacyAnswer, LocalFault> {
    LocalFault::of_io(doing, err).map_or(Ok(LegacyAnswer::Nothing), Err)
}

/// The same over a connection of its own to a host that speaks TLS at once, until `deadline`.
///
/// # Errors
/// Where we failed: no descriptors, no address of our own.
pub async fn ask_at(addr: SocketAddr, host: &str, deadline: Instant) -> Result<LegacyAnswer, LocalFault> {
    match timeout_at(deadline, TcpStream::connect(addr)).await {
        Err(_) => Ok(LegacyAnswer::Nothing),
        Ok(Err(err)) => of_io("connect", &err),
        Ok(Ok(mut stream)) => ask(&mut stream, Some(host), deadline).await,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what must be there")]
    use super::{FAREWELL, LegacyAnswer, MOST, ask, client_hello, read};
    use crate::tls::failure::HandshakeFailure;
    use proptest::prelude::*;
    use rustls::server::Acceptor;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::Instant;

    fn server_hello(version: [u8; 2]) -> Vec<u8> {
        let mut hello = vec![22, 3, 1, 0, 42, 2, 0, 0, 38, version[0], version[1]];
        hello.extend([7; 32]);
        hello.extend([0, 0, 0x2f, 0]);
        hello
    }

    #[test]
    fn another_implementation_reads_the_hello() {
        for host in ["mx.example.org", &"a".repeat(60), &format!("{0}.{0}.{0}.org", "b".repeat(60))] {
            let hello = client_hello(Some(host), [9; 32]);
            let mut acceptor = Acceptor::default();
            acceptor.read_tls(&mut hello.as_slice()).unwrap();
            let accepted = acceptor.accept().unwrap_or_else(|(err, _)| panic!("{err}")).unwrap();
            let read = accepted.client_hello();
            assert_eq!(read.server_name(), Some(host));
            assert_eq!(read.cipher_suites().len(), super::SUITES.len());
            // The record's header does not count.
            assert!(!(256..512).contains(&(hello.len() - 5)), "{host}: {}", hello.len());
        }
        assert!(client_hello(None, [0; 32]).starts_with(&[22, 3, 1]));
    }

    #[test]
    fn the_version_it_picks_decides() {
        for (version, verdict) in [
            ([3, 0], HandshakeFailure::Protocol),
            ([3, 1], HandshakeFailure::Protocol),
            ([3, 2], HandshakeFailure::Protocol),
            ([3, 3], HandshakeFailure::ClientLimit),
        ] {
            let answer = read(&server_hello(version)).unwrap();
            assert_eq!(answer, LegacyAnswer::ServerHello(u16::from_be_bytes(version)));
            assert_eq!(answer.verdict(), verdict);
        }
        assert_eq!(LegacyAnswer::Nothing.verdict(), HandshakeFailure::ClientLimit);
        assert_eq!(LegacyAnswer::Alert(70).verdict(), HandshakeFailure::Protocol);
        // Whoever has nothing for this offer either has nothing for anybody.
        for alert in [40, 71, 80, 112] {
            assert_eq!(LegacyAnswer::Alert(alert).verdict(), HandshakeFailure::Alert);
        }
    }

    #[tokio::test]
    async fn it_leaves_with_an_alert() {
        let (mut ours, mut theirs) = tokio::io::duplex(1 << 14);
        let deadline = Instant::now() + std::time::Duration::from_secs(20);
        let server = async {
            let mut heard = vec![0; client_hello(Some("mx.example"), [0; 32]).len()];
            theirs.read_exact(&mut heard).await.unwrap();
            theirs.write_all(&server_hello([3, 3])).await.unwrap();
            let mut rest = Vec::new();
            theirs.read_to_end(&mut rest).await.unwrap();
            rest
        };
        let (answer, rest) = tokio::join!(ask(&mut ours, Some("mx.example"), deadline), server);
        assert_eq!(answer.unwrap(), LegacyAnswer::ServerHello(0x0303));
        assert_eq!(rest, FAREWELL);
    }

    #[test]
    fn a_warning_before_it_is_passed_over_and_a_fatal_alert_is_the_answer() {
        let warned = [&[21, 3, 1, 0, 2, 1, 112][..], &server_hello([3, 1])].concat();
        assert_eq!(read(&warned), Some(LegacyAnswer::ServerHello(0x0301)));
        assert_eq!(read(&[21, 3, 3, 0, 2, 2, 40]), Some(LegacyAnswer::Alert(40)));
        assert_eq!(read(&[21, 3, 3, 0, 2, 2]), None);
    }

    #[test]
    fn it_is_read_byte_by_byte_and_over_records() {
        let whole = server_hello([3, 2]);
        for end in 0..whole.len() {
            let answer = read(&whole[..end]);
            assert_eq!(answer.is_some(), end >= 11, "{end}");
        }
        let parted = [&[22, 3, 1, 0, 1, 2, 22, 3, 1, 0, 5][..], &whole[6..11]].concat();
        assert_eq!(read(&parted), Some(LegacyAnswer::ServerHello(0x0302)));
    }

    #[test]
    fn what_is_no_tls_is_nothing() {
        for bytes in
            [&b"HTTP/1.1 400"[..], b"220 mx", &[22, 2, 0, 0, 0], &[23, 3, 3, 0, 0], &[22, 3, 3, 0, 1, 0]]
        {
            assert_eq!(read(bytes), Some(LegacyAnswer::Nothing), "{bytes:?}");
        }
        let endless = [21, 3, 3, 0, 2, 1, 0].repeat(MOST);
        assert_eq!(read(&endless), Some(LegacyAnswer::Nothing));
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = read(&bytes);
            let _ = read(&[&[22, 3, 1][..], &bytes].concat());
        }
    }
}
