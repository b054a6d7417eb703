//! Promises made: from a cart to a paid order whose stock is sold.
//!
//! Start reading at [`open`]. The rules are in `domain`, the way of an order from wish to row in
//! `service`, and what happens after that in `checkout` and `cancellation`, the sagas.

mod announce;
mod cancellation;
mod checkout;
mod domain;
mod http;
mod service;
mod steps;
mod store;
mod subscriptions;
#[cfg(test)]
mod tests;
mod watch;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use carts_api::Carts;
use deliveries_api::Deliveries;
use host::{Background, Hosted, idempotency::Replies};
use kernel::{Clock, Ids};
use orders_api::{LocalOrders, OrderNumber, Orders, OrdersSkeleton, REPLIES};
use payments_api::Payments;
use ports::Meters;
use products_api::Products;
use saga::Engine;
use serde::Deserialize;
use storage::Database;
use users_api::Users;

use crate::{
    cancellation::Cancellation, checkout::Checkout, http::Closing, service::Service,
    steps::Records, store::Store,
};

/// The name of the module.
pub const NAME: &str = "orders";

/// The neighbours orders cannot do without, and what everybody gets.
pub struct Needs {
    /// What the customer wants.
    pub carts: Arc<dyn Carts>,
    /// Where the customer lives.
    pub users: Arc<dyn Users>,
    /// Holds the stock.
    pub products: Arc<dyn Products>,
    /// Knows what delivery costs.
    pub deliveries: Arc<dyn Deliveries>,
    /// Is asked only whether it has taken up an order that is about to expire.
    pub payments: Arc<dyn Payments>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives out ids.
    pub ids: Ids,
    /// Counts calls.
    pub meters: Meters,
    /// The module's section of the configuration.
    pub settings: Settings,
}

/// What an operator may decide about orders.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How long an order is payable and its stock held.
    #[serde(with = "humantime_serde")]
    pub hold: Duration,
    /// How long that may be extended while payments is silent, since the order was placed.
    #[serde(with = "humantime_serde")]
    pub longest_hold: Duration,
    /// How often orders that were not paid in time are looked for.
    #[serde(with = "humantime_serde")]
    pub sweep: Duration,
    /// How long sagas that have ended are kept, for whoever looks into them.
    #[serde(with = "humantime_serde")]
    pub sagas_kept: Duration,
}

/// How often sagas that have ended are looked for.
const FORGETTING: Duration = Duration::from_secs(60 * 60);

impl Default for Settings {
    fn default() -> Self {
        Self {
            hold: Duration::from_mins(15),
            longest_hold: Duration::from_hours(24),
            sweep: Duration::from_secs(5),
            sagas_kept: Duration::from_hours(30 * 24),
        }
    }
}

/// Opens orders over their own database.
pub fn open(db: Database, needs: Needs) -> Hosted<dyn Orders> {
    let Needs { clock, ids, meters, settings, .. } = &needs;
    let (clock, ids, meters, settings) =
        (clock.clone(), ids.clone(), meters.clone(), settings.clone());
    let store = Store::new(db.clone());
    let records = Arc::new(Records::new(store.clone(), clock.clone()));
    let engine = Engine::new(db.clone(), REPLIES, clock.clone())
        .runs::<Checkout>(records.clone())
        .runs::<Cancellation>(records);
    let engine = Arc::new(engine);
    let subscriptions = subscriptions::subscriptions(store.clone());
    let service = Arc::new(Service::new(store, engine.clone(), ids, needs));
    let port = LocalOrders::around(service.clone(), &meters);
    let expiry = Background::every("orders: expiry", settings.sweep, move || {
        let service = service.clone();
        async move { service.sweep().await }
    });
    let watch = engine.clone();
    let sagas = Background::new("orders: sagas", move |stop| async move { watch.run(stop).await });
    let replies = Replies::new(db.clone(), clock.clone());
    let answers = replies.sweeper("orders: old answers");
    let closing = Closing::default();
    let streams = closing.clone();
    let streams = Background::new("orders: event streams", move |stop| async move {
        stop.cancelled().await;
        streams.0.cancel();
    });
    let forgetting = forgetting(db, engine.clone(), clock, settings.sagas_kept);
    Hosted {
        wire: OrdersSkeleton::new(port.clone()),
        routes: http::routes(port.clone(), replies, closing),
        sagas: Some(engine.clone()),
        subscriptions: subscriptions.replies(REPLIES, engine),
        background: vec![expiry, sagas, answers, streams, forgetting],
        port,
    }
}

/// The ids of those orders in `db` that have one of these numbers. Other names are passed over.
///
/// # Errors
/// When the database cannot be read.
pub async fn numbered(
    db: &Database,
    numbers: &BTreeSet<String>,
) -> Result<BTreeSet<String>, storage::Error> {
    let numbers = numbers.iter().filter_map(|text| OrderNumber::try_from(text.clone()).ok());
    Store::new(db.clone()).ids_of(numbers.collect()).await
}

/// Removes sagas that ended long ago.
fn forgetting(
    db: Database,
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    kept: Duration,
) -> Background {
    Background::every("orders: old sagas", FORGETTING, move || {
        let (db, engine, before) = (db.clone(), engine.clone(), clock.now().minus(kept));
        async move {
            let forgotten = async {
                let tx = db.begin().await?;
                engine.forget(&tx, before).await?;
                tx.commit().await
            };
            if let Err(cause) = forgotten.await {
                tracing::warn!(%cause, "old sagas cannot be removed");
            }
        }
    })
}
