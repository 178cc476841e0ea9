//! The keys of signed zones: one of each algorithm, made when the laboratory starts.

use crate::situation::Algorithm;
use anyhow::{Result, anyhow};
use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_SHA256, RsaKeyPair,
};

/// The keys.
pub(in crate::serve) struct Keys {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
    random: SystemRandom,
}

impl Keys {
    /// New ones.
    pub(in crate::serve) fn new() -> Result<Self> {
        let failed = |_| anyhow!("no key can be made");
        Ok(Self {
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?,
            p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?,
            p384: EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).map_err(failed)?,
            ed25519: Ed25519KeyPair::generate().map_err(failed)?,
            random: SystemRandom::new(),
        })
    }

    /// The data of a DNSKEY record (RFC 4034 section 2.1): zone key and secure entry point.
    pub(in crate::serve) fn dnskey(&self, algorithm: Algorithm) -> Vec<u8> {
        let mut data = vec![1, 1, 3, algorithm.number()];
        match algorithm {
            Algorithm::RsaSha256 => {
                let key = self.rsa.public_key();
                let exponent = key.exponent().big_endian_without_leading_zero();
                // RFC 3110 section 2: an exponent of less than 256 bytes.
                data.push(u8::try_from(exponent.len()).unwrap_or(0));
                data.extend(exponent);
                data.extend(key.modulus().big_endian_without_leading_zero());
            }
            // RFC 6605 section 4: the point without the byte that says that it is not compressed.
            Algorithm::EcdsaP256Sha256 => data.extend(self.p256.public_key().as_ref().iter().skip(1)),
            Algorithm::EcdsaP384Sha384 => data.extend(self.p384.public_key().as_ref().iter().skip(1)),
            Algorithm::Ed25519 => data.extend(self.ed25519.public_key().as_ref()),
        }
        data
    }

    /// A signature; empty where none can be made, which every validator notices.
    pub(in crate::serve) fn sign(&self, algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
        let by_ecdsa = |key: &EcdsaKeyPair| key.sign(&self.random, bytes).map(|made| made.as_ref().to_vec());
        match algorithm {
            Algorithm::RsaSha256 => {
                let mut made = vec![0; self.rsa.public_modulus_len()];
                let signed = self.rsa.sign(&RSA_PKCS1_SHA256, &self.random, bytes, &mut made);
                signed.map(|()| made).unwrap_or_default()
            }
            Algorithm::EcdsaP256Sha256 => by_ecdsa(&self.p256).unwrap_or_default(),
            Algorithm::EcdsaP384Sha384 => by_ecdsa(&self.p384).unwrap_or_default(),
            Algorithm::Ed25519 => self.ed25519.sign(bytes).as_ref().to_vec(),
        }
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

/// The tag of a key (RFC 4034, appendix B).
pub(in crate::serve) fn tag(dnskey: &[u8]) -> u16 {
    let sum = dnskey.iter().zip([8, 0].into_iter().cycle()).map(|(byte, shift)| u32::from(*byte) << shift);
    let sum: u32 = sum.sum();
    u16::try_from((sum + (sum >> 16)) & 0xffff).unwrap_or(0)
}

/// The data of a DS record with SHA-256 (RFC 4034 section 5.1, RFC 4509).
pub(in crate::serve) fn ds(owner: &[u8], dnskey: &[u8], algorithm: u8) -> Vec<u8> {
    let digest = digest::digest(&SHA256, &[owner, dnskey].concat());
    let mut data = tag(dnskey).to_be_bytes().to_vec();
    data.extend([algorithm, 2]);
    data.extend(digest.as_ref());
    data
}

/// The hash of a name without salt and further rounds (RFC 5155 section 5).
pub(in crate::serve) fn hash(owner: &[u8]) -> Vec<u8> {
    digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, owner).as_ref().to_vec()
}
