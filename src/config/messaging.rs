//! How messages leave the databases of the modules.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, ensure};
use serde::Deserialize;

use crate::wiring;

/// How messages leave the databases of the modules.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Messaging {
    /// How relays on Postgres find what was published.
    pub relay: Relay,
    /// How long is remembered which message caused which; zero to remember nothing.
    #[serde(with = "humantime_serde")]
    pub journal: Duration,
    /// Modules whose relays do it in another way.
    #[serde(default)]
    pub modules: BTreeMap<String, Relay>,
}

/// How a relay on Postgres finds what was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relay {
    /// It asks the outbox, by snapshots.
    Ticks,
    /// The server tells it, from its transaction log.
    Log,
}

impl Messaging {
    pub(super) fn check(&self) -> Result<()> {
        for module in self.modules.keys() {
            ensure!(
                wiring::module(module).is_some(),
                "messaging.modules.{module} is about a module that does not exist"
            );
        }
        Ok(())
    }

    /// The numbers and ways of the bus.
    pub fn options(&self) -> messaging::Options {
        let relays = self.modules.iter().map(|(module, relay)| (module.clone(), (*relay).into()));
        messaging::Options {
            relay: self.relay.into(),
            journal: self.journal,
            relays: relays.collect(),
            ..messaging::Options::default()
        }
    }
}

impl From<Relay> for messaging::Method {
    fn from(relay: Relay) -> Self {
        match relay {
            Relay::Ticks => Self::Ticks,
            Relay::Log => Self::Log,
        }
    }
}
