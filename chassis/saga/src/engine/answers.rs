//! What an answer to a saga's command does.

use async_trait::async_trait;
use messaging::{Delivery, Failure, HandleReply};
use sea_orm::DbErr;
use storage::{Error, Tx};

use super::{
    Engine,
    motion::{Locked, Subject},
};
use crate::{
    SagaId,
    outgoing::Ticket,
    parts::Heard,
    transition::{self, Input, Status, What},
};

#[async_trait]
impl HandleReply for Engine {
    async fn handle(&self, tx: &mut Tx, delivery: &Delivery) -> Result<(), Failure> {
        let envelope = delivery.envelope();
        let correlation = envelope.correlation_id.as_deref().unwrap_or_default();
        let ticket: Ticket = correlation.parse().map_err(Failure::permanent)?;
        let id = SagaId::from(envelope.key.clone());
        let Some(bound) = self.plans.get(&ticket.plan) else {
            // It waits, parked, for a binary that has the plan.
            return Err(Failure::transient(format!("the plan of the saga {id} is not known here")));
        };
        let subject = Subject { id: &id, plan: ticket.plan, bound: &**bound };
        let heard = bound.hear(&ticket, delivery)?;
        self.heard(tx, subject, ticket, heard).await.map_err(failure)
    }
}

/// Data that cannot be read will not become readable; everything else may work later.
fn failure(error: Error) -> Failure {
    match error {
        Error::Other(DbErr::Json(_)) => Failure::permanent(error),
        _ => Failure::transient(error),
    }
}

impl Engine {
    async fn heard(
        &self,
        tx: &mut Tx,
        subject: Subject<'_>,
        ticket: Ticket,
        heard: Heard,
    ) -> Result<(), Error> {
        let keeps = !ticket.undoes() && subject.bound.keeps(ticket.state.position);
        if matches!(heard, Heard::Done(_)) && !keeps && self.advance(tx, subject, ticket).await? {
            return Ok(());
        }
        let Some(mut locked) = self.lock(tx, subject.id).await? else {
            tracing::debug!(saga = %subject.id, "an answer came for a saga that is forgotten");
            return Ok(());
        };
        let (turn, position) = (ticket.state.turn, ticket.state.position);
        let (input, why) = match &heard {
            Heard::Done(_) => (Input::Done { turn }, String::new()),
            Heard::Refused(refusal) => {
                let stay = is_awaited(&locked, turn) && locked.instance.decide(position, refusal);
                let step = subject.bound.shape().name_of(position);
                (Input::Refused { turn, stay }, format!("the step {step} was refused"))
            }
        };
        let Some(step) = transition::next(subject.bound.shape(), locked.row.state, input) else {
            tracing::debug!(saga = %subject.id, turn, "an answer came twice");
            return Ok(());
        };
        if let (Heard::Done(reply), What::Done) = (&heard, step.what) {
            locked.instance.keep(position, reply);
        }
        self.go(tx, &mut locked, ticket.state, &step, &why).await
    }
}

/// Whether the saga still waits for the answer to this command.
fn is_awaited(locked: &Locked<'_>, turn: u64) -> bool {
    locked.row.state.status == Status::Running && locked.row.state.turn == turn
}
