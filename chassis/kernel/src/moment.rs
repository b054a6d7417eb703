//! What happened to a thing, as its timeline tells it.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, Version};

/// One entry of a timeline.
///
/// The owner of a thing keeps its moments; whoever shows them may learn them from events or ask for all
/// of them again, and both tell the same: a moment is named by its thing and the version it led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Which version of the thing it led to.
    pub version: Version,
    /// When.
    pub at: Timestamp,
    /// What happened, in kebab case, for programs: `order-placed`.
    pub what: String,
    /// More about it, for people.
    pub detail: Option<String>,
}

impl Moment {
    /// Something happened about which there is no more to say.
    pub fn new(version: Version, at: Timestamp, what: impl Into<String>) -> Self {
        Self { version, at, what: what.into(), detail: None }
    }

    /// Says more about it.
    #[must_use]
    pub fn detailed(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}
