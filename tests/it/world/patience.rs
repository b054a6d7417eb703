//! Waiting for what must happen, and not for ever.

use std::time::{Duration, Instant};

/// How long something may take before it counts as not happening. Generous: a busy machine is slow.
pub(crate) struct Patience;

impl Patience {
    /// A process starts or stops.
    pub(crate) const START: Duration = Duration::from_secs(60);
    /// Messages reach whom they are for.
    pub(crate) const MESSAGES: Duration = Duration::from_secs(60);
    /// How long nobody looks again.
    pub(super) const PAUSE: Duration = Duration::from_millis(10);
}

/// Looks again and again until there is something.
pub(crate) async fn eventually<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Patience::PAUSE).await;
    }
}
