//! One instance of a neighbour, as a caller knows it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use ports::{Reply, Transport, Unreachable};

use crate::{
    breaker::{Breaker, Change, End, Ending, Permit},
    core::{
        bench::{self, Bench, Seat},
        cost::Cost,
        permits::Permits,
    },
    numbers::Numbers,
};

/// The part of its calls that an instance gets at the beginning of its slow start.
const FIRST_SHARE: f64 = 0.1;

pub(crate) struct Instance {
    pub(crate) address: Arc<str>,
    pub(crate) way: Arc<dyn Transport>,
    pub(crate) breaker: Breaker,
    pub(crate) seat: Seat,
    pub(crate) cost: Cost,
    pub(crate) under_way: Permits,
    /// Milliseconds of the clock at which it was new, or back; nothing for one that always was there.
    since: AtomicU64,
    pub(crate) ejections: AtomicU64,
}

/// What an instance lives with.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) edge: &'a str,
    pub(crate) bench: &'a Bench,
    /// How many instances there are.
    pub(crate) all: usize,
    pub(crate) numbers: &'a Numbers,
}

/// A call under way to an instance.
pub(crate) struct Visit<'a> {
    instance: &'a Instance,
    permit: Option<Permit<'a>>,
    around: Surroundings<'a>,
    clock: &'a crate::Clock,
    began: Duration,
}

impl Instance {
    pub(crate) fn new(address: Arc<str>, way: Arc<dyn Transport>, since: Duration) -> Self {
        Self {
            address,
            way,
            breaker: Breaker::default(),
            seat: Seat::default(),
            cost: Cost::default(),
            under_way: Permits::default(),
            since: AtomicU64::new(millis(since)),
            ejections: AtomicU64::new(0),
        }
    }

    /// Whether it is out, and the time has come for one call to try it.
    pub(crate) fn is_due(&self, now: Duration) -> bool {
        self.seat.is_out() && !self.breaker.is_refusing(now)
    }

    /// What asking it costs: its time, for everybody who waits there.
    pub(crate) fn score(&self, now: Duration, numbers: &Numbers) -> f64 {
        let cost = self.cost.at(now, numbers.balancing.decay).as_secs_f64();
        cost * (self.under_way.taken() + 1) as f64
    }

    /// Which part of its calls it gets, from a tenth to all of them.
    pub(crate) fn share(&self, now: Duration, numbers: &Numbers) -> f64 {
        let since = self.since.load(Relaxed);
        let known_for = now.saturating_sub(Duration::from_millis(since));
        let slow_start = numbers.balancing.slow_start;
        match since == 0 || known_for >= slow_start {
            true => 1.0,
            false => (known_for.as_secs_f64() / slow_start.as_secs_f64()).max(FIRST_SHARE),
        }
    }

    /// Begins a call. An instance that is asked although its circuit is open is not judged by the answer.
    pub(crate) fn visit<'a>(
        &'a self,
        around: Surroundings<'a>,
        clock: &'a crate::Clock,
    ) -> Visit<'a> {
        let began = clock.now();
        let permit = self.breaker.admit(began).ok();
        self.under_way.take(usize::MAX);
        Visit { instance: self, permit, around, clock, began }
    }
}

impl Visit<'_> {
    /// Counts the answer.
    pub(crate) fn end(mut self, answer: &Result<Reply, Unreachable>) {
        let now = self.clock.now();
        let took = now.saturating_sub(self.began);
        let ending = ending(answer);
        let numbers = &self.around.numbers.balancing;
        let cost = if ending == Ending::Good { took } else { took.max(numbers.penalty) };
        self.instance.cost.peak(now, cost, numbers.decay);
        self.judge(ending, now, took);
    }

    fn judge(&mut self, ending: Ending, now: Duration, took: Duration) {
        let by = &self.around.numbers.breaker;
        let end = End { now, took, dice: rand::random(), by };
        match self.permit.take().and_then(|permit| permit.end(ending, end)) {
            Some(Change::Opened) => self.leave(),
            Some(Change::Closed) => self.come_back(now),
            None => {}
        }
    }

    /// Takes the instance out of the balancing, if not too many are out.
    fn leave(&self) {
        let Surroundings { edge, bench, all, numbers } = self.around;
        let Instance { address, seat, ejections, .. } = self.instance;
        if seat.leave(bench, bench::cap(all, numbers.ejection.most_percent)) {
            ejections.fetch_add(1, Relaxed);
            tracing::warn!(edge, %address, "an instance failed too often: it is left alone for a while");
        }
    }

    fn come_back(&self, now: Duration) {
        let Instance { address, seat, since, .. } = self.instance;
        if seat.come_back(self.around.bench) {
            since.store(millis(now).max(1), Relaxed);
            tracing::info!(edge = self.around.edge, %address, "an instance answers again");
        }
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.instance.under_way.give_back();
        let now = self.clock.now();
        let waited = now.saturating_sub(self.began);
        // Whoever asked went away, which says nothing about the instance unless it was slow already.
        if self.permit.is_some() && waited > self.around.numbers.breaker.slow {
            self.judge(Ending::Failed, now, waited);
        }
    }
}

/// What an answer says about who gave it.
pub(crate) fn ending(answer: &Result<Reply, Unreachable>) -> Ending {
    match answer {
        Ok(_) => Ending::Good,
        Err(Unreachable::Busy(_)) => Ending::Busy,
        Err(_) => Ending::Failed,
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
