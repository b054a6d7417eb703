//! Who gets the last one.

use futures::future::join_all;
use products_api::ReservationState;

use super::*;

#[tokio::test]
async fn a_hold_takes_every_line_and_can_be_looked_up() {
    check(async |shop| {
        let (mug, pot) = (shop.stocked("mug", 5).await, shop.stocked("pot", 5).await);
        let held = shop.products.reserve(hold("order", &[(pot, 2), (mug, 5)])).await.unwrap();
        assert_eq!(held.state, ReservationState::Held);
        assert_eq!(shop.available(mug).await, 0);
        assert_eq!(shop.available(pot).await, 3);
        assert_eq!(shop.products.reservation(owner("order")).await, Ok(held));
        shop.adds_up().await;
    })
    .await;
}

#[tokio::test]
async fn a_hold_takes_nothing_when_one_line_is_short_and_names_every_short_line() {
    check(async |shop| {
        let mug = shop.stocked("mug", 5).await;
        let (pot, pan) = (shop.stocked("pot", 1).await, shop.stocked("pan", 0).await);
        let lines = [(pan, 1), (mug, 5), (pot, 2)];
        let refused = shop.products.reserve(hold("order", &lines)).await;
        let short =
            |line, variant, wanted, available| Shortage { line, variant, wanted, available };
        let expected = vec![short(0, pan, 1, 0), short(2, pot, 2, 1)];
        assert_eq!(refused, Err(Error::InsufficientStock(expected)));
        assert_eq!(shop.available(mug).await, 5);
        let missing = shop.products.reservation(owner("order")).await;
        assert_eq!(missing, Err(Error::UnknownReservation(owner("order"))));
        shop.products.reserve(hold("order", &[(mug, 5)])).await.unwrap();
        shop.adds_up().await;
    })
    .await;
}

#[tokio::test]
async fn holding_again_for_the_same_owner_gives_the_same_hold() {
    check(async |shop| {
        let (mug, pot) = (shop.stocked("mug", 5).await, shop.stocked("pot", 5).await);
        let first = shop.products.reserve(hold("order", &[(mug, 4), (pot, 1)])).await.unwrap();
        let again = shop.products.reserve(hold("order", &[(pot, 1), (mug, 4)])).await;
        assert_eq!(again, Ok(first));
        assert_eq!(shop.available(mug).await, 1);
        let other = shop.products.reserve(hold("order", &[(mug, 1)])).await;
        assert_eq!(pointers(other.unwrap_err()), ["/lines"]);
        shop.adds_up().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_released_can_be_held_by_others_but_not_by_the_same_owner() {
    check(async |shop| {
        let mug = shop.stocked("mug", 2).await;
        shop.products.reserve(hold("first", &[(mug, 2)])).await.unwrap();
        for _ in 0..2 {
            shop.products.release(owner("first")).await.unwrap();
            assert_eq!(shop.available(mug).await, 2, "releasing twice frees once");
        }
        let late = shop.products.reserve(hold("first", &[(mug, 2)])).await;
        assert_eq!(late, Err(Error::ReservationEnded(owner("first"))));
        shop.products.reserve(hold("second", &[(mug, 2)])).await.unwrap();
        shop.adds_up().await;
    })
    .await;
}

#[tokio::test]
async fn a_release_that_comes_first_keeps_the_late_hold_away() {
    check(async |shop| {
        let mug = shop.stocked("mug", 2).await;
        shop.products.release(owner("order")).await.unwrap();
        let tombstone = shop.products.reservation(owner("order")).await.unwrap();
        assert_eq!(tombstone.state, ReservationState::Released);
        let late = shop.products.reserve(hold("order", &[(mug, 1)])).await;
        assert_eq!(late, Err(Error::ReservationEnded(owner("order"))));
        assert_eq!(shop.available(mug).await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_hold_that_makes_no_sense_is_refused_with_its_faults() {
    check(async |shop| {
        let mug = shop.stocked("mug", 2).await;
        let none = shop.products.reserve(hold("", &[])).await;
        assert_eq!(pointers(none.unwrap_err()), ["/owner", "/lines"]);
        let odd = shop.products.reserve(hold("order", &[(mug, 0), (mug, 1)])).await;
        assert_eq!(pointers(odd.unwrap_err()), ["/lines/0/quantity", "/lines/1"]);
        let unknown = Ids::system().next();
        let unknown_line = shop.products.reserve(hold("order", &[(mug, 1), (unknown, 1)])).await;
        assert_eq!(unknown_line, Err(Error::UnknownVariant(unknown)));
        assert_eq!(shop.available(mug).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_shoppers_who_want_the_last_five_get_exactly_five() {
    check(async |shop| {
        let mug = shop.stocked("mug", 5).await;
        let attempts = (0..50).map(|number| {
            let products = shop.products.clone();
            tokio::spawn(
                async move { products.reserve(hold(&format!("o{number}"), &[(mug, 1)])).await },
            )
        });
        let outcomes = join_all(attempts).await;
        let outcomes: Vec<_> = outcomes.into_iter().map(|outcome| outcome.unwrap()).collect();
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
        let refused = |outcome: &&products_api::Result<_>| {
            matches!(outcome, Err(Error::InsufficientStock(_)))
        };
        assert_eq!(outcomes.iter().filter(refused).count(), 45, "{outcomes:?}");
        assert_eq!(shop.available(mug).await, 0);
        shop.adds_up().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shoppers_with_the_same_things_in_another_order_do_not_block_each_other() {
    check(async |shop| {
        let (mug, pot) = (shop.stocked("mug", 40).await, shop.stocked("pot", 40).await);
        let attempts = (0..40).map(|number| {
            let products = shop.products.clone();
            let lines = if number % 2 == 0 { [(mug, 1), (pot, 1)] } else { [(pot, 1), (mug, 1)] };
            tokio::spawn(async move { products.reserve(hold(&format!("o{number}"), &lines)).await })
        });
        for outcome in join_all(attempts).await {
            outcome.unwrap().unwrap();
        }
        assert_eq!(shop.available(mug).await + shop.available(pot).await, 0);
        shop.adds_up().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_and_its_release_at_once_leave_nothing_set_aside() {
    check(async |shop| {
        let mug = shop.stocked("mug", 20).await;
        let pairs = (0..20).map(|number| {
            let products = shop.products.clone();
            let who = format!("o{number}");
            async move {
                let held = products.reserve(hold(&who, &[(mug, 1)]));
                let (held, released) = tokio::join!(held, products.release(owner(&who)));
                released.unwrap();
                let ended = Error::ReservationEnded(owner(&who));
                assert!(held.is_ok() || held == Err(ended), "{held:?}");
            }
        });
        join_all(pairs).await;
        assert_eq!(shop.available(mug).await, 20);
        shop.adds_up().await;
    })
    .await;
}
