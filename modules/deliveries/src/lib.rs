//! Parcels: what sending one costs, the shipment of every completed order, and where it is.
//!
//! Start reading at [`open`]. The rules are in `domain`. What happens when orders speak is in
//! `subscriptions`, what staff and shoppers ask for in `service`. A carrier is behind the trait in
//! `carrier`; the built-in ones are instances of the `simulator`. What they all charge is gathered by `rates`. What carriers say is taken in by `service`, applied by
//! `inbox` and `tracker`; whom they must be asked for is the business of `courier`.
//!
//! **Invariants:** quotes and waybills come from memory, so that no transaction waits for a carrier. A parcel
//! never goes back on its way, in whatever order and however often a carrier speaks.

mod carrier;
mod carriers;
mod courier;
mod domain;
mod http;
mod inbox;
mod packing;
mod parcel;
mod rates;
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

use deliveries_api::{Deliveries, DeliveriesSkeleton, LocalDeliveries, RATES};
use host::{Background, Hosted, idempotency::Replies};
use kernel::{Clock, Ids};
use messaging::Aggregator;
use ports::Meters;
use storage::Database;
use tokio::sync::Notify;
use uuid::Uuid;

pub use settings::{Method, Other, Rate, Secret, Settings, Simulator, Zone};

use crate::{
    carrier::Carrier,
    carriers::Carriers,
    courier::Courier,
    inbox::Inbox,
    rates::{AskRates, Asker, Clerk, Rates, Rounds},
    service::Service,
    simulator::{Postman, Terms},
    tracker::Tracker,
};

/// What deliveries needs of the process that hosts it.
pub struct Needs {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where fresh ids come from.
    pub ids: Ids,
    /// Where calls are counted.
    pub meters: Meters,
    /// The prices and the carriers.
    pub settings: Settings,
}

/// Opens deliveries over its own database, with simulated carriers.
pub fn open(db: Database, needs: Needs) -> Hosted<dyn Deliveries> {
    let Needs { clock, ids, meters, settings } = needs;
    let (carriers, postmen) = employ(&settings, &clock);
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
        carriers: carriers.clone(),
        tracker,
        settings: settings.clone(),
    };
    let replies = Replies::new(db.clone(), clock.clone());
    let rates = Arc::new(Rates::default());
    let clerk = Clerk { clock: clock.clone(), carriers: carriers.clone(), rates: rates.clone() };
    let aggregator = Arc::new(Aggregator::new(db.clone(), RATES, Arc::new(clerk)));
    let rounds = Rounds {
        db: db.clone(),
        clock: clock.clone(),
        carriers: carriers.clone(),
        rates: rates.clone(),
        aggregator: aggregator.clone(),
        settings: settings.clone(),
    };
    let (asking, asker) = Asker::new(db.clone(), carriers.clone());
    let service = Service {
        db,
        clock: clock.clone(),
        ids: ids.clone(),
        carriers: carriers.clone(),
        rates,
        arrived,
        settings,
    };
    let port = LocalDeliveries::around(Arc::new(service), &meters);
    let shop = port.clone();
    let gathering = aggregator.clone();
    let mut background = vec![
        Background::new("deliveries inbox", |stop| inbox.run(stop)),
        Background::new("deliveries courier", |stop| courier.run(stop)),
        Background::new("deliveries asker", |stop| asker.run(stop)),
        Background::new("deliveries rates", |stop| rounds.run(stop)),
        Background::new("deliveries gathering", |stop| async move { gathering.run(stop).await }),
        replies.sweeper("deliveries replies"),
    ];
    for (name, postman) in postmen {
        let shop = shop.clone();
        background.push(Background::new("simulated carrier", |stop| postman.run(name, shop, stop)));
    }
    Hosted {
        wire: DeliveriesSkeleton::new(port.clone()),
        routes: http::routes(port.clone(), replies),
        subscriptions: subscriptions::subscriptions(clock, ids, carriers)
            .answer::<AskRates>(Arc::new(asking))
            .replies(RATES, aggregator),
        sagas: None,
        background,
        port,
    }
}

/// The simulated carriers, the one of the house first, and by name those who bring their webhooks.
fn employ(settings: &Settings, clock: &Arc<dyn Clock>) -> (Carriers, Vec<(String, Postman)>) {
    let Settings { carrier, webhook_secret, simulator, methods, .. } = settings.clone();
    let house = (carrier, Other { webhook_secret, simulator, methods });
    let (mut carriers, mut postmen) = (Vec::<Arc<dyn Carrier>>::new(), Vec::new());
    for (name, other) in [house].into_iter().chain(settings.others.clone()) {
        let secret = match other.webhook_secret.expose() {
            "" => [Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes).concat(),
            chosen => chosen.as_bytes().to_owned(),
        };
        let terms = Terms {
            name: name.clone(),
            methods: other.methods,
            knobs: other.simulator,
            tolerance: settings.webhook_tolerance,
        };
        let (carrier, postman) = simulator::Simulator::new(terms, &secret, clock.clone());
        carriers.push(Arc::new(carrier));
        postmen.push((name, postman));
    }
    (Carriers::new(carriers), postmen)
}
