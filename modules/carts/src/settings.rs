//! What an operator may want to change.

use std::time::Duration;

use serde::Deserialize;

/// The numbers of this module, `[carts]` in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long a cart is remembered after it was last changed.
    #[serde(with = "humantime_serde")]
    pub life: Duration,
    /// How often carts that nobody came back for are looked for.
    #[serde(with = "humantime_serde")]
    pub sweep: Duration,
    /// How long products may take before a cart is shown from its own snapshots.
    #[serde(with = "humantime_serde")]
    pub products_patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            life: Duration::from_hours(30 * 24),
            sweep: Duration::from_mins(10),
            products_patience: Duration::from_secs(1),
        }
    }
}
