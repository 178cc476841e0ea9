//! Questions about names that many domains lead to: each is asked once in a run, and its answer kept.

use crate::evidence::{DnsStatus, MxKind};
use crate::fault::Unfinished;
use crate::tls::certificate::sha256;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// Answers that are kept: 7/8 of 2^18, so that the table has 2^18 places of 33 bytes, 8.7 MB, and no more. A
/// question beyond them is asked each time.
const KEPT: usize = 229_376;

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// How it ended.
    pub(super) status: DnsStatus,
    /// Where mail for the name goes, by this answer alone.
    pub(super) kind: MxKind,
}

/// Which of a name's records a question is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum About {
    /// MX.
    Mx,
    /// Addresses.
    Addresses,
}

/// The answers of a run, by the first 128 bits of the SHA-256 of what was asked.
#[derive(Debug, Default)]
pub struct Names(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    known: HashMap<u128, Seen>,
    /// Questions that are under way: as many as domains that ask at the moment, at most.
    asking: HashMap<u128, Arc<OnceCell<Seen>>>,
}

impl Names {
    /// What is known of a name, or what `ask` finds out. Who wants the same meanwhile waits for that.
    ///
    /// # Errors
    /// Those of `ask`: then nothing is known, and who waited asks.
    pub(super) async fn once(
        &self,
        (about, name): (About, &str),
        ask: impl Future<Output = Result<Seen, Unfinished>>,
    ) -> Result<Seen, Unfinished> {
        let key = key(about, name);
        let cell = {
            let mut table = self.table();
            if let Some(seen) = table.known.get(&key) {
                return Ok(*seen);
            }
            table.asking.entry(key).or_default().clone()
        };
        let seen = cell.get_or_try_init(|| ask).await.copied();
        let mut table = self.table();
        table.asking.remove(&key);
        let seen = seen?;
        if table.known.len() < KEPT {
            table.known.insert(key, seen);
        }
        Ok(seen)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(about: About, name: &str) -> u128 {
    let mut first = [0; 16];
    first.copy_from_slice(&sha256(format!("{about:?} {name}").as_bytes())[..16]);
    u128::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use std::cell::Cell;

    const GONE: Seen = Seen { status: DnsStatus::NxDomain, kind: MxKind::None };

    #[test]
    fn a_name_is_asked_for_once_also_where_many_want_it_at_the_same_time() {
        let (names, asked) = (Names::default(), Cell::new(0));
        let ask = |name: &'static str| {
            names.once((About::Mx, name), async {
                asked.set(asked.get() + 1);
                tokio::task::yield_now().await;
                Ok(GONE)
            })
        };
        crate::runtime::runtime().unwrap().block_on(async {
            let (one, other, third) =
                tokio::join!(ask("gone.example"), ask("gone.example"), ask("b.example"));
            assert!([one, other, third].into_iter().all(|seen| seen.is_ok_and(|seen| seen == GONE)));
            assert!(ask("gone.example").await.is_ok());
        });
        assert_eq!(asked.get(), 2);
        let table = names.table();
        assert_eq!((table.known.len(), table.asking.len()), (2, 0));
    }

    #[test]
    fn what_could_not_be_asked_is_not_known() {
        let names = Names::default();
        crate::runtime::runtime().unwrap().block_on(async {
            let stopped = names.once((About::Mx, "a.example"), async { Err(Unfinished::Stopped) }).await;
            assert!(matches!(stopped, Err(Unfinished::Stopped)));
            assert!(names.once((About::Mx, "a.example"), async { Ok(GONE) }).await.is_ok());
        });
    }

    #[test]
    fn a_place_of_the_table_takes_33_bytes() {
        assert_eq!(size_of::<(u128, Seen)>() + 1, 33);
        assert_eq!(HashMap::<u128, Seen>::with_capacity(KEPT).capacity(), KEPT);
    }
}
