//! The history of orders' tables.

use storage::migration::History;

pub(crate) const HISTORY: History = history!("orders", []);
