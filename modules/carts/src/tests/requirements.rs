//! What stands between a cart and an order.

use carts_api::RequirementKind::{Empty, OutOfStock, PriceChanged, Unavailable};
use kernel::{Currency, Money};

use super::{catalogue::Mood, check};

#[tokio::test]
async fn an_empty_cart_needs_something_in_it() {
    check(async |world| {
        let cart = world.cart().await;
        let kinds: Vec<_> = cart.requirements.iter().map(|it| (it.kind, it.line)).collect();
        assert_eq!(kinds, [(Empty, None)]);
        assert_eq!(world.catalogue.asked(), 0, "there is nothing to ask about");
    })
    .await;
}

#[tokio::test]
async fn each_line_is_compared_with_what_products_says_today() {
    check(async |world| {
        let cart = world.cart().await;
        let variants = ["Mug", "Bowl", "Plate", "Cup", "Fork"];
        let [mug, bowl, plate, cup, fork] = variants.map(|title| world.catalogue.sell(title, 500));
        for variant in [mug, bowl, plate, cup, fork] {
            world.put(&cart, variant, 3).await.unwrap();
        }
        assert!(world.seen(&cart).await.requirements.is_empty());

        world.catalogue.change(mug, |it| it.price = Money::new(600, Currency::EUR));
        world.catalogue.change(mug, |it| it.available = 2);
        world.catalogue.change(bowl, |it| it.available = 0);
        world.catalogue.change(plate, |it| it.for_sale = false);
        world.catalogue.forget(cup);
        let seen = world.seen(&cart).await;
        let kinds: Vec<_> = seen.requirements.iter().map(|it| (it.kind, it.line)).collect();
        let expected = [
            (PriceChanged, Some(0)),
            (OutOfStock, Some(0)),
            (OutOfStock, Some(1)),
            (Unavailable, Some(2)),
            (Unavailable, Some(3)),
        ];
        assert_eq!(kinds, expected);
        let first = &seen.requirements[0].detail;
        assert!(first.contains("6.00 EUR") && first.contains("5.00 EUR"), "{first}");
        assert_eq!(seen.total.minor, 5 * 3 * 500, "snapshots do not change by themselves");
    })
    .await;
}

#[tokio::test]
async fn a_cart_answers_from_its_snapshots_when_products_is_silent() {
    check(async |world| {
        let mug = world.catalogue.sell("Mug", 900);
        let cart = world.put(&world.cart().await, mug, 2).await.unwrap();
        for mood in [Mood::Hangs, Mood::Fails] {
            world.catalogue.turn(mood);
            let seen = world.seen(&cart).await;
            assert!(seen.stale);
            assert_eq!((&seen.lines, seen.total), (&cart.lines, cart.total));
        }
        world.catalogue.turn(Mood::Answers);
        assert!(!world.seen(&cart).await.stale);
    })
    .await;
}
