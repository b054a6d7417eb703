//! The aggregator: asks several, and gathers what they answer until all have, or until it takes too long.
//!
//! What is asked, and every answer, is in the database of whoever asks. So there is exactly one outcome, whoever
//! is killed meanwhile: the row of a gathering is removed by the transaction that concludes it, and an answer that
//! comes later, or again, finds none and changes nothing.

mod deadlines;
mod rows;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kernel::Command;
use sea_orm::DbErr;
use serde::Deserialize;
use storage::{Database, Error, Tx};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    Ask, Delivery, Failure, HandleReply, Publish, ReplyTo, envelope::Verdict, subscriber::now,
};
use deadlines::Begun;
use rows::{Entry, Open};

/// Gathers the answers to commands of one type in one module.
///
/// It handles the answers that come to its channel, and [`run`](Self::run) watches the deadlines.
pub struct Aggregator<C> {
    db: Database,
    channel: &'static str,
    outcome: Arc<dyn Conclude<C>>,
    /// A gathering began in this process.
    begun: Arc<Notify>,
}

/// What a module does with what was gathered.
#[async_trait]
pub trait Conclude<C: Command>: Send + Sync {
    /// Takes the one outcome of a gathering, under the rules of [`Handle`](crate::Handle).
    async fn conclude(&self, tx: &mut Tx, gathered: Gathered<C>) -> Result<(), Failure>;
}

/// How answers are gathered.
#[derive(Clone, Debug)]
pub struct Gather {
    about: String,
    within: Duration,
    expected: Option<usize>,
}

/// The outcome of a gathering.
pub struct Gathered<C: Command> {
    /// Its id.
    pub id: Uuid,
    /// What whoever asked called it.
    pub about: String,
    /// What was answered, in the order in which it came.
    pub answers: Vec<Said<C>>,
    /// How many answers did not come in time; none when it ended before its deadline.
    pub missing: usize,
}

/// One answer.
pub struct Said<C: Command> {
    /// The module that gave it.
    pub from: String,
    /// The command it answers.
    pub command: Uuid,
    /// What it says.
    pub answer: Result<C::Reply, C::Refusal>,
}

impl Gather {
    /// Gathers for as long as `within`. Whoever concludes recognises it by `about`.
    pub fn about(about: impl Into<String>, within: Duration) -> Self {
        Self { about: about.into(), within, expected: None }
    }

    /// Waits for so many answers. Without this, for one to each command: right when each has one owner. When
    /// several groups answer one command, only the sender knows how many they are.
    #[must_use]
    pub fn expecting(mut self, answers: usize) -> Self {
        self.expected = Some(answers);
        self
    }
}

impl<C: Command> Aggregator<C> {
    /// An aggregator whose answers come to `channel`, which the module subscribes to:
    /// `subscriptions.replies(channel, aggregator)`.
    pub fn new(db: Database, channel: &'static str, outcome: Arc<dyn Conclude<C>>) -> Self {
        Self { db, channel, outcome, begun: Arc::default() }
    }

    /// Sends `questions` when `tx` commits and gathers their answers from then on; gives the gathering's id. One
    /// statement beside those of publishing.
    ///
    /// # Errors
    ///
    /// When the database fails, a question has no JSON form, or no answer is expected.
    pub async fn ask(&self, tx: &mut Tx, questions: &[C], how: Gather) -> Result<Uuid, Error> {
        let Gather { about, within, expected } = how;
        let expected = expected.unwrap_or(questions.len());
        if expected == 0 {
            let why = format!("nobody is asked about {about}");
            return Err(Error::Other(DbErr::Custom(why)));
        }
        let (id, due_at) = (Uuid::now_v7(), now().plus(within));
        rows::insert(tx, self.channel, &Open::new(id, about, expected), due_at).await?;
        for question in questions {
            let here = ReplyTo { channel: self.channel.to_owned(), key: id.to_string() };
            tx.send(question, Ask::at(here).until(due_at))?;
        }
        tx.attachment::<Begun>().add(&self.begun);
        Ok(id)
    }

    /// Hands the outcome of a gathering, whose row is gone, to whoever wanted it.
    async fn conclude(&self, tx: &mut Tx, open: Open) -> Result<(), Failure> {
        let Open { id, about, expected, entries } = open;
        let missing = expected.saturating_sub(entries.len());
        let answers = entries.into_iter().map(said).collect::<Result<_, _>>()?;
        self.outcome.conclude(tx, Gathered { id, about, answers, missing }).await
    }
}

#[async_trait]
impl<C: Command> HandleReply for Aggregator<C> {
    async fn handle(&self, tx: &mut Tx, delivery: &Delivery) -> Result<(), Failure> {
        // Whatever is no answer to such a command is not kept for later.
        delivery.answer::<C>().map(drop)?;
        let envelope = delivery.envelope();
        let id: Uuid = envelope.key.parse().map_err(Failure::permanent)?;
        let Some(mut open) = rows::lock(tx, self.channel, id).await? else {
            tracing::debug!(%id, from = envelope.source, "an answer came too late");
            return Ok(());
        };
        let entry = Entry {
            from: envelope.source.clone(),
            command: envelope.causation_id.unwrap_or_default(),
            answer: envelope.payload.clone(),
        };
        if !open.add(entry) {
            return Ok(());
        }
        if open.entries.len() < open.expected {
            return Ok(rows::write(tx, &open).await?);
        }
        rows::close(tx, id).await?;
        self.conclude(tx, open).await
    }
}

/// Reads an answer as it was kept.
fn said<C: Command>(entry: Entry) -> Result<Said<C>, Failure> {
    let Entry { from, command, answer } = entry;
    let verdict = Verdict::<C::Reply, C::Refusal>::deserialize(&*answer);
    let answer = match verdict.map_err(Failure::permanent)? {
        Verdict::Done(reply) => Ok(reply),
        Verdict::Refused(refusal) => Err(refusal),
    };
    Ok(Said { from, command, answer })
}
