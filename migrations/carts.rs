//! The history of carts' tables.

use storage::migration::History;

pub(crate) const HISTORY: History = history!("carts", []);
