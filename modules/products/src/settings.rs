//! What an operator may turn.

use std::time::Duration;

use serde::Deserialize;

/// The module's settings; the defaults are those of the shipped configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long after its end a hold is left to its owner before it is taken back.
    #[serde(with = "humantime_serde")]
    pub hold_grace: Duration,
    /// How often such holds are looked for.
    #[serde(with = "humantime_serde")]
    pub sweep_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { hold_grace: Duration::from_secs(10 * 60), sweep_every: Duration::from_secs(30) }
    }
}
