//! What is asked of a module, and what it answers.

use std::collections::BTreeSet;

use kernel::Timestamp;
use messaging::{
    Because,
    journal::{Found, Wanted},
};
use saga::Story;
use serde::{Deserialize, Serialize};

/// Hexadecimal digits of the id of a trace.
const TRACE: usize = 32;

/// What is to be explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// The thing with this id, or with this name that a module knows.
    Thing(String),
    /// Whatever happened in this trace.
    Trace(String),
}

impl From<&str> for Start {
    /// 32 hexadecimal digits are a trace; anything else may be the id of something.
    fn from(text: &str) -> Self {
        if text.len() == TRACE && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Self::Trace(text.to_ascii_lowercase());
        }
        Self::Thing(text.to_owned())
    }
}

/// What a module is asked: whatever it knows of any of this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Messages, and the things and sagas that they are about.
    pub wanted: Wanted,
    /// The ids of things that were mentioned, for modules that have more to say about them.
    pub things: BTreeSet<String>,
}

/// What one module's database knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fragment {
    /// Of messages.
    pub found: Found,
    /// Of sagas.
    pub stories: Vec<Story>,
    /// Of calls to others than modules.
    pub calls: Vec<Call>,
    /// The ids of things that were asked for by another name.
    pub ids: BTreeSet<String>,
}

/// A module has asked somebody outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Whom, and for what: `sandbox: attempt 1`.
    pub name: String,
    /// When.
    pub asked_at: Timestamp,
    /// When there was an answer.
    pub answered_at: Option<Timestamp>,
    /// What it came to.
    pub outcome: String,
    /// Why it was asked, if that is known.
    pub because: Option<Because>,
    /// The ids of things whose messages belong to it.
    pub about: BTreeSet<String>,
}
