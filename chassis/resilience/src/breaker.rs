//! The rules of a circuit breaker: after some failures in a row, when too few calls succeed, or when too many
//! are slow.

use std::time::Duration;

use crate::{
    core::{
        circuit::{Admission, Circuit, Pass, Phase, Probe},
        window::{Tally, Window},
    },
    numbers,
};

/// A breaker: a circuit and what is known of its last calls.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    circuit: Circuit,
    window: Window,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Good,
    /// Nothing happened because there was too much to do: counts in the part of failures, never in a row.
    Busy,
    Failed,
}

/// What a call did to its breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Opened,
    Closed,
}

/// Leave to make a call. Dropped without [`Permit::end`], a probe lets the next call try.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    breaker: &'a Breaker,
    leave: Option<Leave>,
}

#[derive(Clone, Copy, Debug)]
enum Leave {
    Pass(Pass),
    Probe(Probe),
}

/// What matters when a call ends, beside how.
#[derive(Clone, Copy)]
pub(crate) struct End<'a> {
    pub(crate) now: Duration,
    pub(crate) took: Duration,
    /// A random number from 0 to 1.
    pub(crate) dice: f64,
    pub(crate) by: &'a numbers::Breaker,
}

impl Breaker {
    /// Leave to make a call at `now`.
    ///
    /// # Errors
    /// How long it is still open; zero while another call tries.
    pub(crate) fn admit(&self, now: Duration) -> Result<Permit<'_>, Duration> {
        let leave = match self.circuit.admit(now) {
            Admission::Pass(pass) => Leave::Pass(pass),
            Admission::Probe(probe) => Leave::Probe(probe),
            Admission::Refused(until) => return Err(until.saturating_sub(now)),
        };
        Ok(Permit { breaker: self, leave: Some(leave) })
    }

    /// Whether a call would be refused at `now`.
    pub(crate) fn is_refusing(&self, now: Duration) -> bool {
        match self.circuit.phase() {
            Phase::Closed { .. } => false,
            Phase::Probing => true,
            Phase::Open { until } => now < Duration::from_millis(until),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.circuit.phase()
    }
}

impl Permit<'_> {
    /// Says how the call ended.
    pub(crate) fn end(mut self, ending: Ending, end: End<'_>) -> Option<Change> {
        let circuit = &self.breaker.circuit;
        match self.leave.take()? {
            Leave::Pass(pass) => self.breaker.passed(pass, ending, end).then_some(Change::Opened),
            Leave::Probe(probe) if ending == Ending::Good => {
                circuit.close(probe);
                Some(Change::Closed)
            }
            Leave::Probe(probe) => {
                circuit.reopen(probe, |openings| end.now + open_for(openings, end.dice, end.by));
                Some(Change::Opened)
            }
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if let Some(Leave::Probe(probe)) = self.leave.take() {
            self.breaker.circuit.release(probe);
        }
    }
}

impl Breaker {
    /// Counts a call that passed, and says whether it opened the circuit.
    fn passed(&self, pass: Pass, ending: Ending, end: End<'_>) -> bool {
        let End { now, took, dice, by } = end;
        let (is_failed, is_slow) = (ending != Ending::Good, took > by.slow);
        let tally = self.window.record(now, by.window, pass.era, is_failed, is_slow);
        let until = || now + open_for(0, dice, by);
        match ending {
            Ending::Good => self.circuit.succeeded(pass),
            Ending::Busy => {}
            Ending::Failed if self.circuit.failed(pass, by.failures, until()) => return true,
            Ending::Failed => {}
        }
        is_bad(tally, by) && self.circuit.trip(pass, until())
    }
}

/// Whether too few of the last calls succeeded, or too many were slow. Quotients are compared as products, so
/// that nothing is rounded.
fn is_bad(tally: Tally, by: &numbers::Breaker) -> bool {
    let Tally { total, failed, slow } = tally;
    total >= by.least_calls
        && ((total - failed.min(total)) * 100 < by.success_percent * total
            || slow * 100 >= by.slow_percent * total)
}

/// How long it is open when it opened again `openings` times: twice as long each time, give or take half.
fn open_for(openings: u32, dice: f64, by: &numbers::Breaker) -> Duration {
    let doubled = by.open.saturating_mul(1 << openings.min(31));
    doubled.min(by.longest_open).mul_f64(0.5 + dice.clamp(0.0, 1.0))
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
