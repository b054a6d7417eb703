//! Lists and timelines, for those who own the orders.

use std::sync::Arc;

use history_api::{Entry, Error, Happened, History, OrdersOf, Result, TimelineOf};
use kernel::{Page, Violation};
use orders_api::{OrderOf, Orders, Position};
use ports::async_trait;
use storage::Database;
use tokio::time::{Duration, Instant, sleep, timeout_at};
use users_api::UserId;

use crate::{
    domain::{Fact, Told},
    settings::Settings,
    store::{self, After, Target},
};

/// The first pause before a reader looks again; it doubles up to [`LONGEST_LOOK`].
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LONGEST_LOOK: Duration = Duration::from_millis(100);

pub(crate) struct Service {
    pub(crate) db: Database,
    pub(crate) orders: Arc<dyn Orders>,
    pub(crate) settings: Settings,
}

#[async_trait]
impl History for Service {
    async fn orders(&self, wish: OrdersOf) -> Result<Page<Entry>> {
        let after = behind(wish.page.after.as_deref(), After::parse)?;
        if let Some(position) = wish.after {
            self.catch_up(wish.customer, position).await?;
        }
        store::page(&self.db, &wish, after).await.map_err(broken)
    }

    async fn timeline(&self, wish: TimelineOf) -> Result<Page<Happened>> {
        let after = behind(wish.page.after.as_deref(), After::parse)?;
        if let Some(position) = wish.after {
            self.catch_up(wish.customer, position).await?;
        }
        let known = store::version(&self.db, wish.customer, wish.order).await.map_err(broken)?;
        known.ok_or(Error::UnknownOrder(wish.order))?;
        store::timeline(&self.db, &wish, after).await.map_err(broken)
    }
}

impl Service {
    /// Waits until what the customer knows is known here.
    ///
    /// Usually it is on its way. Not every change of an order is announced, though, so orders is asked
    /// when it takes long.
    async fn catch_up(&self, customer: UserId, position: Position) -> Result<()> {
        let Settings { patience, ask_orders_after, .. } = self.settings;
        let begun = Instant::now();
        let (ask_at, end) = (begun + ask_orders_after, begun + patience);
        let (mut pause, mut asked) = (FIRST_LOOK, false);
        loop {
            let known = store::version(&self.db, customer, position.order).await;
            if known.map_err(broken)?.is_some_and(|version| version >= position.version) {
                return Ok(());
            }
            let now = Instant::now();
            if now >= end {
                return Err(Error::Behind(position));
            }
            if now >= ask_at && !asked {
                asked = true;
                // Whoever does not answer in time is waited for no longer.
                if let Ok(heard) = timeout_at(end, self.ask_orders(customer, position)).await {
                    heard?;
                }
                continue;
            }
            sleep(pause.min(end - now)).await;
            pause = (pause * 2).min(LONGEST_LOOK);
        }
    }

    /// Merges the order as it is now.
    async fn ask_orders(&self, customer: UserId, position: Position) -> Result<()> {
        let order = match self.orders.order(OrderOf { customer, order: position.order }).await {
            Ok(order) => order,
            Err(orders_api::Error::UnknownOrder(_)) => {
                let detail = "the position is of no order of yours";
                let violation = Violation::new("/after_position", "unknown-position", detail);
                return Err(Error::Invalid(vec![violation]));
            }
            Err(cause) => {
                tracing::warn!(order = %position.order, %cause, "orders did not tell an order's state");
                return Ok(());
            }
        };
        let told = Told { fact: Fact::Order(order.into()), moments: Vec::new() };
        let tx = self.db.begin().await.map_err(broken)?;
        store::merge(&tx, Target::Live, &told).await.map_err(broken)?;
        tx.commit().await.map_err(broken)
    }
}

/// Where a page begins, if it is not the first one.
fn behind<T>(after: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
    let Some(text) = after else { return Ok(None) };
    let detail = "the cursor is not one that this list gave out";
    let violation = || Error::Invalid(vec![Violation::new("/cursor", "invalid-cursor", detail)]);
    parse(text).map(Some).ok_or_else(violation)
}

fn broken(cause: storage::Error) -> Error {
    tracing::error!(%cause, "history's database failed");
    Error::Broken
}
