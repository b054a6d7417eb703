//! A cart becomes an order.

use std::time::Duration;

use carts_api::{Error, RemoveLine, Status};
use kernel::{Currency, Money, Version};
use messaging::{Module, Process, Publish, Subscriptions};
use orders_api::{OrderNumber, OrderPlaced, Totals};
use storage::Database;

use super::{NOON, World, check, on_sqlite};

const LIMIT: Duration = Duration::from_secs(10);

/// Announces, as orders would, that the cart became an order.
async fn announce(orders: &Database, placed: &OrderPlaced) {
    let mut tx = orders.begin().await.unwrap();
    tx.publish(placed).unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_cart_that_became_an_order_takes_no_lines_and_makes_room_for_another() {
    check(async |world: World| {
        let mug = world.catalogue.sell("Mug", 900);
        let cart = world.put(&world.cart().await, mug, 1).await.unwrap();
        let orders = on_sqlite().await;
        let carts = crate::subscriptions::subscriptions();
        let bus = Process::start(vec![
            Module {
                name: "orders",
                db: orders.clone(),
                subscriptions: Subscriptions::of("orders"),
            },
            Module { name: "carts", db: world.db.clone(), subscriptions: carts },
        ]);
        let price = Money::new(900, Currency::EUR);
        let placed = OrderPlaced {
            order: world.ids.next(),
            number: OrderNumber::new(1),
            customer: world.ada,
            cart: cart.id,
            contact: None,
            lines: Vec::new(),
            totals: Totals { items: price, shipping: Money::new(0, Currency::EUR), grand: price },
            payment: world.ids.next(),
            expires_at: NOON,
            version: Version::FIRST,
            at: NOON,
        };
        for _ in 0..2 {
            announce(&orders, &placed).await;
            bus.quiet(LIMIT).await.unwrap();
        }

        let seen = world.seen(&cart).await;
        assert_eq!((seen.status, seen.version), (Status::Converted, cart.version.next()));
        let ended = Err(Error::NotActive(Status::Converted));
        assert_eq!(world.put(&cart, mug, 2).await, ended);
        let wish = RemoveLine { customer: world.ada, cart: cart.id, variant: mug };
        assert_eq!(world.carts.remove_line(wish).await, ended);
        assert_ne!(world.cart().await.id, cart.id);
        bus.drain(LIMIT).await.unwrap();
    })
    .await;
}
