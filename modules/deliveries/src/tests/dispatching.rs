//! Parcels leave the house, or stay in it.

use deliveries_api::{Error, Status};
use kernel::{Ids, Version};
use orders_api::DeliveryStatus;

use super::{told_everywhere, world::World};

async fn a_parcel_is_given_to_its_carrier_once(world: World) {
    let (_, shipment) = world.prepared().await;
    for _ in 0..2 {
        let dispatched = world.deliveries.dispatch(shipment.id).await.unwrap();
        assert_eq!((dispatched.status, dispatched.version), (Status::Dispatched, Version(2)));
        assert_eq!(dispatched.waybill, shipment.waybill);
    }
    world.quiet().await;
    assert_eq!(world.told(), ["shipment-prepared", "shipment-dispatched"]);
    assert_eq!(world.heard()[1].overall, DeliveryStatus::InTransit);
    let refused = world.deliveries.cancel(shipment.id).await;
    assert_eq!(refused, Err(Error::NotCancellable(Status::Dispatched)));
}

async fn what_staff_called_off_does_not_leave_the_house(world: World) {
    let (_, shipment) = world.prepared().await;
    for _ in 0..2 {
        let cancelled = world.deliveries.cancel(shipment.id).await.unwrap();
        assert_eq!((cancelled.status, cancelled.version), (Status::Cancelled, Version(2)));
    }
    let refused = world.deliveries.dispatch(shipment.id).await;
    assert_eq!(refused, Err(Error::NotDispatchable(Status::Cancelled)));
    let nobody = Ids::system().next();
    assert_eq!(world.deliveries.dispatch(nobody).await, Err(Error::UnknownShipment(nobody)));
    world.quiet().await;
    assert_eq!(world.told(), ["shipment-prepared", "shipment-cancelled"]);
}

async fn of_a_dispatch_and_a_cancellation_at_once_one_wins(world: World) {
    for _ in 0..20 {
        let (order, shipment) = world.prepared().await;
        let (dispatched, called_off) =
            tokio::join!(world.deliveries.dispatch(shipment.id), world.call_off(&order));
        assert_ne!(dispatched.is_ok(), called_off.is_ok(), "{dispatched:?} {called_off:?}");
        let end = if dispatched.is_ok() { Status::Dispatched } else { Status::Cancelled };
        assert_eq!(world.look(&shipment).await.status, end);
    }
}

told_everywhere!(
    a_parcel_is_given_to_its_carrier_once,
    what_staff_called_off_does_not_leave_the_house,
    of_a_dispatch_and_a_cancellation_at_once_one_wins,
);
