//! Parked messages: found, looked at, changed.

use kernel::{Page, PageRequest};
use messaging::parked::{self, Filter, Parked, State, Turn};
use serde_json::{Value, json};
use storage::{Failure, Tx};

use super::{Desk, no_place};
use crate::{
    Audits, Change, Changed, Deed, Entry, Error, Inspection, MessageId, Messages, Result, audit,
    once::{Ended, Once, broken},
};

/// What is to be done to a message.
pub(super) struct Task {
    pub(super) change: Change,
    pub(super) deed: Deed,
    pub(super) turn: Turn,
}

impl Desk {
    pub(super) async fn list(&self, wish: Messages) -> Result<Page<Parked>> {
        let Messages { group, channel, key, state, page: PageRequest { limit, after } } = wish;
        let after = after.map(|after| after.parse::<MessageId>()).transpose();
        let after = after.map_err(|cause| no_place(&cause))?.map(|id| id.place().clone());
        let filter = Filter { subscriber: group, channel, key, state, after };
        let found = parked::list(&self.db, &filter, limit + 1).await.map_err(broken)?;
        Ok(Page::cut(found, limit, |it| MessageId::of(&it.place).to_string()))
    }

    pub(super) async fn look_at(&self, id: MessageId) -> Result<Inspection> {
        let found = parked::find(&self.db, id.place()).await.map_err(broken)?;
        let Some(message) = found else { return Err(Error::UnknownMessage(id)) };
        let behind = parked::behind_of(&self.db, id.place()).await.map_err(broken)?;
        let about = Audits { subject: Some(id.to_string()), page: PageRequest::default() };
        let audit = audit::page(&self.db, &about).await.map_err(broken)?.items;
        Ok(Inspection { message, behind, audit })
    }

    /// Carries the task out once, however often it comes under the same intent.
    pub(super) async fn change(&self, task: Task) -> Result<Changed> {
        let scope = format!("{} {} a message", task.change.by, task.deed);
        let once = self.once(scope, task.change.intent.as_ref());
        let (message, replayed) = once.carry_out(|| self.attempt(&once, &task)).await?;
        Ok(Changed { message, replayed })
    }

    async fn attempt(&self, once: &Once<'_>, task: &Task) -> Ended<Parked> {
        let Change { id, based_on, .. } = &task.change;
        let mut tx = self.db.begin().await?;
        let found = parked::lock(&tx, id.place()).await?;
        let found = found.ok_or_else(|| Failure::Refused(Error::UnknownMessage(id.clone())))?;
        if based_on.is_some_and(|version| version != found.version) {
            return Err(Failure::Refused(Error::Stale(found.version)));
        }
        if task.deed == Deed::Edit && !found.envelope.is_whole() {
            return Err(Failure::Refused(Error::BeyondRepair(id.clone())));
        }
        let message = match (task.deed, found.state) {
            (Deed::Drop, State::Dropped) => found,
            _ => self.turn(&mut tx, task, found).await?,
        };
        once.record(&tx, &message).await?;
        tx.commit().await?;
        Ok(message)
    }

    /// Changes the message, and writes down who did it.
    async fn turn(&self, tx: &mut Tx, task: &Task, before: Parked) -> Ended<Parked> {
        let after = parked::turn(tx, &before, task.turn.clone()).await?;
        let entry = Entry {
            id: self.ids.next(),
            at: self.clock.now(),
            actor: task.change.by.clone(),
            deed: task.deed,
            subject: task.change.id.to_string(),
            before: seen(&before, task.deed),
            after: seen(&after, task.deed),
        };
        audit::write(tx, &entry).await?;
        Ok(after)
    }
}

/// What an audit tells of a message.
fn seen(parked: &Parked, deed: Deed) -> Value {
    let Parked { state, attempts, reason, envelope, .. } = parked;
    match deed {
        Deed::Edit => json!({ "payload": envelope.payload }),
        Deed::Retry | Deed::Drop | Deed::Tune => {
            json!({ "state": state, "attempts": attempts, "reason": reason })
        }
    }
}
