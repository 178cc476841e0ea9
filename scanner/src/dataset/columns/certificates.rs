//! The table `certificates`.

use super::table::table;
use crate::dataset::item::Time;
use crate::evidence::rows::CertificateRow;

table! {
    /// One row per distinct certificate.
    CERTIFICATES = "certificates", "one distinct certificate seen at a policy host or an MX host, leaf or not"; row: CertificateRow {
        sha256: String = row.sha256,
            "SHA-256 of the DER, hexadecimal, lower case.";
        subject: Option<String> = row.subject,
            "Subject in the form of RFC 4514, escaped; this and all following columns but der are null where the DER does not parse.";
        issuer: Option<String> = row.issuer,
            "Issuer in the form of RFC 4514, escaped.";
        sans: Option<Vec<String>> = row.sans,
            "Subject alternative names in their order in the certificate: DNS names as written, addresses in text form.";
        not_before: Option<Time> = row.not_before,
            "Start of validity.";
        not_after: Option<Time> = row.not_after,
            "End of validity.";
        key_type: Option<String> = row.key_type,
            "RSA | EC | Ed25519 | Ed448 | DSA | the key's object identifier.";
        key_bits: Option<i32> = row.key_bits,
            "Size of the key in bits (of the modulus, of the curve); null where it is not known.";
        signature: Option<String> = row.signature,
            "Signature algorithm by its usual name, for example sha256WithRSAEncryption, ecdsa-with-SHA256, Ed25519, or its object identifier.";
        is_ca: Option<bool> = row.is_ca,
            "CA flag of the basic constraints; false where there are none.";
        aia: Option<Vec<String>> = row.aia,
            "URLs of the issuer's certificate (authority information access, caIssuers).";
        spki_sha256: Option<String> = row.spki_sha256,
            "SHA-256 of the subject public key info, hexadecimal.";
        issuer_org: Option<String> = row.issuer_org,
            "The issuer's organization (O), the first where there are several, escaped; null where it names none, and in layouts before 1.3.", since("1.3");
        has_scts: Option<bool> = row.has_scts,
            "Whether it holds signed certificate timestamps (RFC 6962 section 3.3), so that it was logged before it was issued; null in layouts before 1.3.", since("1.3");
        key_usage: Option<Vec<String>> = row.key_usage,
            "Key usage by the words of RFC 5280 section 4.2.1.3, in the order of their bits; null where it has none, and in layouts before 1.3.", since("1.3");
        eku: Option<Vec<String>> = row.eku,
            "Extended key usage: anyExtendedKeyUsage, serverAuth, clientAuth, codeSigning, emailProtection, timeStamping, OCSPSigning (RFC 5280 section 4.2.1.12) in this order, then object identifiers; null where it has none, and in layouts before 1.3.", since("1.3");
        policies: Option<Vec<String>> = row.policies,
            "Certificate policies by their object identifiers, in their order (RFC 5280 section 4.2.1.4); null where it has none, and in layouts before 1.3.", since("1.3");
        must_staple: Option<bool> = row.must_staple,
            "Whether it demands a stapled answer of OCSP (RFC 7633); null in layouts before 1.3.", since("1.3");
        der: Vec<u8> = row.der,
            "The certificate in DER.";
    }
}
