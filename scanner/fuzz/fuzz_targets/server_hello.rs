//! What comes back to an old ClientHello: read without a panic as it grows, and never for more bytes than are
//! taken.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sts_scanner::tls::legacy::{self, LegacyAnswer};

/// Bytes after which an answer must be known.
const MOST: usize = 4_096;

fuzz_target!(|data: &[u8]| {
    let whole = legacy::read(data);
    assert!(whole.is_some() || data.len() < MOST);
    for end in 0..data.len().min(64) {
        // A version that was read stays what it is, whatever follows.
        if let Some(LegacyAnswer::ServerHello(version)) = legacy::read(&data[..end]) {
            assert_eq!(whole, Some(LegacyAnswer::ServerHello(version)));
        }
    }
});
