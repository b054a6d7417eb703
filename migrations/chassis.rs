//! The tables every module has because the chassis keeps its books in them.

/// A module's history: the chassis' steps it needs, then its own, oldest first.
///
/// `history!("orders", ["chassis/0001_messaging" per dialect, "orders/0001_orders"])`, where
/// `per dialect` marks a step that is written once for SQLite and once for Postgres.
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
