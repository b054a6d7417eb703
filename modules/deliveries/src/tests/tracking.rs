//! What carriers say of parcels: late, twice, in disorder, or not they.

use std::time::Duration;

use deliveries_api::{AlreadyDispatched, Error, Shipment, Status, TrackingCode, Waybill, Webhook};
use kernel::Clock;
use orders_api::DeliveryStatus;
use sea_orm::ConnectionTrait;

use super::{
    told_everywhere,
    world::{World, scan},
};
use crate::{carrier::Scan, signature::Signer};

const DAY: Duration = Duration::from_hours(24);

fn way(shipment: &Shipment) -> Vec<Scan> {
    use TrackingCode::*;
    let waybill = shipment.waybill.as_ref().unwrap();
    let codes = [Accepted, InTransit, OutForDelivery, FailedAttempt, OutForDelivery, Delivered];
    (1..).zip(codes).map(|(nth, code)| scan(waybill, nth, code)).collect()
}

async fn a_parcel_is_followed_to_its_door(world: World) {
    world.work();
    let (_, shipment) = world.prepared().await;
    world.deliveries.dispatch(shipment.id).await.unwrap();
    let statuses = [
        Status::Dispatched,
        Status::InTransit,
        Status::OutForDelivery,
        Status::FailedAttempt,
        Status::OutForDelivery,
        Status::Delivered,
    ];
    for (scan, status) in way(&shipment).iter().zip(statuses) {
        assert!(!world.tell(scan).await.unwrap().duplicate);
        world.reaches(&shipment, status).await;
    }
    world.quiet().await;
    let progressed = "shipment-progressed";
    let told = ["shipment-prepared", "shipment-dispatched", progressed, progressed, progressed];
    assert_eq!(world.told()[..5], told);
    assert_eq!(world.told()[5..], [progressed, "shipment-delivered"]);
    assert_eq!(world.heard()[6].overall, DeliveryStatus::Delivered);
    let tracking = world.deliveries.track(shipment.waybill.unwrap()).await.unwrap();
    assert_eq!((tracking.status, tracking.events.len()), (Status::Delivered, 6));
    assert_eq!(tracking.events[0].code, TrackingCode::Delivered);
    assert_eq!(tracking.events[5].code, TrackingCode::Accepted);
}

async fn in_disorder_and_twice_the_end_is_the_same(world: World) {
    world.work();
    let (_, shipment) = world.prepared().await;
    world.deliveries.dispatch(shipment.id).await.unwrap();
    let mut scans = way(&shipment);
    scans.reverse();
    for duplicate in [false, true] {
        for scan in &scans {
            world.clock.advance(Duration::from_micros(1));
            assert_eq!(world.tell(scan).await.unwrap().duplicate, duplicate);
        }
        world.reaches(&shipment, Status::Delivered).await;
    }
    let all = async || {
        let waybill = shipment.waybill.clone().unwrap();
        world.deliveries.track(waybill).await.unwrap().events.len() == 6
    };
    testkit::eventually("all is applied", Duration::from_secs(20), all).await;
    world.quiet().await;
    assert_eq!(world.told(), ["shipment-prepared", "shipment-dispatched", "shipment-delivered"]);
    assert_eq!(world.look(&shipment).await.status, Status::Delivered);
    for change in ["UPDATE tracking_event SET text = ''", "DELETE FROM tracking_event"] {
        let tx = world.db.begin().await.unwrap();
        assert!(tx.execute_unprepared(change).await.is_err(), "{change}");
        tx.rollback().await.unwrap();
    }
}

async fn what_the_carrier_did_not_sign_is_not_believed(world: World) {
    world.work();
    let (_, shipment) = world.prepared().await;
    world.deliveries.dispatch(shipment.id).await.unwrap();
    let delivered = way(&shipment).remove(5);
    let good = world.signed(&delivered);
    let forger = Signer::new(b"a guess", DAY);
    let forged = forger.sign(&good.body, world.clock.now());
    let changed = good.body.replace("Leipzig", "Dresden");
    for webhook in [
        Webhook { signature: forged, ..good.clone() },
        Webhook { signature: String::new(), ..good.clone() },
        Webhook { body: changed, ..good.clone() },
    ] {
        assert_eq!(world.deliveries.receive(webhook).await, Err(Error::Forged));
    }
    let stranger = Webhook { carrier: "somebody".to_owned(), ..good.clone() };
    let unknown = Error::UnknownCarrier("somebody".to_owned());
    assert_eq!(world.deliveries.receive(stranger).await, Err(unknown));
    world.clock.advance(DAY);
    assert_eq!(world.deliveries.receive(good).await, Err(Error::Forged), "an old signature");
    assert_eq!(world.look(&shipment).await.status, Status::Dispatched);
    // The carrier itself may be a day late: it signs when it sends.
    world.tell(&delivered).await.unwrap();
    world.reaches(&shipment, Status::Delivered).await;
}

async fn a_carrier_that_is_faster_than_the_house_has_the_parcel(world: World) {
    world.work();
    let (order, shipment) = world.prepared().await;
    world.tell(&way(&shipment)[1]).await.unwrap();
    world.reaches(&shipment, Status::InTransit).await;
    let gone = AlreadyDispatched { order: order.order };
    assert_eq!(world.call_off(&order).await, Err(gone));
    world.quiet().await;
    let told = ["shipment-prepared", "shipment-dispatched", "shipment-progressed"];
    assert_eq!(world.told(), told);
}

async fn what_is_said_of_an_unknown_parcel_waits_for_it(world: World) {
    world.work();
    let waybill = Waybill::new(47_312_482);
    world.tell(&scan(&waybill, 1, TrackingCode::InTransit)).await.unwrap();
    world.tell(&scan(&Waybill::new(1), 1, TrackingCode::InTransit)).await.unwrap();
    let (_, shipment) = world.prepared().await;
    assert_eq!(world.look(&shipment).await.status, Status::Ready);
    let tx = world.db.begin().await.unwrap();
    let named = format!("UPDATE shipment SET waybill = '{waybill}'");
    tx.execute_unprepared(&named).await.unwrap();
    tx.commit().await.unwrap();
    let arrived = async || {
        world.clock.advance(Duration::from_secs(60));
        world.look(&shipment).await.status == Status::InTransit
    };
    testkit::eventually("the parcel is under way", Duration::from_secs(20), arrived).await;
    let given_up = async || {
        world.clock.advance(DAY);
        outcomes(&world).await == ["applied", "unknown-waybill"]
    };
    testkit::eventually("the other is put aside", Duration::from_secs(20), given_up).await;
}

/// What became of all webhooks, in alphabetical order.
async fn outcomes(world: &World) -> Vec<String> {
    let reader = world.db.reader();
    let sql = "SELECT outcome FROM webhook WHERE outcome IS NOT NULL ORDER BY outcome";
    let query = sea_orm::Statement::from_string(reader.get_database_backend(), sql);
    let rows = reader.query_all_raw(query).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

told_everywhere!(
    a_parcel_is_followed_to_its_door,
    in_disorder_and_twice_the_end_is_the_same,
    what_the_carrier_did_not_sign_is_not_believed,
    a_carrier_that_is_faster_than_the_house_has_the_parcel,
    what_is_said_of_an_unknown_parcel_waits_for_it,
);
