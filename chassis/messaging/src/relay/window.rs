//! Messages of one relay that are on their way to one group elsewhere.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::{Pending, source::PAGE};
use crate::{Envelope, SHARDS, gauges::Traffic};

/// Bounded: what does not fit stays in the outbox.
pub(super) struct Window {
    capacity: usize,
    state: Mutex<State>,
    /// Something was put into the lane of this shard.
    news: Vec<Notify>,
    /// There is room again, and somebody wanted it.
    room: Arc<Notify>,
    pending: Arc<Pending>,
    traffic: Arc<Traffic>,
}

struct State {
    lanes: Vec<VecDeque<Letter>>,
    len: usize,
    wanted: usize,
}

/// A message on its way.
pub(super) struct Letter {
    pub(super) envelope: Arc<Envelope>,
    /// Where its acknowledgement is missing.
    pub(super) ticket: u64,
}

/// The most that is put into one batch, in bytes of payload, unless a single message is larger.
const BATCH_BYTES: usize = 512 * 1_024;

impl Window {
    pub(super) fn new(
        capacity: usize,
        room: &Arc<Notify>,
        pending: &Arc<Pending>,
        traffic: Arc<Traffic>,
    ) -> Self {
        let lanes = (0..SHARDS).map(|_| VecDeque::new()).collect();
        Self {
            capacity: capacity.max(1),
            state: Mutex::new(State { lanes, len: 0, wanted: 0 }),
            news: (0..SHARDS).map(|_| Notify::new()).collect(),
            room: Arc::clone(room),
            pending: Arc::clone(pending),
            traffic,
        }
    }

    /// Takes the message in if there is room.
    pub(super) fn offer(&self, letter: Letter) -> bool {
        if self.state().len >= self.capacity {
            return false;
        }
        self.put(letter);
        true
    }

    /// Takes the message in.
    pub(super) fn put(&self, letter: Letter) {
        let shard = usize::from(letter.envelope.shard % SHARDS);
        let mut state = self.state();
        state.len += 1;
        state.lanes[shard].push_back(letter);
        drop(state);
        self.traffic.sent();
        self.news[shard].notify_one();
    }

    /// The room for another page, or nothing if there is not enough: then the relay is told as soon
    /// as there is.
    pub(super) fn room(&self) -> Option<usize> {
        let wanted = PAGE.min(self.capacity.div_ceil(2));
        let mut state = self.state();
        let room = self.capacity.saturating_sub(state.len);
        state.wanted = if room < wanted { wanted } else { 0 };
        (room >= wanted).then_some(room)
    }

    /// Waits for messages of `shard` and gives the first of them, at most `most`. They stay here
    /// until they are [settled](Self::settle).
    pub(super) async fn batch(&self, shard: u16, most: usize) -> Vec<Arc<Envelope>> {
        loop {
            let batch = self.first(shard, most);
            if !batch.is_empty() {
                return batch;
            }
            self.news[usize::from(shard)].notified().await;
        }
    }

    fn first(&self, shard: u16, most: usize) -> Vec<Arc<Envelope>> {
        let state = self.state();
        let mut bytes = 0;
        let fits = |letter: &&Letter| {
            let first = bytes == 0;
            bytes += letter.envelope.payload.get().len();
            first || bytes <= BATCH_BYTES
        };
        let lane = state.lanes[usize::from(shard)].iter();
        lane.take(most.max(1)).take_while(fits).map(|it| Arc::clone(&it.envelope)).collect()
    }

    /// Lets go of those among the first `taken` messages of `shard` that were `applied`, and gives
    /// their number.
    pub(super) fn settle(&self, shard: u16, taken: usize, applied: &[bool]) -> usize {
        let mut state = self.state();
        let lane = &mut state.lanes[usize::from(shard)];
        let taken = taken.min(lane.len());
        let mut left = Vec::new();
        let mut done = Vec::with_capacity(taken);
        for (place, letter) in lane.drain(..taken).enumerate() {
            if applied.get(place).copied().unwrap_or_default() {
                done.push(letter.ticket);
            } else {
                left.push(letter);
            }
        }
        left.into_iter().rev().for_each(|letter| lane.push_front(letter));
        state.len -= done.len();
        let tell = state.wanted > 0 && self.capacity - state.len.min(self.capacity) >= state.wanted;
        if tell {
            state.wanted = 0;
        }
        drop(state);
        let settled = done.len();
        self.pending.all_done(done);
        self.traffic.acknowledged(u64::try_from(settled).unwrap_or_default());
        if tell {
            self.room.notify_one();
        }
        settled
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Window {
    /// What is still on its way is no longer this process's business.
    fn drop(&mut self) {
        let left = self.state().len;
        self.traffic.acknowledged(u64::try_from(left).unwrap_or_default());
    }
}
