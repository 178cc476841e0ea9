//! Whether one key signed one certificate, also with algorithms that no sender accepts any longer.
//!
//! The question here is who signed; whether the signature is strong enough is said beside it: a self-signed
//! certificate with SHA-1 is self-signed.

use super::{der, rsa};
use crate::evidence::{CertCause, TlsVersion};
use aws_lc_rs::signature::{self as algorithms, UnparsedPublicKey, VerificationAlgorithm};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{SubjectPublicKeyInfoDer, alg_id};
use rustls::{DigitallySignedStruct, SignatureScheme};
use webpki::RawPublicKeyEntity;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// What a key says of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signed {
    /// It made it; with the reason for which nobody accepts that any longer, if there is one.
    Yes(Option<CertCause>),
    /// It did not.
    No,
    /// Nobody can tell here; with the reason for which nobody accepts it, if there is one.
    Unknown(Option<CertCause>),
}

/// Whether a key (contents of a `SubjectPublicKeyInfo`, RFC 5280 section 4.1.2.7) verifies the certificate's
/// signature.
///
/// False as well where the algorithm is none that can be checked (MD5, DSA, Ed448).
pub(super) fn is_signed_by(certificate: &X509Certificate<'_>, key_info: &[u8]) -> bool {
    matches!(signed_by(certificate, key_info), Signed::Yes(_))
}

/// What a key says of the certificate's signature.
pub(super) fn signed_by(certificate: &X509Certificate<'_>, key_info: &[u8]) -> Signed {
    let Some(key) = der::key_bits(key_info) else { return Signed::No };
    let tbs: &[u8] = certificate.tbs_certificate.as_ref();
    let signature: &[u8] = &certificate.signature_value.data;
    let oid = certificate.signature_algorithm.algorithm.to_id_string();
    let of_algorithm = match oid.as_str() {
        MD5 | SHA1 | SHA1_OF_OIW | ECDSA_SHA1 | DSA_SHA1 | DSA_SHA256 => Some(CertCause::SignatureAlgorithm),
        _ => None,
    };
    let rsa_bits = rsa::modulus_bits(key);
    let of_key = rsa_bits.filter(|bits| bits <= rsa::SMALL.end()).map(|_| CertCause::KeySize);
    let flaw = of_algorithm.or(of_key);
    let known = candidates(&oid);
    let verifies = |algorithm: &&'static dyn VerificationAlgorithm| {
        UnparsedPublicKey::new(*algorithm, key).verify(tbs, signature).is_ok()
    };
    let is_by_unusual_key = || schemes(&oid).iter().any(|scheme| rsa::verifies(key, *scheme, tbs, signature));
    if known.iter().any(verifies) || is_by_unusual_key() {
        return Signed::Yes(flaw);
    }
    let is_beyond_us = known.is_empty()
        || oid.starts_with(RSA) && rsa_bits.is_some_and(|bits| !rsa::is_within_reach(bits))
        || oid == RSASSA_PSS && !has_known_salt(certificate)
        || oid.starts_with(ECDSA) && is_of_unknown_curve(key_info);
    if is_beyond_us { Signed::Unknown(flaw) } else { Signed::No }
}

/// Whether the parameters of RSASSA-PSS are those that TLS has (RFC 8446 section 4.2.3): a salt as long as
/// the hash, and one hash throughout.
fn has_known_salt(certificate: &X509Certificate<'_>) -> bool {
    let known = [alg_id::RSA_PSS_SHA256, alg_id::RSA_PSS_SHA384, alg_id::RSA_PSS_SHA512];
    let given = certificate.signature_algorithm.parameters.as_ref().map_or(&[][..], |given| given.data);
    // An identifier is 11 bytes, the head of its parameters two.
    known.iter().any(|algorithm| algorithm.get(13..) == Some(given))
}

/// Whether an elliptic key is of a curve that the library lacks.
fn is_of_unknown_curve(key_info: &[u8]) -> bool {
    let algorithm = der::key_algorithm(key_info).unwrap_or_default();
    algorithm.strip_prefix(&ELLIPTIC_KEY).is_some_and(|curve| !CURVES.contains(&curve))
}

