//! Counts for the metrics page.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of one process since its start.
#[derive(Debug, Default)]
pub struct Gauges {
    published: AtomicU64,
    applied: AtomicU64,
    duplicates: AtomicU64,
    failures: AtomicU64,
    parked: AtomicU64,
    waiting: AtomicU64,
}

/// What the [`Gauges`] showed at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Messages the relays took from the outboxes.
    pub published: u64,
    /// Messages applied, once for each group.
    pub applied: u64,
    /// Redeliveries recognised by their mark.
    pub duplicates: u64,
    /// Tries that failed.
    pub failures: u64,
    /// Times a message was parked, because it failed or because it waits behind one that did.
    pub parked: u64,
    /// The lag: deliveries handed to subscribers and not acknowledged yet.
    pub waiting: u64,
}

impl Gauges {
    /// Reads all counts.
    pub fn read(&self) -> Reading {
        Reading {
            published: self.published.load(Ordering::Relaxed),
            applied: self.applied.load(Ordering::Relaxed),
            duplicates: self.duplicates.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            parked: self.parked.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn published(&self) {
        self.published.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn applied(&self) {
        self.applied.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn duplicate(&self) {
        self.duplicates.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn parked(&self) {
        self.parked.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn sent(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn acknowledged(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
