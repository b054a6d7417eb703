//! How the calls of the last while went, in slices of a tenth of it.

use std::time::Duration;

use crate::atomic::{AtomicU64, Ordering::Relaxed};

/// Slices of a window.
const SLICES: u64 = 10;
/// Bits of each of the three numbers in a slice. A slice that is full counts no more: its first 16 383 calls
/// speak for all of them.
const BITS: u32 = 14;
const FULL: u64 = (1 << BITS) - 1;
/// Bits by which a slice says in which era of the circuit it counts.
const ERA: u32 = 6;
/// Bits by which it says which slice it is.
const TICK: u32 = 16;

/// Counts calls. Each slice is one word, so that its three numbers and its time change at once.
#[derive(Debug)]
pub(crate) struct Window([AtomicU64; SLICES as usize]);

/// What became of the calls of one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) total: u64,
    pub(crate) failed: u64,
    pub(crate) slow: u64,
}

impl Default for Window {
    fn default() -> Self {
        // A tick that no slice has at its place.
        Self(std::array::from_fn(|index| AtomicU64::new(tag(0, index as u64 + 1))))
    }
}

impl Window {
    /// Counts one call of `era` that ended at `now`, and says how the last `length` went.
    pub(crate) fn record(
        &self,
        now: Duration,
        length: Duration,
        era: u64,
        is_failed: bool,
        is_slow: bool,
    ) -> Tally {
        let tick = tick(now, length);
        let slice = &self.0[(tick % SLICES) as usize];
        let own = tag(era, tick);
        let one = 1 | u64::from(is_failed) << BITS | u64::from(is_slow) << (2 * BITS);
        // It always changes to something, so there is nothing to be told.
        let (Ok(_) | Err(_)) = slice.fetch_update(Relaxed, Relaxed, |word| {
            let current = if tagged(word) == own { word } else { own };
            let is_full = current & FULL == FULL;
            Some(if is_full { current } else { current + one })
        });
        self.tally(now, length, era)
    }

    /// How the calls of `era` in the last `length` went.
    pub(crate) fn tally(&self, now: Duration, length: Duration, era: u64) -> Tally {
        let tick = tick(now, length);
        let mut sum = Tally::default();
        for back in 0..SLICES.min(tick + 1) {
            let at = tick - back;
            let word = self.0[(at % SLICES) as usize].load(Relaxed);
            if tagged(word) == tag(era, at) {
                sum.total += word & FULL;
                sum.failed += word >> BITS & FULL;
                sum.slow += word >> (2 * BITS) & FULL;
            }
        }
        sum
    }
}

fn tick(now: Duration, length: Duration) -> u64 {
    let slice = (length.as_millis() / u128::from(SLICES)).max(1);
    u64::try_from(now.as_millis() / slice).unwrap_or(u64::MAX)
}

fn tag(era: u64, tick: u64) -> u64 {
    let (era, tick) = (era & ((1 << ERA) - 1), tick & ((1 << TICK) - 1));
    era << (3 * BITS + TICK) | tick << (3 * BITS)
}

fn tagged(word: u64) -> u64 {
    word >> (3 * BITS) << (3 * BITS)
}
