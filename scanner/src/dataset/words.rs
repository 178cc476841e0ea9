//! The closed vocabularies of the dataset: words that stand in columns and that code decides on.

use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// A word of a column: an outcome or a finding's code. Static where we made it, owned where it was read from a file.
pub type Word = Cow<'static, str>;

/// A word that only this program makes. (Under its own name it would be taken by serde for a piece of the input.)
pub type OwnWord = &'static str;

/// Reads back a word that this program wrote itself, from a spool. There are as many as the code has; each is kept once.
///
/// # Errors
/// It is no text.
pub fn own_word<'de, D: Deserializer<'de>>(from: D) -> Result<Option<OwnWord>, D::Error> {
    static KNOWN: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let Some(word) = Option::<String>::deserialize(from)? else { return Ok(None) };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    Ok(Some(known.get(word.as_str()).copied().unwrap_or_else(|| {
        let kept: &'static str = Box::leak(word.into_boxed_str());
        known.insert(kept);
        kept
    })))
}

macro_rules! vocabulary {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word as the dataset writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The value of a word; `None` where it is no word of this vocabulary.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

vocabulary! {
    /// What came of one DNS question.
    DnsStatus {
        /// At least one record of the type asked for.
        NoError = "NOERROR",
        /// The name exists, a record of this type does not.
        NoData = "NODATA",
        /// The name, or the target of its CNAME chain, does not exist.
        NxDomain = "NXDOMAIN",
        /// The resolver could not get an answer.
        ServFail = "SERVFAIL",
        /// The resolver would not answer.
        Refused = "REFUSED",
        /// The resolver did not understand the question.
        FormErr = "FORMERR",
        /// The resolver does not implement the question.
        NotImp = "NOTIMP",
        /// No answer within the deadline.
        Timeout = "TIMEOUT",
        /// Truncated over UDP, and TCP gave nothing.
        Truncated = "TRUNCATED",
        /// An answer that cannot be read, or an rcode not named here.
        BadAnswer = "BADANSWER",
    }
}

impl DnsStatus {
    /// Whether it says what the DNS holds: the records, or that there are none.
    #[must_use]
    pub const fn is_definite(self) -> bool {
        matches!(self, Self::NoError | Self::NoData | Self::NxDomain)
    }

    /// Whether it may pass, so that a second look is worth it.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::ServFail | Self::Timeout)
    }
}

vocabulary! {
    /// Where the mail of a domain goes.
    MxKind {
        /// MX records.
        Explicit = "explicit",
        /// No MX record but an address (RFC 5321 section 5.1).
        Implicit = "implicit",
        /// A null MX (RFC 7505).
        Null = "null",
        /// Neither MX nor address, or no such name.
        None = "none",
        /// Could not be had, or was not asked.
        Unknown = "unknown",
    }
}

vocabulary! {
    /// State of the TXT records at `_mta-sts` or `_smtp._tls`.
    RecordState {
        /// Exactly one, and it is valid.
        Valid = "valid",
        /// Exactly one, and it is not valid.
        Invalid = "invalid",
        /// More than one: a sender acts as if there were none.
        Multiple = "multiple",
        /// None.
        Absent = "absent",
        /// There was no answer.
        Unknown = "unknown",
    }
}
