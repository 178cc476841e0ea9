//! The facts of one certificate, for the table `certificates`. Nothing is judged here.

use super::der;
use crate::evidence::rows::CertificateRow;
use crate::evidence::text::escape;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::oid::Oid;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{AttributeTypeAndValue, SubjectPublicKeyInfo, X509Name};

/// The row of one certificate, whatever its bytes are.
#[must_use]
pub fn facts(der: &[u8]) -> CertificateRow {
    let row = CertificateRow { sha256: sha256_hex(der), der: der.to_vec(), ..CertificateRow::default() };
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return row;
    };
    let key = certificate.public_key();
    let validity = certificate.validity();
    let (key_type, key_bits) = describe_key(key);
    CertificateRow {
        subject: Some(distinguished_name(certificate.subject())),
        issuer: Some(distinguished_name(certificate.issuer())),
        sans: Some(alternative_names(&certificate)),
        not_before: Some(validity.not_before.timestamp().saturating_mul(1_000_000)),
        not_after: Some(validity.not_after.timestamp().saturating_mul(1_000_000)),
        key_type: Some(key_type),
        key_bits,
        signature: Some(signature_name(&certificate.signature_algorithm.algorithm.to_id_string())),
        is_ca: Some(matches!(certificate.basic_constraints(), Ok(Some(found)) if found.value.ca)),
        aia: Some(issuer_urls(&certificate)),
        spki_sha256: Some(sha256_hex(key.raw)),
        issuer_org: organization(certificate.issuer()),
        has_scts: Some(certificate.extensions().iter().any(|one| one.oid.to_id_string() == SCTS)),
        key_usage: key_usage(&certificate),
        eku: extended_key_usage(&certificate),
        policies: policies(&certificate),
        must_staple: Some(must_staple(&certificate)),
        ..row
    }
}

/// The extension of signed certificate timestamps (RFC 6962 section 3.3).
const SCTS: &str = "1.3.6.1.4.1.11129.2.4.2";

/// The extension of TLS features (RFC 7633 section 4).
const TLS_FEATURE: &str = "1.3.6.1.5.5.7.1.24";

/// Whether it demands that an answer of OCSP is stapled: the feature status_request (5) or status_request_v2
/// (17) is among its TLS features.
pub(super) fn must_staple(certificate: &X509Certificate<'_>) -> bool {
    let found = certificate.extensions().iter().find(|one| one.oid.to_id_string() == TLS_FEATURE);
    // A SEQUENCE of INTEGERs, which are small.
    let features = found.and_then(|one| der::contents(one.value)).unwrap_or_default();
    features.chunks(3).any(|feature| matches!(feature, [2, 1, 5 | 17]))
}

/// The words of RFC 5280 section 4.2.1.3, in the order of their bits.
fn key_usage(certificate: &X509Certificate<'_>) -> Option<Vec<String>> {
    const BITS: [&str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];
    let flags = certificate.key_usage().ok()??.value.flags;
    let set = BITS.iter().enumerate().filter(|(bit, _)| flags >> bit & 1 == 1);
    Some(set.map(|(_, name)| (*name).to_owned()).collect())
}

/// The words of section 4.2.1.12, or object identifiers.
fn extended_key_usage(certificate: &X509Certificate<'_>) -> Option<Vec<String>> {
    let usage = certificate.extended_key_usage().ok()??.value;
    let known = [
        (usage.any, "anyExtendedKeyUsage"),
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ];
    let named = known.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name.to_owned());
    Some(named.chain(usage.other.iter().map(Oid::to_id_string)).collect())
}

fn policies(certificate: &X509Certificate<'_>) -> Option<Vec<String>> {
    certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::CertificatePolicies(policies) => {
            Some(policies.iter().map(|policy| policy.policy_id.to_id_string()).collect())
        }
        _ => None,
    })
}

fn organization(name: &X509Name<'_>) -> Option<String> {
    name.iter_organization().find_map(|one| one.as_str().ok()).map(|text| escape(text.as_bytes()))
}

/// SHA-256, as bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256, hexadecimal, lower case.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&sha256(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Bytes of their hexadecimal form; `None` where it is none.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| match pair {
        [_, _] => u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok(),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let names = certificate.subject_alternative_name().ok().flatten();
    names
        .into_iter()
        .flat_map(|names| &names.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(escape(name.as_bytes())),
            GeneralName::IPAddress(bytes) => Some(address(bytes)?.to_string()),
            _ => None,
        })
        .collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).into());
    }
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into())
}

fn issuer_urls(certificate: &X509Certificate<'_>) -> Vec<String> {
    const CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";
    let mut urls = Vec::new();
    for extension in certificate.extensions() {
        let ParsedExtension::AuthorityInfoAccess(access) = extension.parsed_extension() else { continue };
        for description in &access.accessdescs {
            if let GeneralName::URI(url) = &description.access_location
                && description.access_method.to_id_string() == CA_ISSUERS
            {
                urls.push(escape(url.as_bytes()));
            }
        }
    }
    urls
}

