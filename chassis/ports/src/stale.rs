//! Whether an answer was an earlier one, for whoever wants to say so.

use std::{cell::Cell, future::Future, time::Duration};

tokio::task_local! {
    static OLDEST: Cell<Option<Duration>>;
}

/// Does `work`, and says how old the oldest reply was that it made do with, if there was one.
///
/// ```ignore
/// let (variants, age) = ports::stale::noticing(products.variants(ids)).await;
/// ```
pub async fn noticing<F: Future>(work: F) -> (F::Output, Option<Duration>) {
    let noticing = async {
        let answer = work.await;
        (answer, OLDEST.with(Cell::get))
    };
    OLDEST.scope(Cell::new(None), noticing).await
}

/// A reply of this age was made do with.
pub(crate) fn notice(age: Duration) {
    // Nobody wants to know where nobody listens.
    let (Ok(()) | Err(_)) = OLDEST.try_with(|oldest| oldest.set(oldest.get().max(Some(age))));
}
