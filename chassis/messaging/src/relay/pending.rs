//! Which handed-out messages are still to be acknowledged.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Messages get tickets in the order in which they are handed out.
#[derive(Default)]
pub(crate) struct Pending {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    /// Acknowledgements that are missing, by ticket.
    missing: BTreeMap<u64, usize>,
}

impl Pending {
    /// A ticket for a message that goes to so many groups.
    pub(crate) fn add(&self, groups: usize) -> u64 {
        let mut state = self.state();
        let ticket = state.next;
        state.next += 1;
        state.owe(ticket, groups);
        ticket
    }

    /// One more acknowledgement is missing at `ticket`, which may not have been given out yet.
    pub(crate) fn owe(&self, ticket: u64) {
        self.state().owe(ticket, 1);
    }

    /// One group is done with the message.
    pub(crate) fn done(&self, ticket: u64) {
        self.state().done(ticket);
    }

    /// The same for several, which may have one ticket.
    pub(crate) fn all_done(&self, tickets: impl IntoIterator<Item = u64>) {
        let mut state = self.state();
        tickets.into_iter().for_each(|ticket| state.done(ticket));
    }

    /// The next ticket.
    pub(crate) fn next(&self) -> u64 {
        self.state().next
    }

    /// The lowest ticket that is not done; every one before it is.
    pub(crate) fn low(&self) -> u64 {
        let state = self.state();
        state.missing.keys().next().copied().unwrap_or(state.next)
    }

    /// Whether everything is done.
    pub(crate) fn is_empty(&self) -> bool {
        self.state().missing.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn owe(&mut self, ticket: u64, acknowledgements: usize) {
        if acknowledgements > 0 {
            *self.missing.entry(ticket).or_default() += acknowledgements;
        }
    }

    fn done(&mut self, ticket: u64) {
        if let Some(missing) = self.missing.get_mut(&ticket) {
            *missing -= 1;
            if *missing == 0 {
                self.missing.remove(&ticket);
            }
        }
    }
}
