//! The authorities of a world, and the lines of them that servers send behind their certificates.

use super::small::SmallKey;
use super::{Facts, ORGANIZATION, SECOND, key_usages, seconds_of_year, sha256_hex};
use crate::dice::draw;
use crate::situation::Issuer;
use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, GeneralSubtree, IsCa,
    KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ED25519, PublicKeyData, SigningKey, date_time_ymd,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::collections::HashMap;
use std::sync::Arc;

/// Certificates that a chain in a crowd has beside leaf and issuer: with them it has 100.
const CROWD: usize = 98;
/// Authorities of a deep line: one more than the scanner can check.
const DEEP: usize = 7;

/// A key of the laboratory.
#[derive(Debug)]
pub(super) enum Key {
    Ed25519(Box<KeyPair>),
    Small(SmallKey),
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(key) => key.der_bytes(),
            Self::Small(key) => key.der_bytes(),
        }
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        match self {
            Self::Ed25519(key) => key.algorithm(),
            Self::Small(key) => PublicKeyData::algorithm(key),
        }
    }
}

impl SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        match self {
            Self::Ed25519(key) => key.sign(message),
            Self::Small(key) => SigningKey::sign(key, message),
        }
    }
}

impl Key {
    /// Its type and size as the dataset has them (RFC 8032 section 5.1.5).
    pub(super) fn kind(&self) -> (&'static str, i64) {
        match self {
            Self::Ed25519(_) => ("Ed25519", 256),
            Self::Small(_) => ("RSA", 1024),
        }
    }

    /// What it signs with, by its usual name.
    pub(super) fn signature(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "Ed25519",
            Self::Small(_) => "sha256WithRSAEncryption",
        }
    }
}

/// One authority: its name, its key, and its certificate.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) params: CertificateParams,
    pub(super) key: Key,
    pub(super) facts: Arc<Facts>,
    pub(super) pem: String,
}

/// Who signs a certificate, and what is sent behind it, nearest first.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) signer: Arc<Signer>,
    pub(super) sent: Vec<Arc<Facts>>,
}

impl Line {
    /// All of a line of authorities, of which the last signs.
    fn of(signers: Vec<Arc<Signer>>) -> Result<Self> {
        let sent = signers.iter().rev().map(|signer| Arc::clone(&signer.facts)).collect();
        Ok(Self { signer: signers.into_iter().next_back().context("a line has a signer")?, sent })
    }
}

/// Every authority of a world.
#[derive(Debug)]
pub(super) struct Signers {
    pub(super) root: Arc<Signer>,
    pub(super) hidden: Arc<Signer>,
    lines: HashMap<Issuer, Line>,
}

impl Signers {
    /// Those of a seed.
    pub(super) fn new(seed: u64) -> Result<Self> {
        let root = Arc::new(make(seed, "Laboratory Root", None, Plan::default())?);
        let below = |name: &str, plan| Ok::<_, anyhow::Error>(Arc::new(make(seed, name, Some(&root), plan)?));
        let usual = below("Laboratory Issuer", Plan::default())?;
        let hidden = below("Laboratory Hidden Issuer", Plan::default())?;
        let strange_root = make(seed, "Strange Root", None, Plan::default())?;
        let stranger = Arc::new(make(seed, "Strange Issuer", Some(&strange_root), Plan::default())?);
        // The same name and key, a certificate that has ended.
        let ended_usual = below("Laboratory Issuer", Plan { ends: 2021, ..Plan::default() })?;
        let ended = below("Laboratory Ended Issuer", Plan { ends: 2021, ..Plan::default() })?;
        let unfit = below("Laboratory Unfit Issuer", Plan { change: unfit, ..Plan::default() })?;
        let constrained =
            below("Laboratory Constrained Issuer", Plan { change: constrained, ..Plan::default() })?;
        let outside = below("Laboratory Outside Issuer", Plan { change: outside, ..Plan::default() })?;
        let policed = below(
            "Laboratory Policed Issuer",
            Plan { change: policed, policies: &[ANY], ..Plan::default() },
        )?;
        let small = below("Laboratory Small Issuer", Plan { is_small: true, ..Plan::default() })?;
        let last = below("Laboratory Last Issuer", Plan { change: last, ..Plan::default() })?;
        let surplus = Arc::new(make(seed, "Laboratory Surplus Issuer", Some(&last), Plan::default())?);
        let mut deep: Vec<Arc<Signer>> = Vec::new();
        for number in 1..=DEEP {
            let above = deep.last().map_or(&root, |above| above);
            deep.push(Arc::new(make(
                seed,
                &format!("Laboratory Issuer {number}"),
                Some(above),
                Plan::default(),
            )?));
        }
        let member =
            |number| Ok(make(seed, &format!("Laboratory Bystander {number}"), None, Plan::default())?.facts);
        let crowd = (1..=CROWD).map(member).collect::<Result<Vec<_>>>()?;
        let alone = |signer: &Arc<Signer>| Line { signer: Arc::clone(signer), sent: Vec::new() };
        let twice = vec![Arc::clone(&ended_usual.facts), Arc::clone(&usual.facts)];
        let in_a_crowd = std::iter::once(Arc::clone(&usual.facts)).chain(crowd).collect();
        let md5 = Line::of(vec![Arc::clone(&small)])?;
        let lines = [
            (Issuer::LabAlone, alone(&usual)),
            (Issuer::HiddenAlone, alone(&hidden)),
            (Issuer::LabInACrowd, Line { signer: Arc::clone(&usual), sent: in_a_crowd }),
            (Issuer::LabEndedFirst, Line { signer: Arc::clone(&usual), sent: twice }),
            (Issuer::Lab, Line::of(vec![usual])?),
            (Issuer::LabDeep, Line::of(deep)?),
            (Issuer::Constrained, Line::of(vec![constrained])?),
            (Issuer::Outside, Line::of(vec![outside])?),
            (Issuer::Stranger, Line::of(vec![stranger])?),
            (Issuer::Ended, Line::of(vec![ended])?),
            (Issuer::Unfit, Line::of(vec![unfit])?),
            (Issuer::Policed, Line::of(vec![policed])?),
            (Issuer::Surplus, Line::of(vec![last, surplus])?),
            (Issuer::Small, Line::of(vec![small])?),
            (Issuer::SmallWithMd5, md5),
        ];
        Ok(Self { root, hidden, lines: lines.into_iter().collect() })
    }

