//! Stock that comes and goes, and books that add up.

use products_api::{Adjust, Adjustment, StockLevel};
use sea_orm::{ConnectionTrait, Statement};

use super::*;

fn change(variant: VariantId, change: i64, cause: &str) -> Adjust {
    let kind = if change > 0 { Adjustment::Received } else { Adjustment::Adjusted };
    Adjust { variant, kind, change, reason: "a count".into(), cause: cause.into() }
}

#[tokio::test]
async fn a_change_is_applied_once_for_each_cause() {
    check(async |shop| {
        let variant = shop.stocked("mug", 2).await;
        let level = |on_hand| Ok(StockLevel { variant, on_hand, reserved: 0 });
        assert_eq!(shop.products.adjust(change(variant, 3, "delivery")).await, level(5));
        assert_eq!(shop.products.adjust(change(variant, 3, "delivery")).await, level(5));
        assert_eq!(shop.products.adjust(change(variant, -4, "breakage")).await, level(1));
        let other = shop.products.adjust(change(variant, 9, "delivery")).await;
        assert_eq!(pointers(other.unwrap_err()), ["/cause"]);
        shop.adds_up().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_reserved_cannot_be_counted_away() {
    check(async |shop| {
        let variant = shop.stocked("mug", 5).await;
        shop.products.reserve(hold("order", &[(variant, 3)])).await.unwrap();
        let below = shop.products.adjust(change(variant, -3, "theft")).await;
        assert_eq!(below, Err(Error::BelowReserved { variant, would_be: 2, reserved: 3 }));
        let level = shop.products.adjust(change(variant, -2, "theft, counted again")).await;
        assert_eq!(level, Ok(StockLevel { variant, on_hand: 3, reserved: 3 }));
        shop.adds_up().await;
    })
    .await;
}

#[tokio::test]
async fn a_change_needs_a_variant_a_number_a_reason_and_a_cause() {
    check(async |shop| {
        let unknown: VariantId = Ids::system().next();
        let refused = shop.products.adjust(change(unknown, 1, "delivery")).await;
        assert_eq!(refused, Err(Error::UnknownVariant(unknown)));
        let mut empty = change(unknown, 0, "");
        empty.reason = " ".into();
        let refused = shop.products.adjust(empty).await;
        assert_eq!(pointers(refused.unwrap_err()), ["/change", "/reason", "/cause"]);
    })
    .await;
}

#[tokio::test]
async fn the_last_one_counted_away_is_announced_and_a_publication_too() {
    check(async |shop| {
        let variant = shop.stocked("mug", 2).await;
        shop.products.adjust(change(variant, -1, "one")).await.unwrap();
        shop.products.adjust(change(variant, -1, "two")).await.unwrap();
        let sql = "SELECT channel FROM outbox ORDER BY pos";
        let statement = Statement::from_string(shop.db.reader().get_database_backend(), sql);
        let rows = shop.db.reader().query_all_raw(statement).await.unwrap();
        let channels: Vec<String> =
            rows.iter().map(|row| row.try_get("", "channel").unwrap()).collect();
        assert_eq!(channels, ["products.product", "products.stock"]);
    })
    .await;
}

#[tokio::test]
async fn the_books_are_only_added_to_and_an_audit_finds_who_goes_around_them() {
    check(async |shop| {
        let variant = shop.stocked("mug", 2).await;
        shop.adds_up().await;
        for forbidden in ["UPDATE stock_movement SET quantity = 9", "DELETE FROM stock_movement"] {
            let tx = shop.db.begin().await.unwrap();
            let refused = tx.execute_unprepared(forbidden).await.unwrap_err();
            assert!(refused.to_string().contains("never"), "{refused}");
        }
        let tx = shop.db.begin().await.unwrap();
        tx.execute_unprepared("UPDATE stock_level SET on_hand = 7, reserved = 1").await.unwrap();
        tx.commit().await.unwrap();
        let found = crate::audit(&shop.db).await.unwrap();
        let expected = crate::Discrepancy {
            variant,
            on_hand: 7,
            moved_on_hand: 2,
            reserved: 1,
            moved_reserved: 0,
            held: 0,
        };
        assert_eq!(found, [expected]);
    })
    .await;
}

#[tokio::test]
async fn the_database_refuses_a_level_that_cannot_be() {
    check(async |shop| {
        shop.stocked("mug", 2).await;
        for impossible in ["reserved = 3", "reserved = -1", "on_hand = -1"] {
            let tx = shop.db.begin().await.unwrap();
            let sql = format!("UPDATE stock_level SET {impossible}");
            let refused = storage::Error::from(tx.execute_unprepared(&sql).await.unwrap_err());
            assert!(matches!(refused, storage::Error::Check { .. }), "{refused:?}");
        }
    })
    .await;
}
