//! The authorities a sender trusts.

use super::certificate::distinguished_name;
use crate::moment;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// Version of the crate `webpki-roots`, which does not tell it itself; a test holds it against the lock file.
const WEBPKI_ROOTS: &str = "1.0.10";

/// Where the authorities come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustSource {
    /// Mozilla's, built in.
    Webpki,
    /// This machine's.
    System,
    /// A PEM file's.
    File(PathBuf),
}

/// Why there are no authorities.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file cannot be read or holds what is no PEM certificate.
    #[error("cannot read certificates from {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A certificate of the file cannot be an authority.
    #[error("certificate {number} of {} cannot be used as an authority: {reason}", path.display())]
    Anchor {
        /// The file.
        path: PathBuf,
        /// Its place there, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Every certificate of the source is outside its validity.
    #[error("every CA certificate in {source_name} has expired or is not valid yet")]
    Ended {
        /// The source.
        source_name: String,
    },
    /// The source holds none at all.
    #[error("no CA certificate in {source_name}")]
    Empty {
        /// The source.
        source_name: String,
    },
}

/// Longest path from a leaf to one, intermediates counted: as webpki has it.
pub const LONGEST: usize = 6;

/// A set of authorities.
#[derive(Debug, Clone)]
pub struct Trust {
    anchors: Vec<TrustAnchor<'static>>,
    sha256: String,
    version: String,
    date: Option<SystemTime>,
    dropped: Vec<String>,
}

impl Trust {
    /// As [`Trust::load_as_of`] today.
    ///
    /// # Errors
    /// As there.
    pub fn load(source: &TrustSource) -> Result<Self, TrustError> {
        Self::load_as_of(source, moment::seconds())
    }

    /// Reads the authorities of a source, and leaves out those that are outside their validity at a time
    /// (seconds since 1970), as senders do. Blocking: it may read many files.
    ///
    /// # Errors
    /// Where a source cannot be read or holds none that is valid. Of a file every certificate must be usable;
    /// of the system's those that are not are left out.
    pub fn load_as_of(source: &TrustSource, at: u64) -> Result<Self, TrustError> {
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        let (found, name, date) = match source {
            TrustSource::Webpki => {
                // These have no dates.
                let anchors = webpki_roots::TLS_SERVER_ROOTS.to_vec();
                let found = Found { anchors, dropped: Vec::new() };
                (found, format!("webpki-roots {WEBPKI_ROOTS}"), None)
            }
            TrustSource::System => (from_system(at), "the system's store".to_owned(), system_date()),
            TrustSource::File(path) => {
                // Where the file lies is nobody's business but this machine's.
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
                (from_file(path, at)?, name, modified(path))
            }
        };
        let Found { anchors, dropped } = found;
        match (anchors.is_empty(), dropped.is_empty()) {
            (true, true) => return Err(TrustError::Empty { source_name: name }),
            (true, false) => return Err(TrustError::Ended { source_name: name }),
            (false, _) => {}
        }
        let version = format!("{name}, {} authorities", anchors.len());
        Ok(Self { sha256: fingerprint(&anchors), anchors, version, date, dropped })
    }

    /// Subjects (RFC 4514) of the authorities that were left out because they have expired or are not valid
    /// yet.
    #[must_use]
    pub fn dropped(&self) -> &[String] {
        &self.dropped
    }

    /// The same authorities as they were kept with a dataset (see [`super::store`]).
    pub(super) fn of_anchors(anchors: Vec<TrustAnchor<'static>>, version: String) -> Self {
        Self { sha256: fingerprint(&anchors), anchors, version, date: None, dropped: Vec::new() }
    }

    /// A line that names what was left out; `None` where nothing was.
    #[must_use]
    pub fn left_out(&self) -> Option<String> {
        let named = self.dropped.join("; ");
        match self.dropped.len() {
            0 => None,
            1 => Some(format!("1 trusted root is outside its validity and was left out: {named}")),
            count => {
                Some(format!("{count} trusted roots are outside their validity and were left out: {named}"))
            }
        }
    }

    /// The authorities.
    pub(crate) fn anchors(&self) -> &[TrustAnchor<'static>] {
        &self.anchors
    }

    /// SHA-256 over the sorted authorities, hexadecimal: the same set gives the same value whatever it was
    /// read from.
    ///
    /// Of each: subject, public key and name constraints, each with its length before it. Not the whole
    /// certificates, which the built-in set does not hold.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// When the file, or the newest of the system's files, was last changed. `None` for the built-in set,
    /// which is dated by its version.
    #[must_use]
    pub const fn date(&self) -> Option<SystemTime> {
        self.date
    }

    /// Where it is from, for the manifest: `webpki-roots 1.0.10, 121 authorities`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|facts| facts.modified()).ok()
}

/// Where `rustls_native_certs` looks, unless the environment says otherwise.
fn system_date() -> Option<SystemTime> {
    let found = openssl_probe::probe();
    found.cert_file.iter().chain(&found.cert_dir).filter_map(|path| modified(path)).max()
}

/// The authorities of a source, and the subjects of those that are outside their validity.
#[derive(Default)]
struct Found {
    anchors: Vec<TrustAnchor<'static>>,
    dropped: Vec<String>,
}

