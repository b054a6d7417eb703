//! Takes back holds whose owners forgot them.

use std::time::Duration;

use host::Background;

use crate::{Settings, store::Store};

/// Looks for holds that ended longer ago than the grace their owners have.
#[derive(Clone)]
pub(crate) struct Sweeper {
    store: Store,
    grace: Duration,
    every: Duration,
}

impl Sweeper {
    pub(crate) fn new(store: Store, settings: &Settings) -> Self {
        Self { store, grace: settings.hold_grace, every: settings.sweep_every }
    }

    pub(crate) fn background(self) -> Background {
        Background::every("products-sweeper", self.every, move || {
            let sweeper = self.clone();
            async move { sweeper.sweep().await }
        })
    }

    /// Takes back what is overdue, each hold in a transaction of its own. Safe beside other sweepers:
    /// the change of state is conditional.
    async fn sweep(&self) {
        let due = self.store.clock().now().minus(self.grace);
        let overdue = match self.store.overdue(due).await {
            Ok(overdue) => overdue,
            Err(cause) => return tracing::error!(%cause, "overdue holds could not be looked for"),
        };
        for id in overdue {
            match self.store.expire(&id, due).await {
                Ok(true) => tracing::info!(reservation = %id, "an overdue hold was taken back"),
                Ok(false) => {}
                Err(cause) => {
                    tracing::error!(reservation = %id, %cause, "an overdue hold could not be taken back");
                }
            }
        }
    }
}
