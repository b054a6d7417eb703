//! Properties of all relays: SQLite's, and both of Postgres.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use kernel::Message;
use messaging::{Group, Options, Process, Publish, Subscriptions, memory::Memory};
use storage::Backend;
use testkit::eventually;

use super::{Place, Sequence, write};
use crate::world::*;

macro_rules! on_every_relay {
    ($($check:ident),* $(,)?) => {
        on_every_relay!(@ sqlite, $($check),*);
        on_every_relay!(@ ticks, $($check),*);
        on_every_relay!(@ log, $($check),*);
    };
    (@ $way:ident, $($check:ident),*) => {
        mod $way {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                super::$check(super::Place::$way().await).await;
            })*
        }
    };
}

on_every_relay!(
    messages_come_once_and_in_the_order_of_their_key,
    what_was_rolled_back_never_happened,
    whoever_starts_goes_on_where_the_last_one_was_killed,
    a_backlog_is_worked_off_in_order,
    a_commit_wakes_an_idle_relay,
    nothing_is_forgotten_before_every_group_has_it,
    a_group_that_fell_behind_misses_nothing,
    two_contenders_apply_everything_once,
    whoever_lost_its_lease_removes_nothing,
);

fn soon(place: &Place) -> Options {
    let soon = Duration::from_millis(20);
    Options { poll_sqlite: soon, poll_postgres: soon, reclaim_every: soon, ..place.options() }
}

fn far(link: &Arc<Memory>) -> Group {
    Group { name: "far", channels: BTreeSet::from([Counted::CHANNEL]), link: link.clone() }
}

async fn messages_come_once_and_in_the_order_of_their_key(place: Place) {
    let running = place.start(place.options()).await;
    write(&place.shop, 5, 25).await;
    running.quiet(LIMIT).await.unwrap();
    place.assert_complete(5, 40).await;
    running.drain(LIMIT).await.unwrap();
    place.forgotten().await;
}

async fn what_was_rolled_back_never_happened(place: Place) {
    let running = place.start(soon(&place)).await;
    let mut tx = place.shop.begin().await.unwrap();
    tx.publish(&Counted { key: "k0".into(), n: 1 }).unwrap();
    tx.rollback().await.unwrap();
    publish(&place.shop, "k0", [1, 2]).await;
    running.quiet(LIMIT).await.unwrap();
    place.assert_complete(1, 2).await;
    place.forgotten().await;
}

async fn whoever_starts_goes_on_where_the_last_one_was_killed(place: Place) {
    for round in 1..=3 {
        publish(&place.shop, "k", 1..=10).await;
        let running = place.start(place.options()).await;
        publish(&place.shop, "k", 1..=10).await;
        place.heard(20 * round - 5).await;
        // The lease runs out before the next one gets it.
        drop(running);
    }
    let running = place.start(place.options()).await;
    place.heard(60).await;
    running.quiet(LIMIT).await.unwrap();
    place.assert_complete(1, 60).await;
}

async fn a_backlog_is_worked_off_in_order(place: Place) {
    for _ in 0..20 {
        let mut tx = place.shop.begin().await.unwrap();
        for n in 0..100 {
            tx.publish(&Counted { key: format!("k{}", n % 4), n }).unwrap();
        }
        tx.commit().await.unwrap();
    }
    let running = place.start(soon(&place)).await;
    place.heard(2_000).await;
    place.assert_complete(4, 500).await;
    place.forgotten().await;
    running.drain(LIMIT).await.unwrap();
}

/// Nobody polls within the test.
async fn a_commit_wakes_an_idle_relay(place: Place) {
    let options = place.options();
    let running = place.start(options.clone()).await;
    running.drain(LIMIT).await.unwrap();
    let never = LIMIT * 100;
    let deaf = Options { poll_sqlite: never, poll_postgres: never, ..options };
    let running = place.start(deaf).await;
    for n in 1..=5 {
        publish(&place.shop, "k", [n]).await;
        place.heard(usize::try_from(n).unwrap()).await;
    }
    running.quiet(LIMIT).await.unwrap();
    place.assert_complete(1, 5).await;
}

