//! What a closed vocabulary is: an enum for what this program decides on, a word for the dataset, and a place
//! for words of newer programs.

use serde::{Deserialize, Serialize};

/// A word of a vocabulary as the contract lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordEntry {
    /// The word as the dataset writes it.
    pub word: &'static str,
    /// What it means; `None` for a finding's code, which the catalogue explains.
    pub meaning: Option<&'static str>,
    /// Whether a second look may see something else; `None` where the word is no outcome of a look.
    pub may_pass: Option<bool>,
}

/// The words of a column, in their order.
pub type WordEntries = fn() -> Vec<WordEntry>;

/// A closed set of words.
pub trait Vocabulary: Copy + Eq + std::fmt::Debug + 'static {
    /// All of them, in their order.
    fn all() -> Vec<Self>;

    /// The word as the dataset writes it.
    fn word(self) -> &'static str;

    /// The value of a word; `None` where it is no word of this vocabulary.
    fn of_word(word: &str) -> Option<Self>;

    /// How the contract lists it.
    fn entry(self) -> WordEntry;
}

/// The words of a whole vocabulary.
#[must_use]
pub fn every<V: Vocabulary>() -> Vec<WordEntry> {
    V::all().into_iter().map(V::entry).collect()
}

/// The words of a vocabulary but for some that do not stand in the column.
#[must_use]
pub fn every_but<V: Vocabulary>(others: &[V]) -> Vec<WordEntry> {
    V::all().into_iter().filter(|value| !others.contains(value)).map(V::entry).collect()
}

/// A word read from a dataset, which a newer program may have written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word<V> {
    /// One of the vocabulary.
    Known(V),
    /// Another one, as it stood there: no rule matches it, and it does not pass.
    Unknown(Box<str>),
}

impl<V: Vocabulary> Word<V> {
    /// Reads a word.
    #[must_use]
    pub fn read(text: &str) -> Self {
        V::of_word(text).map_or_else(|| Self::Unknown(text.into()), Self::Known)
    }

    /// The word as it stood in the dataset.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(value) => value.word(),
            Self::Unknown(text) => text,
        }
    }

    /// What it means to this program; `None` where it does not know the word.
    #[must_use]
    pub fn known(&self) -> Option<V> {
        match self {
            Self::Known(value) => Some(*value),
            Self::Unknown(_) => None,
        }
    }
}

impl<V> From<V> for Word<V> {
    fn from(value: V) -> Self {
        Self::Known(value)
    }
}

impl<V: PartialEq> PartialEq<V> for Word<V> {
    fn eq(&self, other: &V) -> bool {
        matches!(self, Self::Known(value) if value == other)
    }
}

/// Makes an enum a vocabulary. The documentation of a word is its meaning; `outcome` before the name says
/// that its words are what came of a look, and that its method `may_pass` tells of each whether a second look
/// may see something else.
macro_rules! vocabulary {
    ($(#[$about:meta])* outcome $name:ident { $($words:tt)+ }) => {
        $crate::evidence::vocabulary::vocabulary! { @enum [$(#[$about])*] $name |value| Some(value.may_pass()); $($words)+ }
    };
    ($(#[$about:meta])* $name:ident { $($words:tt)+ }) => {
        $crate::evidence::vocabulary::vocabulary! { @enum [$(#[$about])*] $name |_value| None; $($words)+ }
    };
    (@enum [$(#[$about:meta])*] $name:ident |$value:ident| $may_pass:expr;
        $($(#[doc = $doc:literal])+ $variant:ident = $word:literal,)+) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[doc = $doc])+ #[serde(rename = $word)] $variant,)+ }

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

        impl $crate::evidence::Vocabulary for $name {
            fn all() -> Vec<Self> {
                Self::ALL.to_vec()
            }

            fn word(self) -> &'static str {
                self.as_str()
            }

            fn of_word(word: &str) -> Option<Self> {
                Self::from_word(word)
            }

            fn entry(self) -> $crate::evidence::WordEntry {
                let meaning = match self { $(Self::$variant => concat!($($doc,)+).trim_ascii(),)+ };
                let of = |$value: Self| -> Option<bool> { $may_pass };
                $crate::evidence::WordEntry { word: self.as_str(), meaning: Some(meaning), may_pass: of(self) }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use vocabulary;

#[cfg(test)]
mod tests {
    use super::Word;
    use crate::evidence::{DnsStatus, PolicyOutcome};

    #[test]
    fn an_unknown_word_is_kept_as_it_stood_and_is_equal_to_no_value() {
        let word = Word::<PolicyOutcome>::read("policy_from_the_future");
        assert_eq!((word.as_str(), word.known()), ("policy_from_the_future", None));
        assert!(PolicyOutcome::ALL.iter().all(|known| word != *known));
    }

    #[test]
    fn a_known_word_is_its_value() {
        let word = Word::<DnsStatus>::read("SERVFAIL");
        assert_eq!((word.as_str(), word.known()), ("SERVFAIL", Some(DnsStatus::ServFail)));
        assert!(word == DnsStatus::ServFail && word != DnsStatus::Timeout);
    }
}
