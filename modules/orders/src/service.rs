//! Orders at work: ask the neighbours, decide, record.

use std::{pin::pin, sync::Arc, time::Duration};

use kernel::{Ids, Page, PageRequest};
use orders_api::{
    CancelOrder, Error, NumberOf, Order, OrderId, OrderOf, OrderRecord, Orders, PlaceOrder, Placed,
    Result, Search, Wait,
};
use ports::{Context, async_trait};
use saga::Engine;
use tokio::time::{Instant, timeout_at};

use crate::{Needs, domain, store::Store};

mod ending;
mod expiring;
mod neighbours;
mod placing;

use placing::NotPlaced;
pub(crate) use placing::scope;

/// How often an order is born again because its number was taken.
const BIRTHS: u32 = 3;
/// How long nobody looks at an order that is waited for: another replica may have changed it.
const LOOK: Duration = Duration::from_millis(500);
/// What is left of a deadline when waiting ends, so that there is an answer.
const MARGIN: Duration = Duration::from_millis(200);

pub(crate) struct Service {
    store: Store,
    engine: Arc<Engine>,
    ids: Ids,
    needs: Needs,
}

impl Service {
    pub(crate) fn new(store: Store, engine: Arc<Engine>, ids: Ids, needs: Needs) -> Self {
        Self { store, engine, ids, needs }
    }
}

#[async_trait]
impl Orders for Service {
    /// An answer that was recorded before is looked for only when there is something in the way of a
    /// new one: that spares the first request a statement, and a repeated one is always in its own way,
    /// because its cart has become an order.
    async fn place(&self, wish: PlaceOrder) -> Result<Placed> {
        let wish = PlaceOrder { payment_token: domain::token(wish.payment_token)?, ..wish };
        for _ in 0..BIRTHS {
            let refusal = match self.place_once(&wish).await {
                Ok(order) => return Ok(Placed { order, replayed: false }),
                Err(NotPlaced::NumberTaken) => continue,
                Err(NotPlaced::Twin) => Error::CartNotActive(wish.cart),
                Err(NotPlaced::Refused(refusal)) => refusal,
            };
            return match self.earlier(&wish).await? {
                Some(placed) => Ok(placed),
                None => Err(refusal),
            };
        }
        tracing::error!("order numbers are running out");
        Err(Error::Broken)
    }

    async fn order(&self, which: OrderOf) -> Result<Order> {
        let found = self.store.find(which).await.map_err(broken)?;
        found.ok_or(Error::UnknownOrder(which.order))
    }

    async fn numbered(&self, which: NumberOf) -> Result<Order> {
        let found = self.store.numbered(&which).await.map_err(broken)?;
        found.ok_or(Error::UnknownNumber(which.number))
    }

    async fn progress(&self, wait: Wait) -> Result<OrderRecord> {
        let patience = wait.patience.min(Context::current().left().saturating_sub(MARGIN));
        let end = Instant::now() + patience;
        let watcher = self.store.watch().over(wait.which.order);
        loop {
            let mut changed = pin!(watcher.changed());
            changed.as_mut().enable();
            let found = self.store.progress(wait.which).await.map_err(broken)?;
            let record = found.ok_or(Error::UnknownOrder(wait.which.order))?;
            let news = wait.after.is_none_or(|known| record.order.version > known);
            let now = Instant::now();
            if news || now >= end {
                return Ok(record);
            }
            // Woken or not, it looks again.
            timeout_at(end.min(now + LOOK), changed).await.unwrap_or_default();
        }
    }

    async fn cancel(&self, wish: CancelOrder) -> Result<Order> {
        self.cancelled(wish).await
    }

    async fn record(&self, which: OrderId) -> Result<OrderRecord> {
        let found = self.store.record(which).await.map_err(broken)?;
        found.ok_or(Error::UnknownOrder(which))
    }

    async fn search(&self, wish: Search) -> Result<Page<Order>> {
        self.store.search(&wish).await.map_err(broken)
    }

    async fn records(&self, page: PageRequest) -> Result<Page<OrderRecord>> {
        self.store.records(&page).await.map_err(broken)
    }
}

/// Keeps the cause at home; a caller learns only that we failed.
fn broken(cause: storage::Error) -> Error {
    tracing::error!(%cause, "orders' database failed");
    Error::Broken
}
