//! What set off the work that is being done, for whoever asks later why something happened.

use std::{future::Future, sync::Arc};

use kernel::{Clock, SystemClock, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::task::futures::TaskLocalFuture;

tokio::task_local! {
    static CURRENT: Origin;
}

/// A request from outside, or a task that a module does unasked: what it was, and when it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// `POST /v1/orders/{id}/cancel`, or the name of the task. A pattern, and never the path itself: that
    /// may hold secrets.
    pub what: Arc<str>,
    /// When it began here.
    pub at: Timestamp,
}

impl Origin {
    /// Something that begins now.
    pub fn now(what: impl Into<Arc<str>>) -> Self {
        Self { what: what.into(), at: SystemClock.now() }
    }

    /// What the running task works because of, if that is known.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// Runs `work` because of this.
    pub fn scope<F: Future>(self, work: F) -> TaskLocalFuture<Self, F> {
        CURRENT.scope(self, work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_knows_what_set_it_off_and_nobody_else_does() {
        let sweep = Origin::now("orders: expiry");
        let seen = sweep.clone().scope(async { Origin::current() }).await;
        assert_eq!((seen, Origin::current()), (Some(sweep), None));
    }
}
