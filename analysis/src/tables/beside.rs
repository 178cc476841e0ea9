//! TLS reports beside the datasets: the views that hold both against one another.

use super::{Engine, Tables, given};
use crate::fault::Fault;
use crate::query::{JOINED_VIEWS, Making, REPORT_VIEWS, VIEWS, View};
use crate::settings::Joining;
use tokio::sync::OnceCell;

/// The table of what users may choose about it.
pub(super) const JOIN_SETTINGS: &str = "join_settings";

impl Tables {
    /// Where the tables of reports are to be registered, before [`Tables::join`].
    pub(crate) const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Lets queries see datasets and reports together.
    ///
    /// # Errors
    /// The tables of reports are not there, or this machine failed.
    pub(crate) async fn join(&mut self, joining: Joining) -> Result<(), Fault> {
        self.engine.register_batch(JOIN_SETTINGS, given::settings(joining.columns())?)?;
        for view in JOINED_VIEWS.iter().filter(|view| view.making == Making::Inline) {
            self.engine.stand_for(view.name, view.sql).await?;
        }
        self.joining = Some(joining);
        self.outline = OnceCell::new();
        Ok(())
    }

    /// Whether queries see reports too.
    pub(crate) const fn is_joined(&self) -> bool {
        self.joining.is_some()
    }

    /// Every view that queries see, in the order they build on one another.
    pub(super) fn views(&self) -> Vec<&'static View> {
        let joined = self.joining.map(|_| REPORT_VIEWS.iter().chain(&JOINED_VIEWS));
        VIEWS.iter().chain(joined.into_iter().flatten()).collect()
    }
}
