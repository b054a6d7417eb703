//! The deadlines of gatherings: whoever has not answered by then is missing.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kernel::Command;
use storage::{Attachment, Database, Error, Tx};
use tokio::{sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Aggregator, rows};
use crate::{Failure, subscriber::now};

/// How often deadlines are looked for even if none is known: another process may have died with one.
const LOOK: Duration = Duration::from_secs(30);
/// How long a gathering is left alone that could not be concluded.
const AGAIN: Duration = Duration::from_secs(1);
/// The gatherings that are read at a time.
const BATCH: usize = 100;

/// Those who watch for what a transaction has begun.
#[derive(Default)]
pub(super) struct Begun(Vec<Arc<Notify>>);

impl Begun {
    pub(super) fn add(&mut self, watcher: &Arc<Notify>) {
        self.0.push(Arc::clone(watcher));
    }
}

#[async_trait]
impl Attachment for Begun {
    async fn before_commit(&mut self, _tx: &Tx) -> Result<(), Error> {
        Ok(())
    }

    fn committed(self: Box<Self>, _db: &Database) {
        self.0.iter().for_each(|watcher| watcher.notify_one());
    }
}

impl<C: Command> Aggregator<C> {
    /// Watches the deadlines until `stop`. Those that passed while nobody watched come first.
    pub async fn run(&self, stop: CancellationToken) {
        let watch = async {
            loop {
                let pause = match self.look().await {
                    Ok(pause) => pause,
                    Err(error) => {
                        tracing::warn!(%error, "the deadlines of gatherings were not read");
                        AGAIN
                    }
                };
                tokio::select! {
                    () = sleep(pause) => {}
                    () = self.begun.notified() => {}
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = watch => {}
        }
    }

    /// Concludes what is due, and says when to look again.
    async fn look(&self) -> Result<Duration, Error> {
        loop {
            let due = rows::due(&self.db, self.channel, now(), BATCH).await?;
            let mut failed = false;
            for id in &due {
                if let Err(failure) = self.give_up(*id).await {
                    failed = true;
                    tracing::warn!(%id, %failure, "a gathering was not concluded");
                }
            }
            if failed {
                return Ok(AGAIN);
            }
            if due.len() < BATCH {
                break;
            }
        }
        let next = rows::next(&self.db, self.channel).await?;
        Ok(next.map_or(LOOK, |next| next.since(now()).min(LOOK)))
    }

    /// Concludes a gathering with what has come, unless somebody else just did.
    async fn give_up(&self, id: Uuid) -> Result<(), Failure> {
        let mut tx = self.db.begin().await?;
        let Some(open) = rows::close(&tx, id).await? else {
            tx.rollback().await?;
            return Ok(());
        };
        self.conclude(&mut tx, open).await?;
        Ok(tx.commit().await?)
    }
}
