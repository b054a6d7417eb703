//! Postgres: positions are given out before their transactions commit.

use messaging::Publish;
use sea_orm::ConnectionTrait;
use testkit::eventually;

use crate::world::*;

#[tokio::test]
async fn a_transaction_that_commits_late_is_not_lost() {
    let world = World::postgres();
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let running = listen(&shop, &db, &Ear::new(), patient());
    // Takes its transaction id and position 1, and commits after position 2.
    let early = shop.begin().await.unwrap();
    early
        .execute_unprepared(
            "INSERT INTO stream_head VALUES ('shop.count', 'early', 1); \
             INSERT INTO outbox (shard, channel, key, seq, kind, envelope) \
             VALUES (0, 'shop.count', 'early', 1, 'event', '{}')",
        )
        .await
        .unwrap();
    publish(&shop, "late", [2]).await;
    eventually("the late one is applied", LIMIT, async || noted(&db, "ear", "late").await == [2])
        .await;
    early.commit().await.unwrap();
    publish(&shop, "late", [3]).await;
    // Its envelope is broken, so arriving means being parked.
    eventually("the early one arrives", LIMIT, async || count(&db, "parked").await == 1).await;
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "ear", "late").await, [2, 3]);
}

#[tokio::test]
async fn a_long_foreign_transaction_delays_and_reorders_nothing() {
    let world = World::postgres();
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    script(&shop, "CREATE TABLE pause (id BIGINT)").await;
    let running = listen(&shop, &db, &Ear::new(), patient());
    let foreign = shop.begin().await.unwrap();
    foreign.execute_unprepared("INSERT INTO pause VALUES (1)").await.unwrap();
    publish(&shop, "k", 1..=20).await;
    eventually("all are applied meanwhile", LIMIT, async || {
        noted(&db, "ear", "k").await.len() == 20
    })
    .await;
    foreign.commit().await.unwrap();
    publish(&shop, "k", [21]).await;
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "ear", "k").await, (1..=21).collect::<Vec<_>>());
}

/// A transaction that begins (and takes its id) first but locks the stream last is applied last.
#[tokio::test]
async fn the_order_is_that_of_the_stream_and_not_of_transaction_ids() {
    let world = World::postgres();
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    script(&shop, "CREATE TABLE pause (id BIGINT)").await;
    let running = listen(&shop, &db, &Ear::new(), patient());
    let mut older = shop.begin().await.unwrap();
    older.execute_unprepared("INSERT INTO pause VALUES (1)").await.unwrap();
    publish(&shop, "k", 1..=3).await;
    older.publish(&Counted { key: "k".into(), n: 4 }).unwrap();
    older.commit().await.unwrap();
    publish(&shop, "k", [5]).await;
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "ear", "k").await, [1, 2, 3, 4, 5]);
    assert_eq!(running.gauges().read().parked, 0);
}
