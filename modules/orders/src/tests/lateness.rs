//! Orders that are not paid in time, and money that comes too late.

use std::time::Duration;

use orders_api::{PaymentStatus, Status};

use super::{
    DECLINED,
    shop::{Setup, VISA, check_with, on_both_databases_with},
};
use crate::Settings;

const SOON: Duration = Duration::from_millis(20);

#[tokio::test]
async fn an_order_that_is_not_paid_in_time_expires_and_frees_its_stock() {
    let hold = Duration::from_millis(400);
    let settings = Settings { hold, sweep: SOON, ..Settings::default() };
    check_with(Setup { settings, ..Setup::default() }, async |shop| {
        let mut wish = shop.wish(3).await;
        wish.payment_token = DECLINED.into();
        let order = shop.place(&wish).await.unwrap().order;
        assert_eq!(shop.available().await, 7);
        shop.until(&order, Status::Expired).await;
        shop.until_available(10).await;
        let payment = shop.payment(&order).await;
        assert_eq!((payment.captured, payment.status), (0, payments_api::Status::Voided));
    })
    .await;
}

/// Holds are taken back as soon as they end, and nobody looks for orders that were not paid in time.
fn forgetful() -> Setup {
    let (hold, sweep) = (Duration::from_millis(300), Duration::from_secs(3600));
    let settings = Settings { hold, sweep, ..Settings::default() };
    let products = products::Settings { hold_grace: Duration::ZERO, sweep_every: SOON };
    Setup { settings, products, ..Setup::default() }
}

#[tokio::test]
async fn a_payment_after_the_hold_has_ended_holds_the_stock_again() {
    on_both_databases_with(forgetful(), async |shop| {
        let mut wish = shop.wish(4).await;
        wish.payment_token = DECLINED.into();
        let order = shop.place(&wish).await.unwrap().order;
        shop.until_declined(&order).await;
        shop.until_available(10).await;
        shop.pay(&order, VISA).await;
        let order = shop.until(&order, Status::Completed).await;
        assert_eq!(order.payment_status, PaymentStatus::Paid);
        assert_eq!(shop.available().await, 6);
    })
    .await;
}

#[tokio::test]
async fn a_payment_after_somebody_else_has_bought_the_last_one_is_given_back() {
    on_both_databases_with(forgetful(), async |shop| {
        let mut wish = shop.wish(4).await;
        wish.payment_token = DECLINED.into();
        let order = shop.place(&wish).await.unwrap().order;
        shop.until_declined(&order).await;
        shop.until_available(10).await;
        let rival = shop.place(&shop.wish_of_a_stranger(8).await).await.unwrap().order;
        shop.until(&rival, Status::Completed).await;
        shop.pay(&order, VISA).await;
        let order = shop.until(&order, Status::Rejected).await;
        assert_eq!(shop.until_settled(&order).await, 0);
        shop.until_payment(&order, PaymentStatus::Refunded).await;
        assert_eq!(shop.available().await, 2, "what the rival left");
        let told: Vec<_> = shop.record(&order).await.timeline;
        let told: Vec<_> = told.iter().map(|moment| &*moment.what).collect();
        assert_eq!(
            told,
            [
                "order-placed",
                "payment-declined",
                "payment-collected",
                "order-rejected",
                "payment-refunded"
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn an_order_that_payments_never_took_up_is_held_longer_but_not_for_ever() {
    let settings = Settings {
        hold: Duration::from_millis(300),
        longest_hold: Duration::from_millis(1_500),
        sweep: SOON,
        ..Settings::default()
    };
    check_with(Setup { settings, deaf: true, ..Setup::default() }, async |shop| {
        let order = shop.place(&shop.wish(1).await).await.unwrap().order;
        let first = order.expires_at;
        testkit::eventually("the hold is extended", Duration::from_secs(5), async || {
            shop.order(&order).await.expires_at > first
        })
        .await;
        assert_eq!(shop.order(&order).await.status, Status::Pending);
        let order = shop.until(&order, Status::Expired).await;
        assert!(order.expires_at > first.plus(Duration::from_millis(600)));
        let timeline = shop.record(&order).await.timeline;
        assert!(timeline.iter().any(|moment| moment.what == "hold-extended"));
        assert_eq!(order.position().version, order.version, "that it expired was announced");
    })
    .await;
}
