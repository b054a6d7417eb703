//! The connections that only read.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use sea_orm::{DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::Semaphore;

use super::{
    connection::{File, patiently},
    failure::wrap,
    statement,
};
use crate::{Options, database::Statements};

/// A pool of connections, opened when first needed; a statement holds one while it runs.
pub(crate) struct Readers {
    file: File,
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
    statements: Statements,
}

impl Readers {
    pub(super) fn of(file: File, options: &Options, statements: Statements) -> Self {
        let permits = Semaphore::new(options.readers.max(1) as usize);
        Self { file, permits, idle: Mutex::default(), statements }
    }

    pub(crate) async fn execute(&self, it: &Statement) -> Result<ExecResult, DbErr> {
        self.run(|db| statement::execute(db, it)).await
    }

    pub(crate) async fn execute_batch(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(|db| statement::execute_batch(db, sql)).await
    }

    pub(crate) async fn query_one(&self, it: &Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(|db| statement::query_one(db, it)).await
    }

    pub(crate) async fn query_all(&self, it: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(|db| statement::query_all(db, it)).await
    }

    /// Runs one statement. Thanks to the log, readers and the writer pass each other; a lock is
    /// met only while another process recovers or removes the log, and then waited for.
    async fn run<T>(
        &self,
        statement: impl Fn(&Connection) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let permit = self.permits.acquire().await;
        let _permit = permit.map_err(|closed| DbErr::Custom(closed.to_string()))?;
        patiently(self.file.patience, || self.try_run(&statement)).await
    }

    fn try_run<T>(&self, statement: impl Fn(&Connection) -> Result<T, DbErr>) -> Result<T, DbErr> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.file.open_reader().map_err(wrap)?,
        };
        self.statements.count();
        let result = statement(&connection);
        self.idle().push(connection);
        result
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
