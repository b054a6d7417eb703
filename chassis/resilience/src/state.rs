//! An edge as it is shown: plain data, for people and for programs.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    breaker::Breaker, core::circuit::Phase, edge::Edge, instance::Instance, numbers::Numbers,
    retry::allowance,
};

/// Everything that one edge knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EdgeState {
    /// The module that calls.
    pub caller: String,
    /// The module that is called.
    pub callee: String,
    /// The circuit of the whole edge.
    pub circuit: Circuit,
    /// Calls under way.
    pub under_way: usize,
    /// Retries that could be made now.
    pub retries_left: u64,
    /// Instances that are out of the balancing.
    pub ejected: usize,
    /// Whether so few instances are well that all are used.
    pub panic: bool,
    /// What became of the calls so far.
    pub counted: Counted,
    /// The numbers in force.
    pub numbers: Numbers,
    /// Its instances as this caller knows them.
    pub instances: Vec<InstanceState>,
}

/// One instance as one caller knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstanceState {
    /// Where it is: `host:port`, or the broker.
    pub address: String,
    /// Its own circuit.
    pub circuit: Circuit,
    /// Whether it is out of the balancing.
    pub ejected: bool,
    /// How often it was taken out.
    pub ejections: u64,
    /// What an answer takes there: the peak of the last while, in microseconds.
    pub cost_us: u64,
    /// Calls under way to it.
    pub under_way: usize,
}

/// Whether calls pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Circuit {
    /// They do.
    Closed {
        /// Failures in a row so far.
        failures: u64,
    },
    /// They do not.
    Open {
        /// For so many milliseconds more; with 0 the next call tries.
        for_ms: u64,
    },
    /// One of them tries.
    HalfOpen,
}

/// What became of the calls of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Calls that were made.
    pub calls: u64,
    /// Those without an answer, whatever the reason.
    pub failed: u64,
    /// Tried once more.
    pub retried: u64,
    /// Not tried once more, because the budget was spent.
    pub unaffordable: u64,
    /// Refused because the circuit was open.
    pub refused: u64,
    /// Refused because too many were under way.
    pub crowded: u64,
    /// Refused because less time was left than an answer usually takes.
    pub late: u64,
    /// Times the circuit opened.
    pub opened: u64,
}

impl Edge {
    /// What became of its calls so far.
    pub fn counted(&self) -> Counted {
        let it = &self.counted;
        Counted {
            calls: it.calls.load(Relaxed),
            failed: it.failed.load(Relaxed),
            retried: it.retried.load(Relaxed),
            unaffordable: it.unaffordable.load(Relaxed),
            refused: it.refused.load(Relaxed),
            crowded: it.crowded.load(Relaxed),
            late: it.late.load(Relaxed),
            opened: it.opened.load(Relaxed),
        }
    }

    /// Everything it knows at this moment.
    pub fn state(&self) -> EdgeState {
        let now = self.clock.now();
        let numbers = Numbers::clone(&self.numbers());
        let table = self.pool.table(now);
        EdgeState {
            caller: self.caller.to_owned(),
            callee: self.callee.to_owned(),
            circuit: circuit(&self.breaker, now),
            under_way: self.permits.taken(),
            retries_left: self.budget.left(now, allowance(&numbers.retry)),
            ejected: self.pool.bench.out(),
            panic: table.is_panic(&numbers),
            counted: self.counted(),
            instances: table.members.iter().map(|it| instance(it, now, &numbers)).collect(),
            numbers,
        }
    }
}

fn instance(it: &Instance, now: Duration, numbers: &Numbers) -> InstanceState {
    let cost = it.cost.at(now, numbers.balancing.decay);
    InstanceState {
        address: it.address.to_string(),
        circuit: circuit(&it.breaker, now),
        ejected: it.seat.is_out(),
        ejections: it.ejections.load(Relaxed),
        cost_us: u64::try_from(cost.as_micros()).unwrap_or(u64::MAX),
        under_way: it.under_way.taken(),
    }
}

fn circuit(breaker: &Breaker, now: Duration) -> Circuit {
    match breaker.phase() {
        Phase::Closed { row } => Circuit::Closed { failures: row },
        Phase::Open { until } => {
            let left = Duration::from_millis(until).saturating_sub(now);
            Circuit::Open { for_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX) }
        }
        Phase::Probing => Circuit::HalfOpen,
    }
}
