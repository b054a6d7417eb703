//! The only place that knows every module and where it lives.
//!
//! Read it from top to bottom: a module may need those above it, never those below.

use std::sync::Arc;

use anyhow::Result;
use carts_api::Carts;
use deliveries_api::Deliveries;
use orders_api::Orders;
use payments_api::Payments;
use products_api::Products;
use storage::Database;
use users_api::Users;

use crate::{config::Loaded, house::House};

/// The doors of the shop.
pub struct Shop {
    /// Who is asking.
    pub users: Arc<dyn Users>,
    /// What is for sale.
    pub products: Arc<dyn Products>,
    /// What shoppers are about to want.
    pub carts: Arc<dyn Carts>,
    /// Promises made.
    pub orders: Arc<dyn Orders>,
    /// Money moved.
    pub payments: Arc<dyn Payments>,
    /// Parcels on their way.
    pub deliveries: Arc<dyn Deliveries>,
}

/// Opens every module over its own database.
#[allow(
    unused_variables,
    unreachable_code,
    clippy::diverging_sub_expression,
    reason = "a binary may be built without any one module, and then it does not start"
)]
pub async fn compose(house: &mut House<'_>) -> Result<Shop> {
    let site = house.site("users").await?;
    let users: Arc<dyn Users> = admit!(house, site, "users", {
        let needs = users::Needs {
            clock: house.clock.clone(),
            ids: house.ids.clone(),
            meters: house.meters.clone(),
            settings: house.loaded.settings("users")?,
        };
        users::open(site.db.clone(), needs).await?
    });

    let site = house.site("products").await?;
    let products: Arc<dyn Products> = admit!(house, site, "products", {
        let needs = products::Needs {
            clock: house.clock.clone(),
            ids: house.ids.clone(),
            meters: house.meters.clone(),
            settings: house.loaded.settings("products")?,
        };
        products::open(site.db.clone(), needs)
    });

    let site = house.site("carts").await?;
    let carts: Arc<dyn Carts> = admit!(house, site, "carts", {
        let needs = carts::Needs {
            products: products.clone(),
            clock: house.clock.clone(),
            ids: house.ids.clone(),
            meters: house.meters.clone(),
            settings: house.loaded.settings("carts")?,
        };
        carts::open(site.db.clone(), needs)
    });

    let site = house.site("deliveries").await?;
    let deliveries: Arc<dyn Deliveries> = admit!(house, site, "deliveries", {
        let needs = deliveries::Needs {
            clock: house.clock.clone(),
            ids: house.ids.clone(),
            meters: house.meters.clone(),
            settings: house.loaded.settings("deliveries")?,
        };
        deliveries::open(site.db.clone(), needs)
    });

    let sandbox = house.site("sandbox").await?;
    let site = house.site("payments").await?;
    let payments: Arc<dyn Payments> = admit!(house, site, "payments", {
        let needs = payments::Needs {
            sandbox: sandbox.db.clone(),
            clock: house.clock.clone(),
            ids: house.ids.clone(),
            meters: house.meters.clone(),
            settings: house.loaded.settings("payments")?,
        };
        payments::open(site.db.clone(), needs)
    });
    house.keep(&sandbox);

    let site = house.site("orders").await?;
    let orders: Arc<dyn Orders> = admit!(house, site, "orders", {
        let needs = orders::Needs {
            carts: carts.clone(),
            users: users.clone(),
            products: products.clone(),
            deliveries: deliveries.clone(),
            clock: house.clock.clone(),
            ids: house.ids.clone(),
            meters: house.meters.clone(),
            settings: house.loaded.settings("orders")?,
        };
        orders::open(site.db.clone(), needs)
    });

    Ok(Shop { users, products, carts, orders, payments, deliveries })
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
        #[cfg(feature = "gateway")]
        ("gateway", loaded.settings::<gateway::Settings>("gateway").map(drop)),
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
