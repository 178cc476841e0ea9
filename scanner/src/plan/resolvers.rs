//! Who answers questions to the DNS: the authoritative servers themselves, or resolvers.

use super::{Origin, ScanPlan};
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Resolvers that may be named.
const MOST: usize = 64;

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolvers {
    /// Nobody in between: the authoritative servers are asked, from the root down.
    None,
    /// Those of this machine (`/etc/resolv.conf`).
    System,
    /// These.
    These(Vec<SocketAddr>),
}

impl Resolvers {
    /// Whether the authoritative servers are asked.
    #[must_use]
    pub fn is_iterating(&self) -> bool {
        *self == Self::None
    }

    /// Those that were named.
    #[must_use]
    pub fn named(&self) -> &[SocketAddr] {
        match self {
            Self::These(these) => these,
            Self::None | Self::System => &[],
        }
    }

    /// What was typed: no value or `none`, `system`, or addresses.
    pub(super) fn of(values: &[String]) -> Result<Self, String> {
        match values {
            [] => return Ok(Self::None),
            [word] if word == "none" => return Ok(Self::None),
            [word] if word == "system" => return Ok(Self::System),
            _ if values.len() > MOST => return Err(format!("a list of {}", values.len())),
            _ => {}
        }
        let parse = |text: &String| {
            text.parse::<SocketAddr>()
                .or_else(|_| {
                    text.trim_matches(['[', ']']).parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53))
                })
                .map_err(|_| format!("{text:?}"))
        };
        values.iter().map(parse).collect::<Result<_, _>>().map(Self::These)
    }
}

impl ScanPlan {
    /// Has this machine's resolvers asked, where nobody said who is to be asked; gives whether they are now.
    /// Not for scans: who compares them must know by which way they came.
    pub fn falls_back_on_the_system(&mut self) -> bool {
        let is_free = self.resolvers.is_iterating()
            && self.origin("resolvers") == Origin::Default
            && self.authority_port == 53
            && self.root_hints.is_none()
            && self.trust_anchor.is_none();
        if is_free {
            self.resolvers = Resolvers::System;
        }
        is_free
    }
}

impl fmt::Display for Resolvers {
    /// As `scan.toml` has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("[]"),
            Self::System => f.write_str("\"system\""),
            Self::These(these) => {
                let these: Vec<String> = these.iter().map(|addr| format!("\"{addr}\"")).collect();
                write!(f, "[{}]", these.join(", "))
            }
        }
    }
}
