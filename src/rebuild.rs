//! `rialto rebuild`: copies made again from what they are copies of, beside a shop that is open or closed.

#[cfg(all(feature = "orders", feature = "payments", feature = "deliveries", feature = "history"))]
mod bars;

use anyhow::Result;

use crate::config::Loaded;

/// Makes history again from the books of orders, payments and deliveries, and says what that was.
///
/// # Errors
/// When a database cannot be used, or another rebuild was begun meanwhile; readers see what they saw then.
#[cfg(all(feature = "orders", feature = "payments", feature = "deliveries", feature = "history"))]
pub async fn history(loaded: &Loaded) -> Result<String> {
    use std::time::Instant;

    use anyhow::Context;
    use history::{Rebuilt, Sources};

    use crate::{compose, house::House};

    let begun = Instant::now();
    let mut house = House::beside(loaded, &["orders", "payments", "deliveries", "history"]);
    let shop = compose::compose(&mut house).await?;
    let sources = Sources {
        orders: house.port("rebuild", &shop.orders),
        payments: house.port("rebuild", &shop.payments),
        deliveries: house.port("rebuild", &shop.deliveries),
    };
    let own = house.databases.iter().find(|(name, _)| *name == "history");
    let (_, db) = own.context("history was opened without a database")?;
    let settings = loaded.settings("history")?;
    let bars = bars::Bars::new();
    let rebuilt = history::rebuild(db, &sources, &settings, |progress| bars.tell(progress)).await;
    for (_, db) in &house.databases {
        db.close().await?;
    }
    let Rebuilt { orders, payments, shipments } = rebuilt.context("history was not made again")?;
    let seconds = begun.elapsed().as_secs_f64();
    Ok(format!(
        "history   {orders} orders, {payments} payments, {shipments} shipments in {seconds:.1} s\n"
    ))
}

/// Says that this binary cannot.
///
/// # Errors
/// Always.
#[cfg(not(all(
    feature = "orders",
    feature = "payments",
    feature = "deliveries",
    feature = "history"
)))]
pub async fn history(_loaded: &Loaded) -> Result<String> {
    anyhow::bail!(
        "history is made again from orders, payments and deliveries: build this binary with --features \
         \"orders payments deliveries history\""
    )
}
