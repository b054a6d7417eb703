//! A message is published if and only if its transaction committed, and applied once.

use std::time::Duration;

use messaging::{Options, Process, Publish, SHARDS, Subscriptions, shard};
use proptest::prelude::*;
use testkit::eventually;

use crate::world::*;

on_both!(
    a_message_is_published_if_and_only_if_its_transaction_commits,
    a_redelivered_message_is_applied_once,
    two_groups_both_get_a_message,
    an_outbox_shrinks_to_nothing_once_all_is_applied,
    a_transaction_may_publish_more_than_the_hand_over_holds,
    a_type_nobody_listens_to_holds_nothing_back,
    what_concerns_nobody_survives_a_death_too,
);

async fn a_message_is_published_if_and_only_if_its_transaction_commits(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let running = listen(&shop, &db, &Ear::new(), patient());
    for (n, commits) in [(1, true), (2, false), (3, true), (4, false)] {
        let mut tx = shop.begin().await.unwrap();
        tx.publish(&Counted { key: "k".into(), n }).unwrap();
        if commits {
            tx.commit().await.unwrap();
        } else {
            tx.rollback().await.unwrap();
        }
    }
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "ear", "k").await, [1, 3]);
}

async fn a_redelivered_message_is_applied_once(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let keeps_everything = Options { reclaim_every: LIMIT * 100, ..patient() };
    publish(&shop, "k", 1..=20).await;
    for start in 0..3 {
        let running = listen(&shop, &db, &Ear::new(), keeps_everything.clone());
        running.quiet(LIMIT).await.unwrap();
        assert_eq!(running.gauges().read().duplicates, if start == 0 { 0 } else { 20 });
    }
    assert_eq!(noted(&db, "ear", "k").await, (1..=20).collect::<Vec<_>>());
}

async fn two_groups_both_get_a_message(world: World) {
    let shop = world.database("shop").await;
    let (left, right) = (world.database("left").await, world.database("right").await);
    let hears = |name| Subscriptions::of(name).on::<Counted>(Ear::new());
    let running = Process::start(vec![
        module("shop", &shop, Subscriptions::of("shop")),
        module("left", &left, hears("left")),
        module("right", &right, hears("right")),
    ]);
    publish(&shop, "k", 1..=3).await;
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&left, "left", "k").await, [1, 2, 3]);
    assert_eq!(noted(&right, "right", "k").await, [1, 2, 3]);
}

async fn an_outbox_shrinks_to_nothing_once_all_is_applied(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let options = Options { reclaim_every: Duration::from_millis(20), ..patient() };
    let running = listen(&shop, &db, &Ear::new(), options);
    publish(&shop, "k", 1..=50).await;
    eventually("the outbox is empty", LIMIT, async || count(&shop, "outbox").await == 0).await;
    publish(&shop, "k", 51..=60).await;
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "ear", "k").await, (1..=60).collect::<Vec<_>>());
    running.drain(LIMIT).await.unwrap();
    assert_eq!(count(&shop, "outbox").await, 0);
}

async fn a_transaction_may_publish_more_than_the_hand_over_holds(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let running = listen(&shop, &db, &Ear::new(), patient());
    let mut tx = shop.begin().await.unwrap();
    for n in 1..=4_500 {
        tx.publish(&Counted { key: "k".into(), n }).unwrap();
    }
    tx.commit().await.unwrap();
    publish(&shop, "k", 4_501..=4_510).await;
    running.quiet(LIMIT * 3).await.unwrap();
    assert_eq!(noted(&db, "ear", "k").await, (1..=4_510).collect::<Vec<_>>());
}

async fn a_type_nobody_listens_to_holds_nothing_back(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let running = listen(&shop, &db, &Ear::new(), patient());
    let mut tx = shop.begin().await.unwrap();
    for n in 1..=3 {
        tx.publish(&Painted { key: "k".into() }).unwrap();
        tx.publish(&Counted { key: "k".into(), n }).unwrap();
        tx.publish(&Painted { key: "k".into() }).unwrap();
    }
    tx.commit().await.unwrap();
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "ear", "k").await, [1, 2, 3]);
    assert_eq!(count(&db, "parked").await, 0);
}

async fn what_concerns_nobody_survives_a_death_too(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    for n in 1..=3 {
        let running = listen(&shop, &db, &Ear::new(), patient());
        let mut tx = shop.begin().await.unwrap();
        tx.publish(&Painted { key: "k".into() }).unwrap();
        tx.publish(&Painted { key: "other".into() }).unwrap();
        tx.publish(&Counted { key: "k".into(), n }).unwrap();
        tx.publish(&Painted { key: "k".into() }).unwrap();
        tx.commit().await.unwrap();
        eventually("it is heard", LIMIT, async || noted(&db, "ear", "k").await.last() == Some(&n))
            .await;
        drop(running);
    }
    let running = listen(&shop, &db, &Ear::new(), patient());
    running.quiet(LIMIT).await.unwrap();
    running.drain(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "ear", "k").await, [1, 2, 3]);
    assert_eq!((count(&db, "parked").await, count(&shop, "outbox").await), (0, 0));
}

#[test]
fn a_key_keeps_its_shard_for_ever() {
    let golden = [("orders.order", "ord_1"), ("orders.order", "ord_2"), ("payments.commands", "")]
        .map(|(channel, key)| shard(channel, key));
    assert_eq!(golden, GOLDEN);
}

const GOLDEN: [u16; 3] = [8, 2, 15];

proptest! {
    #[test]
    fn every_shard_is_one_of_the_lanes(channel in "[a-z.]{1,20}", key in ".{0,40}") {
        prop_assert!(shard(&channel, &key) < SHARDS);
        prop_assert_eq!(shard(&channel, &key), shard(&channel, &key));
    }
}

#[test]
fn keys_spread_over_all_shards() {
    let mut lanes = [0; SHARDS as usize];
    for n in 0..1_600 {
        lanes[usize::from(shard("orders.order", &format!("ord_{n}")))] += 1;
    }
    assert!(lanes.iter().all(|keys| (50..200).contains(keys)), "{lanes:?}");
}
