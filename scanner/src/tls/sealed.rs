//! The certificates of a handshake that broke off before the server had proven that it holds their key.
//!
//! rustls hands a chain out once it is proven, which in TLS 1.3 is a message after it came (RFC 8446 section
//! 4.4.3). A server that ends the handshake between the two, with an alert, has shown its certificates all
//! the same: they are read from what was heard, by the secret that rustls logs.

use aws_lc_rs::aead::{
    AES_128_GCM, AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey,
};
use aws_lc_rs::hkdf::{self, HKDF_SHA256, HKDF_SHA384, KeyType, Prk};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The label of the secret that seals the server's part of the handshake (RFC 8446 section 7.1).
pub(super) const LABEL: &str = "SERVER_HANDSHAKE_TRAFFIC_SECRET";

/// Bytes that are kept of what a server says: 64 KiB of certificates, which is what rustls takes, and the
/// rest of a handshake.
const KEPT: usize = 72 * 1_024;

/// What was heard of a server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    /// A stream whose first bytes are kept.
    pub(crate) fn of<S>(&self, stream: S) -> Recorded<S> {
        Recorded { stream, heard: self.clone() }
    }

    fn keep(&self, bytes: &[u8]) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT.saturating_sub(heard.len());
        heard.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// The certificates as they came, the leaf first; none where none came, or what came cannot be read.
    pub(crate) fn certificates(&self, secret: Option<&[u8]>) -> Vec<Vec<u8>> {
        certificates(&self.0.lock().unwrap_or_else(PoisonError::into_inner), secret).unwrap_or_default()
    }
}

/// A stream whose first bytes are kept as they are read.
#[derive(Debug)]
pub(crate) struct Recorded<S> {
    stream: S,
    heard: Heard,
}

impl<S: AsyncRead + Unpin> AsyncRead for Recorded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.heard.keep(buffer.filled().get(before..).unwrap_or_default());
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Recorded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;

fn certificates(heard: &[u8], secret: Option<&[u8]>) -> Option<Vec<Vec<u8>>> {
    let (mut plain, mut sealed) = (Vec::new(), Vec::new());
    let mut opener = None;
    let mut rest = heard;
    // RFC 8446 section 5.1: kind, version, length.
    while let [kind, _, _, high, low, body @ ..] = rest {
        let header = rest.get(..5)?;
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some(fragment) = body.get(..length) else { break };
        match *kind {
            HANDSHAKE => plain.extend_from_slice(fragment),
            APPLICATION_DATA => {
                if opener.is_none() {
                    opener = Some(Opener::new(suite(&plain)?, secret?)?);
                }
                let opened = opener.as_mut()?.open(header, fragment)?;
                // The kind stands behind the content, and padding behind that (section 5.2).
                let end = opened.iter().rposition(|byte| *byte != 0)?;
                if opened.get(end) != Some(&HANDSHAKE) {
                    break;
                }
                sealed.extend_from_slice(opened.get(..end)?);
            }
            // change_cipher_spec; an alert ends it.
            _ => {}
        }
        rest = body.get(length..)?;
    }
    if let Some(message) = messages(&sealed).find(|(kind, _)| *kind == CERTIFICATE) {
        // Section 4.4.2: a context, and a list of certificates with extensions.
        let [context, list @ ..] = message.1 else { return None };
        return chain(counted(list.get(usize::from(*context)..)?)?, true);
    }
    let (_, list) = messages(&plain).find(|(kind, _)| *kind == CERTIFICATE)?;
    chain(counted(list)?, false)
}

/// The messages of a handshake: kind, and what is in them.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let [kind, rest @ ..] = bytes else { return None };
        let body = counted(rest)?;
        bytes = rest.get(3 + body.len()..)?;
        Some((*kind, body))
    })
}

/// The bytes that a prefix of three counts.
fn counted(bytes: &[u8]) -> Option<&[u8]> {
    let [high, middle, low, rest @ ..] = bytes else { return None };
    rest.get(..usize::try_from(u32::from_be_bytes([0, *high, *middle, *low])).ok()?)
}

fn chain(mut list: &[u8], has_extensions: bool) -> Option<Vec<Vec<u8>>> {
    let mut chain = Vec::new();
    while !list.is_empty() {
        let der = counted(list)?;
        chain.push(der.to_vec());
        list = list.get(3 + der.len()..)?;
        if has_extensions {
            let [high, low, ..] = list else { return None };
            list = list.get(2 + usize::from(u16::from_be_bytes([*high, *low]))..)?;
        }
    }
    Some(chain)
}

/// The suite of the last ServerHello: one before it is a HelloRetryRequest.
fn suite(plain: &[u8]) -> Option<u16> {
    let (_, hello) = messages(plain).filter(|(kind, _)| *kind == SERVER_HELLO).last()?;
    // Version, random, session.
    let session = usize::from(*hello.get(34)?);
    let suite = hello.get(35 + session..37 + session)?;
    Some(u16::from_be_bytes([*suite.first()?, *suite.last()?]))
}

/// Opens the records of one direction (RFC 8446 section 5.2 and 5.3).
struct Opener {
    key: LessSafeKey,
    iv: [u8; 12],
    sequence: u64,
}

impl Opener {
    fn new(suite: u16, secret: &[u8]) -> Option<Self> {
        let (algorithm, hash): (&'static Algorithm, _) = match suite {
            0x1301 => (&AES_128_GCM, HKDF_SHA256),
            0x1302 => (&AES_256_GCM, HKDF_SHA384),
            0x1303 => (&CHACHA20_POLY1305, HKDF_SHA256),
            _ => return None,
        };
        let key = expanded(hash, secret, b"key", algorithm.key_len())?;
        let iv = expanded(hash, secret, b"iv", 12)?;
        let key = LessSafeKey::new(UnboundKey::new(algorithm, &key).ok()?);
        Some(Self { key, iv: iv.try_into().ok()?, sequence: 0 })
    }

    fn open(&mut self, header: &[u8], fragment: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = self.iv;
        for (byte, of_sequence) in nonce.iter_mut().skip(4).zip(self.sequence.to_be_bytes()) {
            *byte ^= of_sequence;
        }
        self.sequence += 1;
        let mut sealed = fragment.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        Some(self.key.open_in_place(nonce, Aad::from(header), &mut sealed).ok()?.to_vec())
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label without a context (RFC 8446 section 7.1).
fn expanded(hash: hkdf::Algorithm, secret: &[u8], label: &[u8], length: usize) -> Option<Vec<u8>> {
    let counted = u16::try_from(length).ok()?.to_be_bytes();
    let name = [b"tls13 ", label].concat();
    let count = [u8::try_from(name.len()).ok()?];
    let info: [&[u8]; 4] = [&counted, &count, &name, &[0]];
    let mut out = vec![0; length];
    Prk::new_less_safe(hash, secret).expand(&info, Length(length)).ok()?.fill(&mut out).ok()?;
    Some(out)
}

#[cfg(test)]
#[path = "sealed_tests.rs"]
mod tests;
