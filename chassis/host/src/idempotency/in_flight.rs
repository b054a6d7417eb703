//! Twins that arrive while the first is being worked on.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kernel::Code;

use crate::{IdempotencyKey, Problem};

/// What a client waits for while its first request is being worked on.
const BUSY: Duration = Duration::from_secs(1);

/// The intentions that this process is working on. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Mutex<HashSet<(String, IdempotencyKey)>>>);

/// The right to work on an intention, given back when dropped.
#[derive(Debug)]
pub struct Turn {
    all: InFlight,
    intention: (String, IdempotencyKey),
}

impl InFlight {
    /// Takes up the intention `key` of `scope`.
    ///
    /// # Errors
    /// 409 with `Retry-After` when its twin is being worked on.
    pub fn enter(&self, scope: &str, key: &IdempotencyKey) -> Result<Turn, Problem> {
        let intention = (scope.to_owned(), key.clone());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.insert(intention.clone()) {
            let detail = "a request with this Idempotency-Key is being worked on";
            return Err(Problem::of(Code::RequestInProgress, detail).retry_after(BUSY));
        }
        Ok(Turn { all: self.clone(), intention })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.intention);
    }
}
