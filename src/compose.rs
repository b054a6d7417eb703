//! The only place that knows every module and where it lives.
//!
//! Read it from top to bottom: a module may need those above it, never those below.

use std::sync::Arc;

use anyhow::Result;
use carts_api::{Carts, RemoteCarts};
use deliveries_api::{Deliveries, RemoteDeliveries};
use explain::{Fragment, Question};
use history_api::{History, RemoteHistory};
use notifications_api::{Notifications, RemoteNotifications};
use operations::Knows;
use orders_api::{Orders, RemoteOrders};
use payments_api::{Payments, RemotePayments};
use products_api::{Products, RemoteProducts};
use storage::Database;
use users_api::{RemoteUsers, Users};

use crate::{
    config::Loaded,
    house::{Door, House},
};

/// The doors of the shop.
pub struct Shop {
    /// Who is asking.
    pub users: Door<dyn Users>,
    /// What is for sale.
    pub products: Door<dyn Products>,
    /// What shoppers are about to want.
    pub carts: Door<dyn Carts>,
    /// Promises made.
    pub orders: Door<dyn Orders>,
    /// Money moved.
    pub payments: Door<dyn Payments>,
    /// Parcels on their way.
    pub deliveries: Door<dyn Deliveries>,
    /// What became of every order.
    pub history: Door<dyn History>,
    /// Mail to people.
    pub notifications: Door<dyn Notifications>,
}

/// Opens every module that lives here over its own database, and finds the way to the others.
pub async fn compose(house: &mut House<'_>) -> Result<Shop> {
    let users: Door<dyn Users> = door!(house, "users", RemoteUsers, |site| {
        let needs = users::Needs {
            clock: house.clock.clone(),
            ids: house.ids.clone(),
            meters: house.meters.clone(),
            settings: house.loaded.settings("users")?,
        };
        users::open(site.db.clone(), needs).await?
    });

    let products: Door<dyn Products> = door!(house, "products", RemoteProducts, |site| {
        let needs = products::Needs {
            clock: house.clock.clone(),
            ids: house.ids.clone(),
            meters: house.meters.clone(),
            settings: house.loaded.settings("products")?,
        };
        products::open(site.db.clone(), needs)
    });

    let deliveries: Door<dyn Deliveries> = door!(house, "deliveries", RemoteDeliveries, |site| {
        let needs = deliveries::Needs {
            clock: house.clock.clone(),
            ids: house.ids.clone(),
            meters: house.meters.clone(),
            settings: house.loaded.settings("deliveries")?,
        };
        deliveries::open(site.db.clone(), needs)
    });

    let carts: Door<dyn Carts> = door!(house, "carts", RemoteCarts, |site| {
        let needs = carts::Needs {
            products: house.port("carts", &products),
            deliveries: house.port("carts", &deliveries),
            clock: house.clock.clone(),
            ids: house.ids.clone(),
            meters: house.meters.clone(),
            settings: house.loaded.settings("carts")?,
        };
        carts::open(site.db.clone(), needs)
    });

    let payments: Door<dyn Payments> = door!(house, "payments", RemotePayments, |site| {
        let sandbox = house.site(crate::wiring::SANDBOX).await?;
        house.keep(&sandbox);
        let needs = payments::Needs {
            sandbox: sandbox.db,
            clock: house.clock.clone(),
            ids: house.ids.clone(),
            meters: house.meters.clone(),
            settings: house.loaded.settings("payments")?,
        };
        payments::open(site.db.clone(), needs)
    });

    let orders: Door<dyn Orders> = door!(house, "orders", RemoteOrders, |site| {
        let needs = orders::Needs {
            carts: house.port("orders", &carts),
            users: house.port("orders", &users),
            products: house.port("orders", &products),
            deliveries: house.port("orders", &deliveries),
            payments: house.port("orders", &payments),
            clock: house.clock.clone(),
            ids: house.ids.clone(),
            meters: house.meters.clone(),
            settings: house.loaded.settings("orders")?,
        };
        orders::open(site.db.clone(), needs)
    });

    let history: Door<dyn History> = door!(house, "history", RemoteHistory, |site| {
        let needs = history::Needs {
            orders: house.port("history", &orders),
            meters: house.meters.clone(),
            settings: house.loaded.settings("history")?,
        };
        history::open(site.db.clone(), needs).await?
    });

    let notifications: Door<dyn Notifications> =
        door!(house, "notifications", RemoteNotifications, |site| {
            let needs = notifications::Needs {
                clock: house.clock.clone(),
                meters: house.meters.clone(),
                settings: house.loaded.settings("notifications")?,
            };
            notifications::open(site.db.clone(), needs)?
        });

    Ok(Shop { users, products, carts, orders, payments, deliveries, history, notifications })
}

