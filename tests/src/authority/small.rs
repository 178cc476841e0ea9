//! An RSA key of 1024 bits, which no library makes or signs with any longer: always the same one, since it
//! keeps no secret.

use super::unhex;
use num_bigint::BigUint;
use rcgen::{PKCS_RSA_SHA256, PublicKeyData};
use rustls::sign::{Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// Bytes of the modulus.
const LENGTH: usize = 128;
/// Bytes of SHA-256, and of the salt (RFC 8446 section 4.2.3).
const HASH: usize = 32;
/// The modulus.
const MODULUS: &str = "\
    def92eb63a9154888767d797a342b3a2f9fa5df1a648ca6c404859336fac2b70660362870d16189387fc6e94827aaa56\
    1c36252e1c2b0d9959a48fa795abe78a9295228006614baffa60078dd4a7899095a7cf7637bb55f3daab3ff85a771596\
    31e3da324a457f263635dd6520c4477fe97ba2d67a629ed38a616bb7af66db8f";
/// The private exponent; the public one is 65537.
const EXPONENT: &str = "\
    d60228d972c146777c2f28f83c14ab4203d8500ebde123985ee291eb128617735c16679ce3ec8f4e1ab9289195e29256\
    efe0f0329f8a9b14d2bb65be1da3cf28a0ecfa179e81aea06dd8f288eebc19adea8788216172428e733adcb5407f7f84\
    d45fa00eede775190e912a8648d976c9048ed7275f0dd497e567a12caa528831";

/// The key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SmallKey;

static NUMBERS: LazyLock<(BigUint, BigUint)> = LazyLock::new(|| {
    let number = |text: &str| BigUint::from_bytes_be(&unhex(text));
    (number(MODULUS), number(EXPONENT))
});

/// RFC 8017 appendix A.1.1: a SEQUENCE of modulus and exponent.
static PUBLIC: LazyLock<Vec<u8>> = LazyLock::new(|| {
    // Its first bit is set: a byte of zeros makes it positive.
    [&[0x30, 0x81, 137, 2, 0x81, 129, 0][..], &unhex(MODULUS), &[2, 3, 1, 0, 1]].concat()
});

impl PublicKeyData for SmallKey {
    fn der_bytes(&self) -> &[u8] {
        &PUBLIC
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl rcgen::SigningKey for SmallKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(raised(&pkcs1(message)))
    }
}

impl SigningKey for SmallKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let ours = [SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PKCS1_SHA256];
        let scheme = ours.into_iter().find(|scheme| offered.contains(scheme))?;
        Some(Box::new(InScheme(scheme)))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

/// The key in one scheme of a handshake.
#[derive(Debug)]
struct InScheme(SignatureScheme);

impl Signer for InScheme {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(raised(&if self.0 == SignatureScheme::RSA_PSS_SHA256 { pss(message) } else { pkcs1(message) }))
    }

    fn scheme(&self) -> SignatureScheme {
        self.0
    }
}

/// An encoded message to the power of the private exponent (RFC 8017 section 5.2.1).
fn raised(encoded: &[u8]) -> Vec<u8> {
    let (modulus, exponent) = &*NUMBERS;
    let signature = BigUint::from_bytes_be(encoded).modpow(exponent, modulus).to_bytes_be();
    [vec![0; LENGTH - signature.len()], signature].concat()
}

/// RFC 8017 section 9.2.
fn pkcs1(message: &[u8]) -> Vec<u8> {
    const INFO: [u8; 19] = [0x30, 49, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 32];
    let mut encoded = vec![0, 1];
    encoded.resize(LENGTH - INFO.len() - HASH - 1, 0xff);
    encoded.push(0);
    encoded.extend(INFO);
    encoded.extend(Sha256::digest(message));
    encoded
}

/// RFC 8017 section 9.1.1, with a salt drawn from the message: a chain must be the same every time.
fn pss(message: &[u8]) -> Vec<u8> {
    let digest = Sha256::digest(message);
    let salt = Sha256::digest(digest);
    let hash = Sha256::new().chain_update([0; 8]).chain_update(digest).chain_update(salt).finalize();
    let mut block = vec![0; LENGTH - HASH - 1 - HASH - 1];
    block.push(1);
    block.extend(salt);
    // MGF1 (appendix B.2.1).
    let mask = (0_u32..3)
        .flat_map(|count| Sha256::new().chain_update(hash).chain_update(count.to_be_bytes()).finalize());
    let mut encoded: Vec<u8> = block.iter().zip(mask).map(|(one, other)| one ^ other).collect();
    // The encoded message has one bit less than the modulus.
    if let Some(first) = encoded.first_mut() {
        *first &= 0x7f;
    }
    encoded.extend(hash);
    encoded.push(0xbc);
    encoded
}
