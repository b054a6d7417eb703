//! The history of deliveries' tables.

use storage::migration::History;

pub(crate) const HISTORY: History = history!("deliveries", []);
