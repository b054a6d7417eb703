//! What an operator may want to change.

use std::time::Duration;

use serde::Deserialize;

use crate::throttle::Rate;

/// The numbers of this module, `[users]` in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Who signs access tokens: their `iss`. Whoever verifies them expects the same.
    pub issuer: String,
    /// Whom access tokens are for: their `aud`. Whoever verifies them expects the same.
    pub audience: String,
    /// How many passwords are hashed at once; each hash takes 19 MiB and one thread.
    pub hashing_threads: usize,
    /// How long a refresh token continues a session.
    #[serde(with = "humantime_serde")]
    pub session_life: Duration,
    /// Failed log-ins of one account.
    pub failures_per_account: Rate,
    /// Failed log-ins from one address (IPv4) or network (IPv6, 64 bits).
    pub failures_per_address: Rate,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            issuer: "rialto".into(),
            audience: "rialto".into(),
            hashing_threads: 2,
            session_life: Duration::from_hours(30 * 24),
            failures_per_account: Rate { burst: 10, interval: Duration::from_secs(30) },
            failures_per_address: Rate { burst: 100, interval: Duration::from_secs(5) },
        }
    }
}
