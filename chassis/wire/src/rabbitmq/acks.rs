//! Acknowledgements of calls that were answered, several at once.
//!
//! One by one they would cost the broker and us a message for each call. Nothing depends on them soon: a
//! call that comes again because its acknowledgement did not arrive is known by that.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use lapin::{Channel, options::BasicAckOptions};

/// How many calls are acknowledged at once. A small part of what the broker hands over.
const TOGETHER: usize = 16;

/// The calls that came by one channel and were answered.
pub(super) struct Acks {
    channel: Channel,
    answered: Mutex<Vec<u64>>,
}

impl Acks {
    pub(super) fn new(channel: Channel) -> Self {
        Self { channel, answered: Mutex::default() }
    }

    /// Notes that the call with this tag was answered.
    pub(super) fn add(&self, tag: u64) {
        let mut answered = self.answered();
        answered.push(tag);
        if answered.len() >= TOGETHER {
            let all = std::mem::take(&mut *answered);
            drop(answered);
            self.send(&all);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.answered().is_empty()
    }

    /// Acknowledges all that are noted.
    pub(super) fn flush(&self) {
        let all = std::mem::take(&mut *self.answered());
        self.send(&all);
    }

    /// Hands the acknowledgements to the connection, without waiting until they are written.
    fn send(&self, tags: &[u64]) {
        for tag in tags {
            let sent = self.channel.basic_ack(*tag, BasicAckOptions::default());
            if let Some(Err(cause)) = sent.now_or_never() {
                tracing::debug!(%cause, "calls could not be acknowledged");
                return;
            }
        }
    }

    fn answered(&self) -> MutexGuard<'_, Vec<u64>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
