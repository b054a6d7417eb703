//! The orders of the steps of calls that meet in one core, by loom: all in which a thread is interrupted at most
//! three times.
//!
//! The files under test are compiled here a second time, with loom's atomics where the crate has those of the
//! machine. So nothing has to be switched on: these are tests like all others.

#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "the cores are compiled for what is tried here"
)]

mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
}

#[path = "../src/core/bench.rs"]
mod bench;
#[path = "../src/core/budget.rs"]
mod budget;
#[path = "../src/core/circuit.rs"]
mod circuit;
#[path = "../src/core/gradient.rs"]
mod gradient;
#[path = "../src/core/permits.rs"]
mod permits;

use std::time::Duration;

use loom::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use bench::{Bench, Seat, cap};
use budget::{Allowance, Budget};
use circuit::{Admission, Circuit, Phase};
use gradient::{Bounds, Class, Gradient};
use permits::Permits;

const NOW: Duration = Duration::from_secs(100);

/// Tries `story` in all orders that there are with a bounded number of interruptions: without a bound, those of
/// three threads would take hours.
fn model(story: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(story);
}

/// Runs `work` on three threads, one of them this one.
fn together(work: impl Fn(usize) + Send + Sync + Clone + 'static) {
    let others: Vec<_> = (1..3)
        .map(|number| {
            let work = work.clone();
            thread::spawn(move || work(number))
        })
        .collect();
    work(0);
    others.into_iter().for_each(|other| other.join().unwrap());
}

#[test]
fn no_more_permits_are_out_than_there_are_and_none_is_lost() {
    model(|| {
        let permits = Arc::new(Permits::default());
        let (all, inside) = (permits.clone(), Arc::new(AtomicUsize::new(0)));
        together(move |_| {
            if all.take(2) {
                assert!(inside.fetch_add(1, SeqCst) < 2, "three are inside");
                inside.fetch_sub(1, SeqCst);
                all.give_back();
            }
        });
        assert_eq!(permits.taken(), 0);
    });
}

/// A circuit that has opened, and whose time is over.
fn due() -> Circuit {
    let circuit = Circuit::default();
    let Admission::Pass(pass) = circuit.admit(Duration::ZERO) else { panic!("it is closed") };
    assert!(circuit.failed(pass, 1, NOW));
    circuit
}

#[test]
fn one_call_at_a_time_probes_a_half_open_circuit() {
    model(|| {
        let circuit = Arc::new(due());
        let (all, probing) = (circuit.clone(), Arc::new(AtomicUsize::new(0)));
        together(move |_| {
            if let Admission::Probe(probe) = all.admit(NOW) {
                assert_eq!(probing.fetch_add(1, SeqCst), 0, "two calls probe");
                probing.fetch_sub(1, SeqCst);
                all.release(probe);
            }
        });
        assert_eq!(circuit.phase(), Phase::Open { until: 0 }, "the next call may try");
    });
}

#[test]
fn a_probe_that_succeeds_closes_and_a_late_failure_does_not_open_again() {
    model(|| {
        let circuit = Circuit::default();
        let Admission::Pass(late) = circuit.admit(Duration::ZERO) else { panic!("it is closed") };
        let Admission::Pass(pass) = circuit.admit(Duration::ZERO) else { panic!("it is closed") };
        assert!(circuit.failed(pass, 1, NOW));
        let circuit = Arc::new(circuit);
        let all = circuit.clone();
        together(move |number| match number {
            0 => assert!(!all.failed(late, 1, NOW * 2), "what began earlier has no say"),
            _ => {
                if let Admission::Probe(probe) = all.admit(NOW) {
                    all.close(probe);
                }
            }
        });
        assert_eq!(circuit.phase(), Phase::Closed { row: 0 });
    });
}

#[test]
fn failures_that_meet_open_the_circuit_once() {
    model(|| {
        let circuit = Arc::new(Circuit::default());
        let (all, opened) = (circuit.clone(), Arc::new(AtomicUsize::new(0)));
        let count = opened.clone();
        together(move |_| {
            if let Admission::Pass(pass) = all.admit(Duration::ZERO)
                && all.failed(pass, 3, NOW)
            {
                count.fetch_add(1, SeqCst);
            }
        });
        assert_eq!(opened.load(SeqCst), 1);
        assert_eq!(circuit.phase(), Phase::Open { until: 100_000 });
    });
}

#[test]
fn no_more_instances_leave_than_the_cap_says_and_the_last_never_does() {
    for all in [2, 3] {
        model(move || {
            let bench = Arc::new(Bench::default());
            let seats = Arc::new([0; 3].map(|_| Seat::default()));
            let most = cap(all, 50);
            let (places, everybody) = (bench.clone(), seats.clone());
            together(move |number| {
                if number < all && everybody[number].leave(&places, most) {
                    assert!(places.out() <= most);
                }
            });
            let out = seats.iter().filter(|seat| seat.is_out()).count();
            assert_eq!((out, bench.out()), (most, most));
        });
    }
}

#[test]
fn a_place_on_the_bench_is_given_back_once_however_its_instance_goes() {
    model(|| {
        let bench = Arc::new(Bench::default());
        let seat = Arc::new(Seat::default());
        let (places, one) = (bench.clone(), seat.clone());
        together(move |number| match number {
            0 => drop(one.leave(&places, 1)),
            1 => drop(one.come_back(&places)),
            _ => one.remove(&places),
        });
        assert_eq!((bench.out(), seat.is_out()), (0, false));
    });
}

#[test]
fn a_budget_is_not_spent_twice() {
    model(|| {
        let by = Allowance { percent: 100, per_second: 0 };
        let budget = Arc::new(Budget::default());
        budget.save(NOW, by);
        let (all, spent) = (budget.clone(), Arc::new(AtomicUsize::new(0)));
        let count = spent.clone();
        together(move |_| {
            if all.spend(NOW, by) {
                count.fetch_add(1, SeqCst);
            }
        });
        assert_eq!((spent.load(SeqCst), budget.left(NOW, by)), (1, 0));
    });
}

#[test]
fn the_last_place_of_a_process_is_taken_once_and_each_class_has_its_own() {
    model(|| {
        let bounds = Bounds { least: 2, most: 2, batch_percent: 50 };
        let gradient = Arc::new(Gradient::new(bounds));
        assert!(gradient.enter(Class::Live, bounds));
        let (all, entered) = (gradient.clone(), Arc::new(AtomicUsize::new(0)));
        let count = entered.clone();
        together(move |number| {
            let class = if number == 0 { Class::Batch } else { Class::Live };
            if all.enter(class, bounds) {
                count.fetch_add(1, SeqCst);
            }
        });
        let (live, batch) = gradient.at_work();
        assert_eq!(batch, 1, "batch calls are sure of their part");
        assert!(live <= 2 && entered.load(SeqCst) >= 1, "{live} live ones");
    });
}
