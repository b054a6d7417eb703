//! How many calls may be tried again: a part of all calls, and some a second beside that.

use std::time::Duration;

use crate::atomic::{AtomicU64, Ordering::Relaxed};

/// A whole retry, in the thousandths that are saved.
const RETRY: u64 = 1000;
/// For so many seconds what was not spent is kept.
const KEPT: u64 = 10;

/// What is saved for retries, and when it was last looked at: 32 bits of thousandths, 32 of milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Budget(AtomicU64);

/// What a budget allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// Retries for each hundred calls.
    pub(crate) percent: u32,
    /// Retries a second beside those.
    pub(crate) per_second: u32,
}

impl Budget {
    /// Saves for one call.
    pub(crate) fn save(&self, now: Duration, by: Allowance) {
        self.change(now, by, |saved| Some(saved + u64::from(by.percent) * RETRY / 100));
    }

    /// Spends one retry, if so much is there.
    pub(crate) fn spend(&self, now: Duration, by: Allowance) -> bool {
        self.change(now, by, |saved| saved.checked_sub(RETRY))
    }

    /// Whole retries that could be spent now.
    pub(crate) fn left(&self, now: Duration, by: Allowance) -> u64 {
        let (saved, since) = unpacked(self.0.load(Relaxed));
        earned(saved, since, stamp(now), by) / RETRY
    }

    fn change(&self, now: Duration, by: Allowance, then: impl Fn(u64) -> Option<u64>) -> bool {
        let now = stamp(now);
        let changed = self.0.fetch_update(Relaxed, Relaxed, |word| {
            let (saved, since) = unpacked(word);
            // Somebody may have read the clock later and come first.
            let latest = if now.wrapping_sub(since) > u32::MAX / 2 { since } else { now };
            let saved = then(earned(saved, since, latest, by))?;
            Some(saved.min(most(by)) << 32 | u64::from(latest))
        });
        changed.is_ok()
    }
}

fn earned(saved: u64, since: u32, now: u32, by: Allowance) -> u64 {
    let passed = now.wrapping_sub(since);
    let passed = if passed > u32::MAX / 2 { 0 } else { passed };
    // Milliseconds times retries a second are thousandths of retries.
    (saved + u64::from(passed) * u64::from(by.per_second)).min(most(by))
}

/// At least one retry, so that a part of few calls can be saved up.
fn most(by: Allowance) -> u64 {
    (u64::from(by.per_second) * KEPT * RETRY).clamp(RETRY, u64::from(u32::MAX))
}

fn unpacked(word: u64) -> (u64, u32) {
    (word >> 32, (word & u64::from(u32::MAX)) as u32)
}

/// Milliseconds; that they begin anew after 49 days is what wrapping differences are for.
fn stamp(now: Duration) -> u32 {
    (now.as_millis() & u128::from(u32::MAX)) as u32
}
