//! The history of deliveries' tables.

use storage::migration::History;

pub(crate) const HISTORY: History = history!(
    "deliveries",
    [
        "chassis/0001_messaging" per dialect,
        "deliveries/0001_shipment",
        "chassis/0002_idempotency",
        "deliveries/0002_stages" per dialect,
    ]
);
