//! Whoever waits for an order to get further, in this process.
//!
//! A change that another replica commits is not heard here, so nobody waits for longer than a moment
//! without looking.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use async_trait::async_trait;
use orders_api::OrderId;
use storage::{Attachment, Database, Error, Tx};
use tokio::sync::{Notify, futures::Notified};

/// The orders that are waited for.
#[derive(Default)]
pub(crate) struct Watch(Mutex<HashMap<OrderId, Weak<Notify>>>);

/// Waits for one order. Dropped, it waits no more.
pub(crate) struct Watcher {
    watch: Arc<Watch>,
    order: OrderId,
    changed: Arc<Notify>,
}

impl Watch {
    /// The one of `db`.
    pub(crate) fn of(db: &Database) -> Arc<Self> {
        loop {
            if let Some(watch) = db.extension() {
                return watch;
            }
            // Whoever was faster has left the same.
            drop(db.set_extension(Self::default()));
        }
    }

    /// Waits for `order`.
    pub(crate) fn over(self: Arc<Self>, order: OrderId) -> Watcher {
        let changed = {
            let mut all = self.all();
            let waited = all.get(&order).and_then(Weak::upgrade);
            let changed = waited.unwrap_or_default();
            all.insert(order, Arc::downgrade(&changed));
            changed
        };
        Watcher { watch: self, order, changed }
    }

    fn changed(&self, order: OrderId) {
        if let Some(changed) = self.all().get(&order).and_then(Weak::upgrade) {
            changed.notify_waiters();
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<OrderId, Weak<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    /// The next change. One that is committed once this was enabled is not missed.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut all = self.watch.all();
        if Arc::strong_count(&self.changed) == 1 {
            all.remove(&self.order);
        }
    }
}

/// The orders that a transaction changes.
#[derive(Default)]
pub(crate) struct Changes(Vec<OrderId>);

impl Changes {
    pub(crate) fn add(&mut self, order: OrderId) {
        self.0.push(order);
    }
}

#[async_trait]
impl Attachment for Changes {
    async fn before_commit(&mut self, _tx: &Tx) -> Result<(), Error> {
        Ok(())
    }

    fn committed(self: Box<Self>, db: &Database) {
        if let Some(watch) = db.extension::<Watch>() {
            self.0.iter().for_each(|order| watch.changed(*order));
        }
    }
}
