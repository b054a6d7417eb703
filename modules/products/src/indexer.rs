//! Brings up to date what products are found by, once when the module starts.

use host::Background;

use crate::store::Store;

/// The work, done until nothing is left or the process stops.
pub(crate) fn background(store: Store) -> Background {
    Background::new("products-words", move |stop| async move {
        let work = async {
            loop {
                match store.reword().await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(cause) => {
                        return tracing::error!(%cause, "the words of products are not up to date");
                    }
                }
            }
        };
        stop.run_until_cancelled(work).await;
    })
}
