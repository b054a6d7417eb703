//! An order in several parcels.

use deliveries_api::{
    AlreadyDispatched, Error, Portion, Shipment, SplitShipment, Status, TrackingCode,
};
use kernel::{Ids, Moment, PageRequest, Version};
use orders_api::{DeliveryStatus, OrderCompleted};

use super::{
    told_everywhere,
    world::{World, scan},
};

/// Takes one mug out of a parcel.
fn one_mug(shipment: &Shipment) -> SplitShipment {
    let lines = vec![Portion { variant: shipment.lines[0].variant, quantity: 1 }];
    SplitShipment { shipment: shipment.id, lines }
}

/// An order in two parcels of a mug each.
async fn in_two(world: &World) -> (OrderCompleted, Shipment, Shipment) {
    let (order, first) = world.prepared().await;
    let second = world.deliveries.split(one_mug(&first)).await.unwrap();
    (order, world.look(&first).await, second)
}

async fn a_part_of_a_parcel_becomes_one_with_a_waybill_of_its_own(world: World) {
    let (order, first, second) = in_two(&world).await;
    assert_eq!((first.seq, first.lines[0].quantity, first.version), (1, 1, Version(2)));
    assert_eq!((second.seq, second.lines[0].quantity, second.version), (2, 1, Version(1)));
    assert_eq!((second.status, &second.ship_to), (Status::Ready, &first.ship_to));
    assert!(second.waybill.is_some() && second.waybill != first.waybill);
    assert_eq!(world.shipments(&order).await, [first.clone(), second.clone()]);
    let nothing_left = world.deliveries.split(one_mug(&first)).await;
    assert!(matches!(nothing_left, Err(Error::Invalid(_))), "{nothing_left:?}");
    world.quiet().await;
    assert_eq!(world.told(), ["shipment-prepared", "shipment-split", "shipment-prepared"]);
    assert!(world.heard().iter().all(|heard| heard.overall == DeliveryStatus::Preparing));
}

async fn an_order_is_delivered_when_all_its_parcels_are(world: World) {
    world.work();
    let (_, first, second) = in_two(&world).await;
    for (parcel, overall) in
        [(&first, DeliveryStatus::PartiallyDelivered), (&second, DeliveryStatus::Delivered)]
    {
        world.deliveries.dispatch(parcel.id).await.unwrap();
        let waybill = parcel.waybill.as_ref().unwrap();
        world.tell(&scan(waybill, 1, TrackingCode::Delivered)).await.unwrap();
        world.reaches(parcel, Status::Delivered).await;
        world.quiet().await;
        assert_eq!(world.heard().last().unwrap().overall, overall);
    }
}

async fn both_parcels_are_called_off_or_none(world: World) {
    let (order, first, second) = in_two(&world).await;
    assert_eq!(world.call_off(&order).await, Ok(()));
    for parcel in [first, second] {
        assert_eq!(world.look(&parcel).await.status, Status::Cancelled);
    }
    world.quiet().await;
    assert_eq!(world.heard().last().unwrap().overall, DeliveryStatus::None);

    let (order, first, second) = in_two(&world).await;
    world.deliveries.dispatch(second.id).await.unwrap();
    let gone = AlreadyDispatched { order: order.order };
    assert_eq!(world.call_off(&order).await, Err(gone));
    assert_eq!(world.look(&first).await.status, Status::Ready);
}

async fn what_the_carrier_has_or_nobody_knows_is_not_split(world: World) {
    let (_, shipment) = world.prepared().await;
    world.deliveries.dispatch(shipment.id).await.unwrap();
    let gone = world.deliveries.split(one_mug(&shipment)).await;
    assert_eq!(gone, Err(Error::NotDivisible(Status::Dispatched)));
    let nobody = Ids::system().next();
    let unknown = world.deliveries.split(SplitShipment { shipment: nobody, ..one_mug(&shipment) });
    assert_eq!(unknown.await, Err(Error::UnknownShipment(nobody)));
}

/// Two mugs can be parted once, however many want to.
async fn of_many_who_split_at_once_one_does(world: World) {
    for _ in 0..5 {
        let (order, shipment) = world.prepared().await;
        let split = || world.deliveries.split(one_mug(&shipment));
        let (one, two, three) = tokio::join!(split(), split(), split());
        let done = [one, two, three].iter().filter(|split| split.is_ok()).count();
        assert_eq!((done, world.shipments(&order).await.len()), (1, 2));
    }
}

/// Either comes first: what is sent and what is kept is the whole order.
async fn of_a_split_and_a_dispatch_at_once_nothing_is_sent_twice(world: World) {
    for _ in 0..10 {
        let (order, shipment) = world.prepared().await;
        let (dispatched, _) = tokio::join!(
            world.deliveries.dispatch(shipment.id),
            world.deliveries.split(one_mug(&shipment))
        );
        dispatched.unwrap();
        let parcels = world.shipments(&order).await;
        let mugs: u32 = parcels.iter().flat_map(|it| &it.lines).map(|line| line.quantity).sum();
        assert_eq!(mugs, 2, "{parcels:?}");
    }
}

async fn what_is_told_of_a_split_and_what_is_kept_agree(world: World) {
    let (_, first, _) = in_two(&world).await;
    world.quiet().await;
    let records = world.deliveries.records(PageRequest::default()).await.unwrap();
    let heard = world.heard();
    let of_first = heard.iter().filter(|heard| heard.shipment == first.id);
    let of_first: Vec<Moment> = of_first.map(|heard| heard.moment.clone()).collect();
    assert_eq!(records.items[0].timeline, of_first);
}

told_everywhere!(
    a_part_of_a_parcel_becomes_one_with_a_waybill_of_its_own,
    an_order_is_delivered_when_all_its_parcels_are,
    both_parcels_are_called_off_or_none,
    what_the_carrier_has_or_nobody_knows_is_not_split,
    of_many_who_split_at_once_one_does,
    of_a_split_and_a_dispatch_at_once_nothing_is_sent_twice,
    what_is_told_of_a_split_and_what_is_kept_agree,
);
