//! Postgres through sea-orm's own driver.

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr,
    TransactionTrait,
};

use crate::{Error, Login, Options, database::Statements};

/// Two pools on one schema: one runs transactions, the other only reads.
pub(crate) struct Postgres {
    writers: DatabaseConnection,
    readers: DatabaseConnection,
    statements: Statements,
    login: Login,
}

impl Postgres {
    pub(crate) async fn open(options: &Options, statements: Statements) -> Result<Self, Error> {
        if let Some(schema) = &options.schema {
            parse_schema(schema)?;
        }
        let login = Login::of(options)?;
        let writers = connect(options, options.writers, false).await?;
        if let Some(schema) = &options.schema {
            create_schema(&writers, schema).await?;
        }
        let readers = connect(options, options.readers, true).await?;
        writers.ping().await?;
        Ok(Self { writers, readers, statements, login })
    }

    pub(crate) async fn begin(&self) -> Result<Tx, Error> {
        self.statements.count();
        let transaction = self.writers.begin().await?;
        Ok(Tx { transaction, statements: self.statements.clone() })
    }

    /// The connection for one statement outside of a transaction.
    pub(crate) fn reader(&self) -> &DatabaseConnection {
        self.statements.count();
        &self.readers
    }

    /// The connection for a statement that no transaction may be around.
    pub(crate) fn outside(&self) -> &DatabaseConnection {
        self.statements.count();
        &self.writers
    }

    pub(crate) fn login(&self) -> &Login {
        &self.login
    }

    pub(crate) async fn ping(&self) -> Result<(), Error> {
        Ok(self.writers.ping().await?)
    }

    pub(crate) async fn close(&self) -> Result<(), Error> {
        self.readers.close_by_ref().await?;
        Ok(self.writers.close_by_ref().await?)
    }
}

/// A transaction: one BEGIN, one COMMIT; dropped, it rolls back when its connection returns to
/// the pool.
pub(crate) struct Tx {
    transaction: DatabaseTransaction,
    statements: Statements,
}

impl Tx {
    /// The connection for one statement.
    pub(crate) fn connection(&self) -> &DatabaseTransaction {
        self.statements.count();
        &self.transaction
    }

    pub(crate) async fn commit(self) -> Result<(), Error> {
        self.statements.count();
        self.transaction.commit().await.map_err(Error::of_commit)
    }

    /// Prepares it; nothing but its name belongs to this session afterwards.
    pub(crate) async fn prepare(self, name: &str) -> Result<(), Error> {
        self.statements.count();
        self.transaction.execute_unprepared(&format!("PREPARE TRANSACTION '{name}'")).await?;
        // The driver takes the transaction for open: it is given another one to end.
        if self.transaction.execute_unprepared("BEGIN").await.is_ok() {
            drop(self.transaction.rollback().await);
        }
        Ok(())
    }

    pub(crate) async fn rollback(self) -> Result<(), Error> {
        self.statements.count();
        Ok(self.transaction.rollback().await?)
    }
}

/// Connections whose settings make every transaction what the crate promises, so that no
/// statement is spent on it.
async fn connect(
    options: &Options,
    connections: u32,
    read_only: bool,
) -> Result<DatabaseConnection, DbErr> {
    let schema = options.schema.clone();
    let mut connect = ConnectOptions::new(&options.url);
    connect
        .max_connections(connections)
        .acquire_timeout(options.patience)
        .test_before_acquire_if_idle_for(PING_AFTER_IDLE)
        .sqlx_logging(false)
        .connect_lazy(true)
        .map_sqlx_postgres_opts(move |settings| {
            let access = if read_only { "on" } else { "off" };
            let settings = settings
                .statement_cache_capacity(STATEMENTS_PREPARED)
                .options([("default_transaction_isolation", "read committed")])
                .options([("default_transaction_read_only", access)]);
            match &schema {
                Some(schema) => settings.options([("search_path", schema)]),
                None => settings,
            }
        });
    sea_orm::Database::connect(connect).await
}

const PING_AFTER_IDLE: std::time::Duration = std::time::Duration::from_secs(10);
const STATEMENTS_PREPARED: usize = 256;

/// Two processes that create one schema at once collide even with IF NOT EXISTS; the loser finds
/// it there.
async fn create_schema(db: &DatabaseConnection, schema: &str) -> Result<(), Error> {
    let sql = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
    match db.execute_unprepared(&sql).await.map_err(Error::from) {
        Ok(_) | Err(Error::Unique { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A schema is named in statements, so it is a plain identifier.
fn parse_schema(schema: &str) -> Result<(), Error> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if schema.starts_with(|c: char| c.is_ascii_lowercase()) && schema.chars().all(plain) {
        return Ok(());
    }
    Err(Error::Unavailable(format!(
        "the schema name {schema:?} is not made of lower-case letters, digits and underscores"
    )))
}
