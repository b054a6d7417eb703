//! What an answer costs in time, on average of the last while.
//!
//! Peak EWMA (Finagle, "Beyond Round Robin"): a slower answer counts at once, faster ones little by little, as
//! time passes. Without answers the cost fades, so that who was slow is asked again some time.

use std::time::Duration;

use crate::atomic::{AtomicU64, Ordering::Relaxed};

/// Bits of the stamp. After 4.6 hours without an answer the age of the cost begins anew, which makes it
/// fade later, and nothing else.
const STAMP: u32 = 24;
const LATEST: u64 = (1 << STAMP) - 1;
const DEAREST: u64 = (1 << (u64::BITS - STAMP)) - 1;

/// An average: 40 bits of nanoseconds, 24 of the milliseconds at which it was that.
#[derive(Debug, Default)]
pub(crate) struct Cost(AtomicU64);

impl Cost {
    /// Counts an answer that took `took`, a slower one than ever at once.
    pub(crate) fn peak(&self, now: Duration, took: Duration, decay: Duration) {
        self.change(now, took, decay, |cost, took, share| match took > cost {
            true => took,
            false => mix(cost, took, share),
        });
    }

    /// Counts an answer that took `took`; the first one at once.
    pub(crate) fn mean(&self, now: Duration, took: Duration, decay: Duration) {
        self.change(now, took, decay, |cost, took, share| match cost {
            0 => took,
            _ => mix(cost, took, share),
        });
    }

    /// The cost at `now`.
    pub(crate) fn at(&self, now: Duration, decay: Duration) -> Duration {
        let (cost, since) = unpacked(self.0.load(Relaxed));
        Duration::from_nanos((cost as f64 * left(since, stamp(now), decay)) as u64)
    }

    fn change(
        &self,
        now: Duration,
        took: Duration,
        decay: Duration,
        then: impl Fn(u64, u64, f64) -> u64,
    ) {
        let (now, took) = (stamp(now), u64::try_from(took.as_nanos()).unwrap_or(DEAREST));
        // Several answers in one millisecond: the slowest counts, or the first. There is nothing to be told.
        let (Ok(_) | Err(_)) = self.0.fetch_update(Relaxed, Relaxed, |word| {
            let (cost, since) = unpacked(word);
            let share = 1.0 - left(since, now, decay);
            let next = then(cost, took.min(DEAREST), share).clamp(1, DEAREST);
            ((next, now) != (cost, since)).then_some(next << STAMP | now)
        });
    }
}

/// Between two costs, a share of the way, and never so little of it that it stands still.
fn mix(cost: u64, took: u64, share: f64) -> u64 {
    let way = (took as f64 - cost as f64) * share;
    let step = if way > 0.0 { way.ceil() } else { way.floor() };
    (cost as f64 + step) as u64
}

/// How much of what was true at `since` is left.
fn left(since: u64, now: u64, decay: Duration) -> f64 {
    let passed = now.wrapping_sub(since) & LATEST;
    // Somebody may have read the clock later and come first.
    let passed = if passed > LATEST / 2 { 0 } else { passed };
    let decay = decay.as_secs_f64().max(0.001) * 1000.0;
    (-(passed as f64) / decay).exp()
}

fn unpacked(word: u64) -> (u64, u64) {
    (word >> STAMP, word & LATEST)
}

fn stamp(now: Duration) -> u64 {
    (now.as_millis() & u128::from(LATEST)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECAY: Duration = Duration::from_secs(10);

    #[test]
    fn a_slower_answer_counts_at_once_and_quicker_ones_as_time_passes() {
        let (cost, ms) = (Cost::default(), Duration::from_millis);
        cost.peak(ms(1), ms(1), DECAY);
        cost.peak(ms(2), ms(100), DECAY);
        assert_eq!(cost.at(ms(2), DECAY), ms(100));
        // A time constant of answers every millisecond.
        for at in 3..10_003 {
            cost.peak(ms(at), ms(1), DECAY);
        }
        let rest = cost.at(ms(10_003), DECAY).as_secs_f64() * 1000.0;
        assert!((rest - (1.0 + 99.0 / std::f64::consts::E)).abs() < 1.0, "{rest} ms");
    }

    #[test]
    fn it_fades_without_answers_and_not_with_equal_ones() {
        let (cost, ms) = (Cost::default(), Duration::from_millis);
        cost.peak(ms(0), ms(50), DECAY);
        cost.peak(ms(20_000), ms(50), DECAY);
        assert_eq!(cost.at(ms(20_000), DECAY), ms(50));
        assert!(cost.at(ms(120_000), DECAY) < Duration::from_micros(5));
    }

    #[test]
    fn a_mean_goes_both_ways() {
        let (cost, ms) = (Cost::default(), Duration::from_millis);
        cost.mean(ms(0), ms(10), DECAY);
        cost.mean(ms(10_000), ms(110), DECAY);
        let up = cost.at(ms(10_000), DECAY).as_secs_f64() * 1000.0;
        assert!((up - (110.0 - 100.0 / std::f64::consts::E)).abs() < 0.1, "{up} ms");
    }
}