    /// The line of an issuer; `None` where a certificate signs itself.
    pub(super) fn line(&self, issuer: Issuer) -> Option<&Line> {
        self.lines.get(&issuer)
    }
}

/// anyPolicy (RFC 5280 section 4.2.1.4).
const ANY: &str = "2.5.29.32.0";

/// In what an authority is another than most.
#[derive(Clone, Copy)]
struct Plan {
    /// The year at whose beginning its certificate ends.
    ends: i32,
    is_small: bool,
    policies: &'static [&'static str],
    change: fn(&mut CertificateParams),
}

impl Default for Plan {
    fn default() -> Self {
        Self { ends: 2100, is_small: false, policies: &[], change: |_| {} }
    }
}

/// Not to sign certificates (RFC 5280 section 4.2.1.3).
fn unfit(params: &mut CertificateParams) {
    params.key_usages = vec![KeyUsagePurpose::CrlSign];
}

/// None may stand below it (section 4.2.1.9).
fn last(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
}

/// For subjects of its own organization alone (section 4.2.1.10).
fn constrained(params: &mut CertificateParams) {
    let mut organization = DistinguishedName::new();
    organization.push(DnType::OrganizationName, ORGANIZATION);
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DirectoryName(organization)],
        excluded_subtrees: Vec::new(),
    });
}

/// For hosts of a domain that nobody has.
fn outside(params: &mut CertificateParams) {
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("outside.invalid".to_owned())],
        excluded_subtrees: Vec::new(),
    });
}

/// Any policy, but one it must be (sections 4.2.1.4 and 4.2.1.11).
fn policed(params: &mut CertificateParams) {
    let any = vec![0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x20, 0];
    let mut demanded = CustomExtension::from_oid_content(&[2, 5, 29, 36], vec![0x30, 3, 0x80, 1, 0]);
    demanded.set_criticality(true);
    params.custom_extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 32], any), demanded];
}

fn make(seed: u64, name: &str, above: Option<&Signer>, plan: Plan) -> Result<Signer> {
    let key =
        if plan.is_small { Key::Small(SmallKey) } else { Key::Ed25519(Box::new(key_pair(seed, name)?.0)) };
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(plan.ends, 1, 1);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, ORGANIZATION);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (plan.change)(&mut params);
    let certificate = match above {
        Some(above) => params.signed_by(&key, &rcgen::Issuer::from_params(&above.params, &above.key))?,
        None => params.signed_by(&key, &rcgen::Issuer::from_params(&params, &key))?,
    };
    // RFC 4514 section 2.1: the last of the names first.
    let subject = format!("CN={name},O={ORGANIZATION}");
    let (key_type, key_bits) = key.kind();
    let policies = plan.policies.iter().map(|policy| (*policy).to_owned()).collect::<Vec<_>>();
    let facts = Facts {
        sha256: sha256_hex(certificate.der()),
        issuer: above.map_or_else(|| subject.clone(), |above| above.facts.subject.clone()),
        subject,
        sans: Vec::new(),
        not_before: seconds_of_year(2000) * SECOND,
        not_after: seconds_of_year(plan.ends) * SECOND,
        issuer_org: Some(ORGANIZATION.to_owned()),
        has_scts: false,
        is_ca: true,
        key_type,
        key_bits,
        signature: above.map_or(&key, |above| &above.key).signature(),
        key_usage: key_usages(&params.key_usages),
        eku: None,
        policies: (!policies.is_empty()).then_some(policies),
        must_staple: false,
        spki: key.subject_public_key_info(),
        spki_sha256: sha256_hex(&key.subject_public_key_info()),
        der: certificate.der().to_vec(),
    };
    Ok(Signer { params, key, facts: Arc::new(facts), pem: certificate.pem() })
}

/// An Ed25519 key drawn from the seed and a label, for rcgen and in PKCS #8 (RFC 8410 section 7).
pub(super) fn key_pair(seed: u64, label: &str) -> Result<(KeyPair, Vec<u8>)> {
    const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let mut der = PKCS8.to_vec();
    for part in 0..4_u64 {
        der.extend(draw(seed.wrapping_add(part << 56), label.as_bytes()).to_be_bytes());
    }
    let pkcs8 = PrivatePkcs8KeyDer::from(der.clone());
    Ok((KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &PKCS_ED25519)?, der))
}
