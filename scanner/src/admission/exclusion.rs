//! Exclusion files: domains with everything below them, MX hosts, and address blocks that are never contacted.

use std::collections::HashSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// A line of an exclusion file that cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum ExclusionError {
    /// The file cannot be read.
    #[error("cannot read exclusions {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The line is neither a name nor an address nor a block.
    #[error("{}:{line}: `{found}` is no domain, address or block, such as example.org or 192.0.2.0/24", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// The line.
        found: String,
    },
}

/// What must not be contacted.
#[derive(Debug, Default)]
pub struct Exclusions {
    names: HashSet<String>,
    blocks: Vec<(u128, u32)>,
}

impl Exclusions {
    /// Everything that the files say. A line holds a domain, a host, an address or a block; `#` begins a comment.
    ///
    /// # Errors
    /// A file that cannot be read, or a line that cannot be taken: to leave it out in silence would be to contact
    /// somebody who asked not to be.
    pub fn read(files: &[PathBuf]) -> Result<Self, ExclusionError> {
        let mut all = Self::default();
        for path in files {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ExclusionError::Unreadable { path: path.clone(), source })?;
            all.take(&text, path)?;
        }
        Ok(all)
    }

    fn take(&mut self, text: &str, path: &Path) -> Result<(), ExclusionError> {
        for (at, raw) in text.lines().enumerate() {
            let entry = raw.split('#').next().unwrap_or_default().trim();
            if entry.is_empty() {
                continue;
            }
            if let Some(block) = block(entry) {
                self.blocks.push(block);
            } else if let Some(name) = name(entry) {
                self.names.insert(name);
            } else {
                return Err(ExclusionError::Line {
                    path: path.to_owned(),
                    line: at + 1,
                    found: entry.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Whether the name, or a name above it, is in a file. The name is in lower case without a trailing dot.
    #[must_use]
    pub fn has_name(&self, name: &str) -> bool {
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

    /// Whether an address is in a block of a file.
    #[must_use]
    pub fn has_address(&self, addr: IpAddr) -> bool {
        let bits = bits(addr);
        self.blocks.iter().any(|(network, length)| shifted(bits ^ network, *length) == 0)
    }
}

/// IPv4 as the addresses ::ffff:0:0/96, so that one comparison does for both families.
fn bits(addr: IpAddr) -> u128 {
    match addr {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn shifted(difference: u128, length: u32) -> u128 {
    difference.checked_shr(128 - length).unwrap_or(0)
}

fn block(entry: &str) -> Option<(u128, u32)> {
    let (addr, length) = entry.split_once('/').map_or((entry, None), |(addr, length)| (addr, Some(length)));
    let addr: IpAddr = addr.parse().ok()?;
    let (family, most) = if addr.is_ipv4() { (96, 32) } else { (0, 128) };
    let length: u32 = length.map_or(Some(most), |text| text.parse().ok())?;
    (length <= most).then_some((bits(addr), family + length))
}

fn name(entry: &str) -> Option<String> {
    let text =
        entry.trim_start_matches("*.").trim_start_matches('.').trim_end_matches('.').to_ascii_lowercase();
    let ascii = idna::domain_to_ascii(&text).ok()?;
    let label = |l: &str| {
        (1..=63).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let numeric = ascii.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    (ascii.split('.').all(label) && !numeric).then_some(ascii)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    fn from(text: &str) -> Exclusions {
        let mut all = Exclusions::default();
        all.take(text, Path::new("exclude.txt")).unwrap();
        all
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
    fn blocks_exclude_their_addresses_only() {
        let all = from("192.0.2.0/25\n2001:db8::/32\n203.0.113.7\n");
        for addr in ["192.0.2.127", "2001:db8:ffff::1", "203.0.113.7"] {
            assert!(all.has_address(addr.parse().unwrap()), "{addr}");
        }
        for addr in ["192.0.2.128", "2001:db9::1", "203.0.113.8", "::1"] {
            assert!(!all.has_address(addr.parse().unwrap()), "{addr}");
        }
        assert!(from("0.0.0.0/0").has_address("8.8.8.8".parse().unwrap()));
        assert!(!from("0.0.0.0/0").has_address("2a00::1".parse().unwrap()));
    }

    #[test]
    fn a_line_that_cannot_be_taken_is_an_error_with_its_place() {
        for bad in ["192.0.2.0/33", "two words", "1.2.3", "-@-"] {
            let error =
                Exclusions::default().take(&format!("ok.example\n{bad}\n"), Path::new("x.txt")).unwrap_err();
            assert!(error.to_string().starts_with("x.txt:2: "), "{error}");
        }
    }
}
