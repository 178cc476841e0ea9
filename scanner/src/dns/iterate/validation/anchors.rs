//! The keys that validation begins at (RFC 4035 section 4.4): the root's.

use hickory_resolver::proto::dnssec::TrustAnchors;
use std::fmt;
use std::sync::Arc;

/// Keys of the root that are trusted.
#[derive(Clone)]
pub(in crate::dns) struct Anchors(pub(super) Arc<TrustAnchors>);

impl fmt::Debug for Anchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Anchors").field(&self.0.len()).finish()
    }
}

/// Both keys of the root that IANA publishes (20326 of 2017 and 38696 of 2024), as hickory has them.
pub(in crate::dns) fn built_in() -> Anchors {
    Anchors(Arc::new(TrustAnchors::default()))
}

/// The keys of a file in the form of Debian's `root.key`: DNSKEY records, a comment behind a semicolon.
///
/// # Errors
/// What cannot be read, or that no key of the root is there.
pub(in crate::dns) fn parse(text: &str) -> Result<Anchors, String> {
    let anchors: TrustAnchors =
        text.parse().map_err(|error| format!("it is no list of DNSKEY records ({error})"))?;
    if anchors.is_empty() {
        return Err("it holds no DNSKEY of the root".to_owned());
    }
    Ok(Anchors(Arc::new(anchors)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    const KEY: &str = "257 3 8 AwEAAa96jeuknZlaeSrvyAJj6ZHv28hhOKkx3rLGXVaC6rXTsDc449/cidltpkyGwCJNnOAlFNKF2jBosZBU5eeHspaQWOmOElZsjICMQMC3aeHbGiShvZsx4wMYSjH8e7Vrhbu6irwCzVBApESjbUdpWWmEnhathWu1jo+siFUiRAAxm9qyJNg/wOZqqzL/dL/q8PkcRU5oUKEpUge71M3ej2/7CPqpdVwuMoTvoB+ZOT4YeGyxMvHmbrxlFzGOHOijtzN+u1TQNatX2XBuzZNQ1K+s2CXkPIZo7s6JgZyvaBevYtxPvYLw4z9mR7K2vaF18UYH9Z9GNUUeayffKC73PYc=";

    #[test]
    fn both_keys_of_the_root_are_built_in_and_a_file_replaces_them() {
        assert_eq!(built_in().0.len(), 2);
        for file in [
            format!(". IN DNSKEY {KEY} ; keytag 38696\n"),
            format!(
                "; of the root\n\n.\t172800\tIN\tDNSKEY\t{KEY} ;{{id = 38696 (ksk), size = 2048b}} ;;state=2\n"
            ),
        ] {
            let Anchors(anchors) = parse(&file).unwrap();
            assert_eq!(anchors.len(), 1, "{file}");
            assert!(built_in().0.contains(anchors.get(0).unwrap()), "{file}");
        }
    }

    #[test]
    fn a_file_without_a_key_of_the_root_is_refused() {
        assert!(parse("; nothing\n").unwrap_err().contains("no DNSKEY of the root"));
        assert!(parse(&format!("example. IN DNSKEY {KEY}\n")).unwrap_err().contains("of the root"));
        assert!(parse(". IN A 192.0.2.1\n").unwrap_err().starts_with("it is no list of DNSKEY records"));
        assert!(parse(". IN DNSKEY 257 3 8 %\n").is_err());
    }
}
