//! A message that fails holds back its own key only.

use std::sync::atomic::Ordering;

use messaging::{
    Options, Publish,
    parked::{self, State},
};
use testkit::eventually;

use crate::world::*;

on_both!(
    a_failing_message_is_parked_with_its_key_and_applied_later_in_order,
    what_cannot_be_read_is_parked_at_once_until_a_person_drops_it,
    what_concerns_nobody_keeps_its_place_behind_a_failure,
    a_panic_harms_its_own_message_only,
    parked_messages_survive_a_restart,
    when_everything_fails_messages_are_not_parked_one_and_all,
    one_that_fails_among_many_holds_back_its_own_key_only,
);

/// Each message in a transaction of its own, so that tries can be counted.
fn long_pauses() -> Options {
    let pause = LIMIT * 100;
    Options { first_pause: pause, longest_pause: pause, together: 1, ..Options::default() }
}

async fn a_failing_message_is_parked_with_its_key_and_applied_later_in_order(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let ear = Ear::new();
    ear.fails.store(2, Ordering::SeqCst);
    let running = listen(&shop, &db, &ear, long_pauses());
    publish(&shop, "bad", 1..=4).await;
    publish(&shop, "good", 11..=14).await;
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "ear", "bad").await, [1]);
    assert_eq!(noted(&db, "ear", "good").await, [11, 12, 13, 14]);
    assert_eq!(ear.calls.load(Ordering::SeqCst), 1 + 3 + 4, "three tries of the one that fails");

    let waiting = parked::list(&db, 10).await.unwrap();
    let states: Vec<_> = waiting.iter().map(|it| (it.place.seq, it.attempts, it.state)).collect();
    let expected = [(2, 3, State::Waiting), (3, 0, State::Waiting), (4, 0, State::Waiting)];
    assert_eq!(states, expected);
    assert_eq!(waiting[0].reason, "told to fail");

    ear.fails.store(-1, Ordering::SeqCst);
    assert!(parked::retry(&db, &waiting[0].place).await.unwrap());
    eventually("nothing is parked", LIMIT, async || count(&db, "parked").await == 0).await;
    publish(&shop, "bad", [5]).await;
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "ear", "bad").await, [1, 2, 3, 4, 5]);
}

async fn what_cannot_be_read_is_parked_at_once_until_a_person_drops_it(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let ear = Ear::new();
    let running = listen(&shop, &db, &ear, patient());
    let mut tx = shop.begin().await.unwrap();
    tx.publish(&Garbled { key: "k".into() }).unwrap();
    tx.publish(&Counted { key: "k".into(), n: 2 }).unwrap();
    tx.commit().await.unwrap();
    running.quiet(LIMIT).await.unwrap();
    let waiting = parked::list(&db, 10).await.unwrap();
    assert_eq!(waiting[0].state, State::Dead);
    assert!(waiting[0].reason.contains("missing field `n`"), "{}", waiting[0].reason);
    assert_eq!((waiting.len(), ear.calls.load(Ordering::SeqCst)), (2, 0));
    assert_eq!(running.gauges().read().failures, 1, "one try");

    assert!(parked::drop(&db, &waiting[0].place).await.unwrap());
    eventually("nothing is parked", LIMIT, async || count(&db, "parked").await == 0).await;
    assert_eq!(noted(&db, "ear", "k").await, [2]);
    assert!(!parked::retry(&db, &waiting[0].place).await.unwrap(), "it is gone");
}

