//! What the sagas change in this module's own tables.

use std::sync::Arc;

use kernel::Clock;
use orders_api::OrderId;
use ports::async_trait;
use saga::{Saga, Steps};
use storage::{Error, Tx};

use crate::{
    announce,
    domain::Happening,
    store::{Happened, Store},
};

/// Something happens to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    order: OrderId,
    happening: Happening,
    why: Option<String>,
}

impl Change {
    pub(crate) fn of(order: OrderId, happening: Happening) -> Self {
        Self { order, happening, why: None }
    }

    pub(crate) fn because(self, why: &str) -> Self {
        Self { why: Some(why.to_owned()), ..self }
    }
}

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
impl<S: Saga<Change = Change>> Steps<S> for Records {
    async fn record(&self, tx: &mut Tx, change: Change) -> Result<(), Error> {
        let Change { order, happening, why } = change;
        let happened = Happened { happening, at: self.clock.now(), detail: why };
        match self.store.advance(tx, order, &happened).await? {
            Some(order) => announce::told(tx, &order, &happened),
            None => {
                tracing::debug!(%order, ?happening, "a change does not concern its order any more");
                Ok(())
            }
        }
    }
}
