//! SHA-256 of files and bytes, in lower-case hexadecimal.

use crate::fault::Fault;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Size and SHA-256 of a file.
pub(crate) fn hashed(path: &Path) -> Result<(u64, String), Fault> {
    let mut file = File::open(path).map_err(|cause| Fault::file("open", path, cause))?;
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            Err(cause) => return Err(Fault::file("read", path, cause)),
        };
        hash.update(&buffer[..read]);
        bytes += u64::try_from(read).unwrap_or(0);
    }
    Ok((bytes, hex(hash)))
}

/// SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(Sha256::new_with_prefix(bytes))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
