//! One module's database: the handle everything else starts from.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use sea_orm::DbBackend;

use crate::{
    Backend, Error, Login, Options, Reader, Tx,
    migration::{self, History},
    options::Place,
    postgres::Postgres,
    sqlite::Sqlite,
};

/// A module's database. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    statements: Statements,
    extensions: RwLock<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

pub(crate) enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Database {
    /// Opens the database, creating its file or schema when missing.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when the url is not understood or nothing answers behind it.
    pub async fn open(options: &Options) -> Result<Self, Error> {
        let statements = Statements::default();
        let engine = match options.place()? {
            Place::Server => Engine::Postgres(Postgres::open(options, statements.clone()).await?),
            Place::File(path) => {
                Engine::Sqlite(Sqlite::open(path, options, statements.clone()).await?)
            }
            Place::Memory => {
                Engine::Sqlite(Sqlite::open_private(options, statements.clone()).await?)
            }
        };
        Ok(Self { shared: Arc::new(Shared { engine, statements, extensions: RwLock::default() }) })
    }

    /// The kind of database this is.
    pub fn backend(&self) -> Backend {
        match &self.shared.engine {
            Engine::Sqlite(_) => Backend::Sqlite,
            Engine::Postgres(_) => Backend::Postgres,
        }
    }

    /// Postgres: how a client of one's own logs in there.
    pub fn login(&self) -> Option<&Login> {
        match self.engine() {
            Engine::Sqlite(_) => None,
            Engine::Postgres(postgres) => Some(postgres.login()),
        }
    }

    /// Whether `other` is a handle to this very database.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// A connection for queries that need no transaction; it sees committed rows only.
    pub fn reader(&self) -> Reader {
        Reader::of(self.clone())
    }

    /// Begins a transaction. On SQLite it waits for the writer's turn, first come first served.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when the turn, a lock that another process holds or a connection
    /// did not come within [`Options::patience`], or after [`close`](Self::close).
    pub async fn begin(&self) -> Result<Tx, Error> {
        Tx::begin(self.clone()).await
    }

    /// The number of SQL statements sent so far, `BEGIN`, `COMMIT`, `SAVEPOINT` and `RELEASE`
    /// included.
    pub fn statements(&self) -> u64 {
        self.shared.statements.sent()
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when there is none.
    pub async fn ping(&self) -> Result<(), Error> {
        match self.engine() {
            Engine::Sqlite(sqlite) => sqlite.ping().await,
            Engine::Postgres(postgres) => postgres.ping().await,
        }
    }

    /// Waits for the running transactions and closes: no further one begins. SQLite's log is
    /// written back into its file.
    ///
    /// # Errors
    ///
    /// When the log could not be written back; nothing is lost, the next start does it.
    pub async fn close(&self) -> Result<(), Error> {
        match self.engine() {
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(postgres) => postgres.close().await,
        }
    }

    /// Applies the steps of `history` that this database lacks, in order, in one transaction.
    /// Processes that start together wait for each other.
    ///
    /// # Errors
    ///
    /// See [`migration::Error`]; nothing was applied then.
    pub async fn migrate(&self, history: &History) -> Result<migration::Report, migration::Error> {
        migration::apply(self, history).await
    }

    /// Where the database stands in `history`; changes nothing.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    pub async fn migration_status(&self, history: &History) -> Result<migration::Status, Error> {
        migration::status(self, history).await
    }

    /// The companion of type `T` that a neighbouring crate left with this database.
    pub fn extension<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let extensions = self.shared.extensions.read().unwrap_or_else(PoisonError::into_inner);
        extensions.get(&TypeId::of::<T>()).and_then(|any| Arc::clone(any).downcast().ok())
    }

    /// Leaves a companion with this database for all its handles. It must not hold a `Database`
    /// itself, or neither is ever dropped.
    ///
    /// # Errors
    ///
    /// Gives the value back when one of its type is there already.
    pub fn set_extension<T: Any + Send + Sync>(&self, value: T) -> Result<(), T> {
        let mut extensions = self.shared.extensions.write().unwrap_or_else(PoisonError::into_inner);
        if extensions.contains_key(&TypeId::of::<T>()) {
            return Err(value);
        }
        extensions.insert(TypeId::of::<T>(), Arc::new(value));
        Ok(())
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    pub(crate) fn dialect(&self) -> DbBackend {
        match self.backend() {
            Backend::Sqlite => DbBackend::Sqlite,
            Backend::Postgres => DbBackend::Postgres,
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("backend", &self.backend()).finish_non_exhaustive()
    }
}

/// Counts what is sent to the database.
#[derive(Clone, Default)]
pub(crate) struct Statements(Arc<AtomicU64>);

impl Statements {
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn sent(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
