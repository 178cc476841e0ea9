//! The table `certificates`.

use super::{Kind, SCAN, TEXTS, Table, may, must};

/// One row a distinct certificate.
pub const CERTIFICATES: Table = Table {
    name: "certificates",
    row: "one distinct certificate seen at a policy host or an MX host, leaf or not",
    columns: &[
        SCAN,
        must("sha256", Kind::Text, "SHA-256 of the DER, hexadecimal, lower case."),
        may(
            "subject",
            Kind::Text,
            "Subject, as RFC 4514 writes it, escaped; this and what follows is null where the DER does not parse.",
        ),
        may("issuer", Kind::Text, "Issuer, as RFC 4514 writes it, escaped."),
        may(
            "sans",
            TEXTS,
            "Subject alternative names in their order: DNS names as written, addresses in text form.",
        ),
        may("not_before", Kind::Time, "Begin of validity."),
        may("not_after", Kind::Time, "End of validity."),
        may("key_type", Kind::Text, "RSA | EC | Ed25519 | Ed448 | DSA | the key's object identifier."),
        may(
            "key_bits",
            Kind::Int32,
            "Size of the key in bits (of the modulus, of the curve); null where it is not known.",
        ),
        may(
            "signature",
            Kind::Text,
            "Signature algorithm by its usual name, for example sha256WithRSAEncryption, ecdsa-with-SHA256, Ed25519, or its object identifier.",
        ),
        may("is_ca", Kind::Bool, "CA flag of the basic constraints; false where there are none."),
        may("aia", TEXTS, "URLs of the issuer's certificate (authority information access, caIssuers)."),
        may("spki_sha256", Kind::Text, "SHA-256 of the subject public key info, hexadecimal."),
        must("der", Kind::Binary, "The certificate."),
    ],
};
