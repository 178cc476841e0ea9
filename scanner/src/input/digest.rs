//! SHA-256 of a list while it is read.

use aws_lc_rs::digest::{Context, SHA256};
use std::fmt::Write as _;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// Hash and length of the bytes that went through, shared with the reader they go through.
#[derive(Clone)]
pub(super) struct Digest(Arc<Mutex<(Context, u64)>>);

impl Default for Digest {
    fn default() -> Self {
        Self(Arc::new(Mutex::new((Context::new(&SHA256), 0))))
    }
}

impl Digest {
    fn update(&self, bytes: &[u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.update(bytes);
        state.1 += u64::try_from(bytes.len()).unwrap_or_default();
    }

    /// SHA-256 in lower-case hexadecimal, and the number of bytes, of what was read so far.
    pub(super) fn so_far(&self) -> (String, u64) {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hex =
            state.0.clone().finish().as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
                // Writing to a string cannot fail.
                let _ = write!(hex, "{byte:02x}");
                hex
            });
        (hex, state.1)
    }
}

/// Hashes what is read through it.
pub(super) struct Digesting<R> {
    stream: R,
    digest: Digest,
}

impl<R> Digesting<R> {
    pub(super) const fn new(stream: R, digest: Digest) -> Self {
        Self { stream, digest }
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.digest.update(&buffer[..count]);
        Ok(count)
    }
}
