//! A delivery that is not wanted any more.

use deliveries_api::{AlreadyDispatched, Status};
use kernel::{Moment, PageRequest, Version};
use orders_api::DeliveryStatus;

use super::{
    told_everywhere,
    world::{World, order},
};

async fn a_parcel_in_the_house_is_called_off_once(world: World) {
    let order = order();
    world.complete(&order).await;
    for _ in 0..2 {
        assert_eq!(world.call_off(&order).await, Ok(()));
        let shipments = world.shipments(&order).await;
        assert_eq!(shipments.len(), 1);
        assert_eq!((shipments[0].status, shipments[0].version), (Status::Cancelled, Version(2)));
    }
    world.quiet().await;
    assert_eq!(world.told(), ["shipment-prepared", "shipment-cancelled"]);
    assert_eq!(world.heard()[1].overall, DeliveryStatus::None);
}

async fn what_was_called_off_before_it_was_completed_is_never_delivered(world: World) {
    let order = order();
    for _ in 0..2 {
        assert_eq!(world.call_off(&order).await, Ok(()));
    }
    world.complete(&order).await;
    assert_eq!(world.call_off(&order).await, Ok(()));
    assert_eq!(world.shipments(&order).await, []);
    let records = world.deliveries.records(PageRequest::default()).await.unwrap();
    assert_eq!(records.items, []);
    world.quiet().await;
    assert_eq!(world.heard(), []);
}

/// Whichever comes first, there is one outcome: a cancelled shipment, or none.
async fn an_order_completed_and_called_off_at_once_is_not_delivered(world: World) {
    for _ in 0..20 {
        let order = order();
        let (answer, ()) = tokio::join!(world.call_off(&order), world.announce(&order));
        assert_eq!(answer, Ok(()));
        world.quiet().await;
        let shipments = world.shipments(&order).await;
        assert!(shipments.iter().all(|it| it.status == Status::Cancelled), "{shipments:?}");
    }
}

async fn what_the_carrier_has_is_not_called_off(world: World) {
    let (order, shipment) = world.prepared().await;
    world.deliveries.dispatch(shipment.id).await.unwrap();
    let gone = AlreadyDispatched { order: order.order };
    assert_eq!(world.call_off(&order).await, Err(gone));
    assert_eq!(world.look(&shipment).await.status, Status::Dispatched);
    world.quiet().await;
    assert_eq!(world.told(), ["shipment-prepared", "shipment-dispatched"]);
}

async fn what_is_told_and_what_is_kept_agree(world: World) {
    let order = order();
    world.complete(&order).await;
    world.call_off(&order).await.unwrap();
    world.quiet().await;
    let records = world.deliveries.records(PageRequest::default()).await.unwrap();
    let heard: Vec<Moment> = world.heard().into_iter().map(|heard| heard.moment).collect();
    assert_eq!(records.items[0].timeline, heard);
}

told_everywhere!(
    a_parcel_in_the_house_is_called_off_once,
    what_was_called_off_before_it_was_completed_is_never_delivered,
    an_order_completed_and_called_off_at_once_is_not_delivered,
    what_the_carrier_has_is_not_called_off,
    what_is_told_and_what_is_kept_agree,
);