async fn what_concerns_nobody_keeps_its_place_behind_a_failure(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let ear = Ear::new();
    ear.fails.store(1, Ordering::SeqCst);
    let running = listen(&shop, &db, &ear, long_pauses());
    let mut tx = shop.begin().await.unwrap();
    for n in 1..=3 {
        tx.publish(&Painted { key: "k".into() }).unwrap();
        tx.publish(&Counted { key: "k".into(), n }).unwrap();
    }
    tx.commit().await.unwrap();
    running.quiet(LIMIT).await.unwrap();
    let waiting = parked::list(&db, 10).await.unwrap();
    let places: Vec<_> = waiting.iter().map(|it| it.place.seq).collect();
    assert_eq!(places, [2, 3, 4, 5, 6]);
    ear.fails.store(-1, Ordering::SeqCst);
    assert!(parked::retry(&db, &waiting[0].place).await.unwrap());
    eventually("nothing is parked", LIMIT, async || count(&db, "parked").await == 0).await;
    assert_eq!(noted(&db, "ear", "k").await, [1, 2, 3]);
}

async fn a_panic_harms_its_own_message_only(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let ear = Ear::new();
    ear.panics.store(1, Ordering::SeqCst);
    let running = listen(&shop, &db, &ear, long_pauses());
    publish(&shop, "k", 1..=2).await;
    publish(&shop, "other", 11..=12).await;
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "ear", "k").await, [0; 0]);
    assert_eq!(noted(&db, "ear", "other").await, [11, 12]);
    let waiting = parked::list(&db, 10).await.unwrap();
    assert_eq!((waiting.len(), &*waiting[0].reason), (2, "the handler panicked"));
}

async fn parked_messages_survive_a_restart(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let ear = Ear::new();
    ear.fails.store(1, Ordering::SeqCst);
    let running = listen(&shop, &db, &ear, patient());
    publish(&shop, "k", 1..=5).await;
    eventually("they are parked", LIMIT, async || count(&db, "parked").await == 5).await;
    running.drain(LIMIT).await.unwrap();
    assert_eq!(count(&shop, "outbox").await, 0, "parked is acknowledged");
    let running = listen(&shop, &db, &Ear::new(), patient());
    eventually("nothing is parked", LIMIT, async || count(&db, "parked").await == 0).await;
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "ear", "k").await, [1, 2, 3, 4, 5]);
}

async fn when_everything_fails_messages_are_not_parked_one_and_all(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let ear = Ear::new();
    ear.down.store(1, Ordering::SeqCst);
    let options = Options { probe_after: 4, ..patient() };
    let running = listen(&shop, &db, &ear, options);
    for n in 0..100 {
        publish(&shop, &format!("k{n}"), [n]).await;
    }
    eventually("it noticed", LIMIT, async || running.gauges().read().parked >= 3).await;
    let failures = running.gauges().read().failures;
    eventually("it still tries", LIMIT, async || running.gauges().read().failures > failures + 10)
        .await;
    let parked = count(&db, "parked").await;
    assert!(parked < 40, "{parked} of 100 were parked");
    ear.down.store(0, Ordering::SeqCst);
    eventually("all are applied", LIMIT, async || effects(&db, "ear").await.len() == 100).await;
    running.quiet(LIMIT).await.unwrap();
}

/// Those behind it in the lane may have been tried in one transaction with it.
async fn one_that_fails_among_many_holds_back_its_own_key_only(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let mut tx = shop.begin().await.unwrap();
    for n in 1..=40 {
        for key in 0..20 {
            tx.publish(&Counted { key: format!("k{key}"), n: n * 100 + key }).unwrap();
        }
    }
    tx.commit().await.unwrap();
    let ear = Ear::new();
    ear.fails.store(2_007, Ordering::SeqCst);
    ear.panics.store(3_011, Ordering::SeqCst);
    let running = listen(&shop, &db, &ear, Options { together: 16, ..long_pauses() });
    running.quiet(LIMIT).await.unwrap();
    for (key, numbers) in effects(&db, "ear").await {
        let last = match &*key {
            "k7" => 19,
            "k11" => 29,
            _ => 40,
        };
        let key: i64 = key[1..].parse().unwrap();
        let expected: Vec<_> = (1..=last).map(|n| n * 100 + key).collect();
        assert_eq!(numbers, expected, "k{key}");
    }
    assert_eq!(count(&db, "parked").await, 21 + 11);
    assert_eq!(running.gauges().read().applied, 20 * 40 - 21 - 11);
}
