//! A panic in a module ends the call that caused it, and nothing else.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use ports::{Reply, Unreachable};

/// Answers [`Unreachable::Broken`] when `work` panics. A port's own guard does the same and says more; this
/// is for transports that have none.
pub(crate) async fn contained(
    module: &str,
    work: impl Future<Output = Result<Reply, Unreachable>>,
) -> Result<Reply, Unreachable> {
    let answer = AssertUnwindSafe(work).catch_unwind().await;
    answer.unwrap_or_else(|_| {
        tracing::error!(module, "a module panicked outside of its guard");
        Err(Unreachable::Broken(format!("{module} panicked")))
    })
}
