//! Publishing: only a transaction can, and what it publishes commits with it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use kernel::{Command, Event, Message, Timestamp};
use ports::Origin;
use sea_orm::Value;
use serde::Serialize;
use serde_json::value::RawValue;
use storage::{Attachment, Database, Error, Tx};
use uuid::Uuid;

use crate::{
    Because, Envelope, Kind, ReplyAddress, ReplyTo,
    envelope::{JSON, Verdict},
    handover::{Companion, Handed},
    shard, sql,
};

/// Publishes inside a transaction. Nothing is written before its commit, and then by two statements
/// however much there is.
pub trait Publish {
    /// Says why everything is published that follows. In a handler that is known: because of its message.
    fn because(&mut self, why: Because);

    /// Tells everyone who listens.
    ///
    /// # Errors
    ///
    /// When the event has no JSON form.
    fn publish<E: Event>(&mut self, event: &E) -> Result<(), Error>;

    /// Asks the owner of `C` to do something; gives the message's id. Without a
    /// [`ReplyTo`] it is a one-way notification.
    ///
    /// # Errors
    ///
    /// When the command has no JSON form.
    fn send<C: Command>(&mut self, command: &C, ask: impl Into<Ask>) -> Result<Uuid, Error>;

    /// Answers a command.
    ///
    /// # Errors
    ///
    /// When the answer has no JSON form.
    fn reply<C: Command>(
        &mut self,
        to: &ReplyAddress,
        answer: Result<C::Reply, C::Refusal>,
    ) -> Result<(), Error>;
}

/// What the sender of a command wants to hear of it, and how: `None`, a [`ReplyTo`], or more.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    reply_to: Option<ReplyTo>,
    correlation_id: Option<String>,
    deadline: Option<Timestamp>,
}

impl Ask {
    /// Wants the answer at `reply_to`.
    pub fn at(reply_to: ReplyTo) -> Self {
        Self { reply_to: Some(reply_to), ..Self::default() }
    }

    /// Recognises the answer by `id`.
    #[must_use]
    pub fn correlated(mut self, id: impl Into<String>) -> Self {
        self.correlation_id = Some(id.into());
        self
    }

    /// Stops waiting at `deadline`.
    #[must_use]
    pub fn until(mut self, deadline: Timestamp) -> Self {
        self.deadline = Some(deadline);
        self
    }
}

impl From<ReplyTo> for Ask {
    fn from(reply_to: ReplyTo) -> Self {
        Self::at(reply_to)
    }
}

impl From<Option<ReplyTo>> for Ask {
    fn from(reply_to: Option<ReplyTo>) -> Self {
        Self { reply_to, ..Self::default() }
    }
}

impl Publish for Tx {
    fn because(&mut self, why: Because) {
        self.attachment::<Outgoing>().cause = Some(why);
    }

    fn publish<E: Event>(&mut self, event: &E) -> Result<(), Error> {
        let outgoing = self.attachment::<Outgoing>();
        let envelope = outgoing.envelope::<E>(Kind::Event, event.key(), event)?;
        outgoing.envelopes.push(envelope);
        Ok(())
    }

    fn send<C: Command>(&mut self, command: &C, ask: impl Into<Ask>) -> Result<Uuid, Error> {
        let Ask { reply_to, correlation_id, deadline } = ask.into();
        let outgoing = self.attachment::<Outgoing>();
        let mut envelope = outgoing.envelope::<C>(Kind::Command, command.key(), command)?;
        envelope.reply_to = reply_to;
        envelope.deadline = deadline;
        envelope.correlation_id = correlation_id.or(envelope.correlation_id);
        let id = envelope.id;
        outgoing.envelopes.push(envelope);
        Ok(id)
    }

    fn reply<C: Command>(
        &mut self,
        to: &ReplyAddress,
        answer: Result<C::Reply, C::Refusal>,
    ) -> Result<(), Error> {
        let verdict = match answer {
            Ok(reply) => Verdict::Done(reply),
            Err(refusal) => Verdict::Refused(refusal),
        };
        let outgoing = self.attachment::<Outgoing>();
        let mut envelope = outgoing.envelope::<C>(Kind::Reply, to.to.key.clone(), &verdict)?;
        envelope.channel.clone_from(&to.to.channel);
        envelope.shard = shard(&envelope.channel, &envelope.key);
        envelope.causation_id = Some(to.command);
        envelope.correlation_id = to.correlation_id.clone().or(envelope.correlation_id);
        envelope.traceparent = envelope.traceparent.or_else(|| to.traceparent.clone());
        outgoing.envelopes.push(envelope);
        Ok(())
    }
}

/// What a transaction has to say, written at its commit.
#[derive(Default)]
pub(crate) struct Outgoing {
    cause: Option<Because>,
    envelopes: Vec<Envelope>,
    /// SQLite: the place of the last envelope in the outbox.
    last_pos: i64,
}

/// Rows of one INSERT, below the limit of 32,766 values of a statement in SQLite.
const ROWS: usize = 2_000;

