//! What a saga remembers of its moves: one JSON object per line, only ever appended to.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::transition::What;

/// One move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was recorded.
    pub at: Timestamp,
    /// What happened.
    pub what: What,
    /// The step or holding it happened to.
    pub step: String,
    /// The number of the command that is under way after it, or was the last.
    pub turn: u64,
    /// Why, if somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Entry {
    /// The entry as it is appended.
    pub(crate) fn line(&self) -> Result<String, serde_json::Error> {
        let mut line = serde_json::to_string(self)?;
        line.push('\n');
        Ok(line)
    }
}

/// Reads a whole log.
pub(crate) fn read(log: &str) -> Result<Vec<Entry>, serde_json::Error> {
    log.lines().map(serde_json::from_str).collect()
}
