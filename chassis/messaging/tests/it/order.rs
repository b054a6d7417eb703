//! Per key, messages are applied in the order of their commits.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use messaging::{Delivery, Failure, Handle, Options, Process, Subscriptions};
use storage::Tx;
use testkit::eventually;

use crate::world::*;

on_both!(
    concurrent_writers_of_one_key_are_heard_in_the_order_of_their_commits,
    a_message_that_comes_too_early_waits_for_those_before_it,
    a_process_that_dies_loses_and_doubles_nothing,
    a_drained_process_finishes_what_it_began_and_leaves_the_rest,
);

/// Notes the sequence number instead of the content.
struct Sequence;

#[async_trait]
impl Handle<Counted> for Sequence {
    async fn handle(&self, tx: &mut Tx, it: Counted, on: &Delivery) -> Result<(), Failure> {
        note(tx, "ear", &it.key, on.envelope().seq).await
    }
}

async fn concurrent_writers_of_one_key_are_heard_in_the_order_of_their_commits(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let hears = Subscriptions::of("ear").on::<Counted>(Arc::new(Sequence));
    let modules = vec![module("shop", &shop, Subscriptions::of("shop")), module("ear", &db, hears)];
    let running = Process::start_with(modules, patient());
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
    running.quiet(LIMIT).await.unwrap();
    let effects = effects(&db, "ear").await;
    assert_eq!(effects.len(), 5);
    for (key, sequence) in effects {
        assert_eq!(sequence, (1..=40).collect::<Vec<_>>(), "{key}");
    }
    assert_eq!(running.gauges().read().parked, 0, "nothing came too early");
}

async fn a_message_that_comes_too_early_waits_for_those_before_it(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    publish(&shop, "k", 1..=3).await;
    script(&shop, "CREATE TABLE late AS SELECT * FROM outbox WHERE seq = 1").await;
    script(&shop, "DELETE FROM outbox WHERE seq = 1").await;
    let poll = Duration::from_millis(20);
    let options = Options { poll_sqlite: poll, poll_postgres: poll, ..patient() };
    let running = listen(&shop, &db, &Ear::new(), options);
    eventually("two wait", LIMIT, async || count(&db, "parked").await == 2).await;
    assert_eq!(noted(&db, "ear", "k").await, [0; 0]);
    let columns = "shard, channel, key, seq, kind, envelope";
    script(&shop, &format!("INSERT INTO outbox ({columns}) SELECT {columns} FROM late")).await;
    eventually("all are applied", LIMIT, async || noted(&db, "ear", "k").await.len() == 3).await;
    assert_eq!(noted(&db, "ear", "k").await, [1, 2, 3]);
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(count(&db, "parked").await, 0);
}

async fn a_process_that_dies_loses_and_doubles_nothing(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let reclaims = Options { reclaim_every: Duration::from_millis(5), ..patient() };
    let writer = tokio::spawn({
        let shop = shop.clone();
        async move {
            for n in 1..=150 {
                publish(&shop, "a", [n]).await;
                publish(&shop, "b", [n]).await;
            }
        }
    });
    for life in 1..=5 {
        let running = listen(&shop, &db, &Ear::new(), reclaims.clone());
        let some = |applied: usize| applied >= life * 20;
        eventually("some are applied", LIMIT, async || some(noted(&db, "ear", "a").await.len()))
            .await;
        drop(running);
    }
    writer.await.unwrap();
    let running = listen(&shop, &db, &Ear::new(), reclaims);
    running.quiet(LIMIT).await.unwrap();
    for key in ["a", "b"] {
        assert_eq!(noted(&db, "ear", key).await, (1..=150).collect::<Vec<_>>(), "{key}");
    }
}

async fn a_drained_process_finishes_what_it_began_and_leaves_the_rest(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let ear = Ear::new();
    ear.gated.store(1, Ordering::SeqCst);
    let running = listen(&shop, &db, &ear, patient());
    publish(&shop, "k", 1..=10).await;
    eventually("one is at work", LIMIT, async || ear.calls.load(Ordering::SeqCst) == 1).await;
    let mut draining = pin!(running.drain(LIMIT));
    assert!(futures::poll!(&mut draining).is_pending(), "a handler is at work");
    ear.gate.add_permits(10);
    draining.await.unwrap();
    assert_eq!(noted(&db, "ear", "k").await, [1]);
    assert!(count(&shop, "outbox").await >= 9);
    let running = listen(&shop, &db, &Ear::new(), patient());
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "ear", "k").await, (1..=10).collect::<Vec<_>>());
}
