//! What exclusion files say: names with everything below them, and blocks of addresses.

use super::ExclusionError;
use super::blocks::Blocks;
use std::collections::HashSet;
use std::net::IpAddr;
use std::path::Path;

/// The entries of all files.
#[derive(Debug, Clone, Default)]
pub(super) struct Entries {
    names: HashSet<String>,
    blocks: Blocks,
    /// Lines of the file of which nobody can tell since when they stand.
    pub(super) undated: usize,
}

impl Entries {
    /// The entries of one file: a domain, a suffix, a host, an address or a block per line, `#` before a
    /// comment.
    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, ExclusionError> {
        let mut entries = Self::default();
        let mut blocks = Vec::new();
        for (at, raw) in text.lines().enumerate() {
            let (entry, comment) = raw.split_once('#').unwrap_or((raw, ""));
            let entry = entry.trim();
            if entry.is_empty() {
                continue;
            }
            if let Some(block) = block(entry) {
                blocks.push(block);
            } else if let Some(name) = name(entry) {
                entries.names.insert(name);
            } else {
                return Err(ExclusionError::Line {
                    path: path.to_owned(),
                    line: at + 1,
                    found: entry.to_owned(),
                });
            }
            entries.undated += usize::from(!has_date(comment));
        }
        entries.blocks = Blocks::of(blocks);
        Ok(entries)
    }

    /// Adds those of another file, or of a later state of the same.
    pub(super) fn add(&mut self, other: Self) {
        self.names.extend(other.names);
        self.blocks.add(other.blocks);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.blocks.is_empty()
    }

    /// How many names, and how many blocks after those that touch were joined.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.names.len(), self.blocks.len())
    }

    /// Whether the name, or a name above it, is one of them.
    pub(super) fn has_name(&self, name: &str) -> bool {
        if self.names.is_empty() {
            return false;
        }
        let mut rest = name;
        loop {
            if self.names.contains(rest) {
                return true;
            }
            match rest.split_once('.') {
                Some((_, above)) => rest = above,
                None => return false,
            }
        }
    }

    pub(super) fn has_address(&self, addr: IpAddr) -> bool {
        self.blocks.has(addr)
    }
}

/// Address and prefix length; the length of all bits where none is written.
fn block(entry: &str) -> Option<(IpAddr, u32)> {
    let (addr, length) = entry.split_once('/').map_or((entry, None), |(addr, length)| (addr, Some(length)));
    let addr: IpAddr = addr.parse().ok()?;
    let most = if addr.is_ipv4() { 32 } else { 128 };
    let length: u32 = length.map_or(Some(most), |text| text.parse().ok())?;
    (length <= most).then_some((addr, length))
}

fn name(entry: &str) -> Option<String> {
    let text =
        entry.trim_start_matches("*.").trim_start_matches('.').trim_end_matches('.').to_ascii_lowercase();
    // As in lists: what is ASCII is a name of the DNS, also where it is no A-label of IDNA.
    let ascii = if text.is_ascii() { text } else { idna::domain_to_ascii(&text).ok()? };
    let label = |l: &str| {
        (1..=63).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let numeric = ascii.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    (ascii.split('.').all(label) && !numeric).then_some(ascii)
}

/// Whether a comment has a date as `2026-11-27`.
fn has_date(comment: &str) -> bool {
    comment.as_bytes().windows(10).any(|text| {
        text.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    fn from(text: &str) -> Entries {
        Entries::parse(text, Path::new("exclude.txt")).unwrap()
    }

    #[test]
    fn a_domain_excludes_everything_below_it_and_nothing_beside_it() {
        let all = from("# asked on 2026-01-02\nExample.ORG.  # comment\n*.example.net\nbücher.example\n");
        for name in ["example.org", "a.b.example.org", "example.net", "xn--bcher-kva.example"] {
            assert!(all.has_name(name), "{name}");
        }
        for name in ["anexample.org", "org", "example.com"] {
            assert!(!all.has_name(name), "{name}");
        }
    }

    #[test]
    fn what_a_list_may_hold_can_be_excluded_though_it_is_no_label_of_idna() {
        assert!(from("xn--example-99999999.it\n").has_name("mta-sts.xn--example-99999999.it"));
    }

    #[test]
    fn a_suffix_excludes_all_that_is_registered_below_it() {
        let all = from("gov.uk # 2026-01-02\n.mil\n");
        for name in ["gov.uk", "example.gov.uk", "mta-sts.example.gov.uk", "mil", "army.mil"] {
            assert!(all.has_name(name), "{name}");
        }
        assert!(!all.has_name("example.co.uk"));
    }

    #[test]
    fn blocks_exclude_their_addresses_only() {
        let all = from("192.0.2.0/25\n2001:db8::/32\n203.0.113.7\n198.51.100.77/24\n");
        for addr in ["192.0.2.127", "2001:db8:ffff::1", "203.0.113.7", "198.51.100.0"] {
            assert!(all.has_address(addr.parse().unwrap()), "{addr}");
        }
        for addr in ["192.0.2.128", "2001:db9::1", "203.0.113.8", "::1"] {
            assert!(!all.has_address(addr.parse().unwrap()), "{addr}");
        }
        assert!(from("0.0.0.0/0").has_address("8.8.8.8".parse().unwrap()));
        assert!(!from("0.0.0.0/0").has_address("2a00::1".parse().unwrap()));
    }

    #[test]
    fn an_excluded_ipv4_host_is_so_by_ipv6_too() {
        let all = from("192.0.2.0/24");
        for addr in ["::ffff:192.0.2.1", "64:ff9b::c000:201", "2002:c000:201::5"] {
            assert!(all.has_address(addr.parse().unwrap()), "{addr}");
        }
        assert!(!from("64:ff9b::/96").has_address("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn a_line_that_cannot_be_taken_is_an_error_with_its_place() {
        for bad in ["192.0.2.0/33", "two words", "1.2.3", "-@-", "::1/129"] {
            let error = Entries::parse(&format!("ok.example\n{bad}\n"), Path::new("x.txt")).unwrap_err();
            assert!(error.to_string().starts_with("x.txt:2: "), "{error}");
        }
    }

    #[test]
    fn entries_without_a_date_are_counted() {
        let all = from("a.example # M. Muster, 2026-11-27\nb.example # later\n192.0.2.1\n# 2026\n");
        assert_eq!(all.undated, 2);
    }
}
