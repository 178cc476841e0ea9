//! How bytes go out, or do not: silence, a flood, a trickle.

use super::Contacts;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of a flood that are written at once.
const PIECE: usize = 4_096;

/// Keeps a connection open without a word until the peer closes it, for a minute at most.
pub(crate) async fn stall<S: AsyncRead + Unpin>(mut stream: S) -> io::Result<()> {
    let silence = async {
        let mut waste = [0; 1024];
        while stream.read(&mut waste).await? > 0 {}
        Ok(())
    };
    tokio::time::timeout(Duration::from_secs(60), silence).await.unwrap_or(Ok(()))
}

/// Sends a text over and over until the peer has had enough, with a pause before each piece; counts what it
/// took.
///
/// # Errors
/// What the peer, or the system, had enough with: there is no other end.
pub(crate) async fn flood<S: AsyncWrite + Unpin>(
    stream: &mut S,
    text: &[u8],
    pause: Duration,
    contacts: &Contacts,
) -> io::Result<()> {
    let piece = text.repeat(PIECE.div_ceil(text.len().max(1)));
    let mut taken = 0;
    loop {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        let written = async {
            stream.write_all(&piece).await?;
            stream.flush().await
        };
        written.await?;
        taken += piece.len() as u64;
        contacts.flooded(taken);
    }
}

/// Bytes of their hexadecimal form; characters that are no hexadecimal digits are left out.
pub(crate) fn hex(hex: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    (0..hex.len()).step_by(2).filter_map(pair).collect()
}

/// Sends bytes one by one, with a pause before each.
pub(crate) async fn trickle<S: AsyncWrite + Unpin>(
    stream: &mut S,
    bytes: &[u8],
    pause: Duration,
) -> io::Result<()> {
    for byte in bytes {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        stream.write_all(&[*byte]).await?;
        stream.flush().await?;
    }
    Ok(())
}