impl Found {
    /// Takes a certificate (DER) if it is valid then; an anchor itself has no dates.
    fn take(&mut self, der: &CertificateDer<'_>, at: i64) -> Result<(), webpki::Error> {
        let anchor = webpki::anchor_from_trusted_cert(der)?;
        match X509Certificate::from_der(der) {
            Ok((_, one)) if !is_valid_at(&one, at) => self.dropped.push(distinguished_name(one.subject())),
            // What cannot be read here has no dates either.
            Ok(_) | Err(_) => self.anchors.push(anchor.to_owned()),
        }
        Ok(())
    }
}

fn is_valid_at(certificate: &X509Certificate<'_>, at: i64) -> bool {
    let validity = certificate.validity();
    validity.not_before.timestamp() <= at && at <= validity.not_after.timestamp()
}

fn from_system(at: i64) -> Found {
    let mut found = Found::default();
    for der in &rustls_native_certs::load_native_certs().certs {
        // One that is of no use is left out.
        let _ = found.take(der, at);
    }
    found
}

fn from_file(path: &Path, at: i64) -> Result<Found, TrustError> {
    let unreadable = |err: rustls::pki_types::pem::Error| TrustError::File {
        path: path.to_owned(),
        reason: match err {
            rustls::pki_types::pem::Error::Io(err) => err.to_string(),
            err => err.to_string(),
        },
    };
    let mut found = Found::default();
    for (index, der) in CertificateDer::pem_file_iter(path).map_err(unreadable)?.enumerate() {
        let der = der.map_err(unreadable)?;
        found.take(&der, at).map_err(|err| TrustError::Anchor {
            path: path.to_owned(),
            number: index + 1,
            reason: err.to_string(),
        })?;
    }
    Ok(found)
}

fn fingerprint(anchors: &[TrustAnchor<'_>]) -> String {
    let mut sorted: Vec<(&[u8], &[u8], &[u8])> = anchors
        .iter()
        .map(|anchor| {
            let constraints = anchor.name_constraints.as_ref().map_or(&[][..], |der| der.as_ref());
            (anchor.subject.as_ref(), anchor.subject_public_key_info.as_ref(), constraints)
        })
        .collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut hash = Sha256::new();
    for (subject, key, constraints) in sorted {
        for part in [subject, key, constraints] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    super::certificate::hex(&hash.finalize())
}

impl std::fmt::Display for TrustSource {
    /// As a setting writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Webpki => f.write_str("webpki"),
            Self::System => f.write_str("system"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what must be there")]
    use super::{Trust, TrustError, TrustSource, WEBPKI_ROOTS};
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};

    fn authority() -> String {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn the_built_in_version_is_the_locked_one() {
        let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).unwrap();
        let wanted = format!("name = \"webpki-roots\"\nversion = \"{WEBPKI_ROOTS}\"");
        assert!(lock.contains(&wanted), "WEBPKI_ROOTS must be the version of webpki-roots in Cargo.lock");
        let trust = Trust::load(&TrustSource::Webpki).unwrap();
        assert!(trust.anchors().len() > 50);
        assert_eq!(trust.sha256().len(), 64);
    }

    #[test]
    fn the_order_of_a_file_does_not_change_its_hash() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (authority(), authority());
        let load = |name: &str, text: String| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            Trust::load(&TrustSource::File(path)).unwrap()
        };
        let one = load("1", format!("{a}{b}"));
        let two = load("2", format!("{b}{a}"));
        let other = load("3", a);
        assert_eq!(one.sha256(), two.sha256());
        assert_ne!(one.sha256(), other.sha256());
    }

    #[test]
    fn what_is_outside_its_validity_is_left_out_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let dated = |name: &str, begin: i32, end: i32| {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(rcgen::DnType::CommonName, name);
            (params.not_before, params.not_after) = (date_time_ymd(begin, 1, 1), date_time_ymd(end, 1, 1));
            params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
        };
        let load = |text: String| {
            let path = dir.path().join("roots.pem");
            std::fs::write(&path, text).unwrap();
            Trust::load(&TrustSource::File(path))
        };
        let (good, old, early) =
            (dated("good", 2000, 2100), dated("old", 2000, 2020), dated("early", 2090, 2100));
        let trust = load(format!("{old}{good}{early}")).unwrap();
        // A scan that goes on has those that it began with.
        let began =
            Trust::load_as_of(&TrustSource::File(dir.path().join("roots.pem")), 1_500_000_000).unwrap();
        assert_eq!((began.dropped(), began.anchors().len()), (&["CN=early".to_owned()][..], 2));
        assert_eq!(trust.dropped(), ["CN=old", "CN=early"]);
        assert_eq!(trust.sha256(), load(good).unwrap().sha256());
        let none = load(old).unwrap_err();
        assert!(matches!(none, TrustError::Ended { .. }), "{none}");
    }

    #[test]
    fn a_missing_an_empty_and_a_broken_file_are_errors_that_name_it() {
        let dir = tempfile::tempdir().unwrap();
        let missing = Trust::load(&TrustSource::File(dir.path().join("none"))).unwrap_err();
        assert!(matches!(missing, TrustError::File { .. }), "{missing}");
        let path = dir.path().join("empty");
        std::fs::write(&path, "").unwrap();
        let empty = Trust::load(&TrustSource::File(path.clone())).unwrap_err();
        assert!(matches!(empty, TrustError::Empty { .. }), "{empty}");
        std::fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        let broken = Trust::load(&TrustSource::File(path)).unwrap_err();
        assert!(matches!(broken, TrustError::Anchor { number: 1, .. }), "{broken}");
    }
}
