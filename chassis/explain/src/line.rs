//! One line of a tree of causes.

use kernel::Timestamp;
use messaging::journal::{Late, Published, Waiting};
use saga::Entry;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Call;

/// One thing that happened. It was caused by the next line above it whose depth is smaller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// How many causes it has in the tree.
    pub depth: usize,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum What {
    /// Somebody asked for something, or a task began to work: where everything else comes from.
    Origin {
        /// `POST /v1/orders`, or the name of the task.
        name: String,
        /// The trace of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        trace: Option<String>,
    },
    /// A module published a message.
    Message {
        /// The module.
        module: String,
        /// The message.
        message: Published,
        /// What it means to a saga.
        #[serde(skip_serializing_if = "Option::is_none")]
        step: Option<Step>,
    },
    /// A subscriber did not handle the message above at the first try.
    Late(Late),
    /// A subscriber has set the message above aside.
    Waiting(Waiting),
    /// A module asked somebody outside.
    Call {
        /// The module.
        module: String,
        /// What it asked.
        call: Call,
    },
    /// A saga moved, and no message that is remembered shows it.
    Move {
        /// Which saga.
        saga: String,
        /// How.
        entry: Entry,
    },
    /// A message that caused something and that nobody remembers.
    Gap {
        /// Its id.
        message: Uuid,
    },
}

/// What a command means to the saga that sent it, or an answer to the one that it came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which saga.
    pub saga: String,
    /// The name of the step, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Counts the commands of the saga, from 1.
    pub turn: u64,
    /// Whether the step is undone by it: a compensation.
    pub undoes: bool,
    /// Why the command was sent, or what the answer came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
}
