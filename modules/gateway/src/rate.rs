//! How many requests one address and one user may make (GCRA).

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use actix_web::http::header::{HeaderName, HeaderValue};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::{StateInformationMiddleware, StateSnapshot},
    state::keyed::DashMapStateStore,
};
use host::{Problem, door::value};
use kernel::Code;

use crate::Settings;

/// How often clients that have not been seen for a while are forgotten.
pub(crate) const FORGET: Duration = Duration::from_mins(1);
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

type Counters<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// The limits of one process.
pub(crate) struct Limits {
    addresses: Option<Limit<IpAddr>>,
    users: Option<Limit<Arc<str>>>,
}

struct Limit<K: Hash + Eq + Clone> {
    name: &'static str,
    rate: u32,
    counters: Counters<K>,
}

/// What a client has left, for the `RateLimit` headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    name: &'static str,
    rate: u32,
    burst: u32,
    left: u32,
}

impl Limits {
    pub(crate) fn of(settings: &Settings) -> Self {
        let Settings { address_rate, address_burst, user_rate, user_burst, .. } = *settings;
        Self {
            addresses: Limit::of("address", address_rate, address_burst),
            users: Limit::of("user", user_rate, user_burst),
        }
    }

    /// Counts a request of `address`. An IPv6 client is its /64, because it has all of it.
    pub(crate) fn address(&self, address: IpAddr) -> Result<Option<Allowance>, Problem> {
        let address = match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = u128::from(address) >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from(network))
            }
            address => address,
        };
        self.addresses.as_ref().map(|limit| limit.count(&address)).transpose()
    }

    /// Counts a request of the user `subject`.
    pub(crate) fn user(&self, subject: &Arc<str>) -> Result<Option<Allowance>, Problem> {
        self.users.as_ref().map(|limit| limit.count(subject)).transpose()
    }

    /// Forgets whoever has all of the allowance again.
    pub(crate) fn forget(&self) {
        self.addresses.as_ref().inspect(|limit| limit.counters.retain_recent());
        self.users.as_ref().inspect(|limit| limit.counters.retain_recent());
    }
}

impl<K: Hash + Eq + Clone> Limit<K> {
    /// No limit when `rate` is 0.
    fn of(name: &'static str, rate: u32, burst: u32) -> Option<Self> {
        let quota = Quota::per_second(NonZeroU32::new(rate)?);
        let quota = quota.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN));
        let counters = RateLimiter::dashmap(quota).with_middleware();
        Some(Self { name, rate, counters })
    }

    fn count(&self, key: &K) -> Result<Allowance, Problem> {
        match self.counters.check_key(key) {
            Ok(snapshot) => Ok(self.allowance(&snapshot)),
            Err(until) => {
                let pause = until.wait_time_from(self.counters.clock().now());
                let burst = until.quota().burst_size().get();
                let allowance = Allowance { name: self.name, rate: self.rate, burst, left: 0 };
                let detail = format!("too many requests of one {}", self.name);
                let problem = Problem::of(Code::RateLimited, detail).retry_after(pause);
                Err(allowance
                    .headers()
                    .into_iter()
                    .fold(problem, |problem, (name, value)| problem.header(name, value)))
            }
        }
    }

    fn allowance(&self, snapshot: &StateSnapshot) -> Allowance {
        let burst = snapshot.quota().burst_size().get();
        let left = snapshot.remaining_burst_capacity();
        Allowance { name: self.name, rate: self.rate, burst, left }
    }
}

impl Allowance {
    /// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers).
    pub(crate) fn headers(self) -> [(HeaderName, HeaderValue); 2] {
        let Self { name, rate, burst, left } = self;
        let window = burst.div_ceil(rate);
        let reset = burst.saturating_sub(left).div_ceil(rate);
        [
            (POLICY, value(&format!("\"{name}\";q={burst};w={window}"))),
            (LIMIT, value(&format!("\"{name}\";r={left};t={reset}"))),
        ]
    }
}
