//! How many instances may be out of the balancing at once, and which are.
//!
//! **Invariants:** never more are out than the cap says, whoever leaves at the same moment. A place on the
//! bench is given back once, whether its instance comes back or is gone for good.

use crate::atomic::{
    AtomicU8, AtomicUsize,
    Ordering::{AcqRel, Acquire},
};

const IN: u8 = 0;
const OUT: u8 = 1;
const GONE: u8 = 2;

/// The instances of one neighbour that are out.
#[derive(Debug, Default)]
pub(crate) struct Bench(AtomicUsize);

/// Where one instance is.
#[derive(Debug, Default)]
pub(crate) struct Seat(AtomicU8);

/// How many of `all` may be out: `percent` of them, at least one, and never the last.
pub(crate) fn cap(all: usize, percent: usize) -> usize {
    (all * percent / 100).max(1).min(all.saturating_sub(1))
}

impl Bench {
    /// How many are out.
    pub(crate) fn out(&self) -> usize {
        self.0.load(Acquire)
    }
}

impl Seat {
    pub(crate) fn is_out(&self) -> bool {
        self.0.load(Acquire) == OUT
    }

    /// Leaves the balancing, if fewer than `cap` have left. Says whether it did.
    pub(crate) fn leave(&self, bench: &Bench, cap: usize) -> bool {
        let place = bench.0.fetch_update(AcqRel, Acquire, |out| (out < cap).then_some(out + 1));
        if place.is_err() {
            return false;
        }
        let left = self.0.compare_exchange(IN, OUT, AcqRel, Acquire).is_ok();
        if !left {
            bench.0.fetch_sub(1, AcqRel);
        }
        left
    }

    /// Comes back into the balancing, if it was out. Says whether it was.
    pub(crate) fn come_back(&self, bench: &Bench) -> bool {
        let was_out = self.0.compare_exchange(OUT, IN, AcqRel, Acquire).is_ok();
        if was_out {
            bench.0.fetch_sub(1, AcqRel);
        }
        was_out
    }

    /// The instance is no longer known: it cannot leave any more.
    pub(crate) fn remove(&self, bench: &Bench) {
        if self.0.swap(GONE, AcqRel) == OUT {
            bench.0.fetch_sub(1, AcqRel);
        }
    }
}
