//! Plans: that each of their paths ends, and what a binary does with one that it does not have.

use std::{sync::Arc, time::Duration};

use saga::{Abandoned, Engine, Filter, SagaId, Status, explore};
use testkit::eventually;

use crate::{
    trip::{self, OldTrip, Parcel, Travel, Trip},
    world::{CHANNEL, LIMIT, Say, World, now},
};

on_both! {
    an_instance_of_an_unknown_plan_is_left_alone_until_a_binary_has_it,
    sagas_are_listed_counted_and_forgotten,
}

#[test]
fn every_path_of_the_toy_plans_ends() {
    let trip = explore(&[Trip::new("rome")]);
    let parcel = explore(&[Parcel(Trip::new("rome"))]);
    assert!(trip.states > parcel.states && parcel.paths > 10, "{trip}; {parcel}");
}

async fn an_instance_of_an_unknown_plan_is_left_alone_until_a_binary_has_it(world: World) {
    let db = world.travel().await;
    let old = Engine::new(db.clone(), CHANNEL, world.clock.clone());
    let old = old.runs::<OldTrip>(Arc::new(Travel));
    let mut tx = db.begin().await.unwrap();
    let id = old.start(&mut tx, &OldTrip(Trip::new("rome"))).await.unwrap();
    tx.commit().await.unwrap();
    drop((old, db));

    let site = world.start().await;
    let parked = async || site.running.gauges().read().parked > 0;
    eventually("the answer is parked", LIMIT, parked).await;
    world.clock.advance(trip::LIMIT);
    assert_eq!(site.engine.sweep().await.unwrap(), 0);
    let mut tx = site.db.begin().await.unwrap();
    assert_eq!(site.engine.abandon(&mut tx, &id, "it rains").await.unwrap(), Abandoned::Unknown);
    drop(tx);
    let seen = site.engine.inspect(&id).await.unwrap().unwrap();
    assert!(!seen.summary.known && seen.steps.is_empty() && seen.log.len() == 1);
    assert_eq!(site.engine.census().await.unwrap().unknown, 1);
    drop(site);

    let db = world.travel().await;
    let both = world.engine(&db).runs::<OldTrip>(Arc::new(Travel));
    let site = world.start_with(db, both).await;
    site.reaches(&id, Status::Completed).await;
    assert_eq!(site.noted("rome").await, ["arrived"]);
    assert_eq!(site.engine.census().await.unwrap().unknown, 0);
}

async fn sagas_are_listed_counted_and_forgotten(world: World) {
    let site = world.start().await;
    let done = site.begin(&Trip::new("a")).await;
    site.reaches(&done, Status::Completed).await;
    site.desk.says("money", &[Say::Nothing]);
    let open = site.begin(&Trip::new("b")).await;
    site.asks("b", "money").await;

    let ids = async |filter: Filter| -> Vec<String> {
        site.engine.list(&filter).await.unwrap().into_iter().map(|it| it.id).collect()
    };
    assert_eq!(ids(Filter::default()).await, ["trip:a", "trip:b"]);
    let running = Filter { status: Some(Status::Running), ..Filter::default() };
    assert_eq!(ids(running).await, ["trip:b"]);
    let parcels = Filter { name: Some("parcel".to_owned()), ..Filter::default() };
    assert!(ids(parcels).await.is_empty());
    let rest = Filter { after: Some(SagaId::of::<Trip>("a")), ..Filter::default() };
    assert_eq!(ids(rest).await, ["trip:b"]);
    let summary = site.engine.inspect(&open).await.unwrap().unwrap().summary;
    assert_eq!(summary.step, "money");
    assert_eq!(summary.due_at, Some(now(&world).plus(trip::LIMIT)));

    let census = site.engine.census().await.unwrap();
    assert_eq!((census.open, census.unknown, census.ended), (1, 0, 1));
    let tx = site.db.begin().await.unwrap();
    let later = now(&world).plus(Duration::from_secs(1));
    assert_eq!(site.engine.forget(&tx, later).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(ids(Filter::default()).await, ["trip:b"]);
}
