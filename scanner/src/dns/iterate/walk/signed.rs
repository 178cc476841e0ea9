//! A walk for the sake of validation: the name's zone is asked for its signatures too, and its message is
//! kept as it came.

use super::{Delegation, Found, Heard, Walk};
use crate::dns::RecordType;
use crate::dns::iterate::delegation::Failure;
use crate::dns::iterate::name::Wire;
use crate::fault::Unfinished;
use std::sync::Arc;

/// A message, and what it answers.
pub(super) struct Message {
    pub(super) name: Wire,
    pub(super) kind: RecordType,
    pub(super) bytes: Vec<u8>,
}

impl Walk<'_> {
    /// As [`Walk::find`], with signatures. Gives the message as it came, and the zone whose word it is.
    pub(in crate::dns::iterate) async fn find_signed(
        &mut self,
        begins: Option<Arc<Delegation>>,
        name: &Wire,
        kind: RecordType,
    ) -> Result<Result<(Vec<u8>, Arc<Delegation>), Failure>, Unfinished> {
        self.is_signed = true;
        let from = match self.find(begins, name, kind).await? {
            Found::Answer { from, .. } => from,
            Found::Nothing(failure) => return Ok(Err(failure)),
        };
        if self.kept(name, kind).is_none() {
            // The root denied the TLD, to this question or to an earlier one.
            if let Heard::Nothing(failure) = self.ask_zone(&from, name, kind).await? {
                return Ok(Err(failure));
            }
        }
        let useless = Failure { answered: true, ..Failure::default() };
        Ok(self.kept(name, kind).map(|bytes| (bytes, from)).ok_or(useless))
    }

    /// The message that answers this.
    fn kept(&self, name: &Wire, kind: RecordType) -> Option<Vec<u8>> {
        let kept = self.message.as_ref().filter(|kept| kept.name == *name && kept.kind == kind);
        kept.map(|kept| kept.bytes.clone())
    }
}
