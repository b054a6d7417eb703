//! Commands that arrive as messages.

use kernel::SystemClock;
use messaging::{Module, Process, Publish, Running};
use products_api::{CommitReservation, Extend, ReleaseReservation, ReservationState};
use testkit::eventually;

use super::*;
use crate::store::{Books, Committed, Store};

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

/// Takes a hold back as the sweeper does once its time is over.
async fn expire(shop: &Shop, who: &str) {
    let held = shop.products.reservation(owner(who)).await.unwrap();
    let store = Store::new(shop.db.clone(), Arc::new(SystemClock), Ids::system());
    assert!(store.expire(&held.id.to_string(), held.expires_at).await.unwrap());
}

/// Sells what `who` holds, as the command does.
async fn sell(shop: &Shop, who: &str) -> Committed {
    let books = Books::new(Arc::new(SystemClock), Ids::system());
    let mut tx = shop.db.begin().await.unwrap();
    let sold = books.commit(&mut tx, &owner(who)).await.unwrap();
    tx.commit().await.unwrap();
    shop.adds_up().await;
    sold
}

#[tokio::test]
async fn a_sale_after_the_hold_was_taken_back_makes_it_again() {
    check(async |mut shop| {
        let running = start(&mut shop);
        let mug = shop.stocked("mug", 2).await;
        shop.products.reserve(hold("order", &[(mug, 2)])).await.unwrap();
        expire(&shop, "order").await;
        send(&shop, &CommitReservation { owner: owner("order") }).await;
        becomes(&shop, "order", ReservationState::Committed).await;
        assert_eq!(shop.available(mug).await, 0);
        shop.adds_up().await;
        running.drain(LIMIT).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_sale_of_what_others_hold_by_now_is_refused_and_changes_nothing() {
    check(async |shop| {
        let (mug, pot) = (shop.stocked("mug", 1).await, shop.stocked("pot", 5).await);
        shop.products.reserve(hold("late", &[(pot, 2), (mug, 1)])).await.unwrap();
        expire(&shop, "late").await;
        shop.products.reserve(hold("quick", &[(mug, 1)])).await.unwrap();
        let short = Shortage { line: 1, variant: mug, wanted: 1, available: 0 };
        assert_eq!(sell(&shop, "late").await, Committed::Unavailable(vec![short]));
        let late = shop.products.reservation(owner("late")).await.unwrap();
        assert_eq!(late.state, ReservationState::Expired);
        shop.products.release(owner("quick")).await.unwrap();
        assert_eq!(sell(&shop, "late").await, Committed::Sold);
        assert_eq!((shop.available(mug).await, shop.available(pot).await), (0, 3));
    })
    .await;
}

#[tokio::test]
async fn a_sale_of_what_was_never_held_or_given_back_is_refused() {
    check(async |shop| {
        let mug = shop.stocked("mug", 1).await;
        shop.products.reserve(hold("regret", &[(mug, 1)])).await.unwrap();
        for who in ["regret", "tombstone"] {
            shop.products.release(owner(who)).await.unwrap();
        }
        for who in ["nobody", "tombstone", "regret"] {
            assert_eq!(sell(&shop, who).await, Committed::Unavailable(Vec::new()), "{who}");
        }
        assert_eq!(shop.available(mug).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_hold_is_extended_and_never_shortened_and_an_ended_one_is_not() {
    check(async |shop| {
        let mug = shop.stocked("mug", 1).await;
        let held = shop.products.reserve(hold("order", &[(mug, 1)])).await.unwrap();
        let until = held.expires_at.plus(Duration::from_secs(60));
        let extend = |expires_at| Extend { owner: owner("order"), expires_at };
        let extended = shop.products.extend(extend(until)).await.unwrap();
        assert_eq!(extended.expires_at, until);
        let same = shop.products.extend(extend(held.expires_at)).await.unwrap();
        assert_eq!(same.expires_at, until);
        shop.products.release(owner("order")).await.unwrap();
        let ended = shop.products.extend(extend(until)).await;
        assert_eq!(ended, Err(Error::ReservationEnded(owner("order"))));
        let nobody = Extend { owner: owner("nobody"), expires_at: until };
        let unknown = shop.products.extend(nobody).await;
        assert_eq!(unknown, Err(Error::UnknownReservation(owner("nobody"))));
    })
    .await;
}
