//! Signatures of RSA keys that the cryptographic library finds too small or too large: a server that has one
//! is to be told from one that does not hold its key.

use rustls::SignatureScheme;
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::ops::RangeInclusive;
use x509_parser::num_bigint::BigUint;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::RSAPublicKey;

/// Bits of the small keys that are checked here: smaller ones nobody accepts.
pub(super) const SMALL: RangeInclusive<usize> = 1024..=2047;
/// Bits of the large ones: OpenSSL takes no larger ones. What lies between is the library's.
const LARGE: RangeInclusive<usize> = 8193..=16_384;
/// A larger exponent only costs time; the library has the same limit.
const EXPONENT_BITS: u64 = 33;

/// Whether a signature of a key with so many bits can be checked, here or by the library.
pub(super) fn is_within_reach(bits: usize) -> bool {
    (*SMALL.start()..=*LARGE.end()).contains(&bits)
}

/// Bits of the modulus of an RSA key (contents of `subjectPublicKey`, RFC 8017 appendix A.1.1); `None` where
/// it is none.
pub(super) fn modulus_bits(key: &[u8]) -> Option<usize> {
    let (_, rsa) = RSAPublicKey::from_der(key).ok()?;
    usize::try_from(BigUint::from_bytes_be(rsa.modulus).bits()).ok()
}

/// Whether a key of 1024 to 2047 or of 8193 to 16384 bits made a signature over a message; false for every
/// other key, and for schemes that are not RSA with SHA-2.
pub(super) fn verifies(key: &[u8], scheme: SignatureScheme, message: &[u8], signature: &[u8]) -> bool {
    let Some((bits, encoded)) = opened(key, signature) else { return false };
    match scheme {
        SignatureScheme::RSA_PKCS1_SHA256 => is_pkcs1::<Sha256>(&encoded, 1, message),
        SignatureScheme::RSA_PKCS1_SHA384 => is_pkcs1::<Sha384>(&encoded, 2, message),
        SignatureScheme::RSA_PKCS1_SHA512 => is_pkcs1::<Sha512>(&encoded, 3, message),
        SignatureScheme::RSA_PSS_SHA256 => is_pss::<Sha256>(&encoded, bits - 1, message),
        SignatureScheme::RSA_PSS_SHA384 => is_pss::<Sha384>(&encoded, bits - 1, message),
        SignatureScheme::RSA_PSS_SHA512 => is_pss::<Sha512>(&encoded, bits - 1, message),
        _ => false,
    }
}

/// The bits of the modulus, and the encoded message in a signature, as long as the modulus (RFC 8017 section
/// 5.2.2).
fn opened(key: &[u8], signature: &[u8]) -> Option<(usize, Vec<u8>)> {
    let (_, rsa) = RSAPublicKey::from_der(key).ok()?;
    let (modulus, exponent) = (BigUint::from_bytes_be(rsa.modulus), BigUint::from_bytes_be(rsa.exponent));
    let bits =
        usize::try_from(modulus.bits()).ok().filter(|bits| SMALL.contains(bits) || LARGE.contains(bits))?;
    let (length, signature) = (bits.div_ceil(8), (BigUint::from_bytes_be(signature), signature.len()));
    let is_sound = exponent.bits() <= EXPONENT_BITS && signature.1 == length && signature.0 < modulus;
    let opened = is_sound.then(|| signature.0.modpow(&exponent, &modulus).to_bytes_be())?;
    let mut encoded = vec![0; length.checked_sub(opened.len())?];
    encoded.extend(opened);
    Some((bits, encoded))
}

/// RFC 8017 section 9.2; `arc` is the last number of the hash's identifier below 2.16.840.1.101.3.4.2.
fn is_pkcs1<D: Digest>(encoded: &[u8], arc: u8, message: &[u8]) -> bool {
    let hash = D::digest(message);
    let Ok(length) = u8::try_from(hash.len()) else { return false };
    // A DigestInfo: the algorithm with NULL parameters, and the hash.
    let mut info =
        vec![0x30, 17 + length, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, arc, 5, 0, 4, length];
    info.extend_from_slice(&hash);
    let Some(padding) = encoded.len().checked_sub(info.len() + 3).filter(|count| *count >= 8) else {
        return false;
    };
    let mut expected = vec![0, 1];
    expected.resize(padding + 2, 0xff);
    expected.push(0);
    expected.extend(info);
    expected == encoded
}

/// RFC 8017 section 9.1.2, with MGF1 over the same hash and a salt of its length, as TLS has it (RFC 8446
/// section 4.2.3).
fn is_pss<D: Digest>(encoded: &[u8], bits: usize, message: &[u8]) -> bool {
    let hash_length = <D as Digest>::output_size();
    let length = bits.div_ceil(8);
    // With one bit less than the modulus the encoded message may have one byte less.
    let Some(encoded) = encoded.len().checked_sub(length).and_then(|more| encoded.get(more..)) else {
        return false;
    };
    let Some((0xbc, rest)) = encoded.split_last() else { return false };
    let Some(masked_length) = rest.len().checked_sub(hash_length).filter(|count| *count > hash_length) else {
        return false;
    };
    let (masked, hash) = rest.split_at(masked_length);
    let unused = 8 * length - bits;
    let mut block: Vec<u8> = masked.iter().zip(mask::<D>(hash, masked_length)).map(|(a, b)| a ^ b).collect();
    let Some(first) = block.first_mut() else { return false };
    let kept = 0xff_u8 >> unused;
    if masked.first().is_some_and(|byte| byte & !kept != 0) {
        return false;
    }
    *first &= kept;
    let (padding, salt) = block.split_at(masked_length - hash_length);
    let Some((1, zeros)) = padding.split_last() else { return false };
    let again = D::new().chain_update([0; 8]).chain_update(D::digest(message)).chain_update(salt).finalize();
    zeros.iter().all(|byte| *byte == 0) && again.as_slice() == hash
}

/// MGF1 (RFC 8017 appendix B.2.1).
fn mask<D: Digest>(seed: &[u8], length: usize) -> Vec<u8> {
    let blocks =
        (0_u32..).map(|count| D::new().chain_update(seed).chain_update(count.to_be_bytes()).finalize());
    let count = length.div_ceil(<D as Digest>::output_size());
    let mut mask: Vec<u8> = blocks.take(count).flat_map(|block| block.to_vec()).collect();
    mask.truncate(length);
    mask
}

#[cfg(test)]
#[path = "rsa_tests.rs"]
mod tests;
