//! The names of a certificate as most deployed software has them.

use super::judge;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// The DNS names of a certificate (DER); where it has none, the common names of its subject, which RFC 9525
/// section 6.3 has no place for and OpenSSL holds names against all the same. None where it cannot be read.
#[must_use]
pub fn names(leaf: &[u8]) -> Vec<String> {
    let names = judge::names_of(leaf);
    if !names.is_empty() {
        return names;
    }
    let Ok((_, leaf)) = X509Certificate::from_der(leaf) else { return names };
    let subject = leaf.subject().iter_common_name();
    subject.filter_map(|name| name.as_str().ok()).map(str::to_owned).collect()
}

/// Whether a certificate's name is one for `host` (RFC 9525 section 6.3).
#[must_use]
pub fn covers(presented: &str, host: &str) -> bool {
    judge::name_covers(presented, host)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what must be there")]
    use super::names;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    fn made(common: &str, sans: Vec<SanType>) -> Vec<u8> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, common);
        params.subject_alt_names = sans;
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn the_common_name_counts_where_there_is_no_dns_name_and_nowhere_else() {
        let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
        let ip = SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into());
        assert_eq!(names(&made("mx.x.test", vec![])), ["mx.x.test"]);
        assert_eq!(names(&made("mx.x.test", vec![ip])), ["mx.x.test"]);
        assert_eq!(names(&made("mx.x.test", vec![dns("other.test")])), ["other.test"]);
        assert!(names(b"no certificate").is_empty());
    }
}
