//! The history of payments' tables.

use storage::migration::History;

pub(crate) const HISTORY: History = history!(
    "payments",
    [
        "chassis/0001_messaging" per dialect,
        "payments/0001_payment",
        "payments/0002_ledger" per dialect,
        "chassis/0002_idempotency",
        "payments/0003_states",
        "payments/0004_webhooks",
        "chassis/0004_outbox_ring" per dialect,
        "chassis/0006_journal" per dialect,
        "chassis/0007_audit",
        "chassis/0008_journal_trace",
    ]
);
