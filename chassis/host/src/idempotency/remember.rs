//! The reply of a port, written down by the transaction that made it true.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use kernel::Timestamp;
use sea_orm::DbErr;
use serde::Serialize;
use storage::{Attachment, Database, Tx};

use super::{Recorded, record};
use crate::Intent;

/// What is recorded beside a reply: it has no status, the handler gives it one.
const DONE: u16 = 200;

tokio::task_local! {
    static WANTED: Arc<Wanted>;
}

/// The intention that the running task carries out.
pub(super) struct Wanted {
    pub(super) db: Database,
    pub(super) scope: String,
    pub(super) intent: Intent,
    pub(super) now: Timestamp,
    remembered: AtomicBool,
}

/// A reply on its way into the transaction of its effect.
#[derive(Default)]
struct Memory(Option<(Arc<Wanted>, Recorded)>);

/// Records `reply` together with the effect of `tx`, if the request that is being worked on has an
/// `Idempotency-Key` of this module: its twin will be given the same reply. Costs one statement then, and
/// none otherwise. Said twice in one transaction, the last reply counts.
///
/// [`Tx::commit`] says [`storage::Error::Unique`] when a twin in another process was faster. Treat it as any
/// failure of the database: [`Replies::once`](super::Replies::once) finds the twin's reply.
///
/// # Errors
/// When the reply cannot be written as JSON.
pub fn remember(tx: &mut Tx, reply: &impl Serialize) -> Result<(), storage::Error> {
    let Ok(wanted) = WANTED.try_with(Arc::clone) else { return Ok(()) };
    if wanted.is_remembered() || !wanted.db.is(tx.database()) {
        return Ok(());
    }
    let recorded = recorded(reply)?;
    tx.attachment::<Memory>().0 = Some((wanted, recorded));
    Ok(())
}

/// A reply as it is recorded.
pub(super) fn recorded(reply: &impl Serialize) -> Result<Recorded, storage::Error> {
    let body = serde_json::to_string(reply).map_err(|cause| DbErr::Json(cause.to_string()))?;
    Ok(Recorded { status: DONE, body })
}

impl Wanted {
    pub(super) fn new(db: Database, scope: String, intent: Intent, now: Timestamp) -> Arc<Self> {
        Arc::new(Self { db, scope, intent, now, remembered: AtomicBool::new(false) })
    }

    /// Whether a reply was committed together with its effect.
    pub(super) fn is_remembered(&self) -> bool {
        self.remembered.load(Ordering::Acquire)
    }

    /// Runs `work` as the work on this intention.
    pub(super) async fn scope<F: Future>(self: Arc<Self>, work: F) -> F::Output {
        WANTED.scope(self, work).await
    }

    /// Records the reply in `tx`.
    pub(super) async fn record(&self, tx: &Tx, reply: &Recorded) -> Result<(), storage::Error> {
        record(tx, &self.scope, &self.intent, reply, self.now).await
    }
}

#[async_trait]
impl Attachment for Memory {
    async fn before_commit(&mut self, tx: &Tx) -> Result<(), storage::Error> {
        match &self.0 {
            Some((wanted, reply)) => wanted.record(tx, reply).await,
            None => Ok(()),
        }
    }

    fn committed(self: Box<Self>, _: &Database) {
        self.0.inspect(|(wanted, _)| wanted.remembered.store(true, Ordering::Release));
    }
}
