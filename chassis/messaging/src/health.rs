//! How a subscriber fares, known without asking its database.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use tokio::sync::{Mutex, MutexGuard};

/// Whether anything is parked, known without asking the database.
pub(crate) struct Parkings {
    added: AtomicU64,
    none_at: AtomicU64,
}

impl Default for Parkings {
    /// There may be something from before.
    fn default() -> Self {
        Self { added: AtomicU64::new(1), none_at: AtomicU64::new(0) }
    }
}

impl Parkings {
    pub(crate) fn any(&self) -> bool {
        self.count() != self.none_at.load(Ordering::SeqCst)
    }

    /// How often something was parked; asked before the table is.
    pub(crate) fn count(&self) -> u64 {
        self.added.load(Ordering::SeqCst)
    }

    /// The table was empty when [`count`](Self::count) was `count`.
    pub(crate) fn none(&self, count: u64) {
        self.none_at.store(count, Ordering::SeqCst);
    }

    pub(crate) fn added(&self) {
        self.added.fetch_add(1, Ordering::SeqCst);
    }
}

/// Whether messages fail because of themselves, or because something they all need is down. In the
/// second case they are tried one at a time instead of being parked one and all.
pub(crate) struct Health {
    failed_in_a_row: AtomicU32,
    limit: u32,
    alone: Mutex<()>,
}

impl Health {
    pub(crate) fn new(limit: u32) -> Self {
        Self { failed_in_a_row: AtomicU32::new(0), limit, alone: Mutex::new(()) }
    }

    /// Waits for its turn while things are bad; gives the turn, or nothing when all may go.
    pub(crate) async fn enter(&self) -> Option<MutexGuard<'_, ()>> {
        if !self.is_bad() {
            return None;
        }
        let turn = self.alone.lock().await;
        self.is_bad().then_some(turn)
    }

    pub(crate) fn succeeded(&self) {
        self.failed_in_a_row.store(0, Ordering::Relaxed);
    }

    /// A message failed all its tries; tells whether things are bad now.
    pub(crate) fn failed(&self) -> bool {
        self.failed_in_a_row.fetch_add(1, Ordering::Relaxed);
        self.is_bad()
    }

    /// Whether many different messages failed in a row.
    pub(crate) fn is_bad(&self) -> bool {
        self.failed_in_a_row.load(Ordering::Relaxed) >= self.limit
    }
}
