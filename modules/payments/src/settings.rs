//! The numbers of payments that an operator may want to change.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How payments deal with their provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long one answer of the provider is waited for; after that it is unknown.
    #[serde(with = "humantime_serde")]
    pub patience: Duration,
    /// How long a customer waits for the outcome of an attempt before hearing that it takes longer.
    #[serde(with = "humantime_serde")]
    pub answer_within: Duration,
    /// How often payments with an unknown outcome are looked at again.
    #[serde(with = "humantime_serde")]
    pub reconcile_every: Duration,
    /// How long a payment is left alone before it counts as forgotten by whoever had it in hand.
    /// Longer than `patience`. At the start of a process nothing is left alone.
    #[serde(with = "humantime_serde")]
    pub reconcile_after: Duration,
    /// How many payments are with the provider at once.
    pub parallel: usize,
    /// The provider that moves no real money.
    pub sandbox: Sandbox,
}

/// How the sandbox provider behaves. Its failures are counted from the start of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sandbox {
    /// How long it takes to answer.
    #[serde(with = "humantime_serde")]
    pub latency: Duration,
    /// How many requests it turns away at first, doing nothing (as with a 5xx).
    pub refuse: u32,
    /// How many requests it carries out next without ever answering (as with a lost connection).
    pub silent: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(5),
            answer_within: Duration::from_secs(5),
            reconcile_every: Duration::from_secs(1),
            reconcile_after: Duration::from_secs(10),
            parallel: 64,
            sandbox: Sandbox::default(),
        }
    }
}
