//! The numbers an operator could want to change.

use std::{collections::BTreeMap, time::Duration};

/// How messages are moved and retried; [`Options::default`] is right for most.
#[derive(Clone, Debug)]
pub struct Options {
    /// How often an outbox on SQLite is looked at for rows that another process committed.
    pub poll_sqlite: Duration,
    /// The same on Postgres, where other processes are the rule.
    pub poll_postgres: Duration,
    /// Messages that wait in one lane of one subscriber before its senders wait too.
    pub lane: usize,
    /// Postgres: events that wait in one lane and are applied in one transaction; 1 for each in its own.
    /// When one of them fails all are tried again, one by one. On SQLite transactions of all lanes
    /// share a commit anyway.
    pub together: usize,
    /// Messages of one module that are on their way to one group elsewhere. When there are more the
    /// group is behind: the others wait in the outbox.
    pub window: usize,
    /// Messages that travel to a group elsewhere together.
    pub batch: usize,
    /// How often the applied rows of an outbox are removed.
    pub reclaim_every: Duration,
    /// How many applied rows are removed without waiting for that time.
    pub reclaim_rows: u64,
    /// How long is remembered which message caused which; zero to remember nothing.
    pub journal: Duration,
    /// How often it is looked for what can be forgotten of that.
    pub sweep_every: Duration,
    /// How long one try of a handler may take.
    pub handler_limit: Duration,
    /// The first pause before a parked message is tried again; it doubles with every try.
    pub first_pause: Duration,
    /// The longest such pause.
    pub longest_pause: Duration,
    /// Different messages that fail in a row before a subscriber goes on with one at a time.
    pub probe_after: u32,
    /// Postgres: how relays find what was published.
    pub relay: Method,
    /// The same for modules that differ.
    pub relays: BTreeMap<String, Method>,
    /// Postgres: how long a relay that fell silent keeps its database to itself.
    pub lease: Duration,
}

/// How a relay on Postgres finds what was published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// It asks the table, by snapshots.
    #[default]
    Ticks,
    /// The server tells, from its transaction log. Where that cannot be done it is as with
    /// [`Ticks`](Self::Ticks), until it can.
    Log,
}

impl Options {
    /// How the relay of `module` finds what was published.
    pub fn relay_of(&self, module: &str) -> Method {
        self.relays.get(module).copied().unwrap_or(self.relay)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            poll_sqlite: Duration::from_secs(5),
            poll_postgres: Duration::from_millis(500),
            lane: 64,
            together: 16,
            window: 1_024,
            batch: 64,
            reclaim_every: Duration::from_secs(10),
            reclaim_rows: 1_000,
            journal: Duration::from_hours(30 * 24),
            sweep_every: Duration::from_mins(1),
            handler_limit: Duration::from_secs(30),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(300),
            probe_after: 10,
            relay: Method::Ticks,
            relays: BTreeMap::new(),
            lease: Duration::from_secs(5),
        }
    }
}
