//! The way from a committed transaction to the relay of its database, in memory.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use storage::Database;
use tokio::sync::Notify;

use crate::Envelope;

/// What messaging keeps beside each database.
#[derive(Default)]
pub(crate) struct Companion {
    pub(crate) handover: Handover,
    /// Somebody parked a message or wants one retried.
    pub(crate) parked: Notify,
}

impl Companion {
    /// The companion of `db`, made when first asked for.
    pub(crate) fn of(db: &Database) -> Arc<Self> {
        loop {
            if let Some(companion) = db.extension::<Self>() {
                return companion;
            }
            // Refused when another thread was faster; then it is found in the next round.
            if db.set_extension(Self::default()).is_err() {
                tracing::debug!("two wanted to be the first companion of a database");
            }
        }
    }
}

/// Rows on their way to the relay. Bounded: when it overflows the relay reads the table instead.
#[derive(Default)]
pub(crate) struct Handover {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Default)]
struct State {
    rows: VecDeque<Handed>,
    /// There may be rows in the table that were not handed over.
    look: bool,
    /// Some of that was committed in this process.
    fresh: bool,
    /// The relay is at work on what it took.
    busy: bool,
    /// Counts what was ever handed over.
    generation: u64,
}

/// A row of the outbox that was just committed.
pub(crate) struct Handed {
    pub(crate) pos: i64,
    pub(crate) envelope: Envelope,
}

/// What the relay took.
#[derive(Default)]
pub(crate) struct Taken {
    pub(crate) rows: VecDeque<Handed>,
    pub(crate) look: bool,
    /// Something was committed in this process.
    pub(crate) fresh: bool,
}

/// Rows that wait at most.
const CAPACITY: usize = 4_096;

impl Handover {
    /// Hands `rows` over; called in commit order.
    pub(crate) fn give(&self, rows: Vec<Handed>) {
        let mut state = self.state();
        state.generation += 1;
        if state.rows.len() + rows.len() > CAPACITY {
            state.rows.clear();
            state.look = true;
        } else {
            state.rows.extend(rows);
        }
        drop(state);
        self.news.notify_one();
    }

    /// Tells the relay to look into the table, because something was committed here.
    pub(crate) fn look(&self) {
        self.tell(true);
    }

    /// Tells the relay to look into the table, because another process has a reason to.
    pub(crate) fn nudged(&self) {
        self.tell(false);
    }

    fn tell(&self, fresh: bool) {
        let mut state = self.state();
        state.generation += 1;
        state.look = true;
        state.fresh |= fresh;
        drop(state);
        self.news.notify_one();
    }

    /// Remembers that the table is to be looked at, when the relay can.
    pub(crate) fn look_later(&self) {
        self.state().look = true;
    }

    /// Waits for something to do. From then on the relay counts as busy, until it asks again.
    pub(crate) async fn take(&self) -> Taken {
        loop {
            {
                let mut state = self.state();
                state.busy = state.look || !state.rows.is_empty();
                if state.busy {
                    let look = std::mem::take(&mut state.look);
                    let fresh = std::mem::take(&mut state.fresh);
                    return Taken { rows: std::mem::take(&mut state.rows), look, fresh };
                }
            }
            self.news.notified().await;
        }
    }

    /// Waits for news without taking it; tells whether something was committed in this process.
    pub(crate) async fn hear(&self) -> bool {
        self.news.notified().await;
        std::mem::take(&mut self.state().fresh)
    }

    /// Whether nothing waits and the relay has nothing in hand.
    pub(crate) fn is_quiet(&self) -> bool {
        let state = self.state();
        state.rows.is_empty() && !state.look && !state.busy
    }

    /// Changes whenever something was handed over.
    pub(crate) fn generation(&self) -> u64 {
        self.state().generation
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
