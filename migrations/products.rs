//! The history of products' tables.

use storage::migration::History;

pub(crate) const HISTORY: History = history!("products", []);
