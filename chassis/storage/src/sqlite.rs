//! SQLite through connections of our own: one writer, a few readers, statements run in place.

mod connection;
mod failure;
mod group;
mod readers;
mod statement;
mod turn;
mod tx;

use std::{path::PathBuf, sync::Arc};

use tempfile::TempDir;

pub(crate) use failure::of as failure;
pub(crate) use readers::Readers;
pub(crate) use tx::Tx;

use crate::{Error, Options, database::Statements};
use connection::File;
use turn::Writer;

/// One database file.
pub(crate) struct Sqlite {
    writer: Arc<Writer>,
    readers: Readers,
    /// The folder of a private file; dropped, hence removed, last.
    _private: Option<TempDir>,
}

impl Sqlite {
    /// Opens the file at `path`, creating it and its folder when missing.
    pub(crate) async fn open(
        path: PathBuf,
        options: &Options,
        statements: Statements,
    ) -> Result<Self, Error> {
        let file = File { path, synchronous: options.synchronous, patience: options.patience };
        let connection = file.open_writer().await?;
        Ok(Self {
            writer: Writer::over(connection, options, statements.clone())?,
            readers: Readers::of(file, options, statements),
            _private: None,
        })
    }

    /// Opens a file that nobody else knows and that goes with the last handle.
    pub(crate) async fn open_private(
        options: &Options,
        statements: Statements,
    ) -> Result<Self, Error> {
        let folder = tempfile::tempdir()
            .map_err(|error| Error::Unavailable(format!("no temporary folder: {error}")))?;
        let mut sqlite = Self::open(folder.path().join("private.db"), options, statements).await?;
        sqlite._private = Some(folder);
        Ok(sqlite)
    }

    pub(crate) fn readers(&self) -> &Readers {
        &self.readers
    }

    pub(crate) async fn begin(&self) -> Result<Tx, Error> {
        Tx::begin(&self.writer).await
    }

    pub(crate) async fn ping(&self) -> Result<(), Error> {
        self.readers.execute_batch("SELECT 1").await?;
        Ok(())
    }

    pub(crate) async fn close(&self) -> Result<(), Error> {
        turn::close(&self.writer).await
    }
}
