//! What is remembered of messages once the outbox has forgotten them, for whoever asks why something
//! happened.
//!
//! A row moves from the outbox to the journal in the transaction in which it is removed, so that publishing
//! costs nothing more. It says who caused whom, and nothing of what was said. What a subscriber handled at
//! the first try is not written down: its time follows from what it published. What it did not is, in the
//! journal of the subscriber's database. Both are forgotten after [`Options::journal`](crate::Options).

mod keep;
mod late;
mod reading;
mod sweeper;

use std::collections::BTreeSet;

use kernel::Timestamp;
use ports::Origin;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Envelope, Kind, parked};

pub(crate) use keep::{Keeper, insert};
pub(crate) use late::{Ended, note};
pub use reading::read;
pub(crate) use sweeper::sweep;

/// What somebody wants to know about: whatever fits one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Messages about these things.
    pub keys: BTreeSet<String>,
    /// These messages.
    pub messages: BTreeSet<Uuid>,
    /// Messages that these caused.
    pub caused_by: BTreeSet<Uuid>,
    /// Messages that requests and tasks published in these traces, 32 hexadecimal digits each. Those that
    /// messages have caused in them are found by their causes.
    pub traces: BTreeSet<String>,
}

impl Wanted {
    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
            && self.messages.is_empty()
            && self.caused_by.is_empty()
            && self.traces.is_empty()
    }
}

/// What one module's database says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// What the module published.
    pub published: Vec<Published>,
    /// What its subscriber did not handle at the first try.
    pub late: Vec<Late>,
    /// What its subscriber has set aside.
    pub waiting: Vec<Waiting>,
}

/// A message that was published, without what it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// Which one.
    pub id: Uuid,
    /// The message whose handling published it; for a reply the command it answers.
    pub cause: Option<Uuid>,
    /// The trace in which that happened.
    pub trace: Option<String>,
    /// What was expected of the receiver.
    pub kind: Kind,
    /// Where it was published.
    pub channel: String,
    /// What it was.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The id of the thing it is about.
    pub key: String,
    /// Its place among the messages of its key.
    pub seq: i64,
    /// What a command and its answer recognise each other by.
    pub sent_for: Option<String>,
    /// The key under which the answer to a command is waited for.
    pub answer_at: Option<String>,
    /// The request or the task that published it, if no message did.
    pub origin: Option<Origin>,
    /// When: to the millisecond, by the clock of the process that published it.
    pub at: Timestamp,
    /// Whether every subscriber has applied or parked it.
    pub settled: bool,
}

/// A message that was not handled at the first try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Late {
    /// Which one.
    pub message: Uuid,
    /// By whom.
    pub subscriber: String,
    /// The id of the thing it is about.
    pub key: String,
    /// How often it failed; 0 when it only waited behind another.
    pub attempts: u32,
    /// Why, the last time.
    pub reason: String,
    /// Whether a person gave it up.
    pub dropped: bool,
    /// When it was done with.
    pub at: Timestamp,
}

/// A message that is parked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Which one.
    pub message: Uuid,
    /// For whom.
    pub place: parked::Place,
    /// What becomes of it.
    pub state: parked::State,
    /// How often it failed; 0 when it only waits behind another.
    pub attempts: u32,
    /// Why, the last time.
    pub reason: String,
    /// When it is tried again, if it is the first of its key.
    pub due_at: Timestamp,
}

impl Published {
    /// What an envelope says that is written as `text`, if it can be read.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self::waiting)
    }

    /// What an envelope says, whose row is still in the outbox.
    fn waiting(envelope: Envelope) -> Self {
        let Envelope { id, channel, type_name, key, seq, kind, origin, .. } = envelope;
        Self {
            id,
            cause: envelope.causation_id,
            trace: envelope.traceparent.as_deref().and_then(trace_of),
            kind,
            channel,
            type_name,
            key,
            seq,
            sent_for: envelope.correlation_id,
            answer_at: envelope.reply_to.map(|to| to.key),
            origin,
            at: made_at(id),
            settled: false,
        }
    }
}

/// The trace that a `traceparent` is part of.
fn trace_of(traceparent: &str) -> Option<String> {
    ports::Trace::parse(traceparent).map(ports::Trace::id)
}

/// When the UUIDv7 was made; the beginning of time for another id.
pub fn made_at(id: Uuid) -> Timestamp {
    let made = id.get_timestamp().map(|at| at.to_unix());
    let micros = made.map(|(seconds, nanos)| seconds * 1_000_000 + u64::from(nanos) / 1_000);
    Timestamp::from_micros(micros.and_then(|it| i64::try_from(it).ok()).unwrap_or_default())
}
