//! Everything arrives, in order, and is applied once.

use std::sync::{Arc, atomic::Ordering};

use async_trait::async_trait;
use messaging::{Delivery, Failure, Handle, Options, Publish, Subscriptions};
use storage::Tx;
use testkit::eventually;

use super::{Joint, Town, quiet, tidy};
use crate::world::*;

pub(crate) async fn a_message_reaches_a_group_in_another_process<J: Joint>(town: Town<J>) {
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    publish(&shop, "k", 1..=3).await;
    quiet(&[&node, &ear]).await;
    assert_eq!(noted(&db, "ear", "k").await, [1, 2, 3]);
    eventually("the outbox is empty", LIMIT, async || count(&shop, "outbox").await == 0).await;
    assert_eq!(node.running.gauges().distance("ear").waiting, 0);
    node.running.pulse().check().unwrap();
    node.drain().await;
    ear.drain().await;
}

/// Notes the sequence number instead of the content.
struct Sequence;

#[async_trait]
impl Handle<Counted> for Sequence {
    async fn handle(&self, tx: &mut Tx, it: Counted, on: &Delivery) -> Result<(), Failure> {
        note(tx, "ear", &it.key, on.envelope().seq).await
    }
}

pub(crate) async fn the_order_of_a_key_holds_under_concurrent_writers<J: Joint>(town: Town<J>) {
    let hears = Subscriptions::of("ear").on::<Counted>(Arc::new(Sequence));
    let (db, ear) = town.listener("ear", hears, patient()).await;
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    let writers = (0..8).map(|writer| {
        let shop = shop.clone();
        tokio::spawn(async move {
            for n in 0..25 {
                publish(&shop, &format!("k{}", (writer + n) % 5), [n]).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    quiet(&[&node, &ear]).await;
    let effects = effects(&db, "ear").await;
    assert_eq!(effects.len(), 5);
    for (key, sequence) in effects {
        assert_eq!(sequence, (1..=40).collect::<Vec<_>>(), "{key}");
    }
    assert_eq!(ear.running.gauges().read().parked, 0, "nothing came too early");
}

pub(crate) async fn what_is_delivered_again_is_applied_once<J: Joint>(town: Town<J>) {
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    let keeps_everything = Options { reclaim_every: LIMIT * 100, ..patient() };
    for start in 0..3 {
        let (shop, node) = town.shop(&["ear"], keeps_everything.clone()).await;
        if start == 0 {
            publish(&shop, "k", 1..=20).await;
        }
        quiet(&[&node, &ear]).await;
        assert_eq!(ear.running.gauges().read().duplicates, start * 20);
        node.kill().await;
    }
    assert_eq!(noted(&db, "ear", "k").await, (1..=20).collect::<Vec<_>>());
}

pub(crate) async fn several_groups_get_everything<J: Joint>(town: Town<J>) {
    let (left_db, left) = town.ear("left", &Ear::new(), patient()).await;
    let (right_db, right) = town.ear("right", &Ear::new(), patient()).await;
    let (shop, node) = town.shop(&["left", "right"], tidy()).await;
    for n in 1..=10 {
        publish(&shop, "a", [n]).await;
        publish(&shop, "b", [n]).await;
    }
    quiet(&[&node, &left, &right]).await;
    for (db, who) in [(left_db, "left"), (right_db, "right")] {
        for key in ["a", "b"] {
            assert_eq!(noted(&db, who, key).await, (1..=10).collect::<Vec<_>>(), "{who} {key}");
        }
    }
}

pub(crate) async fn a_poisoned_message_holds_back_its_own_key_only<J: Joint>(town: Town<J>) {
    let ear = Ear::new();
    ear.fails.store(2, Ordering::SeqCst);
    let (db, node_of_ear) = town.ear("ear", &ear, patient()).await;
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    publish(&shop, "bad", 1..=4).await;
    publish(&shop, "good", 11..=14).await;
    eventually("three wait", LIMIT, async || count(&db, "parked").await == 3).await;
    eventually("the others went on", LIMIT, async || noted(&db, "ear", "good").await.len() == 4)
        .await;
    assert_eq!(noted(&db, "ear", "bad").await, [1]);
    eventually("parked is acknowledged", LIMIT, async || count(&shop, "outbox").await == 0).await;
    ear.fails.store(-1, Ordering::SeqCst);
    eventually("nothing is parked", LIMIT, async || count(&db, "parked").await == 0).await;
    quiet(&[&node, &node_of_ear]).await;
    assert_eq!(noted(&db, "ear", "bad").await, [1, 2, 3, 4]);
    assert_eq!(noted(&db, "ear", "good").await, [11, 12, 13, 14]);
}

pub(crate) async fn what_concerns_nobody_there_is_acknowledged_too<J: Joint>(town: Town<J>) {
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    for n in 1..=5 {
        let mut tx = shop.begin().await.unwrap();
        tx.publish(&Painted { key: "k".into() }).unwrap();
        tx.publish(&Counted { key: "k".into(), n }).unwrap();
        tx.publish(&Painted { key: "k".into() }).unwrap();
        tx.commit().await.unwrap();
    }
    eventually("the outbox is empty", LIMIT, async || count(&shop, "outbox").await == 0).await;
    quiet(&[&node, &ear]).await;
    assert_eq!(noted(&db, "ear", "k").await, [1, 2, 3, 4, 5]);
    assert_eq!(count(&db, "parked").await, 0);
}
