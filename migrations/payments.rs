//! The history of payments' tables.

use storage::migration::History;

pub(crate) const HISTORY: History = history!("payments", []);
