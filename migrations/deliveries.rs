//! The history of deliveries' tables.

use storage::migration::History;

pub(crate) const HISTORY: History = history!(
    "deliveries",
    [
        "chassis/0001_messaging" per dialect,
        "deliveries/0001_shipment",
        "chassis/0002_idempotency",
        "deliveries/0002_stages" per dialect,
        "deliveries/0003_tracking",
        "deliveries/0004_tracking_stays" per dialect,
        "chassis/0004_outbox_ring" per dialect,
        "chassis/0005_gathering",
        "deliveries/0005_rates",
        "chassis/0006_journal" per dialect,
        "chassis/0007_audit",
        "chassis/0008_journal_trace",
    ]
);
