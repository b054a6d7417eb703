//! A link between two processes that are one: for tests of every way to group modules, without
//! sockets.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;

use crate::{Batch, Inlet, Link, Undelivered};

/// The way to one group. It is made before both ends run, because each needs the other, and
/// [connected](Self::connect) afterwards; until then nobody answers.
///
/// Its faults are counters: so many of the next batches fail like that.
pub struct Memory {
    group: &'static str,
    inlet: Mutex<Option<Inlet>>,
    faults: Faults,
}

/// What goes wrong, how often still.
#[derive(Debug, Default)]
pub struct Faults {
    /// The batch arrives; its answer is lost.
    pub drop_answer: AtomicU32,
    /// The batch arrives twice.
    pub deliver_twice: AtomicU32,
    /// The batch does not arrive.
    pub refuse: AtomicU32,
}

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

impl Memory {
    /// A link to `group`.
    pub fn to(group: &'static str) -> Arc<Self> {
        Arc::new(Self { group, inlet: Mutex::default(), faults: Faults::default() })
    }

    /// From now on the group lives behind `inlet`.
    pub fn connect(&self, inlet: Inlet) {
        *self.inlet.lock().unwrap_or_else(PoisonError::into_inner) = Some(inlet);
    }

    /// From now on nobody answers.
    pub fn disconnect(&self) {
        *self.inlet.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What is to go wrong.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    fn inlet(&self) -> Option<Inlet> {
        self.inlet.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Link for Memory {
    async fn carry(&self, batch: &Batch) -> Result<Vec<bool>, Undelivered> {
        let unanswered = |why: &str| Undelivered::Unanswered(why.to_owned());
        if strikes(&self.faults.refuse) {
            return Err(unanswered("the batch was to be refused"));
        }
        let Some(inlet) = self.inlet() else { return Err(unanswered("nobody is connected")) };
        let deliver = || {
            let messages = batch.messages.iter().map(|message| message.as_ref().clone()).collect();
            inlet.deliver(self.group, messages, PATIENCE)
        };
        if strikes(&self.faults.deliver_twice) {
            deliver().await?;
        }
        let answer = deliver().await;
        if strikes(&self.faults.drop_answer) {
            return Err(unanswered("the answer was to be dropped"));
        }
        answer
    }
}

/// Uses one of a fault's strikes up, if there is one left.
fn strikes(fault: &AtomicU32) -> bool {
    fault.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
}
