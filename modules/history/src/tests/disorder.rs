//! Facts in any order, and any number of them.

use std::collections::BTreeMap;

use history_api::{Entry, Happened, OrdersOf, TimelineOf};
use kernel::{Moment, PageRequest, Version};
use orders_api::{OrderCancelled, OrderCancelling, Status};
use payments_api::PaymentRefunded;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use storage::Database;
use tokio::runtime::Runtime;

use super::world::{Life, Place, database, euros};
use crate::{
    domain::{Fact, Told},
    store::{self, Target, generations},
};

/// Everything that may be told about one order, in its order.
fn story(life: &Life) -> Vec<Told> {
    let prepared = life.prepared();
    let dispatched = deliveries_api::ShipmentDispatched {
        shipment: life.shipment,
        order: life.order,
        customer: life.customer,
        carrier: prepared.carrier,
        waybill: prepared.waybill,
        lines: Vec::new(),
        overall: orders_api::DeliveryStatus::InTransit,
        version: Version(2),
        at: life.second(4),
    };
    let second = Life { shipment: kernel::Ids::system().next(), ..*life };
    let refund = |version, amount: i64| PaymentRefunded {
        payment: life.payment,
        order: life.order,
        customer: life.customer,
        amount: euros(amount),
        refunded: amount,
        captured: 4488,
        version: Version(version),
        at: life.second(version + 5),
    };
    let cancelling = OrderCancelling {
        order: life.order,
        customer: life.customer,
        reason: "changed my mind".to_owned(),
        version: Version(5),
        at: life.second(20),
    };
    let cancelled = OrderCancelled {
        order: life.order,
        number: life.placed().number,
        customer: life.customer,
        contact: None,
        reason: "changed my mind".to_owned(),
        version: Version(6),
        at: life.second(21),
    };
    let mut told: Vec<Told> = vec![
        life.placed().into(),
        life.paid().into(),
        life.completed().into(),
        life.prepared().into(),
        second.prepared().into(),
        dispatched.into(),
        refund(3, 1000).into(),
        refund(4, 4488).into(),
        cancelling.into(),
        cancelled.into(),
    ];
    // A record, as a rebuild tells it: all at once, with the moments that the owner remembers.
    let moments = told.iter().filter(|it| matches!(it.fact, Fact::Payment(_)));
    let moments: Vec<Moment> = moments.flat_map(|it| it.moments.clone()).collect();
    let last = told[7].fact.clone();
    told.push(Told { fact: last, moments });
    told
}

/// What readers see.
async fn seen(db: &Database, life: &Life) -> (Vec<Entry>, Vec<Happened>) {
    let (customer, order, page) = (life.customer, life.order, PageRequest::default());
    let list = OrdersOf { customer, filter: Default::default(), page: page.clone(), after: None };
    let list = store::page(db, &list, None).await.unwrap();
    let timeline = TimelineOf { customer, order, page, after: None };
    let timeline = store::timeline(db, &timeline, None).await.unwrap();
    (list.items, timeline.items)
}

async fn merge(db: &Database, told: &Told) {
    let tx = db.begin().await.unwrap();
    store::merge(&tx, Target::Live, told).await.unwrap();
    tx.commit().await.unwrap();
}

/// Tells a story in its order, and once more from the beginning in disorder and with repetitions: readers see
/// the same.
async fn told_twice(db: &Database, disorder: &[usize]) {
    let life = Life::new();
    let story = story(&life);
    for told in &story {
        merge(db, told).await;
    }
    let expected = seen(db, &life).await;
    assert_eq!(expected.0[0].status, Status::Cancelled);

    forget(db).await;
    for place in disorder {
        merge(db, &story[*place]).await;
    }
    assert_eq!(seen(db, &life).await, expected);
    forget(db).await;
}

/// Begins a new, empty generation.
async fn forget(db: &Database) {
    let generation = generations::begin(db).await.unwrap();
    assert!(generations::show(db, generation).await.unwrap());
}

/// Every place of the story at least once, some again, in any order.
fn disorder() -> impl Strategy<Value = Vec<usize>> {
    let again = proptest::collection::vec(0..STORY, 0..6);
    again.prop_flat_map(|again| Just((0..STORY).chain(again).collect::<Vec<_>>()).prop_shuffle())
}

const STORY: usize = 11;

fn any_order_comes_to_the_same(place: Place, cases: u32) {
    let runtime = Runtime::new().unwrap();
    let files = tempfile::tempdir().unwrap();
    let db = runtime.block_on(async {
        let db = database(place, &files).await;
        generations::first(&db).await.unwrap();
        db
    });
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&disorder(), |disorder| {
        runtime.block_on(told_twice(&db, &disorder));
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn any_order_comes_to_the_same_on_sqlite() {
    any_order_comes_to_the_same(Place::Here, 64);
}

#[test]
fn any_order_comes_to_the_same_on_postgres() {
    any_order_comes_to_the_same(Place::OnPostgres, 16);
}

#[tokio::test]
async fn two_who_tell_about_one_order_at_once_do_not_lose_anything() {
    let files = tempfile::tempdir().unwrap();
    let db = database(Place::OnPostgres, &files).await;
    generations::first(&db).await.unwrap();
    for _ in 0..10 {
        let life = Life::new();
        let story = story(&life);
        let tellers: Vec<_> = story
            .iter()
            .cloned()
            .map(|told| {
                let db = db.clone();
                tokio::spawn(async move { merge(&db, &told).await })
            })
            .collect();
        for teller in tellers {
            teller.await.unwrap();
        }
        let at_once = seen(&db, &life).await;
        let mut last: BTreeMap<String, Version> = BTreeMap::new();
        for Happened { thing, moment, .. } in &at_once.1 {
            let version = last.entry(thing.clone()).or_insert(moment.version);
            *version = (*version).max(moment.version);
        }
        assert_eq!(last.len(), 4, "{last:?}");
        let entry = &at_once.0[0];
        assert_eq!(entry.status, Status::Cancelled);
        assert_eq!(entry.delivery_status, orders_api::DeliveryStatus::InTransit);
        assert_eq!(entry.payment_status, orders_api::PaymentStatus::Refunded);
    }
}
