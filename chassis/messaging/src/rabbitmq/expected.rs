//! Acknowledgements of subscribers that batches under way wait for.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::Envelope;

/// Of every message that was sent and not acknowledged, who waits for it.
pub(super) struct Expected {
    waiting: Mutex<Waiting>,
    /// Whether acknowledgements can arrive.
    listening: watch::Sender<bool>,
    /// Acknowledgements stay away that should have come.
    doubt: Notify,
}

/// By message; one may be sent to several groups.
type Waiting = HashMap<Uuid, Vec<Wait>>;

struct Wait {
    group: &'static str,
    tally: Arc<Tally>,
    /// Which one of its batch.
    place: usize,
}

/// One batch, and which of its messages were acknowledged.
struct Tally {
    applied: Vec<AtomicBool>,
    missing: AtomicUsize,
    /// Acknowledgements may have been lost.
    lost: AtomicBool,
    changed: Notify,
}

/// A batch that is waited for. Dropped, nobody waits any longer.
pub(super) struct Expectation<'a> {
    ids: Vec<Uuid>,
    tally: Arc<Tally>,
    expected: &'a Expected,
}

impl Default for Expected {
    fn default() -> Self {
        let listening = watch::Sender::new(false);
        Self { waiting: Mutex::default(), listening, doubt: Notify::new() }
    }
}

impl Expected {
    /// Waits for the acknowledgements of `messages` by `group` from now on.
    pub(super) fn expect(
        &self,
        group: &'static str,
        messages: &[Arc<Envelope>],
    ) -> Expectation<'_> {
        let ids: Vec<_> = messages.iter().map(|message| message.id).collect();
        let tally = Arc::new(Tally {
            applied: ids.iter().map(|_| AtomicBool::new(false)).collect(),
            missing: AtomicUsize::new(ids.len()),
            lost: AtomicBool::new(false),
            changed: Notify::new(),
        });
        let mut waiting = self.waiting();
        for (place, id) in ids.iter().enumerate() {
            let wait = Wait { group, tally: Arc::clone(&tally), place };
            waiting.entry(*id).or_default().push(wait);
        }
        drop(waiting);
        Expectation { ids, tally, expected: self }
    }

    /// `group` has committed the message. What nobody waits for was acknowledged before.
    pub(super) fn acknowledge(&self, group: &str, id: Uuid) {
        let mut waiting = self.waiting();
        let Some(waits) = waiting.get_mut(&id) else { return };
        for Wait { tally, place, .. } in waits.iter().filter(|wait| wait.group == group) {
            if !tally.applied[*place].swap(true, SeqCst) && tally.missing.fetch_sub(1, SeqCst) == 1
            {
                tally.changed.notify_one();
            }
        }
    }

    /// From now on acknowledgements arrive. Those that came while nobody listened are lost.
    pub(super) fn listening(&self) {
        self.listening.send_replace(true);
        for Wait { tally, .. } in self.waiting().values().flatten() {
            tally.lost.store(true, SeqCst);
            tally.changed.notify_one();
        }
    }

    /// Acknowledgements do not arrive any more.
    pub(super) fn deaf(&self) {
        self.listening.send_replace(false);
    }

    /// Waits until acknowledgements can arrive.
    pub(super) async fn listens(&self) {
        let mut listening = self.listening.subscribe();
        while !*listening.borrow_and_update() {
            if listening.changed().await.is_err() {
                return;
            }
        }
    }

    /// Acknowledgements stay away: nobody may be listening, or what listens may hear nothing.
    pub(super) fn doubt(&self) {
        self.doubt.notify_one();
    }

    /// Waits until acknowledgements stay away.
    pub(super) async fn doubted(&self) {
        self.doubt.notified().await;
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Expectation<'_> {
    /// Waits until all are acknowledged, or acknowledgements may have been lost.
    pub(super) async fn settled(&self) {
        while self.tally.missing.load(SeqCst) > 0 && !self.tally.lost.load(SeqCst) {
            self.tally.changed.notified().await;
        }
    }

    /// Which are acknowledged.
    pub(super) fn applied(&self) -> Vec<bool> {
        self.tally.applied.iter().map(|applied| applied.load(SeqCst)).collect()
    }
}

impl Drop for Expectation<'_> {
    fn drop(&mut self) {
        let mut waiting = self.expected.waiting();
        for id in &self.ids {
            let Some(waits) = waiting.get_mut(id) else { continue };
            waits.retain(|wait| !Arc::ptr_eq(&wait.tally, &self.tally));
            if waits.is_empty() {
                waiting.remove(id);
            }
        }
    }
}
