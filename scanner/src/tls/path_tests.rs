#![allow(clippy::unwrap_used, reason = "a test says what must be there")]
use crate::evidence::{CertCause, CertFault};
use crate::tls::issuing::{Authority, HOST, NOW, SmallKey, authority_params, params, root, self_signed};
use crate::tls::judge::judge;
use crate::tls::witness::KeyProof;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};

/// The faults of a chain below a root, and why it is untrusted.
fn judged(chain: &[Vec<u8>], root: &Authority) -> (Vec<CertFault>, Option<CertCause>) {
    let judgement = judge(chain, HOST, &root.trust(), NOW, KeyProof::Proven).unwrap();
    (judgement.faults().to_vec(), judgement.cause())
}

/// The same of a leaf below an issuer that was made with these parameters.
fn below(issuer: CertificateParams, leaf: &CertificateParams) -> (Vec<CertFault>, Option<CertCause>) {
    let root = root("root");
    let issuer = root.sub(issuer);
    judged(&[issuer.issue(leaf), issuer.der()], &root)
}

fn valid() -> (Vec<CertFault>, Option<CertCause>) {
    (Vec::new(), None)
}

fn limit() -> (Vec<CertFault>, Option<CertCause>) {
    (vec![CertFault::ClientLimit], None)
}

fn untrusted(cause: CertCause) -> (Vec<CertFault>, Option<CertCause>) {
    (vec![CertFault::Untrusted], Some(cause))
}

fn of_organization(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, name);
    subject
}

/// An issuer constrained as the Baseline Requirements of the CA/Browser Forum want it (section 7.1.2.5.2).
fn constrained(organization: &str, host: &str) -> CertificateParams {
    let mut issuer = authority_params("constrained");
    issuer.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName(host.to_owned()),
            GeneralSubtree::DirectoryName(of_organization(organization)),
        ],
        excluded_subtrees: Vec::new(),
    });
    issuer
}

fn extension(arc: u64, content: &[u8], critical: bool) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, arc], content.to_vec());
    extension.set_criticality(critical);
    extension
}

/// A certificatePolicies extension of one policy below the number for documentation (RFC 5612), or anyPolicy.
fn policy(is_any: bool, critical: bool) -> CustomExtension {
    const OWN: [u8; 14] = [0x30, 12, 0x30, 10, 6, 8, 0x2b, 6, 1, 4, 1, 0x81, 0xfd, 0x59];
    const ANY: [u8; 10] = [0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x20, 0];
    extension(32, if is_any { &ANY } else { &OWN }, critical)
}

#[test]
fn a_directory_name_that_is_permitted_is_valid_and_another_is_not() {
    let mut leaf = params(&[HOST]);
    leaf.distinguished_name = of_organization("Example Org");
    assert_eq!(below(constrained("Example Org", "example.org"), &leaf), valid());
    assert_eq!(below(constrained("Other Org", "example.org"), &leaf), untrusted(CertCause::NameConstraint));
    assert_eq!(below(constrained("Example Org", "example.net"), &leaf), untrusted(CertCause::NameConstraint));
    let mut issuer = constrained("Example Org", "example.org");
    let constraints = issuer.name_constraints.as_mut().unwrap();
    constraints.excluded_subtrees = vec![GeneralSubtree::DirectoryName(of_organization("Example Org"))];
    assert_eq!(below(issuer, &leaf), untrusted(CertCause::NameConstraint));
}

#[test]
fn the_constraints_of_the_root_hold_as_well() {
    let key = KeyPair::generate().unwrap();
    let root = Authority::of(constrained("Example Org", "example.org"), key);
    let mut leaf = params(&[HOST]);
    leaf.distinguished_name = of_organization("Example Org");
    assert_eq!(judged(&[root.issue(&leaf)], &root), valid());
    leaf.distinguished_name = of_organization("Other Org");
    assert_eq!(judged(&[root.issue(&leaf)], &root), untrusted(CertCause::NameConstraint));
}

#[test]
fn a_host_outside_its_issuers_constraints_is_untrusted_for_that() {
    let mut issuer = authority_params("constrained");
    let permitted_subtrees = vec![GeneralSubtree::DnsName("example.net".to_owned())];
    issuer.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    assert_eq!(below(issuer, &params(&[HOST])), untrusted(CertCause::NameConstraint));
}

#[test]
fn a_critical_policy_is_our_limit_wherever_it_stands() {
    let mut leaf = params(&[HOST]);
    leaf.custom_extensions = vec![policy(false, true)];
    assert_eq!(below(authority_params("issuer"), &leaf), limit());
    let mut issuer = authority_params("issuer");
    issuer.custom_extensions = vec![policy(true, true)];
    assert_eq!(below(issuer, &params(&[HOST])), limit());
    // inhibitAnyPolicy (RFC 5280 section 4.2.1.14).
    let mut issuer = authority_params("issuer");
    issuer.custom_extensions = vec![policy(false, false), extension(54, &[2, 1, 0], true)];
    leaf.custom_extensions = vec![policy(false, false)];
    assert_eq!(below(issuer, &leaf), limit());
}

