//! What the program says about the world: the closed vocabularies of the dataset, and its rows.
//!
//! The ground floor: it imports nothing of ours, and everybody may import it. A word is an enum here and text
//! in the dataset alone; what a word decides (may it pass, did the peer answer the hello, which finding goes
//! with it) is a method beside it.

pub mod attempts;
mod catalogue;
mod certificate;
pub mod client_certificate;
mod code;
mod dns;
mod domain;
mod judgement;
mod outcome;
mod policy;
pub mod rows;
mod smtp;
pub mod text;
mod vocabulary;

pub use catalogue::{Severity, Stage};
pub use certificate::{CertCause, CertFault, CertOutcome, SenderDifference, TlsVersion};
pub use code::Code;
pub use dns::{DnsStatus, Question};
pub use domain::{DmarcPolicy, Mode, MxKind, RecordState};
pub use judgement::{DaneOutcome, MismatchKind, Verdict};
pub use outcome::{ExtraHello, Outcome, PaceHint, Suspicion};
pub use policy::{AddressOutcome, HttpVersion, PolicyOutcome};
pub use smtp::{Delivery, SmtpOutcome, SmtpPhase, Starttls};
pub use vocabulary::{Vocabulary, Word, WordEntries, WordEntry, every, every_but};
