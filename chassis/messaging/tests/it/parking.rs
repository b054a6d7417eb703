//! A message that fails holds back its own key only.

use std::sync::atomic::Ordering;

use messaging::{
    Options, Publish,
    parked::{self, Filter, Parked, Place, State, Turn},
};
use serde_json::value::to_raw_value;
use storage::{Backend, Database};
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
    what_is_parked_is_found_by_what_is_known_of_it_and_read_in_pages,
    an_edited_message_is_applied_as_edited,
    what_people_do_while_a_message_is_tried_is_not_overwritten,
    a_parked_message_that_comes_again_is_applied_as_it_is_parked,
);

/// What is parked.
async fn list(db: &Database) -> Vec<Parked> {
    parked::list(db, &Filter::default(), 10).await.unwrap()
}

/// Does something to a parked message; gives it as it is then, if it is parked.
async fn turn(db: &Database, place: &Place, turn: Turn) -> Option<Parked> {
    let mut tx = db.begin().await.unwrap();
    let found = parked::lock(&tx, place).await.unwrap()?;
    let turned = parked::turn(&mut tx, &found, turn).await.unwrap();
    tx.commit().await.unwrap();
    Some(turned)
}

fn edit(n: i64) -> Turn {
    Turn::Edit(to_raw_value(&Counted { key: "k".into(), n }).unwrap())
}

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

    let waiting = list(&db).await;
    let states: Vec<_> = waiting.iter().map(|it| (it.place.seq, it.attempts, it.state)).collect();
    let expected = [(2, 3, State::Waiting), (3, 0, State::Waiting), (4, 0, State::Waiting)];
    assert_eq!(states, expected);
    assert_eq!(waiting[0].reason, "told to fail");

    ear.fails.store(-1, Ordering::SeqCst);
    turn(&db, &waiting[0].place, Turn::Retry).await.unwrap();
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
    let waiting = list(&db).await;
    assert_eq!(waiting[0].state, State::Dead);
    assert!(waiting[0].reason.contains("missing field `n`"), "{}", waiting[0].reason);
    assert_eq!((waiting.len(), ear.calls.load(Ordering::SeqCst)), (2, 0));
    assert_eq!(running.gauges().read().failures, 1, "one try");

    turn(&db, &waiting[0].place, Turn::Drop).await.unwrap();
    eventually("nothing is parked", LIMIT, async || count(&db, "parked").await == 0).await;
    assert_eq!(noted(&db, "ear", "k").await, [2]);
    assert!(turn(&db, &waiting[0].place, Turn::Retry).await.is_none(), "it is gone");
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
    let waiting = list(&db).await;
    let places: Vec<_> = waiting.iter().map(|it| it.place.seq).collect();
    assert_eq!(places, [2, 3, 4, 5, 6]);
    ear.fails.store(-1, Ordering::SeqCst);
    turn(&db, &waiting[0].place, Turn::Retry).await.unwrap();
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
    let waiting = list(&db).await;
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

