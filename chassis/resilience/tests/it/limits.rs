//! What a process takes at once.

use std::{sync::Arc, time::Duration};

use ports::Unreachable;
use resilience::{Class, Clock, Ingress, Limiter};
use tokio::sync::Semaphore;

use crate::neighbours::{Mood, Neighbour, query, quick};

#[tokio::test]
async fn a_full_process_says_so_at_once_and_what_nobody_waits_for_keeps_its_part() {
    let clock = Clock::manual();
    let limiter = Limiter::new(&Ingress { least: 10, most: 10, batch_percent: 10 }, clock.clone());
    let neighbour = Neighbour::of(1);
    neighbour.set(0, Mood::Waits(Arc::new(Semaphore::new(0))));
    let wire = limiter.before(neighbour.edge(quick(), &clock).transport());
    let entered: Vec<_> = (0..10).filter_map(|_| limiter.enter(Class::Live)).collect();
    assert_eq!(entered.len(), 10);
    assert!(matches!(wire.call(query()).await, Err(Unreachable::Busy(_))));
    assert_eq!(neighbour.all_calls(), 0);
    let batch = limiter.enter(Class::Batch).expect("a tenth is for batch calls");
    assert!(limiter.enter(Class::Batch).is_none());
    assert_eq!(limiter.load().shed, 2);
    drop((entered, batch));
    assert_eq!((limiter.load().live, limiter.load().batch), (0, 0));
}

/// So many calls at once for so many rounds, each round taking `took`.
fn rounds(limiter: &Limiter, clock: &Clock, many: usize, took: Duration, rounds: usize) -> u32 {
    for _ in 0..rounds {
        let entered: Vec<_> = (0..many).filter_map(|_| limiter.enter(Class::Live)).collect();
        clock.pass(took);
        entered.into_iter().for_each(resilience::Entry::answered);
    }
    limiter.load().limit
}

#[test]
fn the_limit_sinks_while_calls_take_longer_than_they_used_to_and_rises_again() {
    let clock = Clock::manual();
    let limiter = Limiter::new(&Ingress { least: 8, most: 200, batch_percent: 10 }, clock.clone());
    let quick = Duration::from_millis(20);
    assert_eq!(rounds(&limiter, &clock, 200, quick, 50), 200, "nothing is wrong");
    let sunk = rounds(&limiter, &clock, 200, quick * 10, 30);
    assert!(sunk < 60, "{sunk}");
    let risen = rounds(&limiter, &clock, 200, quick, 2000);
    assert!(risen > 150, "{risen}");
}
