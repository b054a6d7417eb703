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
use host::{Hosted, idempotency::Replies};
use kernel::{Clock, Ids};
use products_api::Products;
use storage::Database;

pub use settings::Settings;

use crate::{service::Service, store::Store};

/// What carts cannot do without.
pub struct Needs {
    /// Prices, and what is left of things.
    pub products: Arc<dyn Products>,
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
    let Needs { products, clock, ids, meters, settings } = needs;
    let replies = Replies::new(db.clone(), clock.clone());
    let service = Service { store: Store::new(db), products, clock, ids, settings };
    let port = LocalCarts::around(Arc::new(service), &meters);
    Hosted {
        wire: CartsSkeleton::new(port.clone()),
        routes: http::routes(port.clone(), replies.clone()),
        subscriptions: subscriptions::subscriptions(),
        background: vec![replies.sweeper("carts: old answers")],
        port,
    }
}
