//! What a transaction takes along to its commit.

use std::any::Any;

use async_trait::async_trait;

use crate::{Database, Error, Tx};

/// Something collected during a transaction and written at its commit, such as the messages it
/// publishes. Obtained by [`Tx::attachment`]; dropped unwritten when the transaction rolls back.
#[async_trait]
pub trait Attachment: Any + Send + Sync {
    /// Writes what was collected, as the last statements of `tx`. An error rolls it back.
    async fn before_commit(&mut self, tx: &Tx) -> Result<(), Error>;

    /// Tells that the transaction is durable.
    ///
    /// On SQLite this is called in commit order, on the committing thread, outside of any
    /// runtime, before the transaction's own `commit` returns; the writer waits for it, so it
    /// only hands something over. It is called even if nobody awaits that commit any longer.
    /// On Postgres it runs in the committing task, in no particular order.
    fn committed(self: Box<Self>, db: &Database);
}
