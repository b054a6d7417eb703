//! Runs sagas: records their moves, and sends what follows from them, in one transaction each.

mod answers;
mod limits;
mod motion;
mod sight;

pub use sight::{Census, Filter, Inspection, Progress, StepProgress, Summary};

use std::{any::TypeId, collections::HashMap, sync::Arc};

use kernel::Clock;
use sea_orm::DbErr;
use storage::{Database, Error, Tx};

use crate::{
    Saga, SagaId, Steps,
    bound::{Bound, BoundPlan},
    store::{self, Row},
    transition::{self, Input, State, Status, What},
};
use motion::Subject;

/// The sagas of one module.
///
/// It handles the answers that come to its channel, and [`run`](Self::run) watches the time limits.
pub struct Engine {
    db: Database,
    clock: Arc<dyn Clock>,
    channel: &'static str,
    /// By their hashes.
    plans: HashMap<i64, Arc<dyn BoundPlan>>,
    /// The hash of the plan of each saga type.
    types: HashMap<TypeId, i64>,
}

/// What became of the wish to abandon a saga.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abandoned {
    /// It turns back; whatever is under way is undone.
    Taken,
    /// It had turned back before, for whatever reason.
    Already,
    /// Its pivot is done, or may be: it will complete, or be refused.
    TooLate,
    /// No saga has this id, or this binary does not have its plan.
    Unknown,
}

/// What became of the wish to send a step again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retried {
    /// Its command is sent again.
    Sent {
        /// Where the saga stood.
        status: Status,
        /// The step whose command, or whose undo, was sent.
        step: &'static str,
    },
    /// The saga has ended: there is nothing to send.
    Ended,
    /// This binary does not have its plan, so that it leaves the saga alone.
    Foreign,
    /// No saga has this id.
    Unknown,
}

impl Engine {
    /// An engine without sagas. Answers come to `channel`, by custom `<module>.saga`, which the
    /// module subscribes to: `subscriptions.replies(channel, engine)`.
    pub fn new(db: Database, channel: &'static str, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock, channel, plans: HashMap::new(), types: HashMap::new() }
    }

    /// Runs sagas of type `S`, whose changes `steps` records.
    ///
    /// A type that keeps an old plan under the same name lets instances of that plan end.
    ///
    /// # Panics
    ///
    /// When there is a saga with the same name and plan already.
    #[must_use]
    pub fn runs<S: Saga>(mut self, steps: Arc<dyn Steps<S>>) -> Self {
        let bound = Bound::new(steps);
        let hash = bound.shape().hash();
        self.types.insert(TypeId::of::<S>(), hash);
        let before = self.plans.insert(hash, Arc::new(bound));
        assert!(before.is_none(), "two sagas are named {} and have the same plan", S::NAME);
        self
    }

    /// Where answers come to.
    pub fn channel(&self) -> &'static str {
        self.channel
    }

    /// Starts `saga` when `tx` commits, and sends its first command then. One statement.
    ///
    /// # Errors
    ///
    /// [`Error::Unique`] when a saga with this name and key exists, even if it has ended.
    pub async fn start<S: Saga>(&self, tx: &mut Tx, saga: &S) -> Result<SagaId, Error> {
        let hash = self.types.get(&TypeId::of::<S>());
        let Some((plan, bound)) = hash.and_then(|hash| Some((*hash, self.plans.get(hash)?))) else {
            let why = format!("the engine of {} does not run sagas {}", self.channel, S::NAME);
            return Err(Error::Other(DbErr::Custom(why)));
        };
        let id = SagaId::of::<S>(saga.key());
        let subject = Subject { id: &id, plan, bound: &**bound };
        let first = transition::begin(bound.shape());
        let data = serde_json::to_string(saga).map_err(|it| DbErr::Json(it.to_string()))?;
        let row = Row { plan, state: first.state, data };
        let entry = self.entry(subject, first.state, What::Started, None);
        let due_at = self.due_at(tx, subject, first.state);
        store::insert(tx, &id, S::NAME, &row, due_at, &entry).await?;
        fault::point!("saga.begun");
        self.play(tx, subject, &mut *bound.open(&row.data)?, &first, "").await?;
        Ok(id)
    }

    /// Turns a saga back, if its pivot is not done and cannot be. What is under way is undone, too.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn abandon(&self, tx: &mut Tx, id: &SagaId, why: &str) -> Result<Abandoned, Error> {
        let Some(mut locked) = self.lock(tx, id).await? else { return Ok(Abandoned::Unknown) };
        let state = locked.row.state;
        match transition::next(locked.subject.bound.shape(), state, Input::Abandon) {
            Some(step) => {
                self.go(tx, &mut locked, state, &step, why).await?;
                Ok(Abandoned::Taken)
            }
            None => Ok(match state.status {
                Status::Undoing | Status::Compensated => Abandoned::Already,
                Status::Running | Status::Waiting | Status::Completed => Abandoned::TooLate,
            }),
        }
    }

    /// Sends the command that a saga waits for once more, because its answer does not come; or the refused one, as
    /// [`again`](Self::again). Needed when somebody gave that command up on its way: by itself none is lost. Its
    /// owner may get it twice, which changes nothing, and the first answer counts. `why` is in the saga's log.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn retry(&self, tx: &mut Tx, id: &SagaId, why: &str) -> Result<Retried, Error> {
        let Some(row) = store::lock(tx, id).await? else { return Ok(Retried::Unknown) };
        if !self.plans.contains_key(&row.plan) {
            return Ok(Retried::Foreign);
        }
        let Some(mut locked) = self.lock(tx, id).await? else { return Ok(Retried::Unknown) };
        let State { status, position, .. } = locked.row.state;
        let shape = locked.subject.bound.shape();
        let step = shape.name_of(position);
        match transition::repeat(shape, locked.row.state) {
            Some(moved) => {
                self.go(tx, &mut locked, moved.state, &moved, why).await?;
                Ok(Retried::Sent { status, step })
            }
            None => Ok(Retried::Ended),
        }
    }

    /// Sends the refused step of a saga again, and says whether there was one that waited.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn again(&self, tx: &mut Tx, id: &SagaId) -> Result<bool, Error> {
        let Some(mut locked) = self.lock(tx, id).await? else { return Ok(false) };
        let state = locked.row.state;
        match transition::next(locked.subject.bound.shape(), state, Input::Again) {
            Some(step) => self.go(tx, &mut locked, step.state, &step, "").await.map(|()| true),
            None => Ok(false),
        }
    }
}
