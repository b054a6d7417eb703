//! The history of history's tables.

use storage::migration::History;

pub(crate) const HISTORY: History = history!(
    "history",
    [
        "chassis/0001_messaging" per dialect,
        "chassis/0002_idempotency",
        "history/0001_history",
        "chassis/0004_outbox_ring" per dialect,
        "chassis/0006_journal" per dialect,
        "chassis/0007_audit",
        "chassis/0008_journal_trace",
    ]
);
