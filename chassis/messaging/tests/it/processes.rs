//! Several processes on one database.

use std::time::Duration;

use messaging::{Options, Process, Publish, Subscriptions};
use testkit::eventually;

use crate::world::*;

on_both!(
    what_another_process_published_is_found,
    two_processes_with_the_same_modules_apply_everything_once,
);

fn soon() -> Options {
    let poll = Duration::from_millis(20);
    Options { poll_sqlite: poll, poll_postgres: poll, ..patient() }
}

async fn what_another_process_published_is_found(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let elsewhere = world.database("shop").await;
    let running = listen(&shop, &db, &Ear::new(), soon());
    for n in [1, 3, 5] {
        publish(&elsewhere, "k", [n]).await;
        publish(&shop, "k", [n + 1]).await;
    }
    publish(&elsewhere, "k", [7]).await;
    eventually("all is applied", LIMIT, async || noted(&db, "ear", "k").await.len() == 7).await;
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "ear", "k").await, [1, 2, 3, 4, 5, 6, 7]);
}

async fn two_processes_with_the_same_modules_apply_everything_once(world: World) {
    let mut processes = Vec::new();
    for _ in 0..2 {
        let (shop, db) = (world.database("shop").await, world.database("ear").await);
        let running = listen(&shop, &db, &Ear::new(), soon());
        processes.push((shop, db, running));
    }
    for n in 1..=30 {
        let (shop, ..) = &processes[n as usize % 2];
        publish(shop, "a", [n]).await;
        publish(shop, "b", [n]).await;
    }
    let db = processes[0].1.clone();
    let applied = async || {
        let effects = effects(&db, "ear").await;
        effects.values().map(Vec::len).sum::<usize>() >= 60
    };
    eventually("all is applied", LIMIT, applied).await;
    let (shop, _, first) = processes.remove(0);
    first.drain(LIMIT).await.unwrap();
    publish(&shop, "a", [31]).await;
    eventually("the other one goes on", LIMIT, async || noted(&db, "ear", "a").await.len() == 31)
        .await;
    assert_eq!(noted(&db, "ear", "a").await, (1..=31).collect::<Vec<_>>());
    assert_eq!(noted(&db, "ear", "b").await, (1..=30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_process_with_nothing_to_say_or_hear_stops() {
    let world = World::sqlite();
    let shop = world.database("shop").await;
    let running = Process::start(vec![module("shop", &shop, Subscriptions::of("shop"))]);
    let mut tx = shop.begin().await.unwrap();
    tx.publish(&Painted { key: "k".into() }).unwrap();
    tx.commit().await.unwrap();
    running.quiet(LIMIT).await.unwrap();
    running.drain(LIMIT).await.unwrap();
    assert_eq!(count(&shop, "outbox").await, 0, "nobody listens, so it is forgotten");
}

#[tokio::test]
async fn a_pulse_tells_that_something_ended_unless_it_was_to_stop() {
    let world = World::sqlite();
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let running = listen(&shop, &db, &Ear::new(), patient());
    let pulse = running.pulse();
    pulse.check().unwrap();
    running.drain(LIMIT).await.unwrap();
    pulse.check().unwrap();
    let running = listen(&shop, &db, &Ear::new(), patient());
    let pulse = running.pulse();
    publish(&shop, "k", [1]).await;
    running.quiet(LIMIT).await.unwrap();
    drop(running);
    eventually("it is known", LIMIT, async || pulse.check().is_err()).await;
    let ended = pulse.check().unwrap_err().to_string();
    assert!(ended.ends_with("has ended: restart this process"), "{ended}");
}
