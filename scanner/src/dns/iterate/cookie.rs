//! DNS cookies (RFC 7873): by its own a server knows who asked before, and spares him its limits.

/// The asker's part and the longest of a server (RFC 7873 section 4).
const LONGEST: usize = 40;

/// A cookie as it is shown to one server: the asker's part, and the server's as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cookie {
    bytes: [u8; LONGEST],
    len: u8,
}

impl Cookie {
    /// `None` where it is longer than cookies are.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let mut cookie = Self { bytes: [0; LONGEST], len: u8::try_from(bytes.len()).ok()? };
        cookie.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(cookie)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}