fn describe_key(key: &SubjectPublicKeyInfo<'_>) -> (String, Option<i32>) {
    let oid = key.algorithm.algorithm.to_id_string();
    let (name, bits) = match oid.as_str() {
        "1.2.840.113549.1.1.1" => ("RSA", modulus_bits(key)),
        "1.2.840.10045.2.1" => ("EC", curve_bits(key)),
        "1.3.101.112" => ("Ed25519", Some(256)),
        "1.3.101.113" => ("Ed448", Some(456)),
        "1.2.840.10040.4.1" => ("DSA", None),
        // RSASSA-PSS keys have an RSA modulus, but an identifier of their own.
        "1.2.840.113549.1.1.10" => (oid.as_str(), modulus_bits(key)),
        other => (other, None),
    };
    (name.to_owned(), bits)
}

fn modulus_bits(key: &SubjectPublicKeyInfo<'_>) -> Option<i32> {
    let (_, rsa) = x509_parser::public_key::RSAPublicKey::from_der(&key.subject_public_key.data).ok()?;
    let digits = rsa.modulus.iter().skip_while(|byte| **byte == 0);
    let first = *digits.clone().next()?;
    i32::try_from(digits.count() * 8 - first.leading_zeros() as usize).ok()
}

fn curve_bits(key: &SubjectPublicKeyInfo<'_>) -> Option<i32> {
    let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?.to_id_string();
    match curve.as_str() {
        "1.2.840.10045.3.1.1" => Some(192),
        "1.3.132.0.33" => Some(224),
        "1.2.840.10045.3.1.7" | "1.3.132.0.10" | "1.3.36.3.3.2.8.1.1.7" => Some(256),
        "1.3.132.0.34" | "1.3.36.3.3.2.8.1.1.11" => Some(384),
        "1.3.36.3.3.2.8.1.1.13" => Some(512),
        "1.3.132.0.35" => Some(521),
        _ => match key.parsed().ok()? {
            PublicKey::EC(point) => i32::try_from(point.key_size()).ok().filter(|bits| *bits > 0),
            _ => None,
        },
    }
}

fn signature_name(oid: &str) -> String {
    let name = match oid {
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.14" => "sha224WithRSAEncryption",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "RSASSA-PSS",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.1" => "ecdsa-with-SHA224",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "1.2.840.10040.4.3" => "dsa-with-SHA1",
        "2.16.840.1.101.3.4.3.2" => "dsa-with-SHA256",
        other => other,
    };
    name.to_owned()
}

/// A name as RFC 4514 writes it: the last RDN first, short types where they are registered, else the
/// identifier with the value in hexadecimal.
pub(super) fn distinguished_name(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> =
        name.iter().map(|rdn| rdn.iter().map(attribute).collect::<Vec<_>>().join("+")).collect();
    parts.reverse();
    escape(parts.join(",").as_bytes())
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let oid = attribute.attr_type().to_id_string();
    match (short_type(&oid), attribute.as_str()) {
        (Some(short), Ok(value)) => format!("{short}={}", escape_rfc4514(value)),
        (short, _) => {
            // Section 2.4: the BER of the value. Tag and length are written anew from the contents.
            let value = attribute.attr_value();
            format!("{}=#{}", short.unwrap_or(&oid), hex(&ber(value.tag().0, value.data)))
        }
    }
}

fn ber(tag: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(tag & 0x1f).unwrap_or(0)];
    match u8::try_from(data.len()) {
        Ok(short @ 0..=0x7f) => bytes.push(short),
        _ => {
            let length = data.len().to_be_bytes();
            let digits: Vec<u8> = length.into_iter().skip_while(|digit| *digit == 0).collect();
            bytes.push(0x80 | u8::try_from(digits.len()).unwrap_or(0));
            bytes.extend(digits);
        }
    }
    bytes.extend_from_slice(data);
    bytes
}

/// Section 3, and those of the IANA registry "LDAP Parameters" that certificates have.
fn short_type(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.13" => "description",
        "2.5.4.15" => "businessCategory",
        "2.5.4.17" => "postalCode",
        "2.5.4.42" => "givenName",
        "2.5.4.97" => "organizationIdentifier",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => return None,
    })
}

/// Section 2.4: a backslash before what would be read as structure.
fn escape_rfc4514(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (index, character) in value.chars().enumerate() {
        match character {
            '\0' => text.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => text.extend(['\\', character]),
            '#' if index == 0 => text.push_str("\\#"),
            ' ' if index == 0 || index == last => text.push_str("\\ "),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
