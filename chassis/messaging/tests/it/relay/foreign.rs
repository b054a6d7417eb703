//! Postgres: what transactions can do that overlap, whichever way messages are read.

use messaging::{Method, Options, Publish};
use sea_orm::ConnectionTrait;
use storage::Tx;
use testkit::eventually;

use super::{Place, number, write};
use crate::world::*;

macro_rules! on_both_relays_of_postgres {
    ($($check:ident),* $(,)?) => {
        mod ticks {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                super::$check(super::Place::ticks().await).await;
            })*
        }
        mod log {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                super::$check(super::Place::log().await).await;
            })*
        }
    };
}

on_both_relays_of_postgres!(
    whoever_commits_late_is_not_lost,
    whoever_began_first_and_came_last_is_heard_last,
    what_is_found_together_is_handed_out_in_order,
    a_transaction_that_is_open_for_long_holds_nothing_back,
    a_transaction_that_is_open_for_long_lets_the_outbox_stay_small,
    the_way_changes_while_everybody_writes_and_nothing_is_missing,
);

/// A transaction that has its id and keeps it.
async fn begun(place: &Place) -> Tx {
    let tx = place.shop.begin().await.unwrap();
    tx.execute_unprepared("SELECT pg_current_xact_id()").await.unwrap();
    tx
}

/// Has position 1 and commits after position 2.
async fn whoever_commits_late_is_not_lost(place: Place) {
    let running = place.start(place.options()).await;
    let early = place.shop.begin().await.unwrap();
    early
        .execute_unprepared(
            "INSERT INTO stream_head VALUES ('shop.count', 'early', 1); \
             INSERT INTO outbox (shard, channel, key, seq, kind, envelope) \
             VALUES (0, 'shop.count', 'early', 1, 'event', '{}')",
        )
        .await
        .unwrap();
    publish(&place.shop, "k", [1]).await;
    place.heard(1).await;
    early.commit().await.unwrap();
    publish(&place.shop, "k", [2]).await;
    // Its envelope is broken, so arriving means being parked.
    let parked = async || count(&place.db, "parked").await == 1;
    eventually("the early one arrives", LIMIT, parked).await;
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&place.db, "ear", "k").await, [1, 2]);
}

async fn whoever_began_first_and_came_last_is_heard_last(place: Place) {
    let running = place.start(place.options()).await;
    let mut older = begun(&place).await;
    publish(&place.shop, "k", 1..=3).await;
    older.publish(&Counted { key: "k".into(), n: 4 }).unwrap();
    older.commit().await.unwrap();
    publish(&place.shop, "k", [5]).await;
    running.quiet(LIMIT).await.unwrap();
    place.assert_complete(1, 5).await;
}

/// All of it is there before anybody looks.
async fn what_is_found_together_is_handed_out_in_order(place: Place) {
    let mut older = begun(&place).await;
    publish(&place.shop, "k", 1..=3).await;
    older.publish(&Counted { key: "k".into(), n: 4 }).unwrap();
    older.commit().await.unwrap();
    let running = place.start(place.options()).await;
    running.quiet(LIMIT).await.unwrap();
    place.assert_complete(1, 4).await;
    assert_eq!(running.gauges().read().parked, 0, "one came too early");
}

async fn a_transaction_that_is_open_for_long_holds_nothing_back(place: Place) {
    let soon = std::time::Duration::from_millis(20);
    let options = Options { reclaim_every: soon, reclaim_rows: 50, ..place.options() };
    let running = place.start(options).await;
    let foreign = begun(&place).await;
    write(&place.shop, 5, 50).await;
    running.quiet(LIMIT).await.unwrap();
    place.assert_complete(5, 80).await;
    place.forgotten().await;
    foreign.commit().await.unwrap();
    write(&place.shop, 5, 25).await;
    running.quiet(LIMIT).await.unwrap();
    place.assert_complete(5, 120).await;
}

/// A process is replaced by one that is configured the other way.
async fn the_way_changes_while_everybody_writes_and_nothing_is_missing(place: Place) {
    let shop = place.elsewhere().await;
    let writing = tokio::spawn(async move { write(&shop, 5, 100).await });
    let methods = [Method::Ticks, Method::Log, Method::Ticks];
    for relay in methods {
        let running = place.start(Options { relay, ..place.options() }).await;
        running.drain(LIMIT).await.unwrap();
    }
    writing.await.unwrap();
    let running = place.start(place.options()).await;
    place.heard(800).await;
    place.assert_complete(5, 160).await;
    running.drain(LIMIT).await.unwrap();
    place.forgotten().await;
}

/// What was removed cannot be vacuumed meanwhile.
async fn a_transaction_that_is_open_for_long_lets_the_outbox_stay_small(place: Place) {
    let soon = std::time::Duration::from_millis(20);
    let running = place.start(Options { reclaim_every: soon, ..place.options() }).await;
    let foreign = begun(&place).await;
    // Once around the ring of tables, and into the second one again.
    for _ in 0..22 {
        let mut tx = place.shop.begin().await.unwrap();
        for n in 0..2_000 {
            tx.publish(&Painted { key: format!("k{}", n % 50) }).unwrap();
        }
        tx.commit().await.unwrap();
        running.quiet(LIMIT).await.unwrap();
    }
    place.forgotten().await;
    // What is left are the rows since the head of the ring moved last.
    let sql = "SELECT CAST(SUM(pg_relation_size(inhrelid)) / 1024 AS BIGINT) AS n FROM pg_inherits \
               WHERE inhparent = CAST('outbox' AS regclass)";
    let size = number(&place.shop, sql).await;
    assert!(size < 12 * 1_024, "{size} KiB of 44,000 rows");
    foreign.commit().await.unwrap();
}
