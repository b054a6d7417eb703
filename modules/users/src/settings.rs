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
    /// How many passwords are hashed at once; each hash takes 19 MiB and one thread. 0: one less than the
    /// machine has processors, and at least one.
    pub hashing_threads: usize,
    /// How far those threads step back behind all others: 0 not at all, 19 as far as can be. Linux only.
    pub hashing_niceness: u8,
    /// How long a refresh token continues a session.
    #[serde(with = "humantime_serde")]
    pub session_life: Duration,
    /// How long a token is good that was mailed to verify an e-mail address.
    #[serde(with = "humantime_serde")]
    pub verification_life: Duration,
    /// How long a token is good that was mailed to set a new password.
    #[serde(with = "humantime_serde")]
    pub reset_life: Duration,
    /// How old a signing key gets before the next one is made.
    #[serde(with = "humantime_serde")]
    pub key_life: Duration,
    /// How long a new key is published before it signs. Whoever verifies tokens learns it meanwhile: they
    /// look at least every five minutes.
    #[serde(with = "humantime_serde")]
    pub key_notice: Duration,
    /// Failed log-ins of one account.
    pub failures_per_account: Rate,
    /// Failed log-ins from one address (IPv4) or network (IPv6, 64 bits).
    pub failures_per_address: Rate,
    /// Mails with a token to one e-mail address.
    pub mails_per_account: Rate,
    /// Mails with a token that one address or network asks for.
    pub mails_per_address: Rate,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            issuer: "rialto".into(),
            audience: "rialto".into(),
            hashing_threads: 0,
            hashing_niceness: 10,
            session_life: Duration::from_hours(30 * 24),
            verification_life: Duration::from_hours(3 * 24),
            reset_life: Duration::from_hours(1),
            key_life: Duration::from_hours(90 * 24),
            key_notice: Duration::from_mins(10),
            failures_per_account: Rate { burst: 10, interval: Duration::from_secs(30) },
            failures_per_address: Rate { burst: 100, interval: Duration::from_secs(5) },
            mails_per_account: Rate { burst: 5, interval: Duration::from_mins(10) },
            mails_per_address: Rate { burst: 100, interval: Duration::from_secs(10) },
        }
    }
}
