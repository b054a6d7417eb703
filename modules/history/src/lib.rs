//! The query side: every order with what became of it, in one place.
//!
//! Start reading at [`open`]. What others announce arrives in `subscriptions` as facts (`domain`); `store`
//! merges facts so that their order and their number do not matter; [`rebuild`] makes facts of everything
//! that the sources know and merges them into a generation of its own, while the world goes on.
//!
//! **Invariants:** nothing here decides anything for others, and nothing but orders, payments and
//! deliveries is believed. A fact merged twice, or late, changes nothing. No name, address or e-mail
//! address is kept.

mod domain;
mod http;
mod rebuild;
mod service;
mod settings;
mod store;
mod subscriptions;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use history_api::{History, HistorySkeleton, LocalHistory};
use host::Hosted;
use orders_api::Orders;
use ports::Meters;
use storage::Database;

pub use rebuild::{Progress, RebuildError, Rebuilt, Sources, rebuild};
pub use settings::Settings;

use crate::service::Service;

/// What history needs of the process that hosts it.
pub struct Needs {
    /// Promises made: asked when somebody waits for a change that nobody has told yet.
    pub orders: Arc<dyn Orders>,
    /// Where calls are counted.
    pub meters: Meters,
    /// The numbers an operator may want to change.
    pub settings: Settings,
}

/// Opens history over its own database.
///
/// # Errors
/// When the database fails.
pub async fn open(db: Database, needs: Needs) -> Result<Hosted<dyn History>, storage::Error> {
    let Needs { orders, meters, settings } = needs;
    store::generations::first(&db).await?;
    let service = Service { db, orders, settings };
    let port = LocalHistory::around(Arc::new(service), &meters);
    Ok(Hosted {
        wire: HistorySkeleton::new(port.clone()),
        routes: http::routes(port.clone()),
        subscriptions: subscriptions::subscriptions(),
        sagas: None,
        background: Vec::new(),
        port,
    })
}
