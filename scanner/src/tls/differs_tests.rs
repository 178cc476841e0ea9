#![allow(clippy::unwrap_used, reason = "a test says what must be there")]
use super::{SenderDifference as D, differences};
use crate::tls::issuing::{HOST, NOW, SmallKey, authority_params, params, root};
use rcgen::{CustomExtension, KeyPair, KeyUsagePurpose, SanType, date_time_ymd};

fn of(chain: &[Vec<u8>]) -> Vec<D> {
    differences(chain, HOST, Some(false), NOW)
}

#[test]
fn a_usual_certificate_is_the_same_to_everybody() {
    let ca = root("root");
    let mut leaf = params(&[HOST, "*.example.org"]);
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    assert_eq!(of(&[ca.issue(&leaf), ca.der()]), []);
    assert_eq!(of(&[ca.issue(&params(&[HOST]))]), [], "without a key usage");
    assert_eq!(of(&[b"junk".to_vec()]), []);
}

#[test]
fn long_lists_are_told_from_longer_ones() {
    let ca = root("root");
    let listed = |count: usize| of(&[vec![ca.issue(&params(&[HOST]))], vec![ca.der(); count - 1]].concat());
    assert_eq!(listed(10), []);
    assert_eq!(listed(11), [D::LongList10]);
    assert_eq!(listed(16), [D::LongList10]);
    assert_eq!(listed(17), [D::LongList10, D::LongList16]);
}

#[test]
fn an_underscore_counts_where_the_certificate_covers_it() {
    let ca = root("root");
    let covered = |names: &[&str], host: &str| differences(&[ca.issue(&params(names))], host, None, NOW);
    assert_eq!(covered(&["*.example.org"], "my_mx.example.org"), [D::Underscore]);
    assert_eq!(covered(&["my_mx.example.org"], "my_mx.example.org"), [D::Underscore]);
    assert_eq!(covered(&["*.example.net"], "my_mx.example.org"), []);
}

#[test]
fn a_staple_is_missing_only_where_one_is_demanded() {
    let ca = root("root");
    let mut leaf = params(&[HOST]);
    let oid = [1, 3, 6, 1, 5, 5, 7, 1, 24];
    leaf.custom_extensions.push(CustomExtension::from_oid_content(&oid, vec![0x30, 3, 2, 1, 5]));
    let leaf = [ca.issue(&leaf)];
    for (stapled, expected) in [(Some(false), &[D::NoStaple][..]), (Some(true), &[]), (None, &[])] {
        assert_eq!(differences(&leaf, HOST, stapled, NOW), expected);
    }
}

#[test]
fn an_issuer_sent_twice_is_to_begin_with_the_valid_one() {
    let ca = root("root");
    let key = KeyPair::generate().unwrap();
    let dated = |year: i32| {
        let mut params = authority_params("issuer");
        params.not_after = date_time_ymd(year, 1, 1);
        params.signed_by(&key, &ca.issuer).unwrap().der().to_vec()
    };
    let leaf = ca.issue(&params(&[HOST]));
    assert_eq!(of(&[leaf.clone(), dated(2020), dated(2040)]), [D::ExpiredFirst]);
    assert_eq!(of(&[leaf.clone(), dated(2040), dated(2020)]), []);
    assert_eq!(of(&[leaf, dated(2020), ca.der()]), [], "of another authority");
}

#[test]
fn key_usage_common_name_and_size_of_the_key_are_told() {
    let ca = root("root");
    let mut leaf = params(&[HOST]);
    leaf.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    assert_eq!(of(&[ca.issue(&leaf)]), [D::NoDigitalSignature]);
    let mut leaf = params(&[]);
    leaf.distinguished_name.push(rcgen::DnType::CommonName, HOST);
    assert_eq!(of(&[ca.issue(&leaf)]), [D::CnOnly]);
    leaf.subject_alt_names = vec![SanType::DnsName("other.example".try_into().unwrap())];
    assert_eq!(of(&[ca.issue(&leaf)]), [], "a DNS name takes its place");
    let small = params(&[HOST]).signed_by(&SmallKey, &ca.issuer).unwrap();
    assert_eq!(of(&[small.der().to_vec()]), [D::WeakKey]);
}
