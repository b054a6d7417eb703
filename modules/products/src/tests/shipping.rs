//! What leaves the house, and what never runs out.

use products_api::{
    ChangeVariant, HoldLine, MovementKind, ProductAt, ProductRef, ReservationState, Stock,
    StockMovements, Variant,
};

use super::*;
use crate::store::{Books, Committed};
use kernel::{Patch, SystemClock};

fn books() -> Books {
    Books::new(Arc::new(SystemClock), Ids::system())
}

#[tokio::test]
async fn what_is_sold_and_leaves_is_neither_on_hand_nor_reserved_any_more() {
    check(async |shop| {
        let mug = shop.stocked("mug", 5).await;
        shop.products.reserve(hold("order", &[(mug, 2)])).await.unwrap();
        let mut tx = shop.db.begin().await.unwrap();
        assert!(!books().ship(&tx, &owner("order"), &[]).await.unwrap(), "it is not sold yet");
        assert_eq!(books().commit(&mut tx, &owner("order")).await.unwrap(), Committed::Sold);
        assert!(books().ship(&tx, &owner("order"), &[]).await.unwrap());
        assert!(!books().ship(&tx, &owner("order"), &[]).await.unwrap(), "it leaves once");
        tx.commit().await.unwrap();
        let consumed = shop.products.reservation(owner("order")).await.unwrap();
        assert_eq!(consumed.state, ReservationState::Consumed);
        let stock = shop.products.stock(Stock::default()).await.unwrap();
        assert_eq!((stock.items[0].level.on_hand, stock.items[0].level.reserved), (3, 0));
        shop.products.release(owner("order")).await.unwrap();
        assert_eq!(shop.available(mug).await, 3, "what has left is not given back");
        let which = StockMovements { variant: Some(mug), ..StockMovements::default() };
        let moved = shop.products.stock_movements(which).await.unwrap();
        let kinds: Vec<_> = moved.items.iter().map(|it| it.kind).collect();
        assert!(kinds.contains(&MovementKind::Shipped), "{kinds:?}");
        shop.adds_up().await;
    })
    .await;
}

/// An order of five in three parcels: two things, two others, and the last one.
#[tokio::test]
async fn each_parcel_takes_what_is_in_it_and_gives_it_back_when_it_is_called_off() {
    check(async |shop| {
        let (mug, cup) = (shop.stocked("mug", 5).await, shop.stocked("cup", 5).await);
        let levels = async |mug_left: (i64, i64), cup_left: (i64, i64)| {
            let stock = shop.products.stock(Stock::default()).await.unwrap();
            let level = |variant| {
                let level =
                    stock.items.iter().map(|item| &item.level).find(|it| it.variant == variant);
                level.map(|level| (level.on_hand, level.reserved)).unwrap()
            };
            assert_eq!((level(mug), level(cup)), (mug_left, cup_left));
            shop.adds_up().await;
        };
        let line = |variant, quantity| HoldLine { variant, quantity };
        shop.products.reserve(hold("order", &[(mug, 3), (cup, 2)])).await.unwrap();
        let mut tx = shop.db.begin().await.unwrap();
        books().commit(&mut tx, &owner("order")).await.unwrap();
        assert!(books().ship(&tx, &owner("order"), &[line(mug, 1), line(cup, 1)]).await.unwrap());
        tx.commit().await.unwrap();
        levels((4, 2), (4, 1)).await;
        let tx = shop.db.begin().await.unwrap();
        assert!(books().call_off(&tx, &owner("order"), &[line(mug, 2)]).await.unwrap());
        tx.commit().await.unwrap();
        levels((4, 0), (4, 1)).await;
        let tx = shop.db.begin().await.unwrap();
        assert!(books().ship(&tx, &owner("order"), &[line(cup, 1)]).await.unwrap());
        assert!(
            !books().call_off(&tx, &owner("order"), &[line(cup, 1)]).await.unwrap(),
            "it is gone"
        );
        tx.commit().await.unwrap();
        levels((4, 0), (3, 0)).await;
        let over = shop.products.reservation(owner("order")).await.unwrap();
        assert_eq!(over.state, ReservationState::Consumed);
    })
    .await;
}

#[tokio::test]
async fn an_order_none_of_whose_parcels_is_sent_holds_nothing() {
    check(async |shop| {
        let mug = shop.stocked("mug", 5).await;
        shop.products.reserve(hold("order", &[(mug, 3)])).await.unwrap();
        let mut tx = shop.db.begin().await.unwrap();
        books().commit(&mut tx, &owner("order")).await.unwrap();
        for quantity in [1, 2] {
            let parcel = [HoldLine { variant: mug, quantity }];
            assert!(books().call_off(&tx, &owner("order"), &parcel).await.unwrap());
        }
        tx.commit().await.unwrap();
        let over = shop.products.reservation(owner("order")).await.unwrap();
        assert_eq!(over.state, ReservationState::Released);
        assert_eq!(shop.available(mug).await, 5);
        shop.adds_up().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_not_counted_never_runs_out_and_the_books_add_up_when_that_changes() {
    check(async |shop| {
        let mut wish = wish("gift-card", &[("gift-card", 900, 0)]);
        wish.variants[0].track_stock = false;
        let product = shop.products.add_product(wish).await.unwrap();
        let (at, card) =
            (ProductAt { product: product.id, based_on: None }, product.variants[0].id);
        let mug = shop.stocked("mug", 5).await;
        shop.products.reserve(hold("many", &[(card, 1_000), (mug, 1)])).await.unwrap();
        assert_eq!(shop.available(card).await, Variant::PLENTY);
        let counted = ChangeVariant {
            at,
            variant: card,
            price: None,
            compare_at: Patch::Absent,
            weight_g: None,
            barcode: Patch::Absent,
            track_stock: Some(true),
            for_sale: None,
        };
        shop.products.change_variant(counted).await.unwrap();
        let none = shop.products.reserve(hold("late", &[(card, 1)])).await;
        assert!(matches!(none, Err(Error::InsufficientStock(_))), "{none:?}");
        shop.adds_up().await;
        let mut tx = shop.db.begin().await.unwrap();
        assert_eq!(books().commit(&mut tx, &owner("many")).await.unwrap(), Committed::Sold);
        assert!(books().ship(&tx, &owner("many"), &[]).await.unwrap());
        tx.commit().await.unwrap();
        shop.adds_up().await;
    })
    .await;
}

#[tokio::test]
async fn what_left_the_shelves_is_not_held_any_more_and_what_is_held_stays_held() {
    check(async |shop| {
        let mug = shop.stocked("mug", 5).await;
        shop.products.reserve(hold("early", &[(mug, 1)])).await.unwrap();
        let product = shop.products.product(ProductRef::Slug("mug".into())).await.unwrap();
        let at = ProductAt { product: product.id, based_on: None };
        shop.products.archive(at).await.unwrap();
        let late = shop.products.reserve(hold("late", &[(mug, 1)])).await;
        assert_eq!(late, Err(Error::NotForSale(mug)));
        assert!(!shop.products.variants(vec![mug]).await.unwrap()[0].for_sale);
        let mut tx = shop.db.begin().await.unwrap();
        assert_eq!(books().commit(&mut tx, &owner("early")).await.unwrap(), Committed::Sold);
        tx.commit().await.unwrap();
    })
    .await;
}
