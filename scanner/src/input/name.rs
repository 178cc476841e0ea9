//! Domain names: one spelling for each, and a reason for every line that is none.

use super::bad::BadEntry;
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use std::net::{IpAddr, Ipv4Addr};

/// Most bytes a name has in text form without its trailing dot (RFC 1035 section 2.3.4: 255 on the wire).
const MAX_NAME: usize = 253;

/// Most bytes of a label (RFC 1035 section 2.3.4).
const MAX_LABEL: usize = 63;

/// Longer text is not looked at: a name of 253 bytes is at most four times as long before the mapping to
/// A-labels.
const MAX_TEXT: usize = 1024;

/// The one spelling of a domain name: lower case, A-labels, no trailing dot.
///
/// White space around it and one trailing dot are dropped; what is not ASCII is mapped by UTS 46
/// (non-transitional). A-labels are taken as they stand: a name with a broken one can exist in the DNS.
/// Underscores are allowed, because lists and the DNS hold such names; a hyphen at a label's edge is not,
/// because no certificate and no TLS library can name such a host. A single label is a name: some top-level
/// domains have an MX.
///
/// # Errors
/// The [`BadEntry`] that fits first.
pub fn normalise(text: &str) -> Result<String, BadEntry> {
    let text = text.trim();
    if text.len() > MAX_TEXT {
        return Err(BadEntry::NameTooLong);
    }
    if text.is_ascii() {
        return normalise_ascii(text);
    }
    let mapped = Uts46::new()
        .to_ascii(text.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow, DnsLength::Ignore)
        .map_err(|_| diagnose(text, BadEntry::Idn))?;
    normalise_ascii(&mapped)
}

fn normalise_ascii(text: &str) -> Result<String, BadEntry> {
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.is_empty() {
        return Err(BadEntry::Empty);
    }
    let shape = shape(name.as_bytes()).map_err(|refusal| diagnose(text, refusal))?;
    if shape.last_is_number {
        let address = name.parse::<Ipv4Addr>().is_ok();
        return Err(if address { BadEntry::IpAddress } else { BadEntry::NumericTop });
    }
    if name.len() > MAX_NAME {
        return Err(BadEntry::NameTooLong);
    }
    Ok(if shape.has_upper { name.to_ascii_lowercase() } else { name.to_owned() })
}

struct Shape {
    has_upper: bool,
    last_is_number: bool,
}

/// What a byte may be in a name.
const UPPER: u8 = 1;
const ODD: u8 = 2;

/// By its value what a byte is; 0 where there is nothing to say of it.
const BYTES: [u8; 256] = {
    let mut of = [ODD; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        of[byte as usize] = match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'-' | b'_' | b'.' => 0,
            b'A'..=b'Z' => UPPER,
            _ => ODD,
        };
        byte += 1;
    }
    of
};

/// Checks every byte and every label: this runs for each name of lists with hundreds of millions.
fn shape(name: &[u8]) -> Result<Shape, BadEntry> {
    let seen = name.iter().fold(0, |seen, byte| seen | BYTES[usize::from(*byte)]);
    if seen & ODD != 0 {
        // Says more than a fault of a label: this is something other than a name.
        return Err(BadEntry::Character);
    }
    let mut begin = 0;
    for end in memchr::memchr_iter(b'.', name).chain([name.len()]) {
        match &name[begin..end] {
            [] => return Err(BadEntry::EmptyLabel),
            [b'-', ..] | [.., b'-'] => return Err(BadEntry::Hyphen),
            label if label.len() > MAX_LABEL => return Err(BadEntry::LabelTooLong),
            _ => {}
        }
        begin = end + 1;
    }
    let last = memchr::memrchr(b'.', name).map_or(0, |dot| dot + 1);
    let last_is_number = name[last..].iter().all(u8::is_ascii_digit);
    Ok(Shape { has_upper: seen & UPPER != 0, last_is_number })
}

