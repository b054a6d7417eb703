//! Lines come and go.

use carts_api::{Cart, CartOf, Error, OpenCart, RemoveLine, Status};
use futures::future::join_all;
use kernel::{Currency, Ids, Money, Version};
use users_api::UserId;

use super::{World, catalogue::Mood, check, on_sqlite};

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

#[tokio::test]
async fn a_customer_has_one_active_cart_however_many_are_opened_at_once() {
    check(async |world| {
        let opened = join_all((0..5).map(|_| world.cart())).await;
        assert!(opened.iter().all(|cart| cart.id == opened[0].id));
        let fresh = opened.iter().filter(|cart| cart.version == Version::FIRST);
        assert_eq!(fresh.count(), 1, "one of them opened it");
        assert_eq!((opened[0].status, opened[0].total), (Status::Active, eur(0)));

        let bob = OpenCart { customer: world.ids.next(), currency: Currency::USD };
        assert_ne!(world.carts.open(bob).await.unwrap().id, opened[0].id);
    })
    .await;
}

#[tokio::test]
async fn putting_a_variant_in_again_sets_its_quantity_and_its_price() {
    check(async |world| {
        let (mug, bowl) = (world.catalogue.sell("Mug", 900), world.catalogue.sell("Bowl", 1_500));
        let cart = world.cart().await;
        world.put(&cart, mug, 1).await.unwrap();
        let cart = world.put(&cart, bowl, 2).await.unwrap();
        assert_eq!((cart.total, cart.requirements.len()), (eur(3_900), 0));

        world.catalogue.change(mug, |mug| mug.price = eur(1_000));
        let again = world.put(&cart, mug, 3).await.unwrap();
        let lines: Vec<_> = again.lines.iter().map(|it| (it.variant, it.quantity)).collect();
        assert_eq!(lines, [(mug, 3), (bowl, 2)]);
        assert_eq!((again.total, again.version), (eur(6_000), cart.version.next()));
        assert_eq!(world.seen(&cart).await, again);
    })
    .await;
}

#[tokio::test]
async fn taking_a_variant_out_twice_changes_the_cart_once() {
    check(async |world| {
        let mug = world.catalogue.sell("Mug", 900);
        let cart = world.put(&world.cart().await, mug, 1).await.unwrap();
        let wish = RemoveLine { customer: world.ada, cart: cart.id, variant: mug };
        let without = world.carts.remove_line(wish).await.unwrap();
        assert_eq!((without.lines.len(), without.version), (0, cart.version.next()));
        assert_eq!(world.carts.remove_line(wish).await, Ok(without));
    })
    .await;
}

#[tokio::test]
async fn lines_that_are_put_in_at_once_are_all_in() {
    check(async |world| {
        let cart = world.cart().await;
        let variants =
            ["Mug", "Bowl", "Plate", "Cup"].map(|title| world.catalogue.sell(title, 100));
        let puts = join_all(variants.map(|variant| world.put(&cart, variant, 1))).await;
        assert!(puts.iter().all(Result::is_ok), "{puts:?}");
        assert_eq!(world.seen(&cart).await.total, eur(400));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_bought_is_not_put_in() {
    check(async |world| {
        let cart = world.cart().await;
        let (gone, dear) = (world.catalogue.sell("Gone", 1), world.catalogue.sell("Dear", 1));
        world.catalogue.change(gone, |it| it.for_sale = false);
        world.catalogue.change(dear, |it| it.price = Money::new(1, Currency::USD));
        assert_eq!(world.put(&cart, gone, 1).await, Err(Error::VariantUnavailable(gone)));
        let unknown = world.ids.next();
        assert_eq!(world.put(&cart, unknown, 1).await, Err(Error::VariantUnavailable(unknown)));
        for (variant, quantity, code) in [
            (dear, 1, "currency-mismatch"),
            (dear, 0, "out-of-range"),
            (dear, 1_000, "out-of-range"),
        ] {
            let Err(Error::Invalid(violations)) = world.put(&cart, variant, quantity).await else {
                panic!("{quantity} of {variant} is not valid");
            };
            assert_eq!(violations[0].code, code);
        }
        assert!(world.seen(&cart).await.lines.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_cart_holds_a_hundred_lines_and_no_total_that_cannot_be_written() {
    let world = World::open(on_sqlite().await);
    let cart = world.cart().await;
    let gold = world.catalogue.sell("Gold", i64::MAX / 2);
    let Err(Error::Invalid(_)) = world.put(&cart, gold, 3).await else {
        panic!("the total is too large");
    };
    for index in 0..Cart::MAX_LINES {
        let variant = world.catalogue.sell(&index.to_string(), 1);
        world.put(&cart, variant, 1).await.unwrap();
    }
    let one_more = world.catalogue.sell("one more", 1);
    assert_eq!(world.put(&cart, one_more, 1).await, Err(Error::TooManyLines));
}

#[tokio::test]
async fn another_customers_cart_is_unknown() {
    check(async |world| {
        let mug = world.catalogue.sell("Mug", 900);
        let mut cart = world.cart().await;
        cart.customer = Ids::system().next::<UserId>();
        let unknown = Err(Error::UnknownCart(cart.id));
        let which = CartOf { customer: cart.customer, cart: cart.id };
        assert_eq!(world.carts.cart(which).await, unknown);
        assert_eq!(world.put(&cart, mug, 1).await, unknown);
        let wish = RemoveLine { customer: cart.customer, cart: cart.id, variant: mug };
        assert_eq!(world.carts.remove_line(wish).await, unknown);
    })
    .await;
}

#[tokio::test]
async fn a_line_costs_four_statements_and_one_question() {
    let world = World::open(on_sqlite().await);
    let (mug, bowl) = (world.catalogue.sell("Mug", 900), world.catalogue.sell("Bowl", 1_500));
    let before = world.db.statements();
    let cart = world.cart().await;
    assert_eq!(world.db.statements() - before, 3);
    for variant in [mug, bowl] {
        let (before, asked) = (world.db.statements(), world.catalogue.asked());
        world.put(&cart, variant, 1).await.unwrap();
        assert_eq!(world.db.statements() - before, 4);
        assert_eq!(world.catalogue.asked() - asked, 1);
    }
    let before = world.db.statements();
    world.seen(&cart).await;
    assert_eq!(world.db.statements() - before, 1);
}

#[tokio::test]
async fn without_products_no_line_is_put_in_but_one_can_be_taken_out() {
    check(async |world| {
        let mug = world.catalogue.sell("Mug", 900);
        let cart = world.put(&world.cart().await, mug, 1).await.unwrap();
        for mood in [Mood::Hangs, Mood::Fails] {
            world.catalogue.turn(mood);
            let refused = world.put(&cart, mug, 2).await;
            assert!(matches!(refused, Err(Error::Unreachable(_))), "{refused:?}");
        }
        let wish = RemoveLine { customer: world.ada, cart: cart.id, variant: mug };
        assert!(world.carts.remove_line(wish).await.unwrap().lines.is_empty());
    })
    .await;
}
