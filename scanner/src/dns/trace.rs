//! What a person sees of the questions behind a name: who was asked, what came, and how long it took.

use super::RecordType;
use super::answer::Answer;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Questions that are noted at most: who looks at more wants a capture of the packets.
const MOST: usize = 10_000;

/// One question of the course, with everything that was asked of servers for its sake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// The name.
    pub name: String,
    /// The type, as `MX`.
    pub kind: String,
    /// What was asked of servers, in order; none where everything was known from before.
    pub asked: Vec<Asked>,
    /// What it came to: the status with the number of records, as `NOERROR, 2 records`, or whether the name
    /// servers agree; `None` where it was given up.
    pub came: Option<String>,
}

/// One server asked once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// 0: for the name itself; 1 and more: for the address of a name server, that of one of its servers …
    pub depth: usize,
    /// The name.
    pub name: String,
    /// The type.
    pub kind: String,
    /// The zone that the server was asked as a server of; `None`: it is a resolver.
    pub zone: Option<String>,
    /// The server's name; `None`: it is a resolver.
    pub server: Option<String>,
    /// Its address.
    pub addr: IpAddr,
    /// `UDP`, `UDP without EDNS` or `TCP`.
    pub by: &'static str,
    /// What came: a status, a referral, silence.
    pub came: String,
    /// Until it came, or was waited for no more; the wait for pace left out.
    pub took: Duration,
}

/// The notes of a client; none are taken before [`Trace::begin`].
#[derive(Debug, Default)]
pub struct Trace(OnceLock<Mutex<Vec<Walked>>>);

/// The place of a question that is noted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noted(usize);

impl Trace {
    /// From now on every question is noted.
    pub fn begin(&self) {
        self.0.get_or_init(Mutex::default);
    }

    /// Whether questions are noted.
    pub(super) fn is_on(&self) -> bool {
        self.0.get().is_some()
    }

    /// What was noted so far.
    #[must_use]
    pub fn taken(&self) -> Vec<Walked> {
        self.notes().map(|mut notes| std::mem::take(&mut *notes)).unwrap_or_default()
    }

    fn notes(&self) -> Option<MutexGuard<'_, Vec<Walked>>> {
        Some(self.0.get()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins a question; `None` where it is not noted.
    pub(super) fn question(&self, name: &str, kind: RecordType) -> Option<Noted> {
        let mut notes = self.notes().filter(|notes| notes.len() < MOST)?;
        let (name, kind) = (name.to_owned(), kind.to_string());
        notes.push(Walked { name, kind, asked: Vec::new(), came: None });
        Some(Noted(notes.len() - 1))
    }

    /// Notes what `asked` gives of one server.
    pub(super) fn asked(&self, noted: Option<Noted>, asked: impl FnOnce() -> Asked) {
        self.of(noted, |walked| {
            if walked.asked.len() < MOST {
                walked.asked.push(asked());
            }
        });
    }

    /// The last question for a name and a type. Who asks resolvers looks it up: a scan has thousands under
    /// way, and none is to hold anything for the sake of notes.
    pub(super) fn last(&self, name: &str, kind: &str) -> Option<Noted> {
        self.notes()?.iter().rposition(|walked| walked.name == name && walked.kind == kind).map(Noted)
    }

    /// As [`Trace::asked`], of a resolver: the question is that of `asked`.
    pub(super) fn asked_of_resolver(&self, asked: impl FnOnce() -> Asked) {
        if !self.is_on() {
            return;
        }
        let asked = asked();
        self.asked(self.last(&asked.name, &asked.kind), || asked);
    }

    /// Ends a question.
    pub(super) fn answered(&self, noted: Option<Noted>, answer: &Answer) {
        self.of(noted, |walked| walked.came = Some(said(answer)));
    }

    /// As [`Trace::answered`], where there is no one answer.
    pub(super) fn ended(&self, noted: Option<Noted>, came: &str) {
        self.of(noted, |walked| walked.came = Some(came.to_owned()));
    }

    fn of(&self, noted: Option<Noted>, note: impl FnOnce(&mut Walked)) {
        let Some((noted, mut notes)) = noted.zip(self.notes()) else { return };
        if let Some(walked) = notes.get_mut(noted.0) {
            note(walked);
        }
    }
}

/// An answer in a few words.
pub(super) fn said(answer: &Answer) -> String {
    let mut parts = vec![answer.status.to_string()];
    if let Some(alias) = answer.chain.as_ref().and_then(|chain| chain.last()) {
        parts.push(format!("alias of {alias}"));
    }
    match answer.count() {
        0 => {}
        1 => parts.push("1 record".to_owned()),
        count => parts.push(format!("{count} records")),
    }
    parts.extend(answer.ede.iter().flatten().map(|code| format!("EDE {code}")));
    parts.join(", ")
}
