//! The time that the cores are told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Tells how long ago something began. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Clock {
    began: Instant,
    /// Nanoseconds, when it moves only if told to.
    told: Option<Arc<AtomicU64>>,
}

impl Clock {
    /// The machine's monotonic clock, from now on.
    pub fn system() -> Self {
        Self { began: Instant::now(), told: None }
    }

    /// A clock that stands still until [`Clock::pass`].
    pub fn manual() -> Self {
        Self { began: Instant::now(), told: Some(Arc::default()) }
    }

    /// Moves a manual clock on; the machine's moves by itself.
    pub fn pass(&self, time: Duration) {
        if let Some(told) = &self.told {
            told.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
        }
    }

    /// The time since it began.
    pub fn now(&self) -> Duration {
        match &self.told {
            Some(told) => Duration::from_nanos(told.load(Relaxed)),
            None => self.began.elapsed(),
        }
    }
}
