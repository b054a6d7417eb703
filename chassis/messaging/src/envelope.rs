//! What a message wears while it travels.

use kernel::Timestamp;
use ports::Origin;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

/// The content type of every payload that is written here.
pub const JSON: &str = "application/json";

/// The content type of what was found in place of an envelope.
const BROKEN: &str = "application/octet-stream";

/// A message with everything needed to route, order, deduplicate and answer it.
///
/// Stored as JSON in the outbox and in `parked`, and sent in this form. Unknown fields are ignored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// UUIDv7, the same on every redelivery.
    pub id: Uuid,
    /// The module that published it, filled in by the relay. `seq` counts within `(source, channel, key)`.
    #[serde(default)]
    pub source: String,
    /// Where it was published.
    pub channel: String,
    /// What the payload is, in kebab case.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Which shape of that type.
    pub version: u16,
    /// The id of the thing it is about.
    pub key: String,
    /// The lane, [`shard`](crate::shard)`(channel, key)`.
    pub shard: u16,
    /// Its place among the messages of its key, from 1, without gaps.
    pub seq: i64,
    /// What is expected of the receiver.
    pub kind: Kind,
    /// The same for everything that one request set off, or what the sender of a command chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The message whose handling published this one; for a reply the command it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<Uuid>,
    /// Where the answer goes; none for an event or a one-way notification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<ReplyTo>,
    /// When the sender stops waiting for the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// Where in a trace it was published (W3C Trace Context).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The request or the task that published it; none when a message did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// How the payload is to be read.
    pub content_type: String,
    /// The message itself.
    pub payload: Box<RawValue>,
}

/// What a message expects of whoever receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A fact. Any number of groups listen.
    Event,
    /// A wish. One owner fulfils or refuses it.
    Command,
    /// The answer to a command.
    Reply,
    /// A full snapshot of something, for read models.
    Document,
}

impl Kind {
    /// As it is written in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Command => "command",
            Self::Reply => "reply",
            Self::Document => "document",
        }
    }
}

/// What a row of an outbox says beside its envelope.
pub(crate) struct Label {
    pub(crate) channel: String,
    pub(crate) key: String,
    pub(crate) seq: i64,
    pub(crate) shard: i64,
    pub(crate) kind: String,
}

/// Where the sender of a command reads its answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// The sender's reply channel.
    pub channel: String,
    /// Answers with the same key are handled one at a time, in their order.
    pub key: String,
}

/// Everything an answer needs, kept by an owner who answers in a later transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyAddress {
    /// Where it goes.
    pub to: ReplyTo,
    /// The command's id, which becomes the answer's cause.
    pub command: Uuid,
    /// What the sender recognises the answer by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Where in a trace the command was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// The payload of a reply: done, or refused for a reason of the domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict<Done, Refused> {
    Done(Done),
    Refused(Refused),
}

impl Envelope {
    /// What stands for the row of an outbox whose envelope cannot be read: nobody knows its type,
    /// its id is made of its place, and its payload is the text as it was found.
    pub(crate) fn broken(label: Label, text: &str) -> Result<Self, serde_json::Error> {
        let Label { channel, key, seq, shard, kind } = label;
        Ok(Self {
            id: Uuid::from_u128(xxh3_128(format!("{channel}\0{key}\0{seq}").as_bytes())),
            source: String::new(),
            channel,
            type_name: "broken".to_owned(),
            version: 0,
            key,
            shard: u16::try_from(shard).unwrap_or_default(),
            seq,
            kind: serde_json::from_value(kind.into())?,
            correlation_id: None,
            causation_id: None,
            reply_to: None,
            deadline: None,
            traceparent: None,
            origin: None,
            content_type: BROKEN.to_owned(),
            payload: serde_json::value::to_raw_value(text)?,
        })
    }

    /// Whether it is what was published, and not what stands for an envelope that cannot be read.
    pub fn is_whole(&self) -> bool {
        self.content_type != BROKEN
    }

    /// The place an answer to this command goes to, if it wants one.
    pub fn reply_address(&self) -> Option<ReplyAddress> {
        Some(ReplyAddress {
            to: self.reply_to.clone()?,
            command: self.id,
            correlation_id: self.correlation_id.clone(),
            traceparent: self.traceparent.clone(),
        })
    }
}
