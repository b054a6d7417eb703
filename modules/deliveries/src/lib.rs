//! Parcels: what sending one costs, and the shipment of every completed order.
//!
//! Start reading at [`open`]. The rules are in `domain`, prices in `settings`, and what is done about a
//! completed order in `subscriptions`.
//!
//! **Invariant:** quotes come from memory; nothing here asks a neighbour.

mod domain;
mod http;
mod parcel;
mod recorder;
mod service;
mod settings;
mod store;
mod subscriptions;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use deliveries_api::{Deliveries, DeliveriesSkeleton, LocalDeliveries};
use host::Hosted;
use kernel::{Clock, Ids};
use ports::Meters;
use storage::Database;

pub use settings::{Method, Rate, Settings, Zone};

use crate::service::Service;

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

/// Opens deliveries over its own database.
pub fn open(db: Database, needs: Needs) -> Hosted<dyn Deliveries> {
    let Needs { clock, ids, meters, settings } = needs;
    let carrier = settings.carrier.clone();
    let port = LocalDeliveries::around(Arc::new(Service { db, settings }), &meters);
    Hosted {
        wire: DeliveriesSkeleton::new(port.clone()),
        routes: http::routes(port.clone()),
        subscriptions: subscriptions::subscriptions(clock, ids, carrier),
        background: Vec::new(),
        port,
    }
}
