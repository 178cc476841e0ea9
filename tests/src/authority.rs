//! The laboratory's certificate authority. A certificate is a pure function of the seed, its names and its
//! faults, so that its SHA-256 can stand in the truth before anyone has asked for it.

use crate::dice::draw;
use crate::situation::{Certificate, Fill, Issuer, Purpose, Validity};
use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, PKCS_ED25519, PublicKeyData, SanType, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256, Sha512};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How many issued certificates are kept, a few KB each.
const KEPT: usize = 4096;
/// Certificates that a chain in a crowd has beside leaf and issuer: with them it has 100.
const CROWD: usize = 98;
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

/// One authority: its name, its key, and its certificate.
#[derive(Debug)]
struct Signer {
    params: CertificateParams,
    key: KeyPair,
    facts: Arc<Facts>,
    pem: String,
}

/// The certificate authorities of a world.
#[derive(Debug)]
pub struct Authority {
    seed: u64,
    root: Signer,
    intermediate: Signer,
    hidden: Signer,
    stranger: Signer,
    /// Authorities of their own that have nothing to do with anybody.
    crowd: Vec<Arc<Facts>>,
    issued: Mutex<HashMap<(Certificate, String), Arc<Issued>>>,
}

impl Authority {
    /// The authorities of a seed.
    ///
    /// # Errors
    /// Where a key or a certificate cannot be made.
    pub fn new(seed: u64) -> Result<Self> {
        let root = signer(seed, "Laboratory Root", None)?;
        let intermediate = signer(seed, "Laboratory Issuer", Some(&root))?;
        let hidden = signer(seed, "Laboratory Hidden Issuer", Some(&root))?;
        let strange_root = signer(seed, "Strange Root", None)?;
        let stranger = signer(seed, "Strange Issuer", Some(&strange_root))?;
        let member = |number| Ok(signer(seed, &format!("Laboratory Bystander {number}"), None)?.facts);
        let crowd = (1..=CROWD).map(member).collect::<Result<_>>()?;
        Ok(Self { crowd, seed, root, intermediate, hidden, stranger, issued: Mutex::default() })
    }

    /// The root in PEM: what a scanner of this world trusts.
    #[must_use]
    pub fn root_pem(&self) -> &str {
        &self.root.pem
    }

