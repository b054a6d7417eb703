//! The numbers of history that an operator may want to change.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How history answers those who wait, and how it is made again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The longest that a reader waits for a change it knows of.
    #[serde(with = "humantime_serde")]
    pub patience: Duration,
    /// How long such a change may be under way before orders is asked for it.
    #[serde(with = "humantime_serde")]
    pub ask_orders_after: Duration,
    /// The pause between two pages of a rebuild, so that others get their turn.
    #[serde(with = "humantime_serde")]
    pub rebuild_pause: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(2),
            ask_orders_after: Duration::from_millis(500),
            rebuild_pause: Duration::from_millis(10),
        }
    }
}
