//! Which certificates would complete a chain that was sent without them (RFC 8446 section 4.4.2 wants all but
//! the root sent).
//!
//! Authorities are gathered from wherever they were seen, in any order, and only those that a trust store
//! vouches for, one over the other: so what is kept is bounded by what real authorities issue, and the order
//! in which they came does not matter.

use super::certificate::{sha256, sha256_hex};
use super::judge;
use super::path;
use super::trust::{LONGEST, Trust, TrustError};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// Most certificates that are tried for one leaf: authorities that renew a key leave several of a name.
const TRIED: usize = 64;

/// The certificates (DER) of a PEM file, and the SHA-256 of the file, hexadecimal.
///
/// # Errors
/// It cannot be read, holds what is no certificate, or none at all.
pub fn read_pem(path: &Path) -> Result<(Vec<Vec<u8>>, String), TrustError> {
    let wrong = |reason: String| TrustError::File { path: path.to_owned(), reason };
    let text = std::fs::read(path).map_err(|err| wrong(err.to_string()))?;
    let mut certificates = Vec::new();
    for (index, der) in CertificateDer::pem_slice_iter(&text).enumerate() {
        let der = der.map_err(|err| wrong(err.to_string()))?;
        if X509Certificate::from_der(&der).is_err() {
            return Err(wrong(format!("certificate {} cannot be read", index + 1)));
        }
        certificates.push(der.as_ref().to_vec());
    }
    if certificates.is_empty() {
        return Err(wrong("it contains no certificate".to_owned()));
    }
    Ok((certificates, sha256_hex(&text)))
}

/// Authorities below a trust store.
#[derive(Debug, Default)]
pub struct Intermediates {
    /// By the DER of their subject.
    of_subject: HashMap<Box<[u8]>, Vec<Vec<u8>>>,
    known: HashSet<[u8; 32]>,
}

impl Intermediates {
    /// Takes a certificate (DER) if it is an authority that the trust store, or an authority taken before,
    /// vouches for. Gives whether it is taken now for the first time: then others that were offered before it
    /// are worth another offer.
    pub fn offer(&mut self, der: &[u8], trust: &Trust) -> bool {
        let Ok((_, certificate)) = X509Certificate::from_der(der) else { return false };
        if !path::is_issuer(&certificate) || self.known.contains(&sha256(der)) {
            return false;
        }
        let vouched = judge::is_issued_by_trusted(&certificate, trust)
            || self.of(certificate.issuer().as_raw()).iter().any(|above| judge::issued(above, &certificate));
        if vouched {
            self.known.insert(sha256(der));
            self.of_subject.entry(certificate.subject().as_raw().into()).or_default().push(der.to_vec());
        }
        vouched
    }

    /// Whether these complete the path of a leaf (DER) to the trust store, at the time `now` (seconds since
    /// 1970) or, outside the leaf's validity, at its nearer end.
    #[must_use]
    pub fn complete(&self, leaf: &[u8], trust: &Trust, now: u64) -> bool {
        let Ok((_, certificate)) = X509Certificate::from_der(leaf) else { return false };
        let mut above: Vec<Vec<u8>> = Vec::new();
        let mut issuers = vec![certificate.issuer().as_raw().to_vec()];
        for _ in 0..LONGEST {
            let next: Vec<&Vec<u8>> = issuers.iter().flat_map(|issuer| self.of(issuer)).collect();
            issuers.clear();
            for der in next {
                if above.len() < TRIED && !above.contains(der) {
                    above.push(der.clone());
                    if let Ok((_, authority)) = X509Certificate::from_der(der) {
                        issuers.push(authority.issuer().as_raw().to_vec());
                    }
                }
            }
        }
        judge::is_trusted(leaf, &above, trust, now)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    fn of(&self, subject: &[u8]) -> &[Vec<u8>] {
        self.of_subject.get(subject).map(Vec::as_slice).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what must be there")]
    use super::Intermediates;
    use crate::tls::{Trust, TrustSource};
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

    /// 2026-01-01.
    const NOW: u64 = 1_767_225_600;

    struct Signer {
        issuer: Issuer<'static, KeyPair>,
        der: Vec<u8>,
        pem: String,
    }

    fn authority(name: &str, above: Option<&Signer>) -> Signer {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2050, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = match above {
            Some(above) => params.signed_by(&key, &above.issuer).unwrap(),
            None => params.self_signed(&key).unwrap(),
        };
        Signer { der: certificate.der().to_vec(), pem: certificate.pem(), issuer: Issuer::new(params, key) }
    }

    fn leaf(above: &Signer) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["mx.example.org".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2050, 1, 1);
        let key = KeyPair::generate().unwrap();
        params.signed_by(&key, &above.issuer).unwrap().der().to_vec()
    }

    fn trust(root: &Signer) -> Trust {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &root.pem).unwrap();
        Trust::load(&TrustSource::File(file.path().to_owned())).unwrap()
    }

    #[test]
    fn intermediates_in_any_order_complete_a_path() {
        let root = authority("root", None);
        let first = authority("first", Some(&root));
        let second = authority("second", Some(&first));
        let (leaf, trust) = (leaf(&second), trust(&root));
        let mut found = Intermediates::default();
        assert!(!found.complete(&leaf, &trust, NOW));
        // The lower one before the one that vouches for it: it is taken at its second offer.
        assert!(!found.offer(&second.der, &trust));
        assert!(found.offer(&first.der, &trust));
        assert!(!found.complete(&leaf, &trust, NOW), "one of two is missing");
        assert!(found.offer(&second.der, &trust));
        assert!(!found.offer(&second.der, &trust), "once");
        assert!(found.complete(&leaf, &trust, NOW));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn an_authority_that_nobody_vouches_for_completes_nothing() {
        let (root, strange) = (authority("root", None), authority("strange", None));
        let issuer = authority("issuer", Some(&strange));
        // Of the same name as a trusted one, but another key.
        let impostor = authority("root", None);
        let below = authority("below", Some(&impostor));
        let trust = trust(&root);
        let mut found = Intermediates::default();
        for other in [&strange, &issuer, &impostor, &below] {
            assert!(!found.offer(&other.der, &trust));
        }
        assert!(!found.offer(&leaf(&root), &trust), "a leaf is no authority");
        assert!(!found.offer(b"no certificate", &trust));
        assert!(found.is_empty());
        assert!(!found.complete(&leaf(&issuer), &trust, NOW));
        assert!(found.complete(&leaf(&root), &trust, NOW), "nothing is missing");
    }
}
