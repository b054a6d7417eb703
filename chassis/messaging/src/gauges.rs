//! Counts for the metrics page.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Counts of one process since its start.
#[derive(Debug, Default)]
pub struct Gauges {
    published: AtomicU64,
    applied: AtomicU64,
    duplicates: AtomicU64,
    failures: AtomicU64,
    parked: AtomicU64,
    waiting: AtomicU64,
    elsewhere: BTreeMap<&'static str, Arc<Traffic>>,
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
    /// The lag: deliveries handed to the subscribers of this process and not acknowledged yet.
    pub waiting: u64,
}

/// What the relays of this process have to do with one group elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distance {
    /// Messages on their way to the group and not acknowledged yet.
    pub waiting: u64,
    /// Relays for which the group is behind: its messages wait in the outbox.
    pub behind: u64,
    /// Messages that were sent again because no acknowledgement had come.
    pub resent: u64,
}

impl Gauges {
    pub(crate) fn with(groups: impl IntoIterator<Item = &'static str>) -> Self {
        let elsewhere = groups.into_iter().map(|group| (group, Arc::default())).collect();
        Self { elsewhere, ..Self::default() }
    }

    /// Reads all counts.
    pub fn read(&self) -> Reading {
        Reading {
            published: self.published.load(Relaxed),
            applied: self.applied.load(Relaxed),
            duplicates: self.duplicates.load(Relaxed),
            failures: self.failures.load(Relaxed),
            parked: self.parked.load(Relaxed),
            waiting: self.waiting.load(Relaxed),
        }
    }

    /// The groups that live elsewhere. They do not change.
    pub fn groups(&self) -> impl Iterator<Item = &'static str> {
        self.elsewhere.keys().copied()
    }

    /// How it goes with one group elsewhere; all zero when there is none of that name.
    pub fn distance(&self, group: &str) -> Distance {
        self.elsewhere.get(group).map_or_else(Distance::default, |traffic| traffic.read())
    }

    pub(crate) fn traffic(&self, group: &str) -> Arc<Traffic> {
        self.elsewhere.get(group).cloned().unwrap_or_default()
    }

    pub(crate) fn published(&self) {
        self.published.fetch_add(1, Relaxed);
    }

    pub(crate) fn applied(&self) {
        self.applied.fetch_add(1, Relaxed);
    }

    pub(crate) fn duplicate(&self) {
        self.duplicates.fetch_add(1, Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    pub(crate) fn parked(&self) {
        self.parked.fetch_add(1, Relaxed);
    }

    pub(crate) fn sent(&self) {
        self.waiting.fetch_add(1, Relaxed);
    }

    pub(crate) fn acknowledged(&self) {
        self.waiting.fetch_sub(1, Relaxed);
    }
}

/// The counts of one group elsewhere, over all relays of this process.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    waiting: AtomicU64,
    behind: AtomicU64,
    resent: AtomicU64,
}

impl Traffic {
    fn read(&self) -> Distance {
        Distance {
            waiting: self.waiting.load(Relaxed),
            behind: self.behind.load(Relaxed),
            resent: self.resent.load(Relaxed),
        }
    }

    pub(crate) fn sent(&self) {
        self.waiting.fetch_add(1, Relaxed);
    }

    pub(crate) fn acknowledged(&self, messages: u64) {
        self.waiting.fetch_sub(messages, Relaxed);
    }

    pub(crate) fn fell_behind(&self) {
        self.behind.fetch_add(1, Relaxed);
    }

    pub(crate) fn caught_up(&self) {
        self.behind.fetch_sub(1, Relaxed);
    }

    pub(crate) fn resent(&self, messages: u64) {
        self.resent.fetch_add(messages, Relaxed);
    }
}
