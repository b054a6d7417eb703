//! Messages from other processes that one group of this process has and has not committed yet.
//!
//! A sender that does not hear of a message sends it again. While the first delivery is still in
//! hand the second only waits for the same commit, so that a slow handler is not given more and more
//! of the same.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use tokio::sync::oneshot;
use uuid::Uuid;

use crate::Envelope;

#[derive(Default)]
pub(crate) struct InHand {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    numbers: HashMap<Uuid, u64>,
    waiting: HashMap<u64, Waiting>,
}

/// A message in hand, and those who want to know what becomes of it.
struct Waiting {
    id: Uuid,
    askers: Vec<oneshot::Sender<bool>>,
}

/// Resolves when the message was committed, to true, or given up, to false: then it has to be sent
/// again. Dropping it changes nothing for the message.
pub struct Acceptance(oneshot::Receiver<bool>);

impl InHand {
    /// Waits for a message that is in hand already; nothing when it is not.
    pub(crate) fn join(&self, envelope: &Envelope) -> Option<Acceptance> {
        self.state().join(envelope)
    }

    /// Takes a message in hand, under a number that is to be [closed](Self::close); without one when
    /// it has been in hand already.
    pub(crate) fn take(&self, envelope: &Envelope) -> (Option<u64>, Acceptance) {
        let mut state = self.state();
        if let Some(acceptance) = state.join(envelope) {
            return (None, acceptance);
        }
        state.next += 1;
        let (number, id) = (state.next, envelope.id);
        let (asker, answer) = oneshot::channel();
        state.waiting.insert(number, Waiting { id, askers: vec![asker] });
        state.numbers.insert(id, number);
        (Some(number), Acceptance(answer))
    }

    /// Tells everybody who waits what became of the message.
    pub(crate) fn close(&self, number: u64, applied: bool) {
        let mut state = self.state();
        let Some(Waiting { id, askers }) = state.waiting.remove(&number) else { return };
        if state.numbers.get(&id) == Some(&number) {
            state.numbers.remove(&id);
        }
        drop(state);
        for asker in askers {
            if asker.send(applied).is_err() {
                tracing::debug!("nobody waits any longer for a message that is settled");
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn join(&mut self, envelope: &Envelope) -> Option<Acceptance> {
        let number = self.numbers.get(&envelope.id)?;
        let waiting = self.waiting.get_mut(number)?;
        waiting.askers.retain(|asker| !asker.is_closed());
        let (asker, answer) = oneshot::channel();
        waiting.askers.push(asker);
        Some(Acceptance(answer))
    }
}

impl Future for Acceptance {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or(false))
    }
}