async fn what_is_parked_is_found_by_what_is_known_of_it_and_read_in_pages(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let ear = Ear::new();
    ear.down.store(1, Ordering::SeqCst);
    let running = listen(&shop, &db, &ear, Options { probe_after: 1_000, ..long_pauses() });
    for key in ["a", "b", "c"] {
        publish(&shop, key, 1..=2).await;
    }
    running.quiet(LIMIT).await.unwrap();
    let all = list(&db).await;
    assert_eq!(all.len(), 6);
    assert_eq!(all.iter().map(|it| it.waits_for).collect::<Vec<_>>(), [0, 1, 0, 1, 0, 1]);
    assert_eq!(parked::behind_of(&db, &all[0].place).await.unwrap(), 1);
    let of_b = Filter { key: Some("b".into()), ..Filter::default() };
    assert_eq!(parked::list(&db, &of_b, 10).await.unwrap().len(), 2);
    let of_nobody = Filter { subscriber: Some("nobody".into()), ..Filter::default() };
    assert!(parked::list(&db, &of_nobody, 10).await.unwrap().is_empty());
    turn(&db, &all[1].place, Turn::Drop).await.unwrap();
    let dropped = Filter { state: Some(State::Dropped), ..Filter::default() };
    assert_eq!(parked::list(&db, &dropped, 10).await.unwrap()[0].place, all[1].place);
    let (mut filter, mut read) = (Filter::default(), Vec::new());
    loop {
        let page = parked::list(&db, &filter, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.after = Some(last.place.clone());
        read.extend(page.into_iter().map(|it| it.place));
    }
    assert_eq!(read, all.into_iter().map(|it| it.place).collect::<Vec<_>>());
}

async fn an_edited_message_is_applied_as_edited(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let running = listen(&shop, &db, &Ear::new(), patient());
    let mut tx = shop.begin().await.unwrap();
    tx.publish(&Garbled { key: "k".into() }).unwrap();
    tx.commit().await.unwrap();
    publish(&shop, "k", [2]).await;
    running.quiet(LIMIT).await.unwrap();
    let first = list(&db).await.remove(0);
    let edited = turn(&db, &first.place, edit(1)).await.unwrap();
    assert_eq!((edited.state, edited.version), (State::Dead, first.version.next()));
    assert_eq!(edited.envelope.id, first.envelope.id, "it is still the same message");
    turn(&db, &first.place, Turn::Retry).await.unwrap();
    eventually("nothing is parked", LIMIT, async || count(&db, "parked").await == 0).await;
    assert_eq!(noted(&db, "ear", "k").await, [1, 2]);
}

async fn what_people_do_while_a_message_is_tried_is_not_overwritten(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let other = world.database("ear").await; // another process, such as the command line
    let ear = Ear::new();
    ear.fails.store(1, Ordering::SeqCst);
    let running = listen(&shop, &db, &ear, long_pauses());
    publish(&shop, "k", 1..=2).await;
    running.quiet(LIMIT).await.unwrap();
    let first = list(&db).await.remove(0);
    ear.fails.store(-1, Ordering::SeqCst);
    ear.gated.store(1, Ordering::SeqCst);
    let calls = ear.calls.load(Ordering::SeqCst);
    turn(&db, &first.place, Turn::Retry).await.unwrap();
    eventually("it is tried", LIMIT, async || ear.calls.load(Ordering::SeqCst) > calls).await;
    let has_one_writer = db.backend() == Backend::Sqlite;
    if !has_one_writer {
        turn(&other, &first.place, Turn::Drop).await.unwrap();
    }
    ear.gated.store(0, Ordering::SeqCst);
    ear.gate.add_permits(1);
    eventually("nothing is parked", LIMIT, async || count(&db, "parked").await == 0).await;
    let applied: &[i64] = if has_one_writer { &[1, 2] } else { &[2] };
    assert_eq!(noted(&db, "ear", "k").await, applied);
}

/// As after a crash between the commit and its acknowledgement.
async fn a_parked_message_that_comes_again_is_applied_as_it_is_parked(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let ear = Ear::new();
    ear.fails.store(1, Ordering::SeqCst);
    let running = listen(&shop, &db, &ear, long_pauses());
    publish(&shop, "k", [1]).await;
    publish(&shop, "other", [11]).await;
    running.quiet(LIMIT).await.unwrap();
    running.drain(LIMIT).await.unwrap();
    let first = list(&db).await.remove(0);
    turn(&db, &first.place, edit(7)).await.unwrap();
    script(&shop, "DELETE FROM stream_head WHERE key = 'k'").await;
    publish(&shop, "k", [1]).await; // the same place once more
    ear.fails.store(-1, Ordering::SeqCst);
    let running = listen(&shop, &db, &ear, long_pauses());
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "ear", "k").await, [0; 0], "it waits where it is parked");
    eventually("it is acknowledged", LIMIT, async || count(&shop, "outbox").await == 0).await;
    turn(&db, &first.place, Turn::Retry).await.unwrap();
    eventually("nothing is parked", LIMIT, async || count(&db, "parked").await == 0).await;
    assert_eq!(noted(&db, "ear", "k").await, [7]);
}
