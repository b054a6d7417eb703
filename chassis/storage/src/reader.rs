//! Queries outside of a transaction.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::{Database, database::Engine};

/// A connection for queries, usable wherever sea-orm takes one: `find().one(&db.reader())`.
///
/// It is a handle, not a connection: each statement takes one from the pool, sees what was
/// committed when it began, and gives it back. Statements that write are refused.
#[derive(Debug, Clone)]
pub struct Reader {
    db: Database,
}

impl Reader {
    pub(crate) fn of(db: Database) -> Self {
        Self { db }
    }
}

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.db.dialect()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self.db.engine() {
            Engine::Sqlite(sqlite) => sqlite.readers().execute(&statement).await,
            Engine::Postgres(postgres) => postgres.reader().execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self.db.engine() {
            Engine::Sqlite(sqlite) => sqlite.readers().execute_batch(sql).await,
            Engine::Postgres(postgres) => postgres.reader().execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self.db.engine() {
            Engine::Sqlite(sqlite) => sqlite.readers().query_one(&statement).await,
            Engine::Postgres(postgres) => postgres.reader().query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self.db.engine() {
            Engine::Sqlite(sqlite) => sqlite.readers().query_all(&statement).await,
            Engine::Postgres(postgres) => postgres.reader().query_all_raw(statement).await,
        }
    }
}
