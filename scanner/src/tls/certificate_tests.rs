#![allow(clippy::unwrap_used, reason = "a test says what must be there")]
use super::{facts, sha256_hex};
use proptest::prelude::*;
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, KeyPair, SanType};

fn params(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap()
}

#[test]
fn the_facts_of_a_certificate_are_read() {
    let mut params = params(&["b.example.org", "*.example.org"]);
    params.subject_alt_names.push(SanType::IpAddress("192.0.2.7".parse().unwrap()));
    params.subject_alt_names.push(SanType::IpAddress("2001:db8::7".parse().unwrap()));
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "DE");
    params.distinguished_name.push(DnType::OrganizationName, "Ex, Ample");
    params.distinguished_name.push(DnType::CommonName, "b\u{e4}r");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2030, 1, 1);
    // authorityInfoAccess with one caIssuers URL, `http://ca/`.
    let aia =
        [&[0x30, 0x18, 0x30, 0x16, 0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 48, 2, 0x86, 0x0a][..], b"http://ca/"]
            .concat();
    params.custom_extensions.push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], aia));
    // An empty list of signed certificate timestamps.
    let scts = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2], vec![4, 2, 0, 0]);
    params.custom_extensions.push(scts);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();

    let row = facts(certificate.der());
    assert_eq!(row.sha256, sha256_hex(certificate.der()));
    assert_eq!(row.subject.as_deref(), Some("CN=b\\195\\164r,O=Ex\\092, Ample,C=DE"));
    assert_eq!(row.issuer, row.subject);
    assert_eq!(row.sans.unwrap(), ["b.example.org", "*.example.org", "192.0.2.7", "2001:db8::7"]);
    assert_eq!(row.not_before, Some(1_577_836_800_000_000));
    assert_eq!(row.not_after, Some(1_893_456_000_000_000));
    assert_eq!((row.key_type.as_deref(), row.key_bits), (Some("EC"), Some(256)));
    assert_eq!(row.signature.as_deref(), Some("ecdsa-with-SHA256"));
    assert_eq!(row.is_ca, Some(false));
    assert_eq!(row.aia.unwrap(), ["http://ca/"]);
    assert_eq!((row.issuer_org.as_deref(), row.has_scts), (Some("Ex, Ample"), Some(true)));
    assert_eq!(row.spki_sha256.unwrap(), sha256_hex(&rcgen::PublicKeyData::subject_public_key_info(&key)));
}

#[test]
fn keys_have_their_type_and_size() {
    for (algorithm, key_type, bits, signature) in [
        (&rcgen::PKCS_ECDSA_P384_SHA384, "EC", Some(384), "ecdsa-with-SHA384"),
        (&rcgen::PKCS_ED25519, "Ed25519", Some(256), "Ed25519"),
        (&rcgen::PKCS_RSA_SHA256, "RSA", Some(2048), "sha256WithRSAEncryption"),
    ] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let row = facts(params(&["a.example"]).self_signed(&key).unwrap().der());
        assert_eq!((row.key_type.as_deref(), row.key_bits), (Some(key_type), bits));
        assert_eq!(row.signature.as_deref(), Some(signature));
    }
}

#[test]
fn an_authority_is_marked() {
    let mut params = params(&[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let row = facts(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der());
    assert_eq!(row.is_ca, Some(true));
    assert_eq!(row.sans, Some(Vec::new()));
    assert_eq!(row.aia, Some(Vec::new()));
    assert_eq!((row.issuer_org, row.has_scts), (None, Some(false)));
}

#[test]
fn garbage_has_a_hash_and_nothing_else() {
    let row = facts(b"not a certificate");
    assert_eq!(row.sha256, sha256_hex(b"not a certificate"));
    assert_eq!(row.der, b"not a certificate");
    assert_eq!((row.subject, row.not_before, row.is_ca, row.spki_sha256), (None, None, None, None));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = facts(&bytes);
    }

    #[test]
    fn no_damage_makes_it_panic(flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        use std::sync::LazyLock;
        static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
            params(&["a.example", "b.example"]).self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
        });
        let mut bytes = GOOD.clone();
        for (place, value) in flips {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let _ = facts(&bytes);
    }
}
