//! Parcels: what sending one costs, the shipment of every completed order, and where it is.
//!
//! Start reading at [`open`]. The rules are in `domain`. What happens when orders speak is in
//! `subscriptions`, what staff and shoppers ask for in `service`. A carrier is behind the trait in
//! `carrier`; there is one built in, the `simulator`. What carriers say is taken in by `service`, applied by
//! `inbox` and `tracker`; whom they must be asked for is the business of `courier`.
//!
//! **Invariants:** quotes and waybills come from memory, so that no transaction waits for a carrier. A parcel
//! never goes back on its way, in whatever order and however often a carrier speaks.

mod carrier;
mod courier;
mod domain;
mod http;
mod inbox;
mod parcel;
mod recorder;
mod service;
mod settings;
mod signature;
mod simulator;
mod store;
mod subscriptions;
#[cfg(test)]
mod tests;
mod tracker;

use std::sync::Arc;

use deliveries_api::{Deliveries, DeliveriesSkeleton, LocalDeliveries};
use host::{Background, Hosted, idempotency::Replies};
use kernel::{Clock, Ids};
use ports::Meters;
use storage::Database;
use tokio::sync::Notify;
use uuid::Uuid;

pub use settings::{Method, Rate, Secret, Settings, Simulator, Zone};

use crate::{courier::Courier, inbox::Inbox, service::Service, tracker::Tracker};

/// What deliveries needs of the process that hosts it.
pub struct Needs {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where fresh ids come from.
    pub ids: Ids,
    /// Where calls are counted.
    pub meters: Meters,
    /// The prices and the carrier.
    pub settings: Settings,
}

/// Opens deliveries over its own database, with the simulated carrier.
pub fn open(db: Database, needs: Needs) -> Hosted<dyn Deliveries> {
    let Needs { clock, ids, meters, settings } = needs;
    let secret = match settings.webhook_secret.expose() {
        "" => [Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes).concat(),
        chosen => chosen.as_bytes().to_owned(),
    };
    let (carrier, postman) = simulator::Simulator::new(settings.clone(), &secret, clock.clone());
    let carrier: Arc<dyn carrier::Carrier> = Arc::new(carrier);
    let arrived = Arc::new(Notify::new());
    let tracker = Arc::new(Tracker {
        db: db.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        track_after: settings.track_after,
    });
    let inbox = Inbox {
        db: db.clone(),
        clock: clock.clone(),
        tracker: tracker.clone(),
        arrived: arrived.clone(),
        settings: settings.clone(),
    };
    let courier = Courier {
        db: db.clone(),
        clock: clock.clone(),
        carrier: carrier.clone(),
        tracker,
        settings: settings.clone(),
    };
    let replies = Replies::new(db.clone(), clock.clone());
    let name = settings.carrier.clone();
    let service = Service { db, clock: clock.clone(), carrier: carrier.clone(), arrived, settings };
    let port = LocalDeliveries::around(Arc::new(service), &meters);
    let shop = port.clone();
    Hosted {
        wire: DeliveriesSkeleton::new(port.clone()),
        routes: http::routes(port.clone(), replies.clone()),
        subscriptions: subscriptions::subscriptions(clock, ids, carrier),
        background: vec![
            Background::new("deliveries inbox", |stop| inbox.run(stop)),
            Background::new("deliveries courier", |stop| courier.run(stop)),
            Background::new("simulated carrier", |stop| postman.run(name, shop, stop)),
            replies.sweeper("deliveries replies"),
        ],
        port,
    }
}