/// id-ecPublicKey (RFC 5480 section 2.1.1), as DER.
const ELLIPTIC_KEY: [u8; 9] = [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// P-256, P-384, P-521 (RFC 5480 section 2.1.1.1) and secp256k1 (SEC 2), as DER.
const CURVES: [&[u8]; 4] = [
    &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
    &[6, 5, 0x2b, 0x81, 4, 0, 34],
    &[6, 5, 0x2b, 0x81, 4, 0, 35],
    &[6, 5, 0x2b, 0x81, 4, 0, 10],
];

const RSA: &str = "1.2.840.113549.1.1.";
const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
const ECDSA: &str = "1.2.840.10045.4.";
const RSA_KEY: &str = "1.2.840.113549.1.1.1";
const MD5: &str = "1.2.840.113549.1.1.4";
const SHA1: &str = "1.2.840.113549.1.1.5";
const SHA1_OF_OIW: &str = "1.3.14.3.2.29";
const ECDSA_SHA1: &str = "1.2.840.10045.4.1";
const DSA_SHA1: &str = "1.2.840.10040.4.3";
const DSA_SHA256: &str = "2.16.840.1.101.3.4.3.2";

/// Whether the certificate's key made a signature in a handshake, where the library could not say so: it
/// reads no certificate with a critical extension that it does not know, and no RSA key of less than 2048 or
/// more than 8192 bits. In TLS 1.3 an RSA key signs only with PSS (RFC 8446 section 4.2.3).
pub(super) fn is_proof_all_the_same(
    certificate: &[u8],
    version: TlsVersion,
    message: &[u8],
    signed: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> bool {
    use SignatureScheme::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512};
    let is_pkcs1 = matches!(signed.scheme, RSA_PKCS1_SHA256 | RSA_PKCS1_SHA384 | RSA_PKCS1_SHA512);
    if is_pkcs1 && version == TlsVersion::Tls13 {
        return false;
    }
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return false };
    let key = certificate.public_key();
    let info = SubjectPublicKeyInfoDer::from(key.raw);
    let of_scheme = algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signed.scheme);
    let is_by_library = RawPublicKeyEntity::try_from(&info).is_ok_and(|owner| {
        of_scheme
            .flat_map(|(_, algorithms)| algorithms.iter())
            .any(|algorithm| owner.verify_signature(*algorithm, message, signed.signature()).is_ok())
    });
    let is_rsa = key.algorithm.algorithm.to_id_string() == RSA_KEY;
    let bits = &key.subject_public_key.data;
    is_by_library || is_rsa && rsa::verifies(bits, signed.scheme, message, signed.signature())
}

/// The schemes of an RSA key that a certificate's algorithm may stand for.
fn schemes(oid: &str) -> &'static [SignatureScheme] {
    use SignatureScheme as S;
    match oid {
        "1.2.840.113549.1.1.11" => &[S::RSA_PKCS1_SHA256],
        "1.2.840.113549.1.1.12" => &[S::RSA_PKCS1_SHA384],
        "1.2.840.113549.1.1.13" => &[S::RSA_PKCS1_SHA512],
        RSASSA_PSS => &[S::RSA_PSS_SHA256, S::RSA_PSS_SHA384, S::RSA_PSS_SHA512],
        _ => &[],
    }
}

/// The ways to read a signature of this algorithm. ECDSA does not say its curve, and reading the parameters
/// of RSASSA-PSS is not worth it: a wrong one does not verify.
fn candidates(oid: &str) -> &'static [&'static dyn VerificationAlgorithm] {
    match oid {
        SHA1 | SHA1_OF_OIW => &[&algorithms::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY],
        "1.2.840.113549.1.1.11" => &[&algorithms::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY],
        "1.2.840.113549.1.1.12" => &[&algorithms::RSA_PKCS1_2048_8192_SHA384],
        "1.2.840.113549.1.1.13" => &[&algorithms::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY],
        RSASSA_PSS => &[
            &algorithms::RSA_PSS_2048_8192_SHA256,
            &algorithms::RSA_PSS_2048_8192_SHA384,
            &algorithms::RSA_PSS_2048_8192_SHA512,
        ],
        "1.2.840.10045.4.3.2" => &[
            &algorithms::ECDSA_P256_SHA256_ASN1,
            &algorithms::ECDSA_P384_SHA256_ASN1,
            &algorithms::ECDSA_P521_SHA256_ASN1,
            &algorithms::ECDSA_P256K1_SHA256_ASN1,
        ],
        "1.2.840.10045.4.3.3" => &[
            &algorithms::ECDSA_P256_SHA384_ASN1,
            &algorithms::ECDSA_P384_SHA384_ASN1,
            &algorithms::ECDSA_P521_SHA384_ASN1,
        ],
        "1.2.840.10045.4.3.4" => &[
            &algorithms::ECDSA_P256_SHA512_ASN1,
            &algorithms::ECDSA_P384_SHA512_ASN1,
            &algorithms::ECDSA_P521_SHA512_ASN1,
        ],
        "1.3.101.112" => &[&algorithms::ED25519],
        _ => &[],
    }
}
