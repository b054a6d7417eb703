//! What modules say to each other without waiting for an answer.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Anything that travels in an envelope. Versioned: a message is never changed, the next version is added.
pub trait Message: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Where it is published: `module.aggregate` for events, the owner's name for commands.
    const CHANNEL: &'static str;
    /// What it is, in kebab case: `order-completed`.
    const TYPE: &'static str;
    /// Counts the shapes this type has had, from 1.
    const VERSION: u16 = 1;

    /// The id of the thing it is about. Messages of one channel and key are applied in their order.
    fn key(&self) -> String;
}

/// A fact in the past tense, for anyone who listens.
pub trait Event: Message {}

/// Something one module asks another to do, with an answer that comes back later as a message.
pub trait Command: Message {
    /// What the owner answers when it is done.
    type Reply: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// Why the owner may say no. [`Never`] when it must not: it is retried until it is done.
    type Refusal: Serialize + DeserializeOwned + Send + Sync + 'static;
}

/// A refusal that cannot happen.
///
/// Only a command with this refusal may undo a step or follow the pivot of a saga.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Never {}
