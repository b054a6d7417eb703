//! Commands that arrive as messages.

use messaging::{Module, Process, Publish, Running};
use products_api::{Adjust, CommitReservation, ReleaseReservation, ReservationState};
use testkit::eventually;

use super::*;

const LIMIT: Duration = Duration::from_secs(20);

/// The shop with its subscriptions at work.
fn start(shop: &mut Shop) -> Running {
    let subscriptions = std::mem::replace(&mut shop.subscriptions, Subscriptions::of("nobody"));
    Process::start(vec![Module { name: "products", db: shop.db.clone(), subscriptions }])
}

async fn send<C: kernel::Command>(shop: &Shop, command: &C) {
    let mut tx = shop.db.begin().await.unwrap();
    tx.send(command, None).unwrap();
    tx.commit().await.unwrap();
}

async fn becomes(shop: &Shop, who: &str, state: ReservationState) {
    let what = format!("the reservation of {who} is {state:?}");
    eventually(&what, LIMIT, async || {
        let found = shop.products.reservation(owner(who)).await;
        found.is_ok_and(|reservation| reservation.state == state)
    })
    .await;
}

#[tokio::test]
async fn a_sold_hold_stays_sold_however_often_it_is_committed() {
    check(async |mut shop| {
        let running = start(&mut shop);
        let mug = shop.stocked("mug", 2).await;
        shop.products.reserve(hold("order", &[(mug, 2)])).await.unwrap();
        for _ in 0..2 {
            send(&shop, &CommitReservation { owner: owner("order") }).await;
        }
        becomes(&shop, "order", ReservationState::Committed).await;
        running.quiet(LIMIT).await.unwrap();
        assert_eq!(shop.available(mug).await, 0);
        let again = shop.products.reserve(hold("order", &[(mug, 2)])).await.unwrap();
        assert_eq!(again.state, ReservationState::Committed);
        shop.adds_up().await;
        running.drain(LIMIT).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_release_by_message_frees_even_what_was_sold_and_leaves_a_tombstone() {
    check(async |mut shop| {
        let running = start(&mut shop);
        let mug = shop.stocked("mug", 2).await;
        shop.products.reserve(hold("order", &[(mug, 2)])).await.unwrap();
        send(&shop, &CommitReservation { owner: owner("order") }).await;
        send(&shop, &ReleaseReservation { owner: owner("order") }).await;
        send(&shop, &ReleaseReservation { owner: owner("stranger") }).await;
        becomes(&shop, "order", ReservationState::Released).await;
        becomes(&shop, "stranger", ReservationState::Released).await;
        assert_eq!(shop.available(mug).await, 2);
        shop.adds_up().await;
        running.drain(LIMIT).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_sale_after_the_hold_was_given_back_makes_it_again() {
    check(async |mut shop| {
        let running = start(&mut shop);
        let mug = shop.stocked("mug", 2).await;
        shop.products.reserve(hold("order", &[(mug, 2)])).await.unwrap();
        shop.products.release(owner("order")).await.unwrap();
        send(&shop, &CommitReservation { owner: owner("order") }).await;
        becomes(&shop, "order", ReservationState::Committed).await;
        assert_eq!(shop.available(mug).await, 0);
        shop.adds_up().await;
        running.drain(LIMIT).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_sale_of_what_others_hold_by_now_waits_until_there_is_stock() {
    check(async |mut shop| {
        let running = start(&mut shop);
        let mug = shop.stocked("mug", 1).await;
        shop.products.reserve(hold("late", &[(mug, 1)])).await.unwrap();
        shop.products.release(owner("late")).await.unwrap();
        shop.products.reserve(hold("quick", &[(mug, 1)])).await.unwrap();
        send(&shop, &CommitReservation { owner: owner("late") }).await;
        eventually("the sale was tried and failed", LIMIT, async || {
            running.gauges().read().failures > 0
        })
        .await;
        shop.adds_up().await;
        let more = Adjust {
            variant: mug,
            change: 1,
            reason: "a delivery".into(),
            cause: "delivery 1".into(),
        };
        shop.products.adjust(more).await.unwrap();
        becomes(&shop, "late", ReservationState::Committed).await;
        shop.adds_up().await;
        running.drain(LIMIT).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_sale_of_what_was_never_held_is_put_aside_for_a_person() {
    check(async |mut shop| {
        let running = start(&mut shop);
        shop.products.release(owner("tombstone")).await.unwrap();
        for who in ["nobody", "tombstone"] {
            send(&shop, &CommitReservation { owner: owner(who) }).await;
        }
        eventually("both are parked", LIMIT, async || running.gauges().read().parked == 2).await;
        let tombstone = shop.products.reservation(owner("tombstone")).await.unwrap();
        assert_eq!(tombstone.state, ReservationState::Released);
        running.drain(LIMIT).await.unwrap();
    })
    .await;
}
