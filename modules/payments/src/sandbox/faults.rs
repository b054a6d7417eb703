//! How the sandbox fails, as its settings say: the first so many requests, or so many of a hundred.

use std::sync::atomic::{AtomicU32, Ordering};

use rand::RngExt;

use crate::settings;

pub(super) struct Faults {
    settings: settings::Sandbox,
    refused: AtomicU32,
    silent: AtomicU32,
}

impl Faults {
    pub(super) fn new(settings: settings::Sandbox) -> Self {
        Self { settings, refused: AtomicU32::new(0), silent: AtomicU32::new(0) }
    }

    /// Whether this request is turned away.
    pub(super) fn refuses(&self) -> bool {
        counted(&self.refused, self.settings.refuse) || chance(self.settings.refuse_percent)
    }

    /// Whether the answer to this request is lost.
    pub(super) fn loses(&self) -> bool {
        counted(&self.silent, self.settings.silent) || chance(self.settings.silent_percent)
    }
}

/// True in `percent` of a hundred cases.
pub(super) fn chance(percent: u32) -> bool {
    percent > 0 && rand::rng().random_range(0..100) < percent
}

/// Whether this is one of the first `limit` times.
fn counted(count: &AtomicU32, limit: u32) -> bool {
    let next = |count| (count < limit).then_some(count + 1);
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next).is_ok()
}
