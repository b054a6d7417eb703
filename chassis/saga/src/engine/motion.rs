//! One move of one saga, from the row to the commands it sends.

use kernel::Timestamp;
use storage::{Error, Tx};

use super::{Engine, limits::Due};
use crate::{
    SagaId,
    bound::{Because, BoundPlan, Instance},
    log::Entry,
    outgoing::Ticket,
    store::{self, Row, Written},
    transition::{self, Input, Move, State, Status, What},
};

/// The saga that moves.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) id: &'a SagaId,
    pub(super) plan: i64,
    pub(super) bound: &'a dyn BoundPlan,
}

/// A saga that nobody else moves until the transaction ends.
pub(super) struct Locked<'a> {
    pub(super) subject: Subject<'a>,
    pub(super) row: Row,
    pub(super) instance: Box<dyn Instance + 'a>,
}

impl Engine {
    /// Reads a saga in order to move it; nothing when there is none, or its plan is not here.
    pub(super) async fn lock<'a>(
        &'a self,
        tx: &Tx,
        id: &'a SagaId,
    ) -> Result<Option<Locked<'a>>, Error> {
        let Some(row) = store::lock(tx, id).await? else { return Ok(None) };
        let Some(bound) = self.plans.get(&row.plan) else { return Ok(None) };
        let subject = Subject { id, plan: row.plan, bound: &**bound };
        let instance = bound.open(&row.data)?;
        Ok(Some(Locked { subject, row, instance }))
    }

    /// Moves a saga that is locked. `about` has the position and the turn that the log names.
    pub(super) async fn go(
        &self,
        tx: &mut Tx,
        locked: &mut Locked<'_>,
        about: State,
        step: &Move,
        why: &str,
    ) -> Result<(), Error> {
        let Locked { subject, row, instance } = locked;
        let data = instance.data()?;
        let data = (data != row.data).then_some(data);
        let entry = self.entry(*subject, about, step.what, Some(why));
        if self.write(tx, *subject, row.state, step, data, entry).await?.is_none() {
            let why = format!("the saga {} moved although it was locked", subject.id);
            return Err(Error::Serialization(why));
        }
        self.play(tx, *subject, &mut **instance, step, why).await
    }

    /// Records that the command of `ticket` is done, by one statement, if its saga stands where it
    /// stood when it sent that command. Says whether it does.
    pub(super) async fn advance(
        &self,
        tx: &mut Tx,
        subject: Subject<'_>,
        ticket: Ticket,
    ) -> Result<bool, Error> {
        let from = ticket.state;
        let done = Input::Done { turn: from.turn };
        let Some(step) = transition::next(subject.bound.shape(), from, done) else {
            return Ok(false);
        };
        let entry = self.entry(subject, from, step.what, None);
        let Some(data) = self.write(tx, subject, from, &step, None, entry).await? else {
            return Ok(false);
        };
        self.play(tx, subject, &mut *subject.bound.open(&data)?, &step, "").await?;
        Ok(true)
    }

    async fn write(
        &self,
        tx: &mut Tx,
        subject: Subject<'_>,
        from: State,
        step: &Move,
        data: Option<String>,
        entry: Entry,
    ) -> Result<Option<String>, Error> {
        let Subject { id, plan, .. } = subject;
        let due_at = self.due_at(tx, subject, step.state);
        let written = Written { id, plan, from, to: step.state, due_at, data, entry };
        let data = store::advance(tx, written).await?;
        fault::point!("saga.moved");
        Ok(data)
    }

    pub(super) async fn play(
        &self,
        tx: &mut Tx,
        subject: Subject<'_>,
        instance: &mut dyn Instance,
        step: &Move,
        why: &str,
    ) -> Result<(), Error> {
        let Subject { id, plan, .. } = subject;
        let because = Because { id, plan, channel: self.channel, state: step.state, why };
        match step.state.status {
            Status::Compensated => tracing::info!(saga = %id, "a saga is undone"),
            Status::Completed => tracing::debug!(saga = %id, "a saga is completed"),
            _ => {}
        }
        instance.play(tx, &step.effects, because).await?;
        fault::point!("saga.played");
        Ok(())
    }

    pub(super) fn entry(
        &self,
        subject: Subject<'_>,
        about: State,
        what: What,
        why: Option<&str>,
    ) -> Entry {
        let step = subject.bound.shape().name_of(about.position).to_owned();
        let why = why.filter(|why| !why.is_empty()).map(str::to_owned);
        Entry { at: self.clock.now(), what, step, turn: about.turn, why }
    }

    /// When the step that is under way counts as one that may have happened. The sweeper is told
    /// when `tx` has committed.
    pub(super) fn due_at(
        &self,
        tx: &mut Tx,
        subject: Subject<'_>,
        state: State,
    ) -> Option<Timestamp> {
        if state.status != Status::Running {
            return None;
        }
        let due_at = self.clock.now().plus(subject.bound.shape().limit(state.position)?);
        tx.attachment::<Due>().add(due_at);
        Some(due_at)
    }
}
