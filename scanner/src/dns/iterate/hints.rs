//! Where the walk begins: the root's servers, built in or from a file in the form of named.root.

use super::name::Wire;
use std::net::IpAddr;

/// The root's servers (root zone of 2023-11-27 and later; the addresses of b.root-servers.net changed that
/// day).
const BUILT_IN: [(&str, [&str; 2]); 13] = [
    ("a.root-servers.net", ["198.41.0.4", "2001:503:ba3e::2:30"]),
    ("b.root-servers.net", ["170.247.170.2", "2801:1b8:10::b"]),
    ("c.root-servers.net", ["192.33.4.12", "2001:500:2::c"]),
    ("d.root-servers.net", ["199.7.91.13", "2001:500:2d::d"]),
    ("e.root-servers.net", ["192.203.230.10", "2001:500:a8::e"]),
    ("f.root-servers.net", ["192.5.5.241", "2001:500:2f::f"]),
    ("g.root-servers.net", ["192.112.36.4", "2001:500:12::d0d"]),
    ("h.root-servers.net", ["198.97.190.53", "2001:500:1::53"]),
    ("i.root-servers.net", ["192.36.148.17", "2001:7fe::53"]),
    ("j.root-servers.net", ["192.58.128.30", "2001:503:c27::2:30"]),
    ("k.root-servers.net", ["193.0.14.129", "2001:7fd::1"]),
    ("l.root-servers.net", ["199.7.83.42", "2001:500:9f::42"]),
    ("m.root-servers.net", ["202.12.27.33", "2001:dc3::35"]),
];

/// A server of the root, with its addresses.
pub(in crate::dns) type Hint = (Wire, Vec<IpAddr>);

/// The hints that are built in.
pub(in crate::dns) fn built_in() -> Vec<Hint> {
    let hint = |(name, addrs): &(&str, [&str; 2])| {
        Some((Wire::of(name)?, addrs.iter().filter_map(|addr| addr.parse().ok()).collect()))
    };
    BUILT_IN.iter().filter_map(hint).collect()
}

/// The hints of a file in the form of named.root: records of the root's NS, and of the addresses of the names
/// they give.
///
/// # Errors
/// The line that cannot be read, or that nothing of use is there.
pub(in crate::dns) fn parse(text: &str) -> Result<Vec<Hint>, String> {
    let mut names: Vec<Wire> = Vec::new();
    let mut addrs: Vec<(Wire, IpAddr)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split(';').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        let bad =
            || format!("line {}: `{}` is no NS of the root and no address of one", number + 1, line.trim());
        let (Some(owner), Some(data)) = (Wire::of(words[0]), words.last()) else { return Err(bad()) };
        match words.get(words.len().wrapping_sub(2)).map(|kind| kind.to_ascii_uppercase()).as_deref() {
            Some("NS") if owner == Wire::root() => names.push(Wire::of(data).ok_or_else(bad)?),
            Some("A" | "AAAA") => addrs.push((owner, data.parse().map_err(|_| bad())?)),
            _ => return Err(bad()),
        }
    }
    let of = |name: &Wire| addrs.iter().filter(|(owner, _)| owner == name).map(|(_, addr)| *addr).collect();
    let hints: Vec<Hint> = names.into_iter().map(|name| (name.clone(), of(&name))).collect();
    if hints.iter().all(|(_, addrs): &Hint| addrs.is_empty()) {
        return Err("it names no server of the root with an address".to_owned());
    }
    Ok(hints)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    #[test]
    fn all_thirteen_are_built_in_with_both_families() {
        let hints = built_in();
        assert_eq!(hints.len(), 13);
        assert!(hints.iter().all(|(_, addrs)| addrs.len() == 2 && addrs[0].is_ipv4() && addrs[1].is_ipv6()));
    }

    #[test]
    fn a_file_of_hints_is_read_and_what_is_none_is_told_by_line() {
        let file = "; root\n.  3600000 NS A.ROOT.LAB.\nA.ROOT.LAB. 3600000 A 127.64.0.1\n.\t3600000\tIN NS b.root.lab.\n";
        let hints = parse(file).unwrap();
        assert_eq!(hints[0], (Wire::of("a.root.lab").unwrap(), vec![IpAddr::from([127, 64, 0, 1])]));
        assert_eq!(hints[1].1, Vec::<IpAddr>::new());
        assert!(parse("example. 1 NS a.root.lab.\n").unwrap_err().starts_with("line 1: "));
        assert!(parse(". 1 NS a.root.lab.\na.root.lab. 1 A 127.0.0\n").unwrap_err().starts_with("line 2: "));
        assert!(parse("; nothing\n").unwrap_err().contains("names no server"));
        assert!(parse(". 1 NS a.root.lab.\n").is_err());
    }
}
