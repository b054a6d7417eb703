//! Promises made: from a cart to a paid order whose stock is sold.
//!
//! Start reading at [`open`]. The rules are in `domain`, the way of an order from wish to row in
//! `service`, and what happens after that in `checkout`, the saga.

mod checkout;
mod domain;
mod http;
mod service;
mod steps;
mod store;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use carts_api::Carts;
use deliveries_api::Deliveries;
use host::{Background, Hosted};
use kernel::{Clock, Ids};
use messaging::Subscriptions;
use orders_api::{LocalOrders, Orders, OrdersSkeleton, REPLIES};
use ports::Meters;
use products_api::Products;
use saga::Engine;
use serde::Deserialize;
use storage::Database;
use users_api::Users;

use crate::{checkout::Checkout, service::Service, steps::Records, store::Store};

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
    /// How often orders that were not paid in time are looked for.
    #[serde(with = "humantime_serde")]
    pub sweep: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { hold: Duration::from_secs(15 * 60), sweep: Duration::from_secs(5) }
    }
}

/// Opens orders over their own database.
pub fn open(db: Database, needs: Needs) -> Hosted<dyn Orders> {
    let Needs { clock, ids, meters, settings, .. } = &needs;
    let (clock, ids, meters, settings) =
        (clock.clone(), ids.clone(), meters.clone(), settings.clone());
    let store = Store::new(db.clone());
    let records = Arc::new(Records::new(store.clone(), clock.clone()));
    let engine = Engine::new(db.clone(), REPLIES, clock.clone()).runs::<Checkout>(records);
    let engine = Arc::new(engine);
    let service = Arc::new(Service::new(store, engine.clone(), ids, needs));
    let port = LocalOrders::around(service.clone(), &meters);
    let expiry = Background::every("orders: expiry", settings.sweep, move || {
        let service = service.clone();
        async move { service.expire_overdue().await }
    });
    let watch = engine.clone();
    let sagas = Background::new("orders: sagas", move |stop| async move { watch.run(stop).await });
    let answers = host::idempotency::sweeper("orders: old answers", db, clock);
    Hosted {
        wire: OrdersSkeleton::new(port.clone()),
        routes: http::routes(port.clone()),
        subscriptions: Subscriptions::of(NAME).replies(REPLIES, engine),
        background: vec![expiry, sagas, answers],
        port,
    }
}
