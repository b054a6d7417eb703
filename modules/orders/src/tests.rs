//! Stories of orders, told with their real neighbours: in process, and over the loopback wire.

mod cancelling;
mod crowds;
mod guests;
mod lateness;
mod parcels;
mod shop;
mod timelines;

use deliveries::Rate;
use kernel::Money;
use orders_api::{DeliveryStatus, Error, OrderOf, PaymentStatus, Placed, Status};
use saga::explore;

use self::shop::{Setup, VISA, check, check_with, eur, on_both_databases};
use crate::{cancellation::Cancellation, checkout::Checkout};

const DECLINED: &str = "pm_card_chargeDeclined";

#[test]
fn every_path_of_the_checkout_ends_completed_or_undone() {
    let ids = kernel::Ids::system();
    let example = Checkout {
        order: ids.next(),
        payment: ids.next(),
        customer: ids.next(),
        amount: eur(1_990),
        token: VISA.into(),
        until: kernel::Timestamp::from_micros(1_800_000_000_000_000),
    };
    let report = explore(&[example]);
    println!("checkout: {report}");
    assert!(report.paths > 10);
}

#[test]
fn every_path_of_a_cancellation_ends_cancelled_or_not_begun() {
    let ids = kernel::Ids::system();
    let example = Cancellation {
        order: ids.next(),
        version: kernel::Version(3),
        payment: ids.next(),
        customer: ids.next(),
        amount: eur(1_990),
        reason: "changed my mind".into(),
    };
    let report = explore(&[example]);
    println!("cancellation: {report}");
    assert!(report.paths > 1);
}

#[tokio::test]
async fn a_paid_order_is_completed_and_prepared_for_delivery() {
    on_both_databases(async |shop| {
        let placed = shop.place(&shop.wish(2).await).await.unwrap();
        assert_eq!(placed.order.status, Status::Pending);
        assert_eq!(placed.order.totals.grand, eur(2 * 1_500 + 490));
        let order = shop.until(&placed.order, Status::Completed).await;
        assert_eq!(order.payment_status, PaymentStatus::Paid);
        assert_eq!(order.delivery_status, DeliveryStatus::Preparing);
        let shipment = shop.shipment(&order).await;
        assert_eq!(shipment.lines[0].quantity, 2);
        assert_eq!(shop.available().await, 8, "two are sold");
    })
    .await;
}

#[tokio::test]
async fn what_is_heavy_is_sent_for_more() {
    let mut deliveries = deliveries::Settings::default();
    let rates = &mut deliveries.methods[0].rates;
    rates.push(Rate { price: eur(1_290), ..rates[0] });
    rates[0].up_to_g = Some(500);
    check_with(Setup { deliveries, ..Setup::default() }, async |shop| {
        for (mugs, shipping) in [(1, 490), (2, 1_290)] {
            let mut wish = shop.wish(mugs).await;
            wish.expected_total = eur(i64::from(mugs) * 1_500 + shipping);
            let order = shop.place(&wish).await.unwrap().order;
            assert_eq!(order.totals.shipping, eur(shipping), "{mugs} mugs of 300 g");
        }
    })
    .await;
}

#[tokio::test]
async fn a_declined_card_leaves_the_order_payable_and_another_card_completes_it() {
    check(async |shop| {
        let mut wish = shop.wish(1).await;
        wish.payment_token = DECLINED.into();
        let order = shop.place(&wish).await.unwrap().order;
        shop.until_declined(&order).await;
        let pending = shop.order(&order).await;
        assert_eq!(
            (pending.status, pending.payment_status),
            (Status::Pending, PaymentStatus::None)
        );

        shop.pay(&order, VISA).await;
        shop.until(&order, Status::Completed).await;
        assert_eq!(shop.payment(&order).await.captured, order.totals.grand.minor);
    })
    .await;
}

#[tokio::test]
async fn the_same_key_is_the_same_order_and_another_request_under_it_is_refused() {
    check(async |shop| {
        let wish = shop.wish(1).await;
        let first = shop.place(&wish).await.unwrap();
        shop.until(&first.order, Status::Completed).await;
        let again = shop.place(&wish).await.unwrap();
        assert_eq!(again, Placed { order: first.order, replayed: true });

        let mut other = shop.wish(1).await;
        other.idempotency = wish.idempotency.clone();
        other.idempotency.fingerprint = "of another request".into();
        assert_eq!(shop.place(&other).await, Err(Error::KeyReused));
        assert_eq!(shop.available().await, 9, "the refused one holds nothing");
    })
    .await;
}

#[tokio::test]
async fn not_enough_stock_names_the_lines() {
    check(async |shop| {
        let wish = shop.wish(8).await;
        let rival = shop.wish_of_a_stranger(4).await;
        shop.place(&rival).await.unwrap();
        match shop.place(&wish).await {
            Err(Error::InsufficientStock(shortages)) => {
                assert_eq!((shortages[0].wanted, shortages[0].available), (8, 6));
            }
            Err(Error::Unmet(requirements)) => {
                assert_eq!(requirements[0].kind, carts_api::RequirementKind::OutOfStock);
                assert_eq!(requirements[0].line, Some(0));
            }
            other => panic!("expected a shortage, got {other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn another_total_than_agreed_is_refused_and_nothing_is_held() {
    check(async |shop| {
        let mut wish = shop.wish(1).await;
        wish.expected_total = Money::new(1, wish.expected_total.currency);
        let refused = shop.place(&wish).await;
        let (expected, actual) = (wish.expected_total, eur(1_990));
        assert_eq!(refused, Err(Error::PriceChanged { expected, actual }));
        assert_eq!(shop.available().await, 10);
    })
    .await;
}

#[tokio::test]
async fn a_strangers_order_does_not_exist() {
    check(async |shop| {
        let order = shop.place(&shop.wish(1).await).await.unwrap().order;
        let stranger = kernel::Ids::system().next();
        let which = OrderOf { customer: stranger, order: order.id };
        assert_eq!(shop.orders.order(which).await, Err(Error::UnknownOrder(order.id)));
    })
    .await;
}

#[tokio::test]
async fn every_route_has_a_policy_and_a_document() {
    let nobody = orders_api::RemoteOrders::over(std::sync::Arc::new(shop::Nowhere));
    let db = storage::Database::open(&storage::Options::new("sqlite::memory:")).await.unwrap();
    let replies = host::idempotency::Replies::new(db, std::sync::Arc::new(kernel::SystemClock));
    crate::http::routes(nobody, replies, crate::http::Closing::default()).check().unwrap();
}
