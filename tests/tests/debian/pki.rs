//! Certificates for the servers, good and bad, as files in PEM.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, date_time_ymd,
};
use std::fs;
use std::path::{Path, PathBuf};

/// What is wrong with a certificate, or special about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing: signed by the intermediate that is sent along.
    Good,
    /// The same with an RSA key, which old cipher suites want.
    Rsa,
    /// Its time is over.
    Expired,
    /// Signed by its own key.
    SelfSigned,
    /// From an authority that nobody trusts.
    Untrusted,
    /// The intermediate is not sent along.
    Alone,
}

/// The files of a certificate.
pub(crate) struct Files {
    /// The chain.
    pub(crate) chain: PathBuf,
    /// The key.
    pub(crate) key: PathBuf,
}

struct Authority {
    params: CertificateParams,
    key: KeyPair,
    pem: String,
}

/// An authority with an intermediate, and a stranger to both.
pub(crate) struct Pki {
    folder: PathBuf,
    intermediate: Authority,
    stranger: Authority,
}

impl Pki {
    /// Fresh ones; what scans trust is [`Pki::trust`].
    pub(crate) fn new(folder: &Path) -> Self {
        let root = authority("Root", None);
        fs::write(folder.join("trust.pem"), &root.pem).unwrap();
        let intermediate = authority("Intermediate", Some(&root));
        Self { folder: folder.to_owned(), intermediate, stranger: authority("Stranger", None) }
    }

    /// The root's file.
    pub(crate) fn trust(&self) -> PathBuf {
        self.folder.join("trust.pem")
    }

    /// A certificate for names, in files that begin with `file`.
    pub(crate) fn issue(&self, file: &str, kind: Kind, names: &[String]) -> Files {
        let algorithm = if kind == Kind::Rsa { &PKCS_RSA_SHA256 } else { &PKCS_ECDSA_P256_SHA256 };
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, file);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(if kind == Kind::Expired { 2021 } else { 2049 }, 1, 1);
        // Without key encipherment a server may not use the key for static-RSA suites (RFC 5280 section
        // 4.2.1.3).
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        let by = |authority: &Authority| {
            let issuer = Issuer::from_params(&authority.params, &authority.key);
            params.signed_by(&key, &issuer).unwrap().pem()
        };
        let chain = match kind {
            Kind::Good | Kind::Rsa | Kind::Expired => by(&self.intermediate) + &self.intermediate.pem,
            Kind::Alone => by(&self.intermediate),
            Kind::Untrusted => by(&self.stranger),
            Kind::SelfSigned => params.self_signed(&key).unwrap().pem(),
        };
        let files = Files {
            chain: self.folder.join(format!("{file}.pem")),
            key: self.folder.join(format!("{file}.key")),
        };
        fs::write(&files.chain, chain).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }
}

fn authority(name: &str, above: Option<&Authority>) -> Authority {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = match above {
        Some(above) => params.signed_by(&key, &Issuer::from_params(&above.params, &above.key)),
        None => params.self_signed(&key),
    };
    let pem = certificate.unwrap().pem();
    Authority { params, key, pem }
}