/// What the text is instead of a name, where that can be told.
fn diagnose(text: &str, refusal: BadEntry) -> BadEntry {
    if !matches!(refusal, BadEntry::Character | BadEntry::Idn) {
        return refusal;
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<IpAddr>().is_ok() {
        BadEntry::IpAddress
    } else if text.contains("://") {
        BadEntry::Url
    } else if text.contains('@') {
        BadEntry::MailAddress
    } else if text.contains(char::is_whitespace) {
        BadEntry::WhiteSpace
    } else {
        refusal
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test may stop at the first surprise"
    )]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn good_names_get_one_spelling() {
        let long_label = "a".repeat(63);
        let longest = [long_label.as_str(), &long_label, &long_label, &"b".repeat(61)].join(".");
        for (text, name) in [
            ("example.com", "example.com"),
            ("  Example.COM. \t", "example.com"),
            ("münchen.example", "xn--mnchen-3ya.example"),
            ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
            ("faß.example", "xn--fa-hia.example"),
            ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
            ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
            ("XN--MNCHEN-3YA.example", "xn--mnchen-3ya.example"),
            ("xn--broken-.example.", ""),
            ("r3---sn-abc.example.com", "r3---sn-abc.example.com"),
            ("_dmarc.example.com", "_dmarc.example.com"),
            ("com", "com"),
            ("1.example.com", "1.example.com"),
            ("1and1.com", "1and1.com"),
            (longest.as_str(), longest.as_str()),
        ] {
            let got = normalise(text);
            if name.is_empty() {
                assert_eq!(got, Err(BadEntry::Hyphen), "{text}");
            } else {
                assert_eq!(got.as_deref(), Ok(name), "{text}");
            }
        }
    }

    #[test]
    fn every_refusal_of_a_name_has_its_reason() {
        let long = format!("{}.example.com", "a".repeat(64));
        let longer = format!("{}com", "abcdefgh.".repeat(30));
        for (text, refusal) in [
            ("", BadEntry::Empty),
            (" . ", BadEntry::Empty),
            ("。", BadEntry::Empty),
            ("..", BadEntry::EmptyLabel),
            ("a..example", BadEntry::EmptyLabel),
            (".example.com", BadEntry::EmptyLabel),
            ("example.com..", BadEntry::EmptyLabel),
            ("https://example.com/", BadEntry::Url),
            ("postmaster@example.com", BadEntry::MailAddress),
            ("192.0.2.1", BadEntry::IpAddress),
            ("１９２.0.2.1", BadEntry::IpAddress),
            ("2001:db8::1", BadEntry::IpAddress),
            ("[2001:db8::1]", BadEntry::IpAddress),
            ("192.0.2.300", BadEntry::NumericTop),
            ("example.1", BadEntry::NumericTop),
            ("42", BadEntry::NumericTop),
            ("example com", BadEntry::WhiteSpace),
            ("*.example.com", BadEntry::Character),
            ("example.com/path", BadEntry::Character),
            ("exam\0ple.com", BadEntry::Character),
            ("-example.com", BadEntry::Hyphen),
            ("example-.com", BadEntry::Hyphen),
            (long.as_str(), BadEntry::LabelTooLong),
            (longer.as_str(), BadEntry::NameTooLong),
            ("a\u{fffd}b.example", BadEntry::Idn),
            ("\u{301}a.example", BadEntry::Idn),
        ] {
            assert_eq!(normalise(text), Err(refusal), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_name_or_refused(text in "\\PC*") {
            if let Ok(name) = normalise(&text) {
                prop_assert!(name.len() <= 253 && !name.ends_with('.') && name.is_ascii());
                prop_assert!(!name.bytes().any(|byte| byte.is_ascii_uppercase()));
            }
        }

        #[test]
        fn a_normalised_name_stays_as_it_is(text in "[a-zA-Z0-9äßÉ例え。._-]{1,40}(\\.[a-zé]{2,8})?\\.?") {
            if let Ok(name) = normalise(&text) {
                prop_assert_eq!(normalise(&name), Ok(name));
            }
        }

        #[test]
        fn case_and_trailing_dot_make_no_difference(text in "[a-z0-9]{1,20}\\.[a-z]{2,8}") {
            let name = normalise(&text);
            prop_assert!(name.is_ok());
            prop_assert_eq!(normalise(&text.to_uppercase()), name.clone());
            prop_assert_eq!(normalise(&format!(" {text}. ")), name);
        }
    }
}
