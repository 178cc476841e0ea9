//! The laboratory's certificate authority. A certificate is a pure function of the seed, its names and its
//! faults, so that its SHA-256 can stand in the truth before anyone has asked for it.

mod signers;
mod small;

use crate::situation::{Certificate, Fill, Issuer, KeyUse, Purpose, Validity};
use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyUsagePurpose, PublicKeyData, SanType, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use sha2::{Digest, Sha256, Sha512};
use signers::{Key, Signers, key_pair};
use small::SmallKey;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How many issued certificates are kept, a few KB each.
const KEPT: usize = 4096;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400;
/// Whose every authority of the laboratory is.
const ORGANIZATION: &str = "STS Census Laboratory";

/// A certificate and what is true of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// SHA-256 of the DER, hexadecimal.
    pub sha256: String,
    /// Subject as RFC 4514 writes it.
    pub subject: String,
    /// Issuer as RFC 4514 writes it.
    pub issuer: String,
    /// DNS names in their order.
    pub sans: Vec<String>,
    /// Begin of validity, microseconds since 1970.
    pub not_before: i64,
    /// End of validity, microseconds since 1970.
    pub not_after: i64,
    /// The issuer's organization.
    pub issuer_org: Option<String>,
    /// Whether it holds signed certificate timestamps.
    pub has_scts: bool,
    /// Whether it is an authority.
    pub is_ca: bool,
    /// The type of its key as the dataset has it.
    pub key_type: &'static str,
    /// Bits of its key.
    pub key_bits: i64,
    /// What it is signed with, by its usual name.
    pub signature: &'static str,
    /// Its key usage by the words of RFC 5280 section 4.2.1.3.
    pub key_usage: Vec<String>,
    /// Its extended key usage by the words of section 4.2.1.12; `None` where it has none.
    pub eku: Option<Vec<String>>,
    /// Its policies by their identifiers; `None` where it has none.
    pub policies: Option<Vec<String>>,
    /// Whether it demands a stapled answer of OCSP (RFC 7633).
    pub must_staple: bool,
    /// The subject public key info, DER.
    pub spki: Vec<u8>,
    /// Its SHA-256, hexadecimal.
    pub spki_sha256: String,
    /// The certificate.
    pub der: Vec<u8>,
}

/// A certificate with the chain sent along and its key.
#[derive(Debug)]
pub struct Issued {
    /// The certificates as they are sent, leaf first.
    pub chain: Vec<Arc<Facts>>,
    /// The same for rustls.
    pub certified: Arc<CertifiedKey>,
}

/// The certificate authorities of a world.
#[derive(Debug)]
pub struct Authority {
    seed: u64,
    signers: Signers,
    issued: Mutex<HashMap<(Certificate, String), Arc<Issued>>>,
}

impl Authority {
    /// The authorities of a seed.
    ///
    /// # Errors
    /// Where a key or a certificate cannot be made.
    pub fn new(seed: u64) -> Result<Self> {
        Ok(Self { seed, signers: Signers::new(seed)?, issued: Mutex::default() })
    }

    /// The root in PEM: what a scanner of this world trusts.
    #[must_use]
    pub fn root_pem(&self) -> &str {
        &self.signers.root.pem
    }

    /// The intermediate authority that no server sends, in PEM.
    #[must_use]
    pub fn hidden_pem(&self) -> &str {
        &self.signers.hidden.pem
    }

