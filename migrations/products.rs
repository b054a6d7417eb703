//! The history of products' tables.

use storage::migration::History;

pub(crate) const HISTORY: History = history!(
    "products",
    [
        "chassis/0001_messaging" per dialect,
        "products/0001_catalogue",
        "products/0002_stock",
        "products/0003_movements_stay" per dialect,
        "chassis/0002_idempotency",
        "products/0004_drafts_and_words" per dialect,
        "products/0005_attributes_and_barcodes",
        "chassis/0004_outbox_ring" per dialect,
        "chassis/0006_journal" per dialect,
        "chassis/0007_audit",
        "chassis/0008_journal_trace",
    ]
);
