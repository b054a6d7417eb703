//! What lists and timelines show, and to whom.

use history_api::{Error, Filter, Source};
use kernel::{PageRequest, Version};
use orders_api::{DeliveryStatus, OrderCancelled, OrderExpired, PaymentStatus, Status};
use payments_api::{PaymentAuthorized, PaymentRefunded};

use super::world::{Life, Place, World, euros, silent};
use crate::{RebuildError, Settings};

async fn an_order_is_followed_from_its_beginning_to_its_parcel(place: Place) {
    let world = World::open(place).await;
    let life = Life::new();
    world.tell(&life.placed()).await;
    let entry = world.entry(&life).await;
    assert_eq!((entry.status, entry.payment_status), (Status::Pending, PaymentStatus::None));
    assert_eq!((entry.total, entry.lines[0].quantity), (euros(4488), 2));
    assert_eq!((entry.version, entry.payment), (Version(1), life.payment));

    world.tell(&life.paid()).await;
    world.tell(&life.completed()).await;
    world.tell(&life.prepared()).await;
    let entry = world.entry(&life).await;
    assert_eq!((entry.status, entry.payment_status), (Status::Completed, PaymentStatus::Paid));
    assert_eq!((entry.delivery_status, entry.version), (DeliveryStatus::Preparing, Version(3)));

    let timeline = world.timeline(&life).await.unwrap();
    let told: Vec<_> =
        timeline.iter().map(|it| (it.source, it.moment.what.as_str(), it.moment.at)).collect();
    let expected = [
        (Source::Orders, "order-placed", life.second(0)),
        (Source::Payments, "payment-completed", life.second(1)),
        (Source::Orders, "order-completed", life.second(2)),
        (Source::Deliveries, "shipment-prepared", life.second(3)),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_order_is_followed_here() {
    an_order_is_followed_from_its_beginning_to_its_parcel(Place::Here).await;
}

#[tokio::test]
async fn an_order_is_followed_over_the_wire() {
    an_order_is_followed_from_its_beginning_to_its_parcel(Place::There).await;
}

#[tokio::test]
async fn an_order_is_followed_on_postgres() {
    an_order_is_followed_from_its_beginning_to_its_parcel(Place::OnPostgres).await;
}

#[tokio::test]
async fn what_is_told_before_its_order_is_shown_with_it() {
    let world = World::open(Place::Here).await;
    let life = Life::new();
    world.tell(&life.prepared()).await;
    world.tell(&life.paid()).await;
    world.tell(&life.completed()).await;
    assert_eq!(world.list(&life, Filter::default()).await, []);
    assert_eq!(world.timeline(&life).await, Err(Error::UnknownOrder(life.order)));
    world.tell(&life.placed()).await;
    let entry = world.entry(&life).await;
    assert_eq!((entry.status, entry.payment_status), (Status::Completed, PaymentStatus::Paid));
    assert_eq!(entry.delivery_status, DeliveryStatus::Preparing);
    assert_eq!(world.timeline(&life).await.unwrap().len(), 4);
}

#[tokio::test]
async fn money_that_was_set_aside_is_free_again_when_its_order_ends_without_it() {
    let world = World::open(Place::Here).await;
    let life = Life::new();
    world.tell(&life.placed()).await;
    let authorized = PaymentAuthorized {
        payment: life.payment,
        order: life.order,
        customer: life.customer,
        amount: euros(4488),
        version: Version(2),
        at: life.second(1),
    };
    world.tell(&authorized).await;
    let of = |status| Filter { payment_status: Some(status), ..Filter::default() };
    assert_eq!(world.list(&life, of(PaymentStatus::Authorized)).await.len(), 1);
    let expired = OrderExpired {
        order: life.order,
        number: life.placed().number,
        customer: life.customer,
        contact: None,
        version: Version(2),
        at: life.second(900),
    };
    world.tell(&expired).await;
    assert_eq!(world.entry(&life).await.payment_status, PaymentStatus::None);
    assert_eq!(world.list(&life, of(PaymentStatus::Authorized)).await, []);
    assert_eq!(world.list(&life, of(PaymentStatus::None)).await.len(), 1);
}

#[tokio::test]
async fn only_whoever_ordered_sees_it() {
    let world = World::open(Place::Here).await;
    let (life, stranger) = (Life::new(), Life::new());
    world.tell(&life.placed()).await;
    assert_eq!(world.list(&stranger, Filter::default()).await, []);
    let peeping = Life { order: life.order, ..stranger };
    assert_eq!(world.timeline(&peeping).await, Err(Error::UnknownOrder(life.order)));
}

async fn a_list_is_filtered_and_read_page_by_page_the_newest_first(place: Place) {
    let world = World::open(place).await;
    let first = Life::new();
    let lives: Vec<Life> =
        std::iter::once(first).chain((0..6).map(|_| Life::of(first.customer))).collect();
    for life in &lives {
        world.tell(&life.placed()).await;
    }
    for life in &lives[..3] {
        world.tell(&life.paid()).await;
        world.tell(&life.completed()).await;
    }
    let cancelled = OrderCancelled {
        order: lives[3].order,
        number: lives[3].placed().number,
        customer: first.customer,
        contact: None,
        reason: "changed my mind".to_owned(),
        version: Version(2),
        at: lives[3].second(5),
    };
    world.tell(&cancelled).await;
    let refunded = PaymentRefunded {
        payment: lives[0].payment,
        order: lives[0].order,
        customer: first.customer,
        amount: euros(100),
        refunded: 100,
        captured: 4488,
        version: Version(3),
        at: lives[0].second(9),
    };
    world.tell(&refunded).await;

    let found = async |filter: Filter| -> Vec<usize> {
        let list = world.list(&first, filter).await;
        let place = |order| lives.iter().position(|life| life.order == order).unwrap();
        list.into_iter().map(|entry| place(entry.order)).collect()
    };
    let all = Filter::default();
    assert_eq!(found(all.clone()).await, [6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(found(Filter { status: Some(Status::Completed), ..all.clone() }).await, [2, 1, 0]);
    assert_eq!(found(Filter { status: Some(Status::Cancelled), ..all.clone() }).await, [3]);
    let paid = Some(PaymentStatus::Paid);
    assert_eq!(found(Filter { payment_status: paid, ..all.clone() }).await, [2, 1]);
    let partly = Some(PaymentStatus::PartiallyRefunded);
    assert_eq!(found(Filter { payment_status: partly, ..all.clone() }).await, [0]);
    let (from, to) = (Some(lives[2].second(0)), Some(lives[5].second(0)));
    let between = Filter { placed_from: from, placed_to: to, ..all.clone() };
    assert_eq!(found(between).await, [4, 3, 2]);

    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let page = world.page(first.customer, all.clone(), PageRequest { limit: 3, after }).await;
        read.extend(page.items.iter().map(|entry| entry.order));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let expected: Vec<_> = lives.iter().rev().map(|life| life.order).collect();
    assert_eq!(read, expected);
}

#[tokio::test]
async fn a_list_is_filtered_and_paged_on_sqlite() {
    a_list_is_filtered_and_read_page_by_page_the_newest_first(Place::Here).await;
}

#[tokio::test]
async fn a_list_is_filtered_and_paged_on_postgres() {
    a_list_is_filtered_and_read_page_by_page_the_newest_first(Place::OnPostgres).await;
}

#[tokio::test]
async fn a_rebuild_whose_sources_do_not_answer_changes_nothing() {
    let world = World::open(Place::Here).await;
    let life = Life::new();
    world.tell(&life.placed()).await;
    for _ in 0..2 {
        let failed = crate::rebuild(&world.db, &silent(), &Settings::default(), |_| {}).await;
        assert!(matches!(failed, Err(RebuildError::Source("orders", _))), "{failed:?}");
    }
    world.tell(&life.completed()).await;
    assert_eq!(world.entry(&life).await.status, Status::Completed);
}
