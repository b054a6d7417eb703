//! How many may be at work at once.

use crate::atomic::{AtomicUsize, Ordering::Relaxed};

/// Counts those at work.
#[derive(Debug, Default)]
pub(crate) struct Permits(AtomicUsize);

impl Permits {
    /// Lets one more in, unless there are `most` already.
    pub(crate) fn take(&self, most: usize) -> bool {
        let taken =
            self.0.fetch_update(Relaxed, Relaxed, |taken| (taken < most).then_some(taken + 1));
        taken.is_ok()
    }

    /// One is done.
    pub(crate) fn give_back(&self) {
        self.0.fetch_sub(1, Relaxed);
    }

    /// Those at work now.
    pub(crate) fn taken(&self) -> usize {
        self.0.load(Relaxed)
    }
}
