#![allow(clippy::unwrap_used, reason = "a test says what must be there")]
use super::{CertFault, CertOutcome, judge, name_covers};
use crate::tls::issuing::{HOST, NOW, authority_params, params, root, self_signed};
use crate::tls::trust::{Trust, TrustSource};
use crate::tls::witness::KeyProof;
use rcgen::{
    BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};

fn faults(chain: &[Vec<u8>], trust: &Trust) -> Vec<CertFault> {
    judge(chain, HOST, trust, NOW, KeyProof::Proven).unwrap().faults().to_vec()
}

#[test]
fn a_hundred_issuers_of_one_name_are_not_all_tried() {
    // Names that are the same all the way up, and other keys: who signed what shows only when it is tried.
    let (stranger, root) = (root("root"), root("root"));
    let issuer = root.sub(authority_params("issuer"));
    let judged = |impostors: usize| {
        let mut chain = vec![issuer.issue(&params(&[HOST]))];
        chain.extend((0..impostors).map(|_| stranger.sub(authority_params("issuer")).der()));
        chain.push(issuer.der());
        judge(&chain, HOST, &root.trust(), NOW, KeyProof::Proven).unwrap()
    };
    assert_eq!(judged(50).faults(), []);
    assert_eq!(judged(120).faults(), [CertFault::ClientLimit]);
}

