//! The history of carts' tables.

use storage::migration::History;

pub(crate) const HISTORY: History = history!(
    "carts",
    [
        "chassis/0001_messaging" per dialect,
        "carts/0001_carts",
        "chassis/0002_idempotency",
        "carts/0002_guests" per dialect,
        "chassis/0004_outbox_ring" per dialect,
        "chassis/0006_journal" per dialect,
        "chassis/0007_audit",
        "chassis/0008_journal_trace",
    ]
);