    /// The intermediate authority that no server sends, in PEM.
    #[must_use]
    pub fn hidden_pem(&self) -> &str {
        &self.hidden.pem
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
        let (key, pkcs8) = key_pair(self.seed, &label)?;
        let (begin, end) = match wanted.validity {
            Validity::Now => (seconds_of_year(2020), seconds_of_year(2049)),
            Validity::Renewed => (seconds_of_year(2021), seconds_of_year(2048)),
            Validity::Ended => (seconds_of_year(2020), seconds_of_year(2021)),
            Validity::NotYet => (seconds_of_year(2090), seconds_of_year(2099)),
            Validity::Ending => (today() - 80 * DAY, today() + 10 * DAY),
        };
        let date = |seconds: i64| date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds.unsigned_abs());
        let mut params = CertificateParams::default();
        params.not_before = date(begin);
        params.not_after = date(end);
        params.distinguished_name = DistinguishedName::new();
        // A common name has 64 characters at most (RFC 5280, appendix A.1); a longer one is left out.
        let common = names.first().filter(|name| name.len() <= 64);
        if let Some(common) = common {
            params.distinguished_name.push(DnType::CommonName, common.as_str());
        }
        for name in &names {
            params.subject_alt_names.push(SanType::DnsName(name.as_str().try_into()?));
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![match wanted.purpose {
            Purpose::Server => ExtendedKeyUsagePurpose::ServerAuth,
            Purpose::Client => ExtendedKeyUsagePurpose::ClientAuth,
        }];
        if wanted.scts {
            // An empty list (RFC 6962 section 3.3): two bytes of length, in an octet string.
            let oid = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
            params.custom_extensions.push(CustomExtension::from_oid_content(&oid, vec![4, 2, 0, 0]));
        }
        if wanted.padding > 0 {
            // Below the enterprise number for documentation (RFC 5612), not critical.
            let oid = [1, 3, 6, 1, 4, 1, 32473, 1];
            params.custom_extensions.push(CustomExtension::from_oid_content(&oid, vec![0; wanted.padding]));
        }
        let (signer, sent) = match wanted.issuer {
            Issuer::Lab | Issuer::LabInACrowd => (Some(&self.intermediate), Some(&self.intermediate)),
            Issuer::LabAlone => (Some(&self.intermediate), None),
            Issuer::HiddenAlone => (Some(&self.hidden), None),
            Issuer::Stranger => (Some(&self.stranger), Some(&self.stranger)),
            Issuer::Itself => (None, None),
        };
        let certificate = match signer {
            Some(signer) => {
                params.signed_by(&key, &rcgen::Issuer::from_params(&signer.params, &signer.key))?
            }
            None => params.self_signed(&key)?,
        };
        let subject = common.map(|name| format!("CN={name}")).unwrap_or_default();
        let leaf = Facts {
            issuer: signer.map_or_else(|| subject.clone(), |signer| signer.facts.subject.clone()),
            sha256: sha256_hex(certificate.der()),
            subject,
            sans: names,
            not_before: begin * SECOND,
            not_after: end * SECOND,
            issuer_org: signer.map(|_| ORGANIZATION.to_owned()),
            has_scts: wanted.scts,
            is_ca: false,
            spki: key.subject_public_key_info(),
            spki_sha256: sha256_hex(&key.subject_public_key_info()),
            der: certificate.der().to_vec(),
        };
        let mut chain = vec![Arc::new(leaf)];
        chain.extend(sent.map(|signer| Arc::clone(&signer.facts)));
        if wanted.issuer == Issuer::LabInACrowd {
            chain.extend(self.crowd.iter().cloned());
        }
        let ders = chain.iter().map(|facts| CertificateDer::from(facts.der.clone())).collect();
        let signing = rustls::crypto::aws_lc_rs::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8))?;
        Ok(Issued { chain, certified: Arc::new(CertifiedKey::new(ders, signing)) })
    }
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

fn signer(seed: u64, name: &str, above: Option<&Signer>) -> Result<Signer> {
    let (key, _) = key_pair(seed, name)?;
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, ORGANIZATION);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = match above {
        Some(above) => params.signed_by(&key, &rcgen::Issuer::from_params(&above.params, &above.key))?,
        None => params.self_signed(&key)?,
    };
    // RFC 4514 section 2.1: the last of the names first.
    let subject = format!("CN={name},O={ORGANIZATION}");
    let facts = Facts {
        sha256: sha256_hex(certificate.der()),
        issuer: above.map_or_else(|| subject.clone(), |above| above.facts.subject.clone()),
        subject,
        sans: Vec::new(),
        not_before: seconds_of_year(2000) * SECOND,
        not_after: seconds_of_year(2100) * SECOND,
        issuer_org: Some(ORGANIZATION.to_owned()),
        has_scts: false,
        is_ca: true,
        spki: key.subject_public_key_info(),
        spki_sha256: sha256_hex(&key.subject_public_key_info()),
        der: certificate.der().to_vec(),
    };
    Ok(Signer { params, key, facts: Arc::new(facts), pem: certificate.pem() })
}

/// An Ed25519 key drawn from the seed and a label, for rcgen and in PKCS #8 (RFC 8410 section 7).
fn key_pair(seed: u64, label: &str) -> Result<(KeyPair, Vec<u8>)> {
    const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let mut der = PKCS8.to_vec();
    for part in 0..4_u64 {
        der.extend(draw(seed.wrapping_add(part << 56), label.as_bytes()).to_be_bytes());
    }
    let pkcs8 = PrivatePkcs8KeyDer::from(der.clone());
    Ok((KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &PKCS_ED25519)?, der))
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
