//! The history of users' tables.

use storage::migration::History;

pub(crate) const HISTORY: History = history!("users", []);
