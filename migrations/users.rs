//! The history of users' tables.

use storage::migration::History;

pub(crate) const HISTORY: History = history!(
    "users",
    [
        "chassis/0001_messaging" per dialect,
        "users/0001_accounts",
        "chassis/0002_idempotency",
        "users/0002_people",
        "chassis/0004_outbox_ring" per dialect,
        "chassis/0006_journal" per dialect,
        "chassis/0007_audit",
        "chassis/0008_journal_trace",
    ]
);
