//! Whether one key signed one certificate, also with algorithms that no sender accepts any longer.
//!
//! The question here is who signed, not whether the signature is strong: a self-signed certificate with SHA-1
//! is self-signed.

use aws_lc_rs::signature::{self as algorithms, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::certificate::X509Certificate;

/// Whether the key with these bits (contents of `subjectPublicKey`, RFC 5280 section 4.1.2.7) verifies the
/// certificate's signature.
///
/// False as well where the algorithm is none that can be checked (MD5, DSA, Ed448).
pub(super) fn is_signed_by(certificate: &X509Certificate<'_>, key: &[u8]) -> bool {
    let tbs: &[u8] = certificate.tbs_certificate.as_ref();
    let signature: &[u8] = &certificate.signature_value.data;
    candidates(&certificate.signature_algorithm.algorithm.to_id_string())
        .iter()
        .any(|algorithm| UnparsedPublicKey::new(*algorithm, key).verify(tbs, signature).is_ok())
}

/// The ways to read a signature of this algorithm. ECDSA does not say its curve, and reading the parameters
/// of RSASSA-PSS is not worth it: a wrong one does not verify.
fn candidates(oid: &str) -> &'static [&'static dyn VerificationAlgorithm] {
    match oid {
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => {
            &[&algorithms::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY]
        }
        "1.2.840.113549.1.1.11" => &[&algorithms::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY],
        "1.2.840.113549.1.1.12" => &[&algorithms::RSA_PKCS1_2048_8192_SHA384],
        "1.2.840.113549.1.1.13" => &[&algorithms::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY],
        "1.2.840.113549.1.1.10" => &[
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
