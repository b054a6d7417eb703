//! How a shop stops and starts again.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Shop;
use crate::world::{Patience, Stage, eventually};

/// A payment that takes long enough to stop the shop before it is made.
pub(super) const SLOW: Shop = Shop::alone_with(&["payments.sandbox.latency = \"300ms\""]);

pub(super) async fn an_order_placed_just_before_the_stop_is_completed_after_the_next_start(
    stage: &Stage,
) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let ada = stage.shopper("Ada").await;
    let order = ada.buy(&goods, 1).await;
    let log = stage.stop_all().await;
    assert!(log.contains("draining") && log.contains("stopped"), "{log}");
    stage.start_all().await;
    let order = ada.wait_for(&order, "completed").await;
    assert_eq!(ada.shipments(&order).await.len(), 1);
    assert_eq!(ada.available(&goods).await, 9);
}

pub(super) async fn a_stop_lets_what_is_under_way_finish(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 100).await;
    let guest = stage.guest().unrecorded("how many requests there are before the stop is chance");
    let (over, answered) = (AtomicBool::new(false), AtomicBool::new(false));
    let browsing = async {
        while !over.load(Ordering::SeqCst) {
            let Ok(answer) = guest.try_get(&goods.path()).await else { continue };
            assert!(!answer.status.is_server_error(), "turned away with {}", answer.text);
            answered.store(true, Ordering::SeqCst);
        }
    };
    let stopping = async {
        let busy = async || answered.load(Ordering::SeqCst).then_some(());
        eventually("it answers", Patience::START, busy).await;
        stage.stop_all().await;
        over.store(true, Ordering::SeqCst);
    };
    futures::join!(browsing, stopping);
    stage.start_all().await;
    assert_eq!(stage.shopper("Ada").await.available(&goods).await, 100);
}
