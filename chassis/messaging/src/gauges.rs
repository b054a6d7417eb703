//! Counts for the metrics page.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
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
    sources: BTreeMap<&'static str, Arc<Course>>,
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

/// How the relay of one module reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Whether this process reads the transaction log of its database, which is so while it relays it and
    /// the log can be followed.
    pub log: bool,
    /// How much of the log the server keeps for it, in bytes, when it was last asked.
    pub lag: u64,
}

impl Gauges {
    pub(crate) fn with(
        groups: impl IntoIterator<Item = &'static str>,
        modules: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        let elsewhere = groups.into_iter().map(|group| (group, Arc::default())).collect();
        let sources = modules.into_iter().map(|module| (module, Arc::default())).collect();
        Self { elsewhere, sources, ..Self::default() }
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

    /// The modules whose messages this process relays, or would. They do not change.
    pub fn modules(&self) -> impl Iterator<Item = &'static str> {
        self.sources.keys().copied()
    }

    /// How the relay of `module` reads; all zero when there is none of that name.
    pub fn source(&self, module: &str) -> Source {
        self.sources.get(module).map_or_else(Source::default, |course| course.read())
    }

    pub(crate) fn course(&self, module: &str) -> Arc<Course> {
        self.sources.get(module).cloned().unwrap_or_default()
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

/// What one relay says of how it reads.
#[derive(Debug, Default)]
pub(crate) struct Course {
    log: AtomicBool,
    lag: AtomicU64,
}

impl Course {
    fn read(&self) -> Source {
        Source { log: self.log.load(Relaxed), lag: self.lag.load(Relaxed) }
    }

    pub(crate) fn follows_log(&self, follows: bool) {
        self.log.store(follows, Relaxed);
        self.lag.store(0, Relaxed);
    }

    pub(crate) fn lags(&self, bytes: u64) {
        self.lag.store(bytes, Relaxed);
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
