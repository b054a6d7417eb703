//! Many at once: one order a cart, one capture an order, and nothing sold twice.

use futures::future::join_all;
use orders_api::{Error, Status};

use super::shop::{eur, on_both_databases};

#[tokio::test]
async fn four_keys_at_once_on_one_cart_are_one_order() {
    on_both_databases(async |shop| {
        let wish = shop.wish(1).await;
        let wishes: Vec<_> = (0..4)
            .map(|n| {
                let mut wish = wish.clone();
                wish.idempotency.key = format!("{}-{n}", wish.idempotency.key);
                wish
            })
            .collect();
        let placed = join_all(wishes.iter().map(|wish| shop.place(wish))).await;
        let placed: Vec<_> = placed.into_iter().flatten().collect();
        assert_eq!(placed.len(), 1);
        let order = shop.until(&placed[0].order, Status::Completed).await;
        shop.until_available(9).await;
        assert_eq!(shop.payment(&order).await.captured, eur(1_990).minor);
    })
    .await;
}

#[tokio::test]
async fn one_key_four_times_at_once_is_one_order_and_one_capture() {
    on_both_databases(async |shop| {
        let wish = shop.wish(1).await;
        let answers = join_all((0..4).map(|_| shop.place(&wish))).await;
        let placed: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        let first = &placed[0].order;
        assert!(placed.iter().all(|placed| placed.order.id == first.id));
        assert_eq!(placed.iter().filter(|placed| !placed.replayed).count(), 1);
        let order = shop.until(first, Status::Completed).await;
        shop.until_available(9).await;
        let payment = shop.payment(&order).await;
        assert_eq!((payment.captured, payment.attempts.len()), (eur(1_990).minor, 1));
    })
    .await;
}

#[tokio::test]
async fn fifty_buyers_at_once_for_the_last_ones_get_what_there_is() {
    on_both_databases(async |shop| {
        let mut wishes = Vec::new();
        for _ in 0..50 {
            wishes.push(shop.wish_of_a_stranger(1).await);
        }
        let answers = join_all(wishes.iter().map(|wish| shop.place(wish))).await;
        let mut bought = 0;
        for answer in answers {
            match answer {
                Ok(placed) => {
                    shop.until(&placed.order, Status::Completed).await;
                    bought += 1;
                }
                Err(Error::InsufficientStock(_) | Error::Unmet(_)) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!((bought, shop.available().await), (10, 0));
    })
    .await;
}
