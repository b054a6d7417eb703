//! What an operator may want to change about an edge, at start and while it runs.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The patience of one edge with its neighbour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// The longest wait for an answer, whatever the deadline of the request leaves.
    #[serde(with = "humantime_serde")]
    pub patience: Duration,
    /// The most calls under way at once; one more fails at once.
    pub at_once: usize,
    /// When a call is tried once more.
    pub retry: Retry,
    /// When calls fail without being tried.
    pub breaker: Breaker,
    /// When an instance is left alone.
    pub ejection: Ejection,
    /// How an instance is chosen.
    pub balancing: Balancing,
}

/// When a call is tried once more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Retries for each hundred calls; 0, with `per_second = 0`, for none.
    pub percent: u32,
    /// Retries a second beside those.
    pub per_second: u32,
    /// The shortest pause before one.
    #[serde(with = "humantime_serde")]
    pub least_pause: Duration,
    /// The longest pause before one.
    #[serde(with = "humantime_serde")]
    pub most_pause: Duration,
}

/// When calls fail without being tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    /// It opens after so many failures in a row.
    pub failures: u64,
    /// For how long calls count.
    #[serde(with = "humantime_serde")]
    pub window: Duration,
    /// With fewer calls than these their part is not looked at.
    pub least_calls: u64,
    /// It opens when fewer than so many of a hundred succeed.
    pub success_percent: u64,
    /// What takes longer is slow.
    #[serde(with = "humantime_serde")]
    pub slow: Duration,
    /// It opens when so many of a hundred are slow; above 100 for never.
    pub slow_percent: u64,
    /// How long it is open the first time; twice as long each time that a probe fails, give or take half.
    #[serde(with = "humantime_serde")]
    pub open: Duration,
    /// The longest of these times.
    #[serde(with = "humantime_serde")]
    pub longest_open: Duration,
}

/// When an instance is left alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ejection {
    /// How many of a hundred instances may be out at once; one always may, the last never.
    pub most_percent: usize,
    /// All instances are used again when fewer than so many of a hundred are well.
    pub panic_percent: usize,
}

/// How an instance is chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Balancing {
    /// How fast slow answers are forgotten.
    #[serde(with = "humantime_serde")]
    pub decay: Duration,
    /// How long an instance that is new, or back, gets fewer calls.
    #[serde(with = "humantime_serde")]
    pub slow_start: Duration,
    /// How long an answer counts to have taken that none was, or that said too busy.
    #[serde(with = "humantime_serde")]
    pub penalty: Duration,
}

impl Default for Numbers {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self {
            patience: ms(10_000),
            at_once: 1024,
            retry: Retry { percent: 20, per_second: 10, least_pause: ms(25), most_pause: ms(250) },
            breaker: Breaker {
                failures: 5,
                window: ms(10_000),
                least_calls: 20,
                success_percent: 80,
                slow: ms(5_000),
                slow_percent: 50,
                open: ms(1_000),
                longest_open: ms(60_000),
            },
            ejection: Ejection { most_percent: 50, panic_percent: 50 },
            balancing: Balancing { decay: ms(10_000), slow_start: ms(30_000), penalty: ms(1_000) },
        }
    }
}

/// Numbers that cannot be used. The sentence says which and what would do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{0}")]
pub struct Unusable(pub String);

impl Numbers {
    /// These numbers with those in `patch` in their place (JSON Merge Patch, RFC 7396).
    ///
    /// # Errors
    /// When the patch names what there is not, or makes them unusable.
    pub fn patched(&self, patch: &Value) -> Result<Self, Unusable> {
        let unusable = |cause: serde_json::Error| Unusable(cause.to_string());
        let mut all = serde_json::to_value(self).map_err(unusable)?;
        merge(&mut all, patch);
        let patched: Self = serde_json::from_value(all).map_err(unusable)?;
        patched.checked()
    }

    /// These numbers, if calls can be made with them.
    ///
    /// # Errors
    /// Says which number is wrong, and what would do.
    pub fn checked(self) -> Result<Self, Unusable> {
        let Self { patience, at_once, retry, breaker, ejection, balancing } = &self;
        let rules = [
            (!patience.is_zero(), "patience is zero, so nothing would be waited for: take \"10s\""),
            (*at_once > 0, "at_once is 0, so no call could be made: take 1024"),
            (
                retry.percent <= 100,
                "retry.percent is above 100: that many retries are an attack; take 20",
            ),
            (retry.per_second <= 10_000, "retry.per_second is above 10000: take 10"),
            (
                retry.least_pause <= retry.most_pause,
                "retry.least_pause is longer than retry.most_pause: exchange them",
            ),
            (breaker.failures > 0, "breaker.failures is 0, so it would never be closed: take 5"),
            (
                breaker.window >= Duration::from_millis(10),
                "breaker.window is shorter than 10ms: take \"10s\"",
            ),
            (breaker.least_calls > 0, "breaker.least_calls is 0: take 20"),
            (breaker.success_percent <= 100, "breaker.success_percent is above 100: take 80"),
            (
                breaker.slow_percent > 0,
                "breaker.slow_percent is 0, so any call would open it: take 50",
            ),
            (
                !breaker.open.is_zero() && breaker.open <= breaker.longest_open,
                "breaker.open is zero or longer than breaker.longest_open: take \"1s\" and \"60s\"",
            ),
            (ejection.most_percent <= 100, "ejection.most_percent is above 100: take 50"),
            (ejection.panic_percent <= 100, "ejection.panic_percent is above 100: take 50"),
            (!balancing.decay.is_zero(), "balancing.decay is zero: take \"10s\""),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, sentence)) => Err(Unusable(sentence.to_owned())),
            None => Ok(self),
        }
    }
}

fn merge(into: &mut Value, patch: &Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(into.entry(key.as_str()).or_insert(Value::Null), value);
            }
        }
        (into, value) => *into = value.clone(),
    }
}
