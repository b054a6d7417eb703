//! The carrier that carries nothing, at its worst.

use std::{collections::HashMap, time::Duration};

use deliveries_api::{Shipment, ShipmentId, Status, TrackingSource};
use kernel::Version;

use super::world::{World, settings};
use crate::{Settings, Simulator};

const LIMIT: Duration = Duration::from_secs(60);
const PARCELS: usize = 12;

/// Settings with a carrier that is asked about parcels soon.
fn asked(simulator: Simulator) -> Settings {
    Settings { track_after: Duration::from_secs(5), simulator, ..settings() }
}

/// Dispatches parcels and lets time pass until nothing more happens to them.
async fn sent(world: &World, count: usize) -> Vec<Shipment> {
    world.work();
    let mut shipments = Vec::new();
    for _ in 0..count {
        let (_, shipment) = world.prepared().await;
        shipments.push(world.deliveries.dispatch(shipment.id).await.unwrap());
    }
    let ended = async || {
        world.clock.advance(Duration::from_secs(10));
        let mut open = 0;
        for shipment in &shipments {
            open += usize::from(world.look(shipment).await.status.is_under_way());
        }
        open == 0
    };
    testkit::eventually("all parcels are somewhere", LIMIT, ended).await;
    world.quiet().await;
    let mut looked = Vec::new();
    for shipment in &shipments {
        looked.push(world.look(shipment).await);
    }
    looked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_every_fault_at_once_each_parcel_goes_forward_only_and_arrives_or_comes_back() {
    let simulator = Simulator {
        latency: Duration::from_millis(1),
        lost: 30,
        duplicated: 50,
        disordered: 50,
        forged: 50,
        nobody_home: 50,
        parcels_returned: 50,
        delay: Duration::from_secs(1),
        ..Simulator::default()
    };
    for world in World::both(asked(simulator)).await {
        let shipments = sent(&world, PARCELS).await;
        let ends = shipments.iter().map(|shipment| shipment.status);
        assert!(ends.into_iter().all(|end| matches!(end, Status::Delivered | Status::Returned)));
        let mut versions: HashMap<ShipmentId, Version> = HashMap::new();
        for heard in world.heard() {
            let before = versions.insert(heard.shipment, heard.moment.version);
            assert!(before < Some(heard.moment.version), "{heard:?}");
        }
        let delivered = shipments.iter().filter(|it| it.status == Status::Delivered).count();
        let told = world.told().iter().filter(|what| *what == "shipment-delivered").count();
        assert_eq!(told, delivered);
        for shipment in shipments {
            let tracking = world.deliveries.track(shipment.waybill.unwrap()).await.unwrap();
            assert!(tracking.events.len() <= 8, "nothing is noted twice: {:?}", tracking.events);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parcel_of_which_no_webhook_comes_is_asked_for() {
    let simulator = Simulator { lost: 100, ..Simulator::default() };
    for world in World::both(asked(simulator)).await {
        for shipment in sent(&world, 2).await {
            assert_eq!(shipment.status, Status::Delivered);
            let tracking = world.deliveries.track(shipment.waybill.unwrap()).await.unwrap();
            assert!(tracking.events.iter().all(|event| event.source == TrackingSource::Poll));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parcel_waits_for_its_waybill_when_the_carrier_gives_none() {
    let simulator = Simulator { refuse: 4, ..Simulator::default() };
    let settings = Settings { ask_again: Duration::from_secs(1), ..asked(simulator) };
    for world in World::both(settings).await {
        let (order, shipment) = world.prepared().await;
        assert_eq!((shipment.status, &shipment.waybill), (Status::Pending, &None));
        let called_off = super::world::order();
        world.complete(&called_off).await;
        assert_eq!(world.call_off(&called_off).await, Ok(()));
        world.quiet().await;
        assert_eq!(world.told(), ["shipment-cancelled"]);
        world.work();
        let ready = async || {
            world.clock.advance(Duration::from_secs(2));
            world.look(&shipment).await.status == Status::Ready
        };
        testkit::eventually("there is a waybill", LIMIT, ready).await;
        world.quiet().await;
        assert_eq!(world.told(), ["shipment-cancelled", "shipment-prepared"]);
        let shipments = world.shipments(&order).await;
        assert!(shipments[0].waybill.is_some());
        assert_eq!(shipments[0].version, Version(2));
    }
}