    /// The certificate of a server that was asked for `host`.
    ///
    /// # Errors
    /// Where a name of it is no name a certificate can have.
    pub fn issue(&self, wanted: &Certificate, host: &str) -> Result<Arc<Issued>> {
        let key = (wanted.clone(), host.to_owned());
        if let Some(issued) = self.issued.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(issued));
        }
        let made = Arc::new(self.make(wanted, host)?);
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if issued.len() >= KEPT {
            issued.clear();
        }
        issued.insert(key, Arc::clone(&made));
        Ok(made)
    }

    fn make(&self, wanted: &Certificate, host: &str) -> Result<Issued> {
        let names: Vec<String> = wanted.names.iter().map(|name| Host(host).text(name)).collect();
        let label = format!("leaf {} {:?}", names.join(" "), wanted.issuer);
        let (own, pkcs8) = key_pair(self.seed, &label)?;
        let (key, signing): (Key, Arc<dyn SigningKey>) = if wanted.small_key {
            (Key::Small(SmallKey), Arc::new(SmallKey))
        } else {
            let pkcs8 = PrivatePkcs8KeyDer::from(pkcs8);
            (Key::Ed25519(Box::new(own)), rustls::crypto::aws_lc_rs::sign::any_eddsa_type(&pkcs8)?)
        };
        let (begin, end) = dates(wanted.validity);
        let params = params_of(wanted, &names, (begin, end))?;
        let line = self.signers.line(wanted.issuer);
        let certificate = match line.map(|line| &line.signer) {
            Some(signer) => {
                params.signed_by(&key, &rcgen::Issuer::from_params(&signer.params, &signer.key))?
            }
            None => params.signed_by(&key, &rcgen::Issuer::from_params(&params, &key))?,
        };
        let mut der = certificate.der().to_vec();
        let mut signature = line.map_or(&key, |line| &line.signer.key).signature();
        if wanted.issuer == Issuer::SmallWithMd5 {
            signature = with_md5(&mut der);
        }
        let (key_type, key_bits) = key.kind();
        let subject = subject_of(wanted, &names);
        let own_organization = wanted.organization.then(|| ORGANIZATION.to_owned());
        let leaf = Facts {
            issuer: line.map_or_else(|| subject.clone(), |line| line.signer.facts.subject.clone()),
            sha256: sha256_hex(&der),
            subject,
            sans: if wanted.common_name_only { Vec::new() } else { names },
            not_before: begin * SECOND,
            not_after: end * SECOND,
            issuer_org: if line.is_some() { Some(ORGANIZATION.to_owned()) } else { own_organization },
            has_scts: wanted.scts,
            is_ca: wanted.authority,
            key_type,
            key_bits,
            signature,
            key_usage: key_usages(&params.key_usages),
            eku: Some(vec![match wanted.purpose {
                Purpose::Server => "serverAuth".to_owned(),
                Purpose::Client => "clientAuth".to_owned(),
            }]),
            policies: wanted.critical_policy.then(|| vec![POLICY.to_owned()]),
            must_staple: wanted.must_staple,
            spki: key.subject_public_key_info(),
            spki_sha256: sha256_hex(&key.subject_public_key_info()),
            der,
        };
        let sent = line.map(|line| line.sent.as_slice()).unwrap_or_default();
        let chain: Vec<Arc<Facts>> = std::iter::once(Arc::new(leaf)).chain(sent.iter().cloned()).collect();
        let ders = chain.iter().map(|facts| CertificateDer::from(facts.der.clone())).collect();
        let mut certified = CertifiedKey::new(ders, signing);
        // An answer that says "try later" (RFC 6960 section 4.2.1): nobody here reads it.
        certified.ocsp = wanted.stapled.then(|| vec![0x30, 3, 0x0a, 1, 3]);
        Ok(Issued { chain, certified: Arc::new(certified) })
    }
}

/// A policy of nobody, below the enterprise number for documentation (RFC 5612).
const POLICY: &str = "1.3.6.1.4.1.32473";

fn dates(validity: Validity) -> (i64, i64) {
    match validity {
        Validity::Now => (seconds_of_year(2020), seconds_of_year(2049)),
        Validity::Renewed => (seconds_of_year(2021), seconds_of_year(2048)),
        Validity::Ended => (seconds_of_year(2020), seconds_of_year(2021)),
        Validity::NotYet => (seconds_of_year(2090), seconds_of_year(2099)),
        Validity::Ending => (today() - 80 * DAY, today() + 10 * DAY),
    }
}

