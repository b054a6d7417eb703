//! Groups that are dead or slow: nobody else waits for them, and they miss nothing.

use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    time::Duration,
};

use messaging::{Options, Publish};
use storage::Database;
use testkit::eventually;

use super::{Joint, Node, Town, quiet, tidy};
use crate::world::*;

/// Few messages are on their way at once.
fn narrow() -> Options {
    Options { window: 64, batch: 16, ..tidy() }
}

/// Publishes `1..=numbers` about each of eight keys, many in one transaction.
async fn much(db: &Database, numbers: std::ops::RangeInclusive<i64>) {
    let all: Vec<_> = numbers.collect();
    for some in all.chunks(50) {
        let mut tx = db.begin().await.unwrap();
        for n in some {
            for key in 0..8 {
                tx.publish(&Counted { key: format!("k{key}"), n: *n }).unwrap();
            }
        }
        tx.commit().await.unwrap();
    }
}

async fn heard(db: &Database, who: &str) -> usize {
    effects(db, who).await.values().map(Vec::len).sum()
}

async fn assert_complete(db: &Database, who: &str, last: i64) {
    let effects = effects(db, who).await;
    assert_eq!(effects.len(), 8, "{who}");
    for (key, numbers) in effects {
        assert_eq!(numbers, (1..=last).collect::<Vec<_>>(), "{who} {key}");
    }
}

pub(crate) async fn a_dead_group_holds_nobody_back_and_catches_up_completely<J: Joint>(
    town: Town<J>,
) {
    let (lively_db, lively) = town.ear("lively", &Ear::new(), patient()).await;
    let (shop, node) = town.shop(&["lively", "dead"], narrow()).await;
    much(&shop, 1..=400).await;
    eventually("the lively one has all", LIMIT * 2, async || {
        let dead = node.running.gauges().distance("dead");
        assert!(dead.waiting <= 64, "{dead:?}");
        heard(&lively_db, "lively").await == 8 * 400
    })
    .await;
    let dead = node.running.gauges().distance("dead");
    assert_eq!((dead.waiting, dead.behind), (64, 1));
    assert!(count(&shop, "outbox").await >= 8 * 400 - 64, "what it missed is kept");

    let (dead_db, late) = town.ear("dead", &Ear::new(), patient()).await;
    much(&shop, 401..=450).await;
    eventually("the dead one has all", LIMIT * 2, async || {
        let waiting = node.running.gauges().distance("dead").waiting;
        assert!(waiting <= 64, "{waiting}");
        heard(&dead_db, "dead").await == 8 * 450
    })
    .await;
    quiet(&[&node, &lively, &late]).await;
    assert_complete(&lively_db, "lively", 450).await;
    assert_complete(&dead_db, "dead", 450).await;
    assert_eq!(late.running.gauges().read().parked, 0, "nothing came too early");
    assert_eq!(node.running.gauges().distance("dead").behind, 0);
    eventually("the outbox is empty", LIMIT, async || count(&shop, "outbox").await == 0).await;
}

/// Its lane is short and its window small, so that it falls behind all the time; meanwhile rows are
/// removed.
pub(crate) async fn a_group_may_be_behind_again_and_again<J: Joint>(town: Town<J>) {
    let slow = Options { lane: 2, ..patient() };
    let (db, ear) = town.ear("ear", &Ear::new(), slow).await;
    let smallest = Options { window: 8, batch: 4, reclaim_rows: 50, ..tidy() };
    let (shop, node) = town.shop(&["ear"], smallest).await;
    let was_behind = AtomicBool::new(false);
    let all = async {
        for first in (1..=100).step_by(10) {
            much(&shop, first..=first + 9).await;
        }
    };
    let watched = eventually("all are applied", LIMIT * 2, async || {
        was_behind.fetch_or(node.running.gauges().distance("ear").behind == 1, SeqCst);
        heard(&db, "ear").await == 800
    });
    tokio::join!(all, watched);
    quiet(&[&node, &ear]).await;
    assert_complete(&db, "ear", 100).await;
    assert!(was_behind.load(SeqCst));
    assert_eq!(ear.running.gauges().read().parked, 0, "nothing came too early");
    eventually("the outbox is empty", LIMIT, async || count(&shop, "outbox").await == 0).await;
}

pub(crate) async fn a_slow_handler_is_not_given_more_than_it_can_take<J: Joint>(town: Town<J>) {
    let ear = Ear::new();
    ear.gated.store(1, SeqCst);
    let short = Options { lane: 4, ..patient() };
    let (db, receiver) = town.ear("ear", &ear, short).await;
    let (shop, node): (_, Node) = town.shop(&["ear"], narrow()).await;
    publish(&shop, "k", 1..=200).await;
    eventually("one is at work", LIMIT, async || ear.calls.load(SeqCst) == 1).await;
    eventually("the window is full", LIMIT, async || {
        node.running.gauges().distance("ear").waiting == 64
    })
    .await;
    let waiting = || receiver.running.gauges().read().waiting;
    let began = std::time::Instant::now();
    while began.elapsed() < Duration::from_millis(300) {
        assert!(waiting() <= 1 + 4, "{} were taken in", waiting());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    ear.gate.add_permits(1_000);
    eventually("all are applied", LIMIT, async || noted(&db, "ear", "k").await.len() == 200).await;
    quiet(&[&node, &receiver]).await;
    assert_eq!(noted(&db, "ear", "k").await, (1..=200).collect::<Vec<_>>());
    assert_eq!(ear.calls.load(SeqCst), 200);
}
