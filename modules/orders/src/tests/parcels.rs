//! What became of the lines of an order, over all of its parcels.

use deliveries_api::{Portion, SplitShipment};
use orders_api::{Asker, CancelOrder, Counts, DeliveryStatus, Error, Status};

use super::{
    DECLINED,
    shop::{check, on_both_databases},
};

fn shipped(shipped: u32) -> Counts {
    Counts { shipped, ..Counts::default() }
}

#[tokio::test]
async fn an_order_counts_what_leaves_the_house_parcel_by_parcel() {
    on_both_databases(async |shop| {
        let order = shop.place(&shop.wish(3).await).await.unwrap().order;
        let order = shop.until(&order, Status::Completed).await;
        assert_eq!(order.lines[0].counts, Counts::default());
        let first = shop.shipment(&order).await;
        let lines = vec![Portion { variant: order.lines[0].variant, quantity: 2 }];
        let part = SplitShipment { shipment: first.id, lines };
        let second = shop.deliveries.split(part).await.unwrap();

        shop.deliveries.dispatch(second.id).await.unwrap();
        let sent = shop.until_counted(&order, shipped(2)).await;
        assert_eq!(sent.delivery_status, DeliveryStatus::InTransit);
        let wish =
            CancelOrder { asker: Asker::Staff, order: order.id, reason: "too late".to_owned() };
        assert_eq!(shop.orders.cancel(wish).await, Err(Error::NotCancellable(Status::Completed)));

        shop.deliveries.dispatch(first.id).await.unwrap();
        let all = shop.until_counted(&order, shipped(3)).await;
        assert!(all.version > sent.version, "its tag is another one");
        let record = shop.record(&order).await;
        let told: Vec<_> = record.timeline.iter().map(|it| it.what.as_str()).collect();
        assert_eq!(told[3..], ["delivery-in-transit", "parcel-shipped"]);
        assert_eq!(record.order, all);
    })
    .await;
}

#[tokio::test]
async fn of_an_order_that_is_cancelled_all_is_counted_as_cancelled() {
    on_both_databases(async |shop| {
        let cancelled = |cancelled| Counts { cancelled, ..Counts::default() };
        let order = shop.place(&shop.wish(2).await).await.unwrap().order;
        let order = shop.until(&order, Status::Completed).await;
        shop.shipment(&order).await;
        let wish = |order| CancelOrder { asker: Asker::Staff, order, reason: "no".to_owned() };
        shop.orders.cancel(wish(order.id)).await.unwrap();
        shop.until(&order, Status::Cancelled).await;
        shop.until_counted(&order, cancelled(2)).await;

        let mut declined = shop.wish(1).await;
        declined.payment_token = DECLINED.into();
        let pending = shop.place(&declined).await.unwrap().order;
        let ended = shop.orders.cancel(wish(pending.id)).await.unwrap();
        assert_eq!(ended.lines[0].counts, cancelled(1));
        assert_eq!(shop.order(&pending).await, ended);
    })
    .await;
}

#[tokio::test]
async fn a_parcel_that_staff_call_off_is_counted_and_the_rest_is_sent() {
    check(async |shop| {
        let order = shop.place(&shop.wish(2).await).await.unwrap().order;
        let order = shop.until(&order, Status::Completed).await;
        let first = shop.shipment(&order).await;
        let lines = vec![Portion { variant: order.lines[0].variant, quantity: 1 }];
        let part = SplitShipment { shipment: first.id, lines };
        let second = shop.deliveries.split(part).await.unwrap();
        shop.deliveries.cancel(second.id).await.unwrap();
        let called_off = Counts { cancelled: 1, ..Counts::default() };
        let kept = shop.until_counted(&order, called_off).await;
        assert_eq!(kept.delivery_status, DeliveryStatus::Preparing);
        shop.deliveries.dispatch(first.id).await.unwrap();
        shop.until_counted(&order, Counts { shipped: 1, ..called_off }).await;
    })
    .await;
}