impl Outgoing {
    fn envelope<M: Message>(
        &self,
        kind: Kind,
        key: String,
        content: &impl Serialize,
    ) -> Result<Envelope, Error> {
        let id = Uuid::now_v7();
        let cause = self.cause.as_ref();
        let correlation_id = cause.and_then(|cause| cause.correlation_id.clone());
        let traceparent = ports::Context::trace().map(ports::Trace::traceparent);
        let traceparent = traceparent.or_else(|| cause?.traceparent.clone());
        Ok(Envelope {
            id,
            source: String::new(),
            channel: M::CHANNEL.to_owned(),
            type_name: M::TYPE.to_owned(),
            version: M::VERSION,
            shard: shard(M::CHANNEL, &key),
            key,
            seq: 0,
            kind,
            correlation_id: Some(correlation_id.unwrap_or_else(|| id.to_string())),
            causation_id: cause.and_then(|cause| cause.message),
            reply_to: None,
            deadline: None,
            traceparent,
            origin: match cause {
                Some(cause) => cause.origin.clone(),
                None => Origin::current(),
            },
            content_type: JSON.to_owned(),
            payload: json(content)?,
        })
    }

    /// Gives every envelope its number. The upsert locks the heads of all streams, in the order of
    /// their names, until the commit; so the order of numbers is the order of commits.
    async fn number(&mut self, tx: &Tx) -> Result<(), Error> {
        let mut counts: BTreeMap<(String, String), i64> = BTreeMap::new();
        for envelope in &self.envelopes {
            *counts.entry((envelope.channel.clone(), envelope.key.clone())).or_default() += 1;
        }
        let mut next = BTreeMap::new();
        let streams: Vec<_> = counts.iter().collect();
        for some in streams.chunks(ROWS) {
            let sql = format!(
                "INSERT INTO stream_head (channel, key, last_seq) VALUES {} \
                 ON CONFLICT (channel, key) \
                 DO UPDATE SET last_seq = stream_head.last_seq + excluded.last_seq \
                 RETURNING channel, key, last_seq",
                sql::tuples(some.len(), 3)
            );
            let values = some.iter().flat_map(|((channel, key), count)| {
                [channel.clone().into(), key.clone().into(), Value::from(**count)]
            });
            for row in sql::all(tx, sql, values).await? {
                let stream = (row.try_get("", "channel")?, row.try_get("", "key")?);
                let last: i64 = row.try_get("", "last_seq")?;
                let first = last - counts.get(&stream).copied().unwrap_or_default() + 1;
                next.insert(stream, first);
            }
        }
        for envelope in &mut self.envelopes {
            let stream = (envelope.channel.clone(), envelope.key.clone());
            let missing = || sea_orm::DbErr::RecordNotFound(format!("stream_head of {stream:?}"));
            let seq = next.get_mut(&stream).ok_or_else(missing)?;
            envelope.seq = *seq;
            *seq += 1;
        }
        Ok(())
    }

    async fn insert(&mut self, tx: &Tx) -> Result<(), Error> {
        for some in self.envelopes.chunks(ROWS) {
            let sql = format!(
                "INSERT INTO outbox (shard, channel, key, seq, kind, envelope) VALUES {}",
                sql::tuples(some.len(), 6)
            );
            let mut values: Vec<Value> = Vec::with_capacity(some.len() * 6);
            for envelope in some {
                values.extend([
                    Value::from(i64::from(envelope.shard)),
                    envelope.channel.clone().into(),
                    envelope.key.clone().into(),
                    envelope.seq.into(),
                    envelope.kind.as_str().into(),
                    serde_json::to_string(envelope).map_err(unwritable)?.into(),
                ]);
            }
            let inserted = sql::execute(tx, sql, values).await?;
            if tx.database().backend() == storage::Backend::Sqlite {
                self.last_pos = i64::try_from(inserted.last_insert_id()).unwrap_or_default();
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Attachment for Outgoing {
    async fn before_commit(&mut self, tx: &Tx) -> Result<(), Error> {
        if self.envelopes.is_empty() {
            return Ok(());
        }
        self.number(tx).await?;
        fault::point!("publish.numbered");
        self.insert(tx).await?;
        fault::point!("publish.written");
        Ok(())
    }

    fn committed(self: Box<Self>, db: &Database) {
        if self.envelopes.is_empty() {
            return;
        }
        fault::point!("publish.committed");
        let Some(companion) = db.extension::<Companion>() else { return };
        // One writer at a time: the rows of one INSERT are neighbours, also across INSERTs.
        let before = self.last_pos - i64::try_from(self.envelopes.len()).unwrap_or_default();
        let handed = (before + 1..).zip(self.envelopes);
        match db.backend() {
            storage::Backend::Sqlite => companion
                .handover
                .give(handed.map(|(pos, envelope)| Handed { pos, envelope }).collect()),
            storage::Backend::Postgres => companion.handover.look(),
        }
    }
}

fn json(content: &impl Serialize) -> Result<Box<RawValue>, Error> {
    serde_json::value::to_raw_value(content).map_err(unwritable)
}

fn unwritable(cause: serde_json::Error) -> Error {
    Error::Other(sea_orm::DbErr::Custom(format!("a message has no JSON form: {cause}")))
}
