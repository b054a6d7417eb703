//! How often a method was called, how it ended, and how long it took.
//!
//! **Invariant:** nothing here locks on the path of a call.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// Upper bounds of the latency buckets are powers of two of this many nanoseconds.
const SMALLEST: u64 = 1_000;
/// From 1 µs to about 17 s; what is slower is counted in the total only.
const BUCKETS: usize = 25;

/// The counters of one method.
#[derive(Debug)]
pub struct Meter {
    module: &'static str,
    method: &'static str,
    done: AtomicU64,
    refused: AtomicU64,
    unreachable: AtomicU64,
    nanos: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

/// What a [`Meter`] said at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The module that serves the method.
    pub module: &'static str,
    /// The method.
    pub method: &'static str,
    /// Calls that were answered with a reply.
    pub done: u64,
    /// Calls that were answered with the port's own error.
    pub refused: u64,
    /// Calls without an answer: past the deadline, or panicked.
    pub unreachable: u64,
    /// The sum of all latencies.
    pub total: Duration,
    /// Upper bound of each latency bucket and the calls that fell into it.
    pub buckets: Vec<(Duration, u64)>,
}

/// How a call ended, for the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Done,
    Refused,
    Unreachable,
}

impl Meter {
    fn new(module: &'static str, method: &'static str) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            module,
            method,
            done: zero(),
            refused: zero(),
            unreachable: zero(),
            nanos: zero(),
            buckets: std::array::from_fn(|_| zero()),
        }
    }

    /// The module whose method is counted.
    pub fn module(&self) -> &'static str {
        self.module
    }

    /// The method that is counted.
    pub fn method(&self) -> &'static str {
        self.method
    }

    pub(crate) fn record(&self, ending: Ending, took: Duration) {
        let counter = match ending {
            Ending::Done => &self.done,
            Ending::Refused => &self.refused,
            Ending::Unreachable => &self.unreachable,
        };
        counter.fetch_add(1, Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Relaxed);
        if let Some(bucket) = self.buckets.get(bucket(nanos)) {
            bucket.fetch_add(1, Relaxed);
        }
    }

    /// The counters as they stand.
    pub fn snapshot(&self) -> Snapshot {
        let bound = |index: usize| Duration::from_nanos(SMALLEST << index);
        let count = |(index, count): (usize, &AtomicU64)| (bound(index), count.load(Relaxed));
        Snapshot {
            module: self.module,
            method: self.method,
            done: self.done.load(Relaxed),
            refused: self.refused.load(Relaxed),
            unreachable: self.unreachable.load(Relaxed),
            total: Duration::from_nanos(self.nanos.load(Relaxed)),
            buckets: self.buckets.iter().enumerate().map(count).collect(),
        }
    }
}

/// The first bucket whose upper bound is not below `nanos`.
fn bucket(nanos: u64) -> usize {
    let units = nanos.div_ceil(SMALLEST).max(1);
    units.next_power_of_two().trailing_zeros() as usize
}

/// The meters of one process. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Meters(Arc<Mutex<Vec<Arc<Meter>>>>);

impl Meters {
    /// A new meter that will show up in [`Meters::snapshot`].
    pub fn meter(&self, module: &'static str, method: &'static str) -> Arc<Meter> {
        let meter = Arc::new(Meter::new(module, method));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(meter.clone());
        meter
    }

    /// Every meter as it stands.
    pub fn snapshot(&self) -> Vec<Snapshot> {
        let meters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        meters.iter().map(|meter| meter.snapshot()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_falls_into_the_first_bucket_that_holds_it() {
        let cases = [(0, 0), (1_000, 0), (1_001, 1), (2_000, 1), (2_001, 2), (1_000_000, 10)];
        for (nanos, expected) in cases {
            assert_eq!(bucket(nanos), expected, "{nanos} ns");
        }
    }

    #[test]
    fn a_call_slower_than_every_bucket_still_counts() {
        let meters = Meters::default();
        meters.meter("products", "reserve").record(Ending::Done, Duration::from_secs(60));
        let all = meters.snapshot();
        assert_eq!((all[0].done, all[0].total), (1, Duration::from_secs(60)));
        assert_eq!(all[0].buckets.iter().map(|(_, count)| count).sum::<u64>(), 0);
    }
}
