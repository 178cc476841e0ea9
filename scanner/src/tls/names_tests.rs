#![allow(clippy::unwrap_used, reason = "a test says what must be there")]
use super::{COMPARISONS, Scope, Use, is_host_below, scope};
use rcgen::{
    CertificateParams, CidrSubnet, DistinguishedName, DnType, DnValue, GeneralSubtree, IsCa, KeyPair, SanType,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

fn name(parts: &[(DnType, &str)]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    parts.iter().for_each(|(kind, value)| name.push(kind.clone(), *value));
    name
}

/// A certificate of a subject, and of alternative names.
fn certificate(subject: DistinguishedName, names: Vec<SanType>) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject;
    params.subject_alt_names = names;
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

fn held(
    permitted: Vec<GeneralSubtree>,
    excluded: Vec<GeneralSubtree>,
    certificate: &[u8],
    left: usize,
) -> Scope {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.name_constraints =
        Some(rcgen::NameConstraints { permitted_subtrees: permitted, excluded_subtrees: excluded });
    let issuer = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let (_, issuer) = X509Certificate::from_der(issuer.der()).unwrap();
    let (_, below) = X509Certificate::from_der(certificate).unwrap();
    let constraints = issuer.name_constraints().unwrap().unwrap().value;
    scope(constraints, &below, &mut { left })
}

fn permits(base: DistinguishedName, subject: DistinguishedName) -> Scope {
    let permitted = vec![GeneralSubtree::DirectoryName(base)];
    held(permitted, Vec::new(), &certificate(subject, Vec::new()), COMPARISONS)
}

#[test]
fn a_directory_name_is_below_one_that_it_begins_with() {
    use DnType::{CommonName, CountryName, OrganizationName};
    let base = || name(&[(CountryName, "IT"), (OrganizationName, "Example Org")]);
    let of = |parts: &[(DnType, &str)]| permits(base(), name(parts));
    assert_eq!(of(&[(CountryName, "IT"), (OrganizationName, "Example Org")]), Scope::Within);
    assert_eq!(
        of(&[(CountryName, "IT"), (OrganizationName, "Example Org"), (CommonName, "mx")]),
        Scope::Within
    );
    assert_eq!(of(&[(CountryName, "it"), (OrganizationName, " EXAMPLE   org ")]), Scope::Within);
    assert_eq!(of(&[(CountryName, "IT")]), Scope::Outside, "a part is missing");
    assert_eq!(
        of(&[(OrganizationName, "Example Org"), (CountryName, "IT")]),
        Scope::Outside,
        "another order"
    );
    assert_eq!(of(&[(CountryName, "IT"), (OrganizationName, "Example")]), Scope::Outside);
    assert_eq!(of(&[(CountryName, "IT"), (CommonName, "Example Org")]), Scope::Outside, "another type");
    // Without a name of that form nothing is constrained.
    assert_eq!(of(&[]), Scope::Within);
    let excluded = vec![GeneralSubtree::DirectoryName(base())];
    let own = certificate(base(), Vec::new());
    assert_eq!(held(Vec::new(), excluded, &own, COMPARISONS), Scope::Outside);
}

#[test]
fn the_type_of_a_text_is_no_difference() {
    let utf8 = name(&[(DnType::OrganizationName, "Example Org")]);
    let mut printable = DistinguishedName::new();
    let text = "Example Org".try_into().unwrap();
    printable.push(DnType::OrganizationName, DnValue::PrintableString(text));
    assert_eq!(permits(utf8, printable), Scope::Within);
}

#[test]
fn hosts_and_addresses_are_held_against_their_own_form_alone() {
    let names = || {
        vec![
            SanType::DnsName("mx.example.org".try_into().unwrap()),
            SanType::IpAddress([192, 0, 2, 7].into()),
        ]
    };
    let of = |permitted: Vec<GeneralSubtree>, excluded: Vec<GeneralSubtree>| {
        held(permitted, excluded, &certificate(DistinguishedName::new(), names()), COMPARISONS)
    };
    let dns = |base: &str| GeneralSubtree::DnsName(base.to_owned());
    let net = |a: [u8; 4], mask: [u8; 4]| GeneralSubtree::IpAddress(CidrSubnet::V4(a, mask));
    let ours = || net([192, 0, 2, 0], [255, 255, 255, 0]);
    assert_eq!(of(vec![dns("example.org")], Vec::new()), Scope::Within);
    assert_eq!(of(vec![dns("example.org"), ours()], Vec::new()), Scope::Within);
    assert_eq!(of(vec![dns("example.net")], Vec::new()), Scope::Outside);
    assert_eq!(of(vec![net([198, 51, 100, 0], [255, 255, 255, 0])], Vec::new()), Scope::Outside);
    assert_eq!(of(Vec::new(), vec![ours()]), Scope::Outside);
    assert_eq!(of(Vec::new(), vec![dns("mx.example.org")]), Scope::Outside);
    // A mailbox is a form that is not checked, and there is none here.
    assert_eq!(of(vec![GeneralSubtree::Rfc822Name("example.org".to_owned())], Vec::new()), Scope::Within);
}

#[test]
fn a_form_that_is_not_checked_is_unclear() {
    let mailbox = SanType::Rfc822Name("a@example.org".try_into().unwrap());
    let own = certificate(DistinguishedName::new(), vec![mailbox]);
    let base = vec![GeneralSubtree::Rfc822Name("example.org".to_owned())];
    assert_eq!(held(base, Vec::new(), &own, COMPARISONS), Scope::Unclear);
}

#[test]
fn too_many_comparisons_are_unclear() {
    let subject = || name(&[(DnType::CommonName, "mx")]);
    let base = vec![GeneralSubtree::DirectoryName(subject())];
    assert_eq!(held(base.clone(), Vec::new(), &certificate(subject(), Vec::new()), 0), Scope::Unclear);
    assert_eq!(held(base, Vec::new(), &certificate(subject(), Vec::new()), 1), Scope::Within);
}

#[test]
fn a_wildcard_stands_for_all_that_it_covers() {
    for (host, base, permits, excludes) in [
        ("mx.example.org", "example.org", true, true),
        ("example.org", "EXAMPLE.org", true, true),
        ("badexample.org", "example.org", false, false),
        ("org", "example.org", false, false),
        ("mx.example.org", ".example.org", true, true),
        ("example.org", ".example.org", false, true),
        ("mx.example.org", "", true, true),
        ("*.example.org", "example.org", true, true),
        ("*.example.org", "mx.example.org", false, true),
        ("*.example.org", "a.mx.example.org", false, false),
        ("*.example.org", "example.net", false, false),
    ] {
        assert_eq!(is_host_below(host, base, Use::Permits), permits, "{host} {base}");
        assert_eq!(is_host_below(host, base, Use::Excludes), excludes, "{host} {base}");
    }
}
