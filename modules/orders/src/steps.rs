//! What the checkout saga changes in this module's own tables.

use std::sync::Arc;

use kernel::{Clock, Timestamp};
use messaging::Publish;
use orders_api::{Order, OrderCompleted};
use ports::async_trait;
use saga::Steps;
use storage::{Error, Tx};

use crate::{
    checkout::{Change, Checkout},
    domain::Happening,
    store::Store,
};

pub(crate) struct Records {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Records {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }
}

#[async_trait]
impl Steps<Checkout> for Records {
    async fn record(&self, tx: &mut Tx, change: Change) -> Result<(), Error> {
        let Change { order, happening } = change;
        match self.store.advance(tx, order, happening).await? {
            Some(order) if happening == Happening::Completed => {
                tx.publish(&completed(order, self.clock.now()))
            }
            Some(_) => Ok(()),
            None => {
                tracing::warn!(%order, ?happening, "a change came too late for its order");
                Ok(())
            }
        }
    }
}

fn completed(order: Order, at: Timestamp) -> OrderCompleted {
    OrderCompleted {
        order: order.id,
        number: order.number,
        customer: order.customer,
        contact: order.contact,
        lines: order.lines,
        ship_to: order.ship_to,
        delivery_method: order.delivery_method,
        total: order.totals.grand,
        version: order.version,
        at,
    }
}
