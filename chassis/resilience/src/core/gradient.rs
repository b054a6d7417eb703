//! How many calls a process takes at once, learned from how long they take.
//!
//! The limit follows the gradient between the latency of the last moment and that of the last minute (Netflix
//! concurrency-limits, Gradient2): when calls take longer than they used to, fewer are let in.
//!
//! **Invariants:** the numbers of both classes are one word, so that no two calls take the last place. One
//! call at a time moves the limit.

use std::time::Duration;

use crate::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};

/// For whom a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Somebody waits for it.
    Live,
    /// Nobody waits: reports, rebuilding, what people do to operate.
    Batch,
}

/// Between what the limit moves, and how it is shared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) least: u32,
    pub(crate) most: u32,
    /// The part of the limit that batch calls are sure of, in percent; the rest is for live ones.
    pub(crate) batch_percent: u32,
}

/// How long latencies are gathered before the limit moves.
const WINDOW: Duration = Duration::from_millis(100);
/// How many make a window.
const SAMPLES: u64 = 10;
/// How much longer than usual calls may take before fewer are let in.
const TOLERANCE: f64 = 1.5;
/// How fast the limit moves to where it should be.
const PACE: f64 = 0.2;
/// What is let in beyond the gradient, so that a limit that is too low rises.
const ROOM: f64 = 4.0;
/// The weight of one window in the latency of the last minute, about 600 of them.
const WEIGHT: f64 = 2.0 / 601.0;

/// Lets calls in, and learns how many at once.
#[derive(Debug)]
pub(crate) struct Gradient {
    /// Calls at work: 32 bits of live ones, 32 of batch ones.
    at_work: AtomicU64,
    limit: AtomicU64,
    usual: AtomicU64,
    /// Nanoseconds of this window's calls, and how many they are: 40 bits and 24.
    sum: AtomicU64,
    window_ends: AtomicU64,
}

impl Gradient {
    /// Begins with all that may be let in at most.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            at_work: AtomicU64::new(0),
            limit: AtomicU64::new(f64::from(bounds.most).to_bits()),
            usual: AtomicU64::new(0),
            sum: AtomicU64::new(0),
            window_ends: AtomicU64::new(0),
        }
    }

    /// How many may be at work now.
    pub(crate) fn limit(&self, bounds: Bounds) -> u32 {
        self.exact_limit(bounds) as u32
    }

    /// With its fraction: a limit that rises by less than one a step still rises.
    fn exact_limit(&self, bounds: Bounds) -> f64 {
        let limit = f64::from_bits(self.limit.load(Acquire));
        limit.clamp(f64::from(bounds.least), f64::from(bounds.most.max(bounds.least)))
    }

    /// Live and batch calls at work.
    pub(crate) fn at_work(&self) -> (u32, u32) {
        unpacked(self.at_work.load(Acquire))
    }

    /// Lets a call in: while there is room, or while its class has less than it is sure of.
    pub(crate) fn enter(&self, class: Class, bounds: Bounds) -> bool {
        let limit = self.limit(bounds);
        let batch_share = (limit * bounds.batch_percent.min(100) / 100).max(1);
        let entered = self.at_work.fetch_update(AcqRel, Acquire, |word| {
            let (live, batch) = unpacked(word);
            let sure = match class {
                Class::Live => live < limit.saturating_sub(batch_share),
                Class::Batch => batch < batch_share,
            };
            (sure || live + batch < limit).then(|| match class {
                Class::Live => word + (1 << 32),
                Class::Batch => word + 1,
            })
        });
        entered.is_ok()
    }

    /// A call has gone. What it took counts when it was answered.
    pub(crate) fn leave(
        &self,
        class: Class,
        took: Option<Duration>,
        now: Duration,
        bounds: Bounds,
    ) {
        let busy = self.at_work();
        let one = match class {
            Class::Live => 1 << 32,
            Class::Batch => 1,
        };
        self.at_work.fetch_sub(one, AcqRel);
        if let Some(took) = took {
            self.learn(took, now, busy.0 + busy.1, bounds);
        }
    }

    fn learn(&self, took: Duration, now: Duration, busy: u32, bounds: Bounds) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).min((1 << 32) - 1);
        let sum = self.sum.fetch_add(took << 24 | 1, AcqRel) + (took << 24 | 1);
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let ends = self.window_ends.load(Acquire);
        if now < ends || sum & 0xFF_FFFF < SAMPLES {
            return;
        }
        let next = now + WINDOW.as_millis() as u64;
        if self.window_ends.compare_exchange(ends, next, AcqRel, Acquire).is_err() {
            return;
        }
        let sum = self.sum.swap(0, AcqRel);
        let (nanos, calls) = (sum >> 24, sum & 0xFF_FFFF);
        if calls > 0 {
            self.move_to(nanos as f64 / calls as f64, busy, bounds);
        }
    }

    /// Only whoever ended a window is here.
    fn move_to(&self, recent: f64, busy: u32, bounds: Bounds) {
        let usual = match f64::from_bits(self.usual.load(Relaxed)) {
            usual if usual <= 0.0 => recent,
            // It was slow for long, and is not any more.
            usual if usual > 2.0 * recent => usual * 0.95,
            usual => usual + (recent - usual) * WEIGHT,
        };
        self.usual.store(usual.to_bits(), Relaxed);
        let limit = self.exact_limit(bounds);
        // A limit that is not reached is not known to be right or wrong.
        if f64::from(busy) < limit / 2.0 {
            return;
        }
        let gradient = (TOLERANCE * usual / recent.max(1.0)).clamp(0.5, 1.0);
        let aim = limit * gradient + ROOM;
        let limit = limit * (1.0 - PACE) + aim * PACE;
        let limit = limit.clamp(f64::from(bounds.least), f64::from(bounds.most.max(bounds.least)));
        self.limit.store(limit.to_bits(), Relaxed);
    }
}

fn unpacked(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, (word & u64::from(u32::MAX)) as u32)
}
