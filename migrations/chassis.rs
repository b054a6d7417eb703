//! The tables every module has because the chassis keeps its books in them.

/// A module's history: the chassis' steps, then its own.
///
/// `history!("orders", ["orders/0001_orders"])`; a step that differs by dialect is written
/// `"orders/0002_search" per dialect`.
macro_rules! history {
    ($module:literal, [$($path:literal $(per $dialect:ident)?),* $(,)?]) => {
        storage::migration::History {
            module: $module,
            steps: &[
                $(storage::step!($path $(, per $dialect)?),)*
            ],
        }
    };
}