#[test]
fn a_path_of_more_than_six_issuers_is_our_limit_however_the_leaf_is_marked() {
    let root = root("root");
    let judged = |between: usize, is_ca: bool| {
        let mut chain = Vec::new();
        let mut above = None;
        for number in 0..between {
            let next = authority_params(&format!("issuer {number}"));
            let next = above.as_ref().unwrap_or(&root).sub(next);
            chain.insert(0, next.der());
            above = Some(next);
        }
        let mut leaf = params(&[HOST]);
        if is_ca {
            leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        chain.insert(0, above.as_ref().unwrap_or(&root).issue(&leaf));
        judge(&chain, HOST, &root.trust(), NOW, KeyProof::Proven).unwrap().faults().to_vec()
    };
    for is_ca in [false, true] {
        assert_eq!(judged(6, is_ca), []);
        assert_eq!(judged(7, is_ca), [CertFault::ClientLimit]);
        assert_eq!(judged(40, is_ca), [CertFault::ClientLimit]);
    }
}

#[test]
fn a_good_certificate_has_no_fault() {
    let ca = root("root");
    let chain = [ca.issue(&params(&["other.example", "MX.Example.org"]))];
    assert_eq!(faults(&chain, &ca.trust()), []);
    assert_eq!(
        judge(&chain, HOST, &ca.trust(), NOW, KeyProof::NotShown).unwrap().outcome(),
        CertOutcome::Valid
    );
}

#[test]
fn no_certificate_has_no_judgement() {
    assert_eq!(judge(&[], HOST, &root("root").trust(), NOW, KeyProof::NotShown), None);
}

#[test]
fn an_expired_leaf_of_a_trusted_authority_is_expired_and_nothing_else() {
    let ca = root("root");
    let mut old = params(&[HOST]);
    old.not_after = date_time_ymd(2024, 6, 1);
    assert_eq!(faults(&[ca.issue(&old)], &ca.trust()), [CertFault::Expired]);
    let mut early = params(&[HOST]);
    early.not_before = date_time_ymd(2024, 8, 1);
    assert_eq!(faults(&[ca.issue(&early)], &ca.trust()), [CertFault::NotYetValid]);
}

#[test]
fn every_fault_is_listed_in_its_order() {
    let (ca, stranger) = (root("root"), root("stranger"));
    let mut bad = params(&["other.example"]);
    bad.not_after = date_time_ymd(2024, 6, 1);
    assert_eq!(faults(&[ca.issue(&bad)], &ca.trust()), [CertFault::Expired, CertFault::Name]);
    bad.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let chain = [stranger.issue(&bad)];
    let all = [CertFault::Untrusted, CertFault::Other, CertFault::Expired, CertFault::Name];
    assert_eq!(faults(&chain, &ca.trust()), all);
    assert_eq!(
        judge(&chain, HOST, &ca.trust(), NOW, KeyProof::Proven).unwrap().outcome(),
        CertOutcome::Fault(CertFault::Untrusted)
    );
}

#[test]
fn another_name_is_a_name_fault_and_a_common_name_does_not_help() {
    let ca = root("root");
    assert_eq!(faults(&[ca.issue(&params(&["mx2.example.org"]))], &ca.trust()), [CertFault::Name]);
    let mut common = params(&[]);
    common.distinguished_name.push(rcgen::DnType::CommonName, HOST);
    assert_eq!(faults(&[ca.issue(&common)], &ca.trust()), [CertFault::Name]);
}

#[test]
fn a_wildcard_covers_exactly_one_label() {
    let ca = root("root");
    assert_eq!(faults(&[ca.issue(&params(&["*.example.org"]))], &ca.trust()), []);
    assert!(name_covers("*.Example.org", "mx.example.ORG"));
    assert!(!name_covers("*.example.org", "example.org"));
    assert!(!name_covers("*.example.org", "a.mx.example.org"));
    assert!(!name_covers("*.example.org", ".example.org"));
    assert!(!name_covers("m*.example.org", "mx.example.org"));
    assert!(!name_covers("mx.*.org", "mx.example.org"));
    assert!(!name_covers("*.*.org", "mx.example.org"));
    assert!(!name_covers("*.org", "example.org"));
    assert!(!name_covers("*", "org"));
    assert!(!name_covers("mx.example.org.", "mx.example.org"));
}

#[test]
fn a_self_signed_leaf_is_self_signed_and_not_untrusted() {
    let trust = root("root").trust();
    assert_eq!(faults(&[self_signed(&params(&[HOST]))], &trust), [CertFault::SelfSigned]);
    let mut authority = params(&[HOST]);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert_eq!(faults(&[self_signed(&authority)], &trust), [CertFault::SelfSigned]);
    authority.not_after = date_time_ymd(2024, 6, 1);
    assert_eq!(faults(&[self_signed(&authority)], &trust), [CertFault::SelfSigned, CertFault::Expired]);
}

#[test]
fn a_leaf_that_names_itself_as_issuer_but_is_signed_by_another_key_is_untrusted() {
    let (ca, stranger) = (root("same"), root("same"));
    let mut leaf = params(&[HOST]);
    leaf.distinguished_name.push(rcgen::DnType::CommonName, "same");
    assert_eq!(faults(&[stranger.issue(&leaf)], &ca.trust()), [CertFault::Untrusted]);
}

#[test]
fn an_unknown_authority_is_untrusted_and_its_certificate_in_the_chain_does_not_help() {
    let (ca, stranger) = (root("root"), root("stranger"));
    assert_eq!(faults(&[stranger.issue(&params(&[HOST]))], &ca.trust()), [CertFault::Untrusted]);
    let chain = [stranger.issue(&params(&[HOST])), stranger.der()];
    assert_eq!(faults(&chain, &ca.trust()), [CertFault::Untrusted]);
}

#[test]
fn intermediates_count_in_any_order_and_a_missing_one_is_untrusted() {
    let ca = root("root");
    let one = ca.sub(authority_params("one"));
    let two = one.sub(authority_params("two"));
    let leaf = two.issue(&params(&[HOST]));
    let trust = ca.trust();
    assert_eq!(faults(&[leaf.clone(), two.der(), one.der()], &trust), []);
    assert_eq!(faults(&[leaf.clone(), b"junk".to_vec(), one.der(), two.der()], &trust), []);
    assert_eq!(faults(&[leaf.clone(), two.der()], &trust), [CertFault::Untrusted]);
    assert_eq!(faults(&[leaf], &trust), [CertFault::Untrusted]);
}

#[test]
fn an_expired_intermediate_is_untrusted() {
    let ca = root("root");
    let mut expired = authority_params("old");
    expired.not_after = date_time_ymd(2024, 3, 1);
    let old = ca.sub(expired);
    assert_eq!(faults(&[old.issue(&params(&[HOST])), old.der()], &ca.trust()), [CertFault::Untrusted]);
}

#[test]
fn garbage_is_other_and_nothing_else() {
    let trust = root("root").trust();
    assert_eq!(faults(&[b"garbage".to_vec()], &trust), [CertFault::Other]);
    assert_eq!(faults(&[Vec::new()], &trust), [CertFault::Other]);
}

#[test]
fn bytes_after_the_certificate_are_other() {
    let ca = root("root");
    let mut leaf = ca.issue(&params(&[HOST]));
    leaf.push(0);
    assert!(faults(&[leaf], &ca.trust()).contains(&CertFault::Other));
}

#[test]
fn what_is_not_for_servers_is_other_beside_whether_it_is_trusted() {
    let (ca, stranger) = (root("root"), root("stranger"));
    let mut client = params(&[HOST]);
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    assert_eq!(faults(&[ca.issue(&client)], &ca.trust()), [CertFault::Other]);
    assert_eq!(faults(&[stranger.issue(&client)], &ca.trust()), [CertFault::Untrusted, CertFault::Other]);
}

#[test]
fn an_issued_authority_as_leaf_is_judged_as_any_other() {
    let (ca, stranger) = (root("root"), root("stranger"));
    let one = ca.sub(authority_params("one"));
    let mut authority = params(&[HOST]);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert_eq!(faults(&[ca.issue(&authority)], &ca.trust()), []);
    assert_eq!(faults(&[one.issue(&authority), one.der()], &ca.trust()), []);
    assert_eq!(faults(&[one.issue(&authority)], &ca.trust()), [CertFault::Untrusted]);
    assert_eq!(faults(&[stranger.issue(&authority)], &ca.trust()), [CertFault::Untrusted]);
    // Not where its key is for signing certificates alone.
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    assert_eq!(faults(&[ca.issue(&authority)], &ca.trust()), [CertFault::Other]);
}

#[test]
fn a_key_usage_without_any_bit_for_servers_is_other() {
    use KeyUsagePurpose::{
        CrlSign, DataEncipherment, DigitalSignature, KeyAgreement, KeyCertSign, KeyEncipherment,
    };
    let ca = root("root");
    let of = |usages: &[KeyUsagePurpose]| {
        let mut leaf = params(&[HOST]);
        leaf.key_usages = usages.to_vec();
        faults(&[ca.issue(&leaf)], &ca.trust())
    };
    for one in [DigitalSignature, KeyEncipherment, KeyAgreement] {
        assert_eq!(of(&[one]), [], "{one:?}");
        assert_eq!(of(&[CrlSign, one]), [], "{one:?}");
    }
    assert_eq!(of(&[KeyCertSign, CrlSign]), [CertFault::Other]);
    assert_eq!(of(&[DataEncipherment]), [CertFault::Other]);
}

#[test]
fn a_self_signed_certificate_that_is_itself_trusted_is_valid() {
    let key = KeyPair::generate().unwrap();
    let own = params(&[HOST]).self_signed(&key).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut lasting = params(&[HOST]);
    lasting.not_after = date_time_ymd(2040, 1, 1);
    let lasting = lasting.self_signed(&key).unwrap();
    std::fs::write(file.path(), lasting.pem()).unwrap();
    let trust = Trust::load(&TrustSource::File(file.path().to_owned())).unwrap();
    // By name and key, as a trusted root is.
    for one in [&own, &lasting] {
        assert_eq!(faults(&[one.der().to_vec()], &trust), []);
    }
    let another = self_signed(&params(&[HOST]));
    assert_eq!(faults(&[another], &trust), [CertFault::SelfSigned]);
}

#[test]
fn an_unknown_critical_extension_is_other_beside_whether_it_is_trusted() {
    let (ca, stranger) = (root("root"), root("stranger"));
    let mut strange = params(&[HOST]);
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    extension.set_criticality(true);
    strange.custom_extensions.push(extension);
    assert_eq!(faults(&[ca.issue(&strange)], &ca.trust()), [CertFault::Other]);
    assert_eq!(faults(&[stranger.issue(&strange)], &ca.trust()), [CertFault::Untrusted, CertFault::Other]);
}

#[test]
fn a_key_that_was_not_proven_is_other() {
    let ca = root("root");
    let chain = [ca.issue(&params(&[HOST]))];
    let judgement = judge(&chain, HOST, &ca.trust(), NOW, KeyProof::NotProven).unwrap();
    assert_eq!(judgement.faults(), [CertFault::Other]);
}

/// A certificate of version 1, from its parts: the TBS without version and extensions, signed anew.
fn version_1(template: &[u8], key: &KeyPair) -> Vec<u8> {
    use rcgen::SigningKey as _;
    fn value(tag: u8, contents: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag, 0x82];
        bytes.extend(u16::try_from(contents.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(contents);
        bytes
    }
    fn whole(der: &[u8]) -> (&[u8], &[u8]) {
        let (contents, rest) = super::der::split(der).unwrap();
        let length = der.len() - rest.len();
        let _ = contents;
        (&der[..length], rest)
    }
    let (certificate, _) = super::der::split(template).unwrap();
    let (tbs, rest) = super::der::split(certificate).unwrap();
    let (algorithm, _) = whole(rest);
    let mut fields = Vec::new();
    let mut rest = tbs;
    while !rest.is_empty() {
        let (field, next) = whole(rest);
        if !matches!(field[0], 0xa0 | 0xa3) {
            fields.extend_from_slice(field);
        }
        rest = next;
    }
    let tbs = value(0x30, &fields);
    let signature = [&[0][..], &key.sign(&tbs).unwrap()].concat();
    value(0x30, &[&tbs[..], algorithm, &value(0x03, &signature)].concat())
}

#[test]
fn version_1_is_other_beside_whether_it_is_trusted() {
    let ca = root("root");
    let template = ca.issue(&params(&[HOST]));
    let old = version_1(&template, ca.issuer.key());
    assert_eq!(faults(std::slice::from_ref(&old), &ca.trust()), [CertFault::Other, CertFault::Name]);
    assert_eq!(
        faults(&[old], &root("other").trust()),
        [CertFault::Untrusted, CertFault::Other, CertFault::Name]
    );

    let key = KeyPair::generate().unwrap();
    let own = params(&[HOST]).self_signed(&key).unwrap();
    let own = version_1(own.der(), &key);
    assert_eq!(faults(&[own], &ca.trust()), [CertFault::SelfSigned, CertFault::Other, CertFault::Name]);
}
