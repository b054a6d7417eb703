//! Processes end and begin again at any moment.

use std::sync::atomic::Ordering;

use testkit::eventually;

use super::{Joint, Town, quiet, tidy};
use crate::world::*;

pub(crate) async fn a_receiver_may_stop_and_start_again<J: Joint>(town: Town<J>) {
    receiver(town, false).await;
}

pub(crate) async fn a_receiver_may_die_and_start_again<J: Joint>(town: Town<J>) {
    receiver(town, true).await;
}

async fn receiver<J: Joint>(town: Town<J>, dies: bool) {
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    let writer = tokio::spawn({
        let shop = shop.clone();
        async move {
            for n in 1..=150 {
                publish(&shop, "a", [n]).await;
                publish(&shop, "b", [n]).await;
            }
        }
    });
    for life in 1..=4 {
        let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
        let some = |applied: usize| applied >= life * 20;
        eventually("some are applied", LIMIT, async || some(noted(&db, "ear", "a").await.len()))
            .await;
        if dies {
            ear.kill().await;
        } else {
            ear.drain().await;
        }
    }
    writer.await.unwrap();
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    quiet(&[&node, &ear]).await;
    for key in ["a", "b"] {
        assert_eq!(noted(&db, "ear", key).await, (1..=150).collect::<Vec<_>>(), "{key}");
    }
    assert_eq!(count(&db, "parked").await, 0);
    eventually("the outbox is empty", LIMIT, async || count(&shop, "outbox").await == 0).await;
}

pub(crate) async fn a_receiver_that_dies_before_its_commit_gets_the_message_again<J: Joint>(
    town: Town<J>,
) {
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    let ear = Ear::new();
    ear.gated.store(1, Ordering::SeqCst);
    let (_, first) = town.ear("ear", &ear, patient()).await;
    publish(&shop, "k", 1..=10).await;
    eventually("one is at work", LIMIT, async || ear.calls.load(Ordering::SeqCst) == 1).await;
    assert_eq!(count(&shop, "outbox").await, 10, "delivered is not committed");
    first.kill().await;
    assert_eq!(count(&shop, "outbox").await, 10);
    let (db, second) = town.ear("ear", &Ear::new(), patient()).await;
    quiet(&[&node, &second]).await;
    assert_eq!(noted(&db, "ear", "k").await, (1..=10).collect::<Vec<_>>());
    eventually("the outbox is empty", LIMIT, async || count(&shop, "outbox").await == 0).await;
}

pub(crate) async fn a_sender_may_stop_and_start_again<J: Joint>(town: Town<J>) {
    sender(town, false).await;
}

pub(crate) async fn a_sender_may_die_and_start_again<J: Joint>(town: Town<J>) {
    sender(town, true).await;
}

async fn sender<J: Joint>(town: Town<J>, dies: bool) {
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    let shop = town.world.database("shop").await;
    let writer = tokio::spawn({
        let shop = shop.clone();
        async move {
            for n in 1..=150 {
                publish(&shop, "a", [n]).await;
                publish(&shop, "b", [n]).await;
            }
        }
    });
    for life in 1..=4 {
        let (_, node) = town.shop(&["ear"], tidy()).await;
        let some = |applied: usize| applied >= life * 20;
        eventually("some are applied", LIMIT, async || some(noted(&db, "ear", "a").await.len()))
            .await;
        if dies {
            node.kill().await;
        } else {
            node.drain().await;
        }
    }
    writer.await.unwrap();
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    quiet(&[&node, &ear]).await;
    for key in ["a", "b"] {
        assert_eq!(noted(&db, "ear", key).await, (1..=150).collect::<Vec<_>>(), "{key}");
    }
    eventually("the outbox is empty", LIMIT, async || count(&shop, "outbox").await == 0).await;
}