/// Whether each module of this binary can read its own section of the configuration.
pub fn settings(loaded: &Loaded) -> Vec<(&'static str, Result<()>)> {
    Vec::from([
        #[cfg(feature = "users")]
        ("users", loaded.settings::<users::Settings>("users").map(drop)),
        #[cfg(feature = "products")]
        ("products", loaded.settings::<products::Settings>("products").map(drop)),
        #[cfg(feature = "carts")]
        ("carts", loaded.settings::<carts::Settings>("carts").map(drop)),
        #[cfg(feature = "deliveries")]
        ("deliveries", loaded.settings::<deliveries::Settings>("deliveries").map(drop)),
        #[cfg(feature = "payments")]
        ("payments", loaded.settings::<payments::Settings>("payments").map(drop)),
        #[cfg(feature = "orders")]
        ("orders", loaded.settings::<orders::Settings>("orders").map(drop)),
        #[cfg(feature = "history")]
        ("history", loaded.settings::<history::Settings>("history").map(drop)),
        #[cfg(feature = "notifications")]
        ("notifications", loaded.settings::<notifications::Settings>("notifications").map(drop)),
        #[cfg(feature = "gateway")]
        ("gateway", loaded.settings::<gateway::Settings>("gateway").map(drop)),
        #[cfg(feature = "registry")]
        ("registry", loaded.settings::<registry::Settings>("registry").map(drop)),
    ])
}

/// Looks whether the books of `module` add up, if it keeps any.
#[allow(unused_variables, reason = "a binary may be built without the modules that keep books")]
pub async fn audit(module: &str, db: &Database) -> Result<()> {
    #[cfg(feature = "products")]
    if module == "products" {
        let discrepancies = products::audit(db).await?;
        anyhow::ensure!(
            discrepancies.is_empty(),
            "the stock of {} variants is not the sum of its movements: {discrepancies:?}",
            discrepancies.len()
        );
    }
    Ok(())
}

/// What the database of `module` knows, for its desk.
pub fn knows(module: &'static str) -> Knows {
    Arc::new(move |db, question| Box::pin(async move { fragment(module, &db, &question).await }))
}

/// What the database of `module` knows of what is asked for.
#[allow(unused_variables, reason = "a binary may be built without the modules that know more")]
pub async fn fragment(
    module: &str,
    db: &Database,
    question: &Question,
) -> Result<Fragment, storage::Error> {
    let found = messaging::journal::read(db, &question.wanted).await?;
    #[allow(unused_mut, reason = "a binary may be built without the modules that know more")]
    let mut fragment = Fragment { found, ..Fragment::default() };
    #[cfg(feature = "orders")]
    if module == "orders" {
        let keys = question.wanted.keys.iter().map(String::as_str);
        fragment.stories = explain::stories(db, keys).await?;
        fragment.ids = orders::numbered(db, &question.things).await?;
    }
    #[cfg(feature = "payments")]
    if module == "payments" {
        fragment.calls = payments::calls(db, &question.things).await?;
    }
    Ok(fragment)
}
