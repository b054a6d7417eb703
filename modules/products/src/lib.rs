//! What is for sale, and how many.
//!
//! Start reading at [`open`]; the rules are in `domain`, the story in `service`. Quantities have one
//! rule: they change by movements, and the rows of a movement and of the level it changes are written
//! in one transaction. [`audit`] looks whether that held.

mod domain;
pub mod feed;
mod http;
mod indexer;
mod service;
mod settings;
mod store;
mod subscriptions;
mod sweeper;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use host::{Hosted, idempotency::Replies};
use kernel::{Clock, Ids};
use products_api::{LocalProducts, Products, ProductsSkeleton};
use storage::Database;

pub use settings::Settings;
pub use store::{Discrepancy, audit};

use crate::{service::Service, store::Store, sweeper::Sweeper};

/// What the module needs from the process that hosts it.
pub struct Needs {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives out ids.
    pub ids: Ids,
    /// Counts calls.
    pub meters: ports::Meters,
    /// What an operator may turn.
    pub settings: Settings,
}

/// Opens products over its own, migrated database.
pub fn open(db: Database, needs: Needs) -> Hosted<dyn Products> {
    let Needs { clock, ids, meters, settings } = needs;
    let subscriptions = subscriptions::of(clock.clone(), ids.clone());
    let replies = Replies::new(db.clone(), clock.clone());
    let store = Store::new(db, clock, ids);
    let sweeper = Sweeper::new(store.clone(), &settings).background();
    let indexer = indexer::background(store.clone());
    let answers = replies.sweeper("products-answers");
    let port = LocalProducts::around(Arc::new(Service::new(store)), &meters);
    Hosted {
        wire: ProductsSkeleton::new(port.clone()),
        routes: http::routes(port.clone(), replies),
        subscriptions,
        sagas: None,
        background: vec![sweeper, indexer, answers],
        port,
    }
}
