//! How long an instance is listed without being heard of, and when silence is rather our own fault.

use std::time::{Duration, Instant};

/// How many instances must have been expected before their silence says something about us.
const CROWD: usize = 3;

/// What one instance promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    /// How often it says that it is alive.
    interval: Duration,
    /// How long it is listed after it last did.
    duration: Duration,
    /// When it last did.
    renewed: Instant,
}

impl Lease {
    /// Begins now. Whoever is listed for so short a time is expected twice in it.
    pub(crate) fn begin(interval: Duration, duration: Duration, now: Instant) -> Self {
        Self { interval: interval.min(duration / 2), duration, renewed: now }
    }

    pub(crate) fn renew(&mut self, now: Instant) {
        self.renewed = now;
    }

    /// Whether the instance should not be listed any more.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.renewed) > self.duration
    }

    /// Whether it should have been heard of by now, at its own rate.
    fn is_overdue(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.renewed) > self.interval * 3 / 2
    }
}

/// Everybody whose silence, or voice, says something about ours.
pub(crate) struct Crowd {
    /// How many should have been heard of.
    silent: usize,
    /// When each of the others was heard of last, in order.
    heard: Vec<Instant>,
}

impl Crowd {
    /// All leases as they are now, each judged at its own rate.
    pub(crate) fn of(all: impl Iterator<Item = Lease>, now: Instant) -> Self {
        let (silent, others): (Vec<_>, Vec<_>) =
            all.partition(|lease| lease.is_over(now) || lease.is_overdue(now));
        let mut heard: Vec<_> = others.iter().map(|lease| lease.renewed).collect();
        heard.sort_unstable();
        Self { silent: silent.len(), heard }
    }

    /// Whether a lease that is over is kept, because most of those who were to be heard of since are silent
    /// too: then it is rather we who hear nothing.
    ///
    /// One that is expected twice a minute says nothing about the last second, neither as silent nor as alive.
    pub(crate) fn keeps(&self, lease: &Lease) -> bool {
        let alive = self.heard.len() - self.heard.partition_point(|at| *at <= lease.renewed);
        self.silent + alive >= CROWD && alive < self.silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEAT: Duration = Duration::from_secs(10);
    const LISTED: Duration = Duration::from_secs(30);

    fn leases(renewed: &[u64], start: Instant) -> Vec<Lease> {
        let lease = |after: &u64| Lease::begin(BEAT, LISTED, start + Duration::from_secs(*after));
        renewed.iter().map(lease).collect()
    }

    fn keeps(all: &[Lease], index: usize, now: Instant) -> bool {
        Crowd::of(all.iter().copied(), now).keeps(&all[index])
    }

    #[test]
    fn whoever_falls_silent_alone_is_not_kept() {
        let start = Instant::now();
        let all = leases(&[0, 25, 27, 29], start);
        let now = start + Duration::from_secs(31);
        assert!(all[0].is_over(now));
        assert!(!keeps(&all, 0, now));
    }

    #[test]
    fn when_all_fall_silent_at_once_nobody_is_forgotten_however_their_turns_are_spread() {
        let start = Instant::now();
        let all = leases(&[0, 2, 4, 6, 8], start);
        for after in 31..200 {
            let now = start + Duration::from_secs(after);
            for index in (0..all.len()).filter(|index| all[*index].is_over(now)) {
                assert!(keeps(&all, index, now), "after {after} s");
            }
        }
    }

    #[test]
    fn those_who_speak_seldom_are_no_witnesses_for_those_who_speak_often() {
        let start = Instant::now();
        let fast = |after| {
            let began = start + Duration::from_millis(after);
            Lease::begin(Duration::from_millis(300), Duration::from_secs(1), began)
        };
        let mut all = leases(&[0, 0, 0, 0, 0, 0, 0], start);
        all.extend([fast(100), fast(200), fast(250)]);
        let now = start + Duration::from_millis(1_300);
        assert!(all[7].is_over(now));
        assert!(keeps(&all, 7, now), "the fast ones are silent, and the slow ones not expected");
    }

    #[test]
    fn two_are_no_crowd() {
        let start = Instant::now();
        let all = leases(&[0, 1], start);
        assert!(!keeps(&all, 0, start + Duration::from_secs(40)));
    }
}