/// A common name has 64 characters at most (RFC 5280, appendix A.1); a longer one is left out.
fn common_name(names: &[String]) -> Option<&String> {
    names.first().filter(|name| name.len() <= 64)
}

/// As RFC 4514 writes it: the last of the names first.
fn subject_of(wanted: &Certificate, names: &[String]) -> String {
    let common = common_name(names).map(|name| format!("CN={name}"));
    let organization = wanted.organization.then(|| format!("O={ORGANIZATION}"));
    common.into_iter().chain(organization).collect::<Vec<_>>().join(",")
}

fn params_of(wanted: &Certificate, names: &[String], (begin, end): (i64, i64)) -> Result<CertificateParams> {
    let date = |seconds: i64| date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds.unsigned_abs());
    let mut params = CertificateParams::default();
    params.not_before = date(begin);
    params.not_after = date(end);
    params.distinguished_name = DistinguishedName::new();
    if wanted.organization {
        params.distinguished_name.push(DnType::OrganizationName, ORGANIZATION);
    }
    if let Some(common) = common_name(names) {
        params.distinguished_name.push(DnType::CommonName, common.as_str());
    }
    for name in names.iter().filter(|_| !wanted.common_name_only) {
        params.subject_alt_names.push(SanType::DnsName(name.as_str().try_into()?));
    }
    if wanted.authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params.key_usages = wanted.key_usage.iter().map(|one| purpose(*one)).collect();
    params.extended_key_usages = vec![match wanted.purpose {
        Purpose::Server => ExtendedKeyUsagePurpose::ServerAuth,
        Purpose::Client => ExtendedKeyUsagePurpose::ClientAuth,
    }];
    if wanted.scts {
        // An empty list (RFC 6962 section 3.3): two bytes of length, in an octet string.
        let oid = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
        params.custom_extensions.push(CustomExtension::from_oid_content(&oid, vec![4, 2, 0, 0]));
    }
    if wanted.must_staple {
        // TLS features (RFC 7633 section 4): status_request.
        let oid = [1, 3, 6, 1, 5, 5, 7, 1, 24];
        params.custom_extensions.push(CustomExtension::from_oid_content(&oid, vec![0x30, 3, 2, 1, 5]));
    }
    if wanted.critical_policy {
        let own = vec![0x30, 12, 0x30, 10, 6, 8, 0x2b, 6, 1, 4, 1, 0x81, 0xfd, 0x59];
        let mut policies = CustomExtension::from_oid_content(&[2, 5, 29, 32], own);
        policies.set_criticality(true);
        params.custom_extensions.push(policies);
    }
    if wanted.padding > 0 {
        // Below the enterprise number for documentation (RFC 5612), not critical.
        let oid = [1, 3, 6, 1, 4, 1, 32473, 1];
        params.custom_extensions.push(CustomExtension::from_oid_content(&oid, vec![0; wanted.padding]));
    }
    Ok(params)
}

fn purpose(one: KeyUse) -> KeyUsagePurpose {
    match one {
        KeyUse::Signs => KeyUsagePurpose::DigitalSignature,
        KeyUse::Encrypts => KeyUsagePurpose::KeyEncipherment,
        KeyUse::Certifies => KeyUsagePurpose::KeyCertSign,
    }
}

/// By the words of RFC 5280 section 4.2.1.3, in the order of their bits.
fn key_usages(purposes: &[KeyUsagePurpose]) -> Vec<String> {
    let words = [
        (KeyUsagePurpose::DigitalSignature, "digitalSignature"),
        (KeyUsagePurpose::KeyEncipherment, "keyEncipherment"),
        (KeyUsagePurpose::KeyCertSign, "keyCertSign"),
        (KeyUsagePurpose::CrlSign, "cRLSign"),
    ];
    words.into_iter().filter(|(one, _)| purposes.contains(one)).map(|(_, word)| word.to_owned()).collect()
}

