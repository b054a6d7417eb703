//! Carts that nobody comes back for.

use std::time::Duration;

use carts_api::{Cart, Error, Merge, OpenCart, RemoveLine, Status};
use kernel::{Currency, Version};
use tokio_util::sync::CancellationToken;

use super::{World, check, on_postgres, on_sqlite};
use crate::Settings;

/// The time of every cart is over.
fn much_later(world: &World) {
    world.clock.advance(Settings::default().life + Duration::from_secs(1));
}

#[tokio::test]
async fn a_cart_is_over_when_its_time_is_whoever_has_noticed() {
    check(async |world| {
        let mug = world.catalogue.sell("Mug", 900);
        let cart = world.put(&world.cart().await, mug, 1).await.unwrap();
        much_later(&world);
        assert_eq!(world.seen(&cart).await.status, Status::Expired);
        let over = Err(Error::NotActive(Status::Expired));
        assert_eq!(world.put(&cart, mug, 2).await, over);
        let out = RemoveLine { customer: world.ada, cart: cart.id, variant: mug };
        assert_eq!(world.carts.remove_line(out).await, over);
    })
    .await;
}

#[tokio::test]
async fn opening_a_cart_does_not_revive_the_one_that_is_over() {
    check(async |world| {
        let mug = world.catalogue.sell("Mug", 900);
        let old = world.put(&world.cart().await, mug, 1).await.unwrap();
        much_later(&world);
        let opened = world.cart().await;
        assert_ne!(opened.id, old.id);
        assert_eq!((opened.version, opened.lines.len()), (Version::FIRST, 0));
        assert_eq!(world.seen(&old).await.status, Status::Expired);
        assert_eq!(world.cart().await.id, opened.id);
    })
    .await;
}

#[tokio::test]
async fn what_a_guest_had_put_aside_goes_into_a_cart_that_is_not_over() {
    check(async |world| {
        let mug = world.catalogue.sell("Mug", 900);
        let old = world.put(&world.cart().await, mug, 5).await.unwrap();
        much_later(&world);
        let guest = world.ids.next();
        let open = OpenCart { customer: guest, currency: Currency::EUR };
        let theirs = world.carts.open(open).await.unwrap();
        world.put(&theirs, mug, 2).await.unwrap();
        let merge = Merge { customer: world.ada, guest, cart: theirs.id };
        let merged: Cart = world.carts.merge(merge).await.unwrap();
        assert_ne!(merged.id, old.id);
        assert_eq!(merged.lines[0].quantity, 2);
    })
    .await;
}

#[tokio::test]
async fn the_sweeper_writes_down_which_carts_are_over() {
    for db in [on_sqlite().await, on_postgres().await] {
        let mut world = World::open(db);
        let cart = world.cart().await;
        much_later(&world);
        let (stop, background) =
            (CancellationToken::new(), std::mem::take(&mut world.hosted.background));
        let working = tokio::spawn(host::Background::run_all(background, stop.clone()));
        let written = async || world.seen(&cart).await.version > cart.version;
        testkit::eventually("it is written down", Duration::from_secs(10), written).await;
        assert_eq!(world.seen(&cart).await.status, Status::Expired);
        stop.cancel();
        working.await.unwrap();
    }
}
