//! How often somebody may try to log in.
//!
//! The generic cell rate algorithm (ITU-T I.371): per key it remembers one instant, the *theoretical
//! arrival time*, which every failed attempt pushes on by the interval. An attempt is charged before
//! its password is looked at, so that attempts made at once cannot slip by, and a right password gives
//! the charge back, so that only failures count.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use kernel::Timestamp;
use serde::Deserialize;

use crate::domain::Email;

/// Below this many keys nothing is cleared away.
const SWEEP_FLOOR: usize = 1024;

/// So many failures at once, and then one per interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Failures that are let pass at once.
    pub burst: u32,
    /// What makes up for one failure.
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
}

/// Failed log-ins, by account and by the address they came from.
pub(crate) struct Attempts {
    by_account: Throttle,
    by_address: Throttle,
}

/// Whom an attempt is charged to.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    account: Option<String>,
    address: Option<String>,
}

impl Attempts {
    pub(crate) fn new(by_account: Rate, by_address: Rate) -> Self {
        Self { by_account: Throttle::new(by_account), by_address: Throttle::new(by_address) }
    }

    /// Charges an attempt to log in as `account` from `address`, or says how long to wait.
    ///
    /// It makes no difference whether there is such an account.
    pub(crate) fn charge(
        &self,
        account: Option<&Email>,
        address: Option<&str>,
        now: Timestamp,
    ) -> Result<Charge, Wait> {
        let account = account.map(|email| email.key.clone());
        let address = address.map(network);
        if let Some(address) = &address {
            self.by_address.charge(address, now)?;
        }
        if let Some(account) = &account {
            self.by_account.charge(account, now)?;
        }
        Ok(Charge { account, address })
    }

    /// Gives the charge back, because the attempt was right.
    pub(crate) fn forgive(&self, charge: &Charge) {
        if let Some(address) = &charge.address {
            self.by_address.refund(address);
        }
        if let Some(account) = &charge.account {
            self.by_account.refund(account);
        }
    }
}

/// The part of an address that one customer of a provider has: an IPv4 address, or the first 64 bits
/// of an IPv6 address.
fn network(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => "unknown".to_owned(),
    }
}

/// Counts failures by key. What it knows is lost with the process, which forgives everybody.
struct Throttle {
    rate: Rate,
    state: Mutex<State>,
}

struct State {
    arrivals: HashMap<String, Timestamp>,
    sweep_at: usize,
}

/// The key must wait for so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) Duration);

impl Throttle {
    fn new(rate: Rate) -> Self {
        let state = State { arrivals: HashMap::new(), sweep_at: SWEEP_FLOOR };
        Self { rate, state: Mutex::new(state) }
    }

    /// Charges `key` one attempt, or says how long it must wait for one.
    fn charge(&self, key: &str, now: Timestamp) -> Result<(), Wait> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let arrival = state.arrivals.get(key).copied().unwrap_or(now).max(now);
        let next = arrival.plus(self.rate.interval);
        let allowed_at = next.minus(self.rate.interval * self.rate.burst.max(1));
        if allowed_at > now {
            return Err(Wait(allowed_at.since(now)));
        }
        state.arrivals.insert(key.to_owned(), next);
        state.sweep(now);
        Ok(())
    }

    /// Gives back what one [`charge`](Self::charge) took.
    fn refund(&self, key: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(arrival) = state.arrivals.get_mut(key) {
            *arrival = arrival.minus(self.rate.interval);
        }
    }
}

impl State {
    /// Forgets the keys that could try as if they had never failed, once there are many.
    fn sweep(&mut self, now: Timestamp) {
        if self.arrivals.len() < self.sweep_at {
            return;
        }
        self.arrivals.retain(|_, arrival| *arrival > now);
        self.sweep_at = (2 * self.arrivals.len()).max(SWEEP_FLOOR);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);
    const INTERVAL: Duration = Duration::from_secs(10);

    fn throttle() -> Throttle {
        Throttle::new(Rate { burst: 3, interval: INTERVAL })
    }

    #[test]
    fn a_burst_passes_and_then_one_attempt_per_interval() {
        let throttle = throttle();
        for _ in 0..3 {
            assert_eq!(throttle.charge("ada", NOW), Ok(()));
        }
        assert_eq!(throttle.charge("ada", NOW), Err(Wait(INTERVAL)));
        assert_eq!(throttle.charge("bob", NOW), Ok(()), "another key is another account");
        let later = NOW.plus(INTERVAL);
        assert_eq!(throttle.charge("ada", later), Ok(()));
        assert_eq!(throttle.charge("ada", later), Err(Wait(INTERVAL)));
    }

    #[test]
    fn what_is_given_back_was_never_charged() {
        let throttle = throttle();
        for _ in 0..100 {
            assert_eq!(throttle.charge("ada", NOW), Ok(()));
            throttle.refund("ada");
        }
    }

    #[test]
    fn an_attempt_is_charged_to_the_account_and_to_the_network_it_came_from() {
        let one = Rate { burst: 1, interval: INTERVAL };
        let attempts = Attempts::new(one, Rate { burst: 2, interval: INTERVAL });
        let (ada, bob) = (Email::parse("ada@x.de").unwrap(), Email::parse("bob@x.de").unwrap());
        let charge = |email, address| attempts.charge(Some(email), Some(address), NOW);
        assert!(charge(&ada, "2001:db8::1").is_ok());
        assert!(charge(&ada, "192.0.2.1").is_err(), "the account has used up its attempts");
        assert!(charge(&bob, "2001:db8::2").is_ok());
        assert!(charge(&bob, "2001:db8::3").is_err(), "neighbours share a network");
    }

    #[test]
    fn keys_that_have_recovered_are_forgotten() {
        let throttle = throttle();
        for index in 0..SWEEP_FLOOR - 1 {
            throttle.charge(&index.to_string(), NOW).unwrap();
        }
        throttle.charge("late", NOW.plus(INTERVAL * 2)).unwrap();
        assert_eq!(throttle.state.lock().unwrap().arrivals.len(), 1);
    }
}
