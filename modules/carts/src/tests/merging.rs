//! Carts of guests who log in.

use std::time::Duration;

use carts_api::{Cart, CartOf, Error, Merge, OpenCart, PutLine, Status};
use kernel::Currency;
use users_api::UserId;

use super::{World, check};

async fn guest_cart(world: &World) -> Cart {
    let token = identity::GuestToken::fresh();
    let customer: UserId = token.subject().parse().unwrap();
    world.carts.open(OpenCart { customer, currency: Currency::EUR }).await.unwrap()
}

fn wish(world: &World, guest: &Cart) -> Merge {
    Merge { customer: world.ada, guest: guest.customer, cart: guest.id }
}

#[tokio::test]
async fn what_a_guest_has_goes_into_the_cart_of_whoever_logs_in_once() {
    check(async |world| {
        let (mug, pot) = (world.catalogue.sell("Mug", 900), world.catalogue.sell("Pot", 2_000));
        let own = world.put(&world.cart().await, mug, 998).await.unwrap();
        world.catalogue.change(mug, |mug| mug.price.minor = 800);
        world.clock.advance(Duration::from_secs(60));
        let guest = guest_cart(&world).await;
        world.put(&guest, mug, 2).await.unwrap();
        world.put(&guest, pot, 1).await.unwrap();

        let merged = world.carts.merge(wish(&world, &guest)).await.unwrap();
        assert_eq!(merged.id, own.id);
        let lines: Vec<_> =
            merged.lines.iter().map(|it| (it.variant, it.quantity, it.price.minor)).collect();
        assert_eq!(lines, [(mug, 999, 800), (pot, 1, 2_000)]);
        let again = world.carts.merge(wish(&world, &guest)).await.unwrap();
        assert_eq!((again.lines, again.version), (merged.lines, merged.version));

        let left = CartOf { customer: guest.customer, cart: guest.id };
        assert_eq!(world.carts.cart(left).await.unwrap().status, Status::Merged);
        let late = PutLine { customer: guest.customer, cart: guest.id, variant: mug, quantity: 1 };
        assert_eq!(world.carts.put_line(late).await, Err(Error::NotActive(Status::Merged)));
    })
    .await;
}

#[tokio::test]
async fn whoever_has_no_cart_gets_one_and_nobody_gets_anothers() {
    check(async |world| {
        let mug = world.catalogue.sell("Mug", 900);
        let guest = guest_cart(&world).await;
        world.put(&guest, mug, 2).await.unwrap();
        let stolen = Merge { guest: world.ids.next(), ..wish(&world, &guest) };
        assert_eq!(world.carts.merge(stolen).await, Err(Error::UnknownCart(guest.id)));
        let merged = world.carts.merge(wish(&world, &guest)).await.unwrap();
        assert_eq!((merged.customer, merged.lines[0].quantity), (world.ada, 2));
        assert_eq!(world.cart().await.id, merged.id, "it is the active one");
    })
    .await;
}

#[tokio::test]
async fn four_merges_at_once_are_one() {
    check(async |world| {
        let mug = world.catalogue.sell("Mug", 900);
        world.put(&world.cart().await, mug, 1).await.unwrap();
        let guest = guest_cart(&world).await;
        world.put(&guest, mug, 2).await.unwrap();
        let merges = (0..4).map(|_| world.carts.merge(wish(&world, &guest)));
        for merged in futures::future::join_all(merges).await {
            assert_eq!(merged.unwrap().lines[0].quantity, 3);
        }
    })
    .await;
}
