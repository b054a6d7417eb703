//! The history of the sandbox provider's tables: it stands for somebody else's system, so it shares
//! nothing with payments.

use storage::migration::History;

pub(crate) const HISTORY: History =
    history!("sandbox", ["sandbox/0001_charge", "sandbox/0002_books"]);
