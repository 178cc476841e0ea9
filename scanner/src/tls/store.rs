//! The trusted authorities kept beside the evidence that they judged, so that a dataset can be judged again
//! years later: the built-in set holds no whole certificates, so they are written as what a path is checked
//! with.

use super::certificate::{hex, unhex};
use super::trust::Trust;
use rustls::pki_types::{Der, TrustAnchor};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// Name of the file in a dataset's folder.
pub const TRUST: &str = "trust.json";

#[derive(Serialize, Deserialize)]
struct Stored {
    source: String,
    sha256: String,
    authorities: Vec<Authority>,
}

/// DER in hexadecimal: contents of the subject and of the public key info (RFC 5280 section 4.1), and of the
/// name constraints.
#[derive(Serialize, Deserialize)]
struct Authority {
    subject: String,
    public_key: String,
    name_constraints: Option<String>,
}

/// Writes the authorities into a dataset's folder.
///
/// # Errors
/// The folder cannot be written.
pub fn write(trust: &Trust, dataset: &Path) -> io::Result<()> {
    let authority = |anchor: &TrustAnchor<'_>| Authority {
        subject: hex(&anchor.subject),
        public_key: hex(&anchor.subject_public_key_info),
        name_constraints: anchor.name_constraints.as_ref().map(|der| hex(der)),
    };
    let stored = Stored {
        source: trust.version().to_owned(),
        sha256: trust.sha256().to_owned(),
        authorities: trust.anchors().iter().map(authority).collect(),
    };
    let mut file = File::create(dataset.join(TRUST))?;
    serde_json::to_writer(&file, &stored)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// The authorities of a dataset; `None` where it holds none, as those of older versions.
///
/// # Errors
/// The file cannot be read, or is not what was written: its authorities do not have the hash that it says.
pub fn read(dataset: &Path) -> io::Result<Option<Trust>> {
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, format!("{TRUST}: {why}"));
    let text = match std::fs::read_to_string(dataset.join(TRUST)) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    let stored: Stored = serde_json::from_str(&text).map_err(|err| wrong(err.to_string()))?;
    let anchor = |authority: &Authority| {
        Some(TrustAnchor {
            subject: Der::from(unhex(&authority.subject)?),
            subject_public_key_info: Der::from(unhex(&authority.public_key)?),
            name_constraints: match &authority.name_constraints {
                Some(text) => Some(Der::from(unhex(text)?)),
                None => None,
            },
        })
    };
    let anchors: Option<Vec<_>> = stored.authorities.iter().map(anchor).collect();
    let anchors = anchors.ok_or_else(|| wrong("an authority is not hexadecimal".to_owned()))?;
    let trust = Trust::of_anchors(anchors, stored.source);
    if trust.sha256() == stored.sha256 {
        Ok(Some(trust))
    } else {
        Err(wrong(format!("its authorities have the SHA-256 {}, it says {}", trust.sha256(), stored.sha256)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what must be there")]
    use super::{TRUST, read, write};
    use crate::tls::{Trust, TrustSource};

    #[test]
    fn what_was_kept_is_the_same_set() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path()).unwrap().is_none());
        let trust = Trust::load(&TrustSource::Webpki).unwrap();
        write(&trust, dir.path()).unwrap();
        let again = read(dir.path()).unwrap().unwrap();
        assert_eq!(again.sha256(), trust.sha256());
        assert_eq!(again.anchors(), trust.anchors());
        assert_eq!(again.version(), trust.version());
    }

    #[test]
    fn a_changed_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        write(&Trust::load(&TrustSource::Webpki).unwrap(), dir.path()).unwrap();
        let path = dir.path().join(TRUST);
        let text = std::fs::read_to_string(&path).unwrap();
        let at = text.find("\"subject\":\"").unwrap() + 11;
        let mut changed = text.into_bytes();
        changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
        std::fs::write(&path, &changed).unwrap();
        assert!(read(dir.path()).unwrap_err().to_string().contains("SHA-256"));
        std::fs::write(&path, "{}").unwrap();
        assert!(read(dir.path()).unwrap_err().to_string().starts_with("trust.json: "));
    }
}
