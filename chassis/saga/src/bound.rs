//! A plan bound to the module that records its changes, with the type of the saga forgotten.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Never;
use messaging::{Ask, Delivery, Failure, ReplyTo};
use sea_orm::DbErr;
use storage::{Error, Tx};

use crate::{
    Saga, SagaId, Shape,
    outgoing::Ticket,
    parts::{Content, Heard, Parts, Request},
    plan::{self, Sealed},
    transition::{Effect, State},
};

/// What a saga's module does in its own tables when the saga moves.
#[async_trait]
pub trait Steps<S: Saga>: Send + Sync + 'static {
    /// Makes `change` in the transaction in which the saga moves, where it may publish, too.
    ///
    /// An error is taken for a failure of the infrastructure: the move is rolled back and comes
    /// again. A change that does not fit any longer is not an error: it changes nothing.
    async fn record(&self, tx: &mut Tx, change: S::Change) -> Result<(), Error>;
}

/// For sagas that change nothing in their own module.
#[derive(Clone, Copy, Debug)]
pub struct NoSteps;

#[async_trait]
impl<S: Saga<Change = Never>> Steps<S> for NoSteps {
    async fn record(&self, _tx: &mut Tx, change: Never) -> Result<(), Error> {
        match change {}
    }
}

/// A plan whose saga type is forgotten.
pub(crate) trait BoundPlan: Send + Sync {
    fn shape(&self) -> &Shape;

    /// Reads the answer to the command that `ticket` was given for.
    fn hear(&self, ticket: &Ticket, delivery: &Delivery) -> Result<Heard, Failure>;

    /// Whether a reply to the step at `position` changes the saga's data.
    fn keeps(&self, position: usize) -> bool;

    /// An instance with this data.
    fn open(&self, data: &str) -> Result<Box<dyn Instance + '_>, Error>;
}

/// One saga, for the length of one transaction.
#[async_trait]
pub(crate) trait Instance: Send {
    /// Takes from a reply what the saga keeps of it.
    fn keep(&mut self, position: usize, reply: &Content);

    /// Whether the saga waits in spite of this refusal, instead of turning back.
    fn decide(&mut self, position: usize, refusal: &Content) -> bool;

    /// The data as it is now.
    fn data(&self) -> Result<String, Error>;

    /// Causes the effects of a move.
    async fn play(
        &mut self,
        tx: &mut Tx,
        effects: &[Effect],
        because: Because<'_>,
    ) -> Result<(), Error>;
}

/// Whose effects these are, and why.
#[derive(Clone, Copy)]
pub(crate) struct Because<'a> {
    pub(crate) id: &'a SagaId,
    /// Where answers come to.
    pub(crate) channel: &'static str,
    pub(crate) plan: i64,
    /// The state after the move.
    pub(crate) state: State,
    /// Why the saga turns back, if it does.
    pub(crate) why: &'a str,
}

pub(crate) struct Bound<S: Saga> {
    plan: Sealed<S>,
    steps: Arc<dyn Steps<S>>,
}

impl<S: Saga> Bound<S> {
    pub(crate) fn new(steps: Arc<dyn Steps<S>>) -> Self {
        Self { plan: plan::seal(), steps }
    }
}

impl<S: Saga> BoundPlan for Bound<S> {
    fn shape(&self) -> &Shape {
        &self.plan.shape
    }

    fn hear(&self, ticket: &Ticket, delivery: &Delivery) -> Result<Heard, Failure> {
        let parts = self.plan.parts.get(ticket.state.position);
        let request =
            parts.and_then(|it| if ticket.undoes() { &it.undo } else { &it.command }.as_ref());
        let Some(request) = request else {
            return Err(Failure::permanent(format!("no command was sent for {ticket}")));
        };
        (request.hear)(delivery)
    }

    fn keeps(&self, position: usize) -> bool {
        self.plan.parts.get(position).is_some_and(|it| it.keep.is_some())
    }

    fn open(&self, data: &str) -> Result<Box<dyn Instance + '_>, Error> {
        let saga: S = serde_json::from_str(data).map_err(|cause| unreadable::<S>(&cause))?;
        Ok(Box::new(Opened { saga, change: None, bound: self }))
    }
}

fn unreadable<S: Saga>(cause: &serde_json::Error) -> Error {
    Error::Other(DbErr::Json(format!("the data of a saga {}: {cause}", S::NAME)))
}

struct Opened<'a, S: Saga> {
    saga: S,
    /// What a refusal made the module change.
    change: Option<S::Change>,
    bound: &'a Bound<S>,
}

impl<S: Saga> Opened<'_, S> {
    fn parts(&self, position: usize) -> &Parts<S> {
        &self.bound.plan.parts[position]
    }

    fn send(
        &self,
        tx: &mut Tx,
        request: Option<&Request<S>>,
        because: Because<'_>,
    ) -> Result<(), Error> {
        let Some(request) = request else { return Ok(()) };
        let ticket = Ticket { plan: because.plan, state: because.state };
        let key = because.id.as_str().to_owned();
        let ask = Ask::at(ReplyTo { channel: because.channel.to_owned(), key });
        (request.make)(&self.saga).send(tx, ask.correlated(ticket.to_string()))
    }

    /// What the module changes because of `effect`.
    fn change(&self, effect: Effect, why: &str) -> Option<S::Change> {
        match effect {
            Effect::Done(position) | Effect::Local(position) => {
                self.parts(position).change.as_ref().map(|change| change(&self.saga))
            }
            Effect::TurnBack => self.saga.abandoned(why),
            Effect::Compensated => self.saga.compensated(),
            Effect::Send(_) | Effect::Undo(_) => None,
        }
    }
}

#[async_trait]
impl<S: Saga> Instance for Opened<'_, S> {
    fn keep(&mut self, position: usize, reply: &Content) {
        if let Some(keep) = &self.bound.plan.parts[position].keep {
            keep(&mut self.saga, reply);
        }
    }

    fn decide(&mut self, position: usize, refusal: &Content) -> bool {
        let Some(decide) = &self.bound.plan.parts[position].decide else { return false };
        let verdict = decide(&mut self.saga, refusal);
        self.change = verdict.change;
        verdict.stay
    }

    fn data(&self) -> Result<String, Error> {
        serde_json::to_string(&self.saga).map_err(|cause| unreadable::<S>(&cause))
    }

    async fn play(
        &mut self,
        tx: &mut Tx,
        effects: &[Effect],
        because: Because<'_>,
    ) -> Result<(), Error> {
        if let Some(change) = self.change.take() {
            self.bound.steps.record(tx, change).await?;
        }
        for effect in effects {
            match *effect {
                Effect::Send(it) => self.send(tx, self.parts(it).command.as_ref(), because)?,
                Effect::Undo(it) => self.send(tx, self.parts(it).undo.as_ref(), because)?,
                other => {
                    if let Some(change) = self.change(other, because.why) {
                        self.bound.steps.record(tx, change).await?;
                    }
                }
            }
        }
        Ok(())
    }
}
