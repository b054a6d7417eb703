//! Orders that somebody does not want any more.

use orders_api::{Asker, CancelOrder, DeliveryStatus, Error, Order, PaymentStatus, Status};

use super::{
    DECLINED,
    shop::{Shop, VISA, check, eur, on_both_databases},
};

fn regret(shop: &Shop, order: &Order) -> CancelOrder {
    let asker = Asker::Customer(shop.customer);
    CancelOrder { asker, order: order.id, reason: "changed my mind".into() }
}

async fn declined(shop: &Shop) -> Order {
    let mut wish = shop.wish(1).await;
    wish.payment_token = DECLINED.into();
    shop.place(&wish).await.unwrap().order
}

#[tokio::test]
async fn a_pending_order_is_cancelled_at_once() {
    check(async |shop| {
        let order = declined(&shop).await;
        let cancelled = shop.orders.cancel(regret(&shop, &order)).await.unwrap();
        assert_eq!(cancelled.status, Status::Cancelled);
        let again = shop.orders.cancel(regret(&shop, &order)).await.unwrap();
        assert_eq!(again.status, Status::Cancelled);
        shop.until_available(10).await;
    })
    .await;
}

#[tokio::test]
async fn a_completed_order_is_cancelled_once_its_money_is_given_back() {
    on_both_databases(async |shop| {
        let order = shop.place(&shop.wish(3).await).await.unwrap().order;
        let order = shop.until(&order, Status::Completed).await;
        shop.shipment(&order).await;
        let cancelling = shop.orders.cancel(regret(&shop, &order)).await.unwrap();
        assert_eq!(
            (cancelling.status, cancelling.payment_status),
            (Status::Cancelling, PaymentStatus::Paid)
        );
        let again = shop.orders.cancel(regret(&shop, &order)).await.unwrap();
        assert!(matches!(again.status, Status::Cancelling | Status::Cancelled));
        let order = shop.until(&order, Status::Cancelled).await;
        assert_eq!(
            (order.payment_status, order.delivery_status),
            (PaymentStatus::Refunded, DeliveryStatus::None)
        );
        let payment = shop.payment(&order).await;
        let all = eur(3 * 1_500 + 490).minor;
        assert_eq!((payment.captured, payment.refunded), (all, all));
        shop.until_available(10).await;
        let shipment = shop.shipment(&order).await;
        assert_eq!(shipment.status, deliveries_api::Status::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn staff_cancel_any_order_and_a_stranger_none() {
    check(async |shop| {
        let order = declined(&shop).await;
        let mut wish = regret(&shop, &order);
        wish.asker = Asker::Customer(shop.stranger());
        assert_eq!(shop.orders.cancel(wish.clone()).await, Err(Error::UnknownOrder(order.id)));
        wish.asker = Asker::Staff;
        assert_eq!(shop.orders.cancel(wish).await.unwrap().status, Status::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn whoever_cancels_while_the_card_is_charged_gets_one_of_both() {
    on_both_databases(async |shop| {
        for _ in 0..5 {
            let order = declined(&shop).await;
            shop.until_declined(&order).await;
            let ((), cancelled) = tokio::join!(
                shop.try_card(&order, VISA),
                shop.orders.cancel(regret(&shop, &order))
            );
            let order = match cancelled {
                Ok(_) => shop.until(&order, Status::Cancelled).await,
                Err(Error::NotCancellable(_)) => shop.until(&order, Status::Completed).await,
                Err(other) => panic!("{other}"),
            };
            let kept = shop.until_settled(&order).await;
            let taken = if order.status == Status::Completed { eur(1_990).minor } else { 0 };
            assert_eq!(kept, taken, "{:?}", order.status);
            if order.status == Status::Completed {
                shop.orders.cancel(regret(&shop, &order)).await.unwrap();
                shop.until(&order, Status::Cancelled).await;
            }
            shop.until_available(10).await;
        }
    })
    .await;
}
