//! Readers who know that something has happened.

use std::time::{Duration, Instant};

use history_api::{Error, Filter, OrdersOf};
use kernel::{Fault, PageRequest};
use orders_api::Status;

use super::world::{Life, Place, World};

fn wish(life: &Life, version: u64) -> OrdersOf {
    OrdersOf {
        customer: life.customer,
        filter: Filter::default(),
        page: PageRequest::default(),
        after: Some(life.position(version)),
    }
}

async fn a_reader_waits_for_what_it_knows(place: Place) {
    let world = World::open(place).await;
    let life = Life::new();
    world.announce(&life.placed()).await;
    let list = world.history.orders(wish(&life, 1)).await.unwrap();
    assert_eq!(list.items[0].status, Status::Pending);
    let (list, ()) = tokio::join!(world.history.orders(wish(&life, 3)), async {
        tokio::task::yield_now().await;
        world.announce(&life.completed()).await;
    });
    assert_eq!(list.unwrap().items[0].status, Status::Completed);
}

#[tokio::test]
async fn a_reader_waits_on_sqlite() {
    a_reader_waits_for_what_it_knows(Place::Here).await;
}

#[tokio::test]
async fn a_reader_waits_on_postgres() {
    a_reader_waits_for_what_it_knows(Place::OnPostgres).await;
}

#[tokio::test]
async fn what_does_not_come_is_not_waited_for_any_longer() {
    let world = World::open(Place::There).await;
    let life = Life::new();
    world.tell(&life.placed()).await;
    let begun = Instant::now();
    let refused = world.history.orders(wish(&life, 2)).await.unwrap_err();
    assert_eq!(refused, Error::Behind(life.position(2)));
    assert!(refused.code().retryable() && refused.retry_after().is_some());
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_position_of_somebody_elses_order_tells_nothing() {
    let world = World::open(Place::Here).await;
    let (life, stranger) = (Life::new(), Life::new());
    world.tell(&life.placed()).await;
    let peeping = OrdersOf { customer: stranger.customer, ..wish(&life, 1) };
    assert!(matches!(world.history.orders(peeping).await, Err(Error::Behind(_))));
}
