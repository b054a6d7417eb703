//! The history of orders' tables.

use storage::migration::History;

pub(crate) const HISTORY: History = history!(
    "orders",
    [
        "chassis/0001_messaging" per dialect,
        "chassis/0002_idempotency",
        "chassis/0003_saga",
        "orders/0001_orders",
        "orders/0002_promises" per dialect,
        "orders/0003_ways" per dialect,
        "chassis/0004_outbox_ring" per dialect,
        "orders/0004_counts",
        "chassis/0006_journal" per dialect,
        "chassis/0007_audit",
        "chassis/0008_journal_trace",
    ]
);