#[test]
fn a_policy_that_is_demanded_and_missing_is_the_cause() {
    // requireExplicitPolicy 0 (section 4.2.1.11).
    let issuer = || {
        let mut issuer = authority_params("issuer");
        issuer.custom_extensions = vec![policy(true, false), extension(36, &[0x30, 3, 0x80, 1, 0], true)];
        issuer
    };
    assert_eq!(below(issuer(), &params(&[HOST])), untrusted(CertCause::Policy));
    let mut leaf = params(&[HOST]);
    leaf.custom_extensions = vec![policy(false, false)];
    assert_eq!(below(issuer(), &leaf), limit());
}

#[test]
fn an_issuer_that_may_not_issue_is_the_cause() {
    let mut crl = authority_params("issuer");
    crl.key_usages = vec![KeyUsagePurpose::CrlSign];
    let mut client = authority_params("issuer");
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let mut none = authority_params("issuer");
    none.is_ca = IsCa::ExplicitNoCa;
    let mut strange = authority_params("issuer");
    strange.custom_extensions = vec![{
        let mut strange = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 32473, 1], vec![5, 0]);
        strange.set_criticality(true);
        strange
    }];
    for issuer in [crl, client, none, strange] {
        assert_eq!(below(issuer, &params(&[HOST])), untrusted(CertCause::IssuerUsage));
    }
    let mut signs = authority_params("issuer");
    signs.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    assert_eq!(below(signs, &params(&[HOST])), valid());
}

#[test]
fn an_expired_issuer_is_the_cause_unless_another_certificate_of_it_is_valid() {
    let root = root("root");
    let key = KeyPair::generate().unwrap();
    let dated = |year: i32| {
        let mut params = authority_params("issuer");
        params.not_after = date_time_ymd(year, 1, 1);
        params
    };
    let old = dated(2020).signed_by(&key, &root.issuer).unwrap().der().to_vec();
    let new = dated(2040).signed_by(&key, &root.issuer).unwrap().der().to_vec();
    let issuer = rcgen::Issuer::new(dated(2040), key);
    let leaf = params(&[HOST]).signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der().to_vec();
    assert_eq!(judged(&[leaf.clone(), old.clone()], &root), untrusted(CertCause::IssuerExpired));
    assert_eq!(judged(&[leaf.clone(), old.clone(), new.clone()], &root), valid());
    assert_eq!(judged(&[leaf, new, old], &root), valid());
}

#[test]
fn a_path_that_is_too_long_for_an_issuer_is_the_cause() {
    let root = root("root");
    let mut first = authority_params("first");
    first.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let first = root.sub(first);
    let second = first.sub(authority_params("second"));
    let chain = [second.issue(&params(&[HOST])), second.der(), first.der()];
    assert_eq!(judged(&chain, &root), untrusted(CertCause::PathLength));
    assert_eq!(judged(&[first.issue(&params(&[HOST])), first.der()], &root), valid());
}

#[test]
fn a_small_key_of_an_issuer_is_the_cause_and_one_of_the_leaf_is_none() {
    let root = root("root");
    let issuer_params = authority_params("small");
    let issuer = issuer_params.signed_by(&SmallKey, &root.issuer).unwrap().der().to_vec();
    let by_small = rcgen::Issuer::new(issuer_params, SmallKey);
    let leaf = params(&[HOST]).signed_by(&KeyPair::generate().unwrap(), &by_small).unwrap().der().to_vec();
    assert_eq!(judged(&[leaf, issuer], &root), untrusted(CertCause::KeySize));
    let leaf = params(&[HOST]).signed_by(&SmallKey, &root.issuer).unwrap().der().to_vec();
    assert_eq!(judged(&[leaf], &root), valid());
}

#[test]
fn a_signature_that_nobody_accepts_is_the_cause() {
    let root = root("root");
    let issuer_params = authority_params("small");
    let issuer = issuer_params.signed_by(&SmallKey, &root.issuer).unwrap().der().to_vec();
    let by_small = rcgen::Issuer::new(issuer_params, SmallKey);
    let mut leaf =
        params(&[HOST]).signed_by(&KeyPair::generate().unwrap(), &by_small).unwrap().der().to_vec();
    // sha256WithRSAEncryption becomes md5WithRSAEncryption, which nobody checks any longer.
    let (sha256, md5) = ([0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 11], 4);
    let places: Vec<usize> = (0..leaf.len() - 9).filter(|at| leaf[*at..at + 9] == sha256).collect();
    assert_eq!(places.len(), 2);
    places.iter().for_each(|at| leaf[at + 8] = md5);
    assert_eq!(judged(&[leaf, issuer], &root), untrusted(CertCause::SignatureAlgorithm));
}

#[test]
fn without_a_root_at_its_end_a_path_is_none_whatever_is_wrong_with_it() {
    let (root, stranger) = (root("root"), root("stranger"));
    let mut old = authority_params("issuer");
    old.not_after = date_time_ymd(2020, 1, 1);
    let issuer = stranger.sub(old);
    let chain = [issuer.issue(&params(&[HOST])), issuer.der(), stranger.der()];
    assert_eq!(judged(&chain, &root), untrusted(CertCause::NoPath));
    let own = judged(&[self_signed(&params(&[HOST]))], &root);
    assert_eq!(own, (vec![CertFault::SelfSigned], None));
}
