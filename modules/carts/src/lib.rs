//! What a shopper is about to want: lines with snapshots, and what stands between them and an order.
//!
//! Start reading at [`open`]; the rules are in `domain`, the story in `service`.

mod domain;
mod http;
mod service;
mod settings;
mod store;
mod subscriptions;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use carts_api::{Carts, CartsSkeleton, LocalCarts};
use deliveries_api::Deliveries;
use host::{Background, Hosted, idempotency::Replies};
use kernel::{Clock, Ids};
use products_api::Products;
use storage::Database;

pub use settings::Settings;

use crate::{service::Service, store::Store};

/// What carts cannot do without.
pub struct Needs {
    /// Prices, and what is left of things.
    pub products: Arc<dyn Products>,
    /// What delivery costs.
    pub deliveries: Arc<dyn Deliveries>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Ids,
    /// Where calls are counted.
    pub meters: ports::Meters,
    /// The numbers an operator may have changed.
    pub settings: Settings,
}

/// Opens carts over their own, migrated database.
pub fn open(db: Database, needs: Needs) -> Hosted<dyn Carts> {
    let Needs { products, deliveries, clock, ids, meters, settings } = needs;
    let sweep = settings.sweep;
    let replies = Replies::new(db.clone(), clock.clone());
    let store = Store::new(db);
    let service = Arc::new(Service { store, products, deliveries, clock, ids, settings });
    let port = LocalCarts::around(service.clone(), &meters);
    let expiry = Background::every("carts: expiry", sweep, move || {
        let service = service.clone();
        async move { service.sweep().await }
    });
    Hosted {
        wire: CartsSkeleton::new(port.clone()),
        routes: http::routes(port.clone(), replies.clone()),
        subscriptions: subscriptions::subscriptions(),
        sagas: None,
        background: vec![expiry, replies.sweeper("carts: old answers")],
        port,
    }
}
