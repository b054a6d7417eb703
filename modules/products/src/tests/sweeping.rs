//! What becomes of forgotten holds.

use futures::future::join;
use products_api::ReservationState;
use testkit::eventually;
use tokio_util::sync::CancellationToken;

use super::*;

/// Runs the module's background work while `story` is told.
async fn sweeping(tasks: Vec<Background>, story: impl Future<Output = ()>) {
    let stop = CancellationToken::new();
    let work = Background::run_all(tasks, stop.clone());
    join(work, async {
        story.await;
        stop.cancel();
    })
    .await;
}

#[tokio::test]
async fn a_forgotten_hold_is_taken_back_after_its_grace_and_not_before() {
    check(async |mut shop| {
        let mug = shop.stocked("mug", 3).await;
        shop.products.reserve(hold("forgotten", &[(mug, 1)])).await.unwrap();
        let mut fresh = hold("fresh", &[(mug, 1)]);
        fresh.expires_at = fresh.expires_at.plus(Duration::from_secs(1));
        shop.products.reserve(fresh).await.unwrap();
        let tasks = std::mem::take(&mut shop.background);
        shop.clock.advance(Duration::from_secs(25 * 60));
        sweeping(tasks, async {
            eventually("the hold is taken back", Duration::from_secs(10), async || {
                let found = shop.products.reservation(owner("forgotten")).await.unwrap();
                found.state == ReservationState::Expired
            })
            .await;
        })
        .await;
        let fresh = shop.products.reservation(owner("fresh")).await.unwrap();
        assert_eq!(fresh.state, ReservationState::Held);
        assert_eq!(shop.available(mug).await, 2);
        let late = shop.products.reserve(hold("forgotten", &[(mug, 1)])).await;
        assert_eq!(late, Err(Error::ReservationEnded(owner("forgotten"))));
        shop.adds_up().await;
    })
    .await;
}

#[tokio::test]
async fn two_sweepers_take_a_hold_back_once() {
    check(async |shop| {
        let mug = shop.stocked("mug", 3).await;
        for who in ["a", "b", "c"] {
            shop.products.reserve(hold(who, &[(mug, 1)])).await.unwrap();
        }
        let mut twin = Shop::open(shop.db.clone());
        twin.clock.advance(Duration::from_secs(3600));
        shop.clock.advance(Duration::from_secs(3600));
        let mut tasks = shop.background;
        tasks.append(&mut twin.background);
        sweeping(tasks, async {
            eventually("everything is free", Duration::from_secs(10), async || {
                twin.available(mug).await == 3
            })
            .await;
        })
        .await;
        twin.adds_up().await;
    })
    .await;
}
