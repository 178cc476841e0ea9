//! What domains are asked for beside what a scan of MTA-STS asks anyway.

/// A record that stands beside those of MTA-STS and TLSRPT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Companion {
    /// DMARC (RFC 9989).
    Dmarc,
}

impl Companion {
    /// The word in `scan.toml`, flag and manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dmarc => "dmarc",
        }
    }
}

/// What was typed: no value or `none`, or companions.
pub(super) fn of(values: &[String]) -> Result<Vec<Companion>, String> {
    if let [word] = values
        && word == "none"
    {
        return Ok(Vec::new());
    }
    let mut companions = Vec::new();
    for word in values {
        if word != Companion::Dmarc.as_str() {
            return Err(format!("{word:?}"));
        }
        if companions.is_empty() {
            companions.push(Companion::Dmarc);
        }
    }
    Ok(companions)
}
