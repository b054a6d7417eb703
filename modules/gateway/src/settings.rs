//! What an operator may want to change.

use serde::Deserialize;

/// The numbers of this module, `[gateway]` in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Requests a second that one address may make in the long run; 0 for any number.
    pub address_rate: u32,
    /// Requests that one address may make at once.
    pub address_burst: u32,
    /// Requests a second that one user may make in the long run; 0 for any number.
    pub user_rate: u32,
    /// Requests that one user may make at once.
    pub user_burst: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { address_rate: 1_000, address_burst: 2_000, user_rate: 100, user_burst: 400 }
    }
}
