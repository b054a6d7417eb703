//! The transaction: the only way to write.

use std::{
    any::Any,
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::{Attachment, Database, Error, database::Engine, postgres, sqlite, two_phase::Prepared};

/// An open transaction, usable wherever sea-orm takes a connection: `insert(row).exec(&tx)`.
///
/// Dropping it rolls it back. While it is open nothing but the database is awaited.
pub struct Tx {
    session: Session,
    attachments: Vec<Box<dyn Attachment>>,
    failed: AtomicBool,
    db: Database,
}

enum Session {
    Sqlite(sqlite::Tx),
    Postgres(postgres::Tx),
}

impl Tx {
    pub(crate) async fn begin(db: Database) -> Result<Self, Error> {
        let session = match db.engine() {
            Engine::Sqlite(sqlite) => Session::Sqlite(sqlite.begin().await?),
            Engine::Postgres(postgres) => Session::Postgres(postgres.begin().await?),
        };
        Ok(Self { session, attachments: Vec::new(), failed: AtomicBool::new(false), db })
    }

    /// The database this transaction runs on.
    pub fn database(&self) -> &Database {
        &self.db
    }

    /// The transaction's attachment of type `A`, made when first asked for.
    pub fn attachment<A: Attachment + Default>(&mut self) -> &mut A {
        let found = self.attachments.iter().position(|it| (&**it as &dyn Any).is::<A>());
        let index = found.unwrap_or_else(|| {
            self.attachments.push(Box::new(A::default()));
            self.attachments.len() - 1
        });
        let any: &mut dyn Any = &mut *self.attachments[index];
        any.downcast_mut().expect("the position of an attachment of this type")
    }

    /// Lets the attachments write and commits; returns when the transaction is durable. If the
    /// returned future is dropped before, the transaction may still be committed.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] when the transaction may or may not be durable; with any other error it
    /// did not happen.
    pub async fn commit(mut self) -> Result<(), Error> {
        let attachments = self.written().await?;
        fault::point!("commit.before");
        match self.session {
            Session::Sqlite(tx) => tx.commit(attachments, self.db).await?,
            Session::Postgres(tx) => {
                tx.commit().await?;
                for attachment in attachments {
                    attachment.committed(&self.db);
                }
            }
        }
        fault::point!("commit.after");
        Ok(())
    }

    /// Lets the attachments write and prepares the transaction, under `name`, to be committed with others.
    pub(crate) async fn prepare(mut self, name: String) -> Result<Prepared, Error> {
        let attachments = self.written().await?;
        let Session::Postgres(tx) = self.session else {
            return Err(Error::Other(DbErr::Custom("SQLite cannot prepare".to_owned())));
        };
        tx.prepare(&name).await?;
        Ok(Prepared { db: self.db, name, attachments })
    }

    /// Lets the attachments write, and gives them.
    async fn written(&mut self) -> Result<Vec<Box<dyn Attachment>>, Error> {
        let mut attachments = std::mem::take(&mut self.attachments);
        for attachment in &mut attachments {
            attachment.before_commit(self).await?;
        }
        self.usable()?;
        Ok(attachments)
    }

    /// Undoes everything, as dropping does, and waits until it is done.
    ///
    /// # Errors
    ///
    /// When the database is lost; the transaction did not happen even so.
    pub async fn rollback(self) -> Result<(), Error> {
        match self.session {
            Session::Sqlite(tx) => {
                drop(tx);
                Ok(())
            }
            Session::Postgres(tx) => tx.rollback().await,
        }
    }

    /// Refuses to go on after a failed statement: Postgres has given the transaction up by then
    /// and would answer COMMIT with a silent rollback.
    fn usable(&self) -> Result<(), DbErr> {
        if self.failed.load(Ordering::Relaxed) {
            let why = "an earlier statement of this transaction failed; it can only be rolled back";
            return Err(DbErr::Custom(why.to_owned()));
        }
        Ok(())
    }

    fn noted<T>(&self, result: Result<T, DbErr>) -> Result<T, DbErr> {
        if result.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        result
    }
}

#[async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        self.db.dialect()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.usable()?;
        self.noted(match &self.session {
            Session::Sqlite(tx) => tx.execute(&statement),
            Session::Postgres(tx) => tx.connection().execute_raw(statement).await,
        })
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.usable()?;
        self.noted(match &self.session {
            Session::Sqlite(tx) => tx.execute_batch(sql),
            Session::Postgres(tx) => tx.connection().execute_unprepared(sql).await,
        })
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.usable()?;
        self.noted(match &self.session {
            Session::Sqlite(tx) => tx.query_one(&statement),
            Session::Postgres(tx) => tx.connection().query_one_raw(statement).await,
        })
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.usable()?;
        self.noted(match &self.session {
            Session::Sqlite(tx) => tx.query_all(&statement),
            Session::Postgres(tx) => tx.connection().query_all_raw(statement).await,
        })
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx")
            .field("db", &self.db)
            .field("attachments", &self.attachments.len())
            .finish_non_exhaustive()
    }
}
