//! Where replies find the calls that wait for them.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use ports::{Reply, Unreachable};
use tokio::sync::oneshot;

type Answer = Result<Reply, Unreachable>;

/// The calls under way, by number. A number is never used again.
#[derive(Default)]
pub(super) struct Slots {
    last: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
}

/// The place of one call. Dropped, its reply finds nobody.
pub(super) struct Slot<'a> {
    pub(super) number: u64,
    pub(super) answer: oneshot::Receiver<Answer>,
    slots: &'a Slots,
}

impl Slots {
    pub(super) fn open(&self) -> Slot<'_> {
        let number = self.last.fetch_add(1, Relaxed) + 1;
        let (sender, answer) = oneshot::channel();
        self.waiting().insert(number, sender);
        Slot { number, answer, slots: self }
    }

    /// Gives `answer` to the call of that number, if it still waits.
    pub(super) fn answer(&self, number: u64, answer: Answer) {
        let waiting = self.waiting().remove(&number);
        let nobody = waiting.is_none_or(|waiting| waiting.send(answer).is_err());
        if nobody {
            tracing::debug!(number, "a reply came when nobody waited for it any more");
        }
    }

    /// Tells every call that its reply will not come.
    pub(super) fn give_up(&self, why: &Unreachable) {
        let all = std::mem::take(&mut *self.waiting());
        for waiting in all.into_values() {
            // Whoever left in this moment needs no answer.
            drop(waiting.send(Err(why.clone())));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Answer>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.slots.waiting().remove(&self.number);
    }
}