/// Has a certificate say that it is signed with MD5 in place of SHA-256 (RFC 8017 appendix C): who looks no
/// further than the algorithm refuses it. Gives the algorithm's name.
fn with_md5(der: &mut [u8]) -> &'static str {
    const SHA256: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 11];
    let places: Vec<usize> =
        (0..der.len()).filter(|at| der.get(*at..).is_some_and(|rest| rest.starts_with(&SHA256))).collect();
    for at in places {
        if let Some(last) = der.get_mut(at + SHA256.len() - 1) {
            *last = 4;
        }
    }
    "md5WithRSAEncryption"
}

impl Facts {
    /// The data of a TLSA record about the certificate (RFC 6698 section 2.1), hexadecimal; `None` where
    /// selector or matching type is not defined.
    #[must_use]
    pub fn tlsa(&self, selector: &str, matching: &str) -> Option<String> {
        let selected = match selector {
            "0" => &self.der,
            "1" => &self.spki,
            _ => return None,
        };
        match matching {
            "0" => Some(hex(selected)),
            "1" => Some(sha256_hex(selected)),
            "2" => Some(hex(&Sha512::digest(selected))),
            _ => None,
        }
    }
}

/// The names a certificate's pattern is filled with.
struct Host<'a>(&'a str);

impl Fill for Host<'_> {
    fn fill(&self, name: &str, out: &mut String) -> bool {
        match name {
            "host" => out.push_str(self.0),
            "parent" => out.push_str(self.0.split_once('.').map_or(self.0, |(_, parent)| parent)),
            _ => return false,
        }
        true
    }
}

/// The begin of the day (UTC) on which this process first asked, seconds since 1970: what ends soon must end
/// soon after the scan, and be the same for as long as the laboratory serves.
#[allow(clippy::disallowed_methods, reason = "it dates a certificate")]
fn today() -> i64 {
    static TODAY: LazyLock<i64> = LazyLock::new(|| {
        let seconds =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
        i64::try_from(seconds).unwrap_or(0) / DAY * DAY
    });
    *TODAY
}

/// Seconds from 1970 to the beginning of a year of the years 1970 to 2100.
fn seconds_of_year(year: i32) -> i64 {
    let years = i64::from(year - 1970);
    // Every fourth year since 1972 is a leap year, 2000 among them; 2100 itself is not reached.
    let leap_days = (years + 1) / 4;
    (years * 365 + leap_days) * 86_400
}

/// SHA-256 in hexadecimal, lower case.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes of their hexadecimal form, which is one of ours.
fn unhex(text: &str) -> Vec<u8> {
    let digit =
        |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
    text.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |byte, one| byte << 4 | digit(one))).collect()
}

/// Bytes in hexadecimal, lower case.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        for nibble in [byte >> 4, byte & 15] {
            hex.push(char::from_digit(nibble.into(), 16).unwrap_or('0'));
        }
        hex
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail so")]
    use super::*;

    #[test]
    fn a_certificate_is_the_same_every_time() {
        let wanted = Certificate::default();
        let issue = |seed| Authority::new(seed).unwrap().issue(&wanted, "mta-sts.example.org").unwrap();
        assert_eq!(issue(3).chain, issue(3).chain);
        assert_ne!(issue(3).chain, issue(4).chain);
    }

    #[test]
    fn years_begin_when_the_calendar_says() {
        assert_eq!(seconds_of_year(2020), 1_577_836_800);
        assert_eq!(seconds_of_year(2021), 1_609_459_200);
        assert_eq!(seconds_of_year(2049), 2_493_072_000);
        assert_eq!(seconds_of_year(2090), 3_786_912_000);
        assert_eq!(seconds_of_year(2100), 4_102_444_800);
    }
}
