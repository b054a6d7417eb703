//! What an operator may want to change.

use std::collections::BTreeMap;

use host::Policy;
use serde::Deserialize;

use crate::TlsFiles;

/// The settings of this module, `[gateway]` in the configuration.
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
    /// What is shown to clients that come with TLS; without it they come without.
    pub tls: TlsFiles,
    /// The services in other languages that the world may ask, by name, and who may.
    pub services: BTreeMap<String, Policy>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address_rate: 1_000,
            address_burst: 2_000,
            user_rate: 100,
            user_burst: 400,
            tls: TlsFiles::default(),
            services: BTreeMap::new(),
        }
    }
}
