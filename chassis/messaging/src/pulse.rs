//! Whether everything that moves messages is at work.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// Knows of every relay and every consumer of a process whether it runs. It says nothing about the
/// databases and processes they have to do with.
#[derive(Clone)]
pub struct Pulse {
    ended: Arc<Mutex<Vec<String>>>,
    stop: CancellationToken,
}

/// Something that should run as long as the process does not. It has panicked, which is logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} has ended: restart this process")]
pub struct Ended(pub String);

impl Pulse {
    pub(crate) fn new(stop: CancellationToken) -> Self {
        Self { ended: Arc::default(), stop }
    }

    /// Asks whether everything is at work; while the process is stopping, it is.
    ///
    /// # Errors
    ///
    /// Names the first that has ended.
    pub fn check(&self) -> Result<(), Ended> {
        self.ended().first().map_or(Ok(()), |name| Err(Ended(name.clone())))
    }

    /// Cancelled when the process begins to stop.
    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Watches over `work`, called `name`, from the first time it is polled: from then on it counts as
    /// something that should run as long as the process does not stop.
    pub async fn watch(self, name: String, work: impl Future<Output = ()>) {
        let _beat = Beat { pulse: self, name };
        work.await;
    }

    fn ended(&self) -> MutexGuard<'_, Vec<String>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Beat {
    pulse: Pulse,
    name: String,
}

impl Drop for Beat {
    fn drop(&mut self) {
        if !self.pulse.stop.is_cancelled() {
            self.pulse.ended().push(std::mem::take(&mut self.name));
        }
    }
}