async fn nothing_is_forgotten_before_every_group_has_it(place: Place) {
    let link = Memory::to("far");
    let running = place.start_with(soon(&place), vec![far(&link)]).await;
    publish(&place.shop, "k", 1..=10).await;
    place.heard(10).await;
    let mut tx = place.shop.begin().await.unwrap();
    tx.publish(&Painted { key: "p".into() }).unwrap();
    tx.commit().await.unwrap();
    let gauges = running.gauges();
    eventually("it is read", LIMIT, async || gauges.read().published == 11).await;
    assert_eq!(count(&place.shop, "outbox").await, 11);
    let db = place.database("far").await;
    let hears = Subscriptions::of("far").on::<Counted>(Arc::new(Sequence));
    let other = Process::start_with(vec![module("far", &db, hears)], patient());
    link.connect(other.inlet());
    place.forgotten().await;
    assert_eq!(noted(&db, "far", "k").await, (1..=10).collect::<Vec<_>>());
}

async fn a_group_that_fell_behind_misses_nothing(place: Place) {
    let link = Memory::to("far");
    let options = Options { window: 8, ..soon(&place) };
    let running = place.start_with(options, vec![far(&link)]).await;
    write(&place.shop, 5, 25).await;
    place.heard(200).await;
    assert_eq!(running.gauges().distance("far").behind, 1);
    let db = place.database("far").await;
    let hears = Subscriptions::of("far").on::<Counted>(Arc::new(Sequence));
    let other = Process::start_with(vec![module("far", &db, hears)], patient());
    link.connect(other.inlet());
    write(&place.shop, 5, 25).await;
    place.forgotten().await;
    let heard = effects(&db, "far").await;
    assert_eq!(heard.len(), 5);
    for (key, numbers) in heard {
        assert_eq!(numbers, (1..=80).collect::<Vec<_>>(), "{key}");
    }
    assert_eq!(count(&db, "parked").await, 0, "nothing came too early");
}

async fn two_contenders_apply_everything_once(place: Place) {
    let one = place.start(soon(&place)).await;
    let elsewhere = place.elsewhere().await;
    let hears = Subscriptions::of("ear").on::<Counted>(Arc::new(Sequence));
    let ear = place.database("ear").await;
    let modules =
        vec![module("shop", &elsewhere, Subscriptions::of("shop")), module("ear", &ear, hears)];
    let other = Process::start_with(modules, soon(&place));
    tokio::join!(write(&place.shop, 5, 25), write(&elsewhere, 5, 25));
    place.heard(400).await;
    one.drain(LIMIT).await.unwrap();
    write(&elsewhere, 5, 25).await;
    place.heard(600).await;
    place.assert_complete(5, 120).await;
    drop(other);
}

async fn whoever_lost_its_lease_removes_nothing(place: Place) {
    if place.shop.backend() == Backend::Sqlite {
        // There are no leases: one process relays a file, and marks make others harmless.
        return;
    }
    let options = Options { reclaim_every: LIMIT * 100, ..soon(&place) };
    let running = place.start(options).await;
    publish(&place.shop, "k", 1..=10).await;
    place.heard(10).await;
    let usurp = "UPDATE relay_state SET owner = 'another', epoch = epoch + 1, \
                 until = CAST(extract(epoch FROM clock_timestamp() + interval '1 day') * 1000000 AS BIGINT)";
    script(&place.shop, usurp).await;
    // At its end a relay removes what was applied.
    running.drain(LIMIT).await.unwrap();
    assert_eq!(count(&place.shop, "outbox").await, 10);
    script(&place.shop, "UPDATE relay_state SET until = 0").await;
    let running = place.open(&soon(&place), Vec::new());
    eventually("its successor removes them", LIMIT, async || {
        count(&place.shop, "outbox").await == 0
    })
    .await;
    running.drain(LIMIT).await.unwrap();
    place.assert_complete(1, 10).await;
}
