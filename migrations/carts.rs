//! The history of carts' tables.

use storage::migration::History;

pub(crate) const HISTORY: History = history!(
    "carts",
    ["chassis/0001_messaging" per dialect, "carts/0001_carts", "chassis/0002_idempotency", "carts/0002_guests" per dialect]
);
