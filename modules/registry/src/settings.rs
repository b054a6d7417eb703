//! What an operator may want to change.

use std::{collections::BTreeMap, time::Duration};

use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;

/// The settings of this module, `[registry]` in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long an instance that does not ask for something else is listed after its last heartbeat.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// Where instances may be.
    pub networks: Vec<IpNet>,
    /// Who may register and read beside the processes of this deployment, by name.
    pub services: BTreeMap<String, Service>,
}

/// One service that is not of this deployment.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// Proves with its name who it is (HTTP Basic).
    pub password: Option<SecretString>,
    /// Proves who it is (a bearer token).
    pub token: Option<SecretString>,
    /// The applications that it registers: that of its own name when none is said.
    pub apps: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let private =
            ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"];
        Self {
            lease: Duration::from_secs(90),
            networks: private.iter().filter_map(|network| network.parse().ok()).collect(),
            services: BTreeMap::new(),
        }
    }
}
