//! One statement with its values, the same text for both databases.
//!
//! Placeholders are `$1, $2, …`. They first appear in that order, because SQLite numbers them by first
//! appearance; a number may appear again.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use storage::{Error, Tx};

/// A statement that is put together piece by piece.
pub(super) struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    /// Adds text without values.
    pub(super) fn push(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Adds the placeholder of `value`.
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self.text.push_str(&format!("${}", self.values.len()));
        self
    }

    /// Adds `(…, …)` with a placeholder for each value.
    pub(super) fn list(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        for (index, value) in values.into_iter().enumerate() {
            self = self.push(if index == 0 { "(" } else { ", " }).bind(value);
        }
        self.push(")")
    }

    /// Adds `VALUES (…), (…)`.
    pub(super) fn rows<const WIDTH: usize>(
        mut self,
        rows: impl IntoIterator<Item = [Value; WIDTH]>,
    ) -> Self {
        for (index, row) in rows.into_iter().enumerate() {
            self = self.push(if index == 0 { " VALUES " } else { ", " }).list(row);
        }
        self
    }

    /// Adds a condition of a query; without any, every row is meant.
    pub(super) fn and(self, condition: &str) -> Self {
        self.push(" AND ").push(condition)
    }

    /// Runs it; gives the number of rows it wrote.
    pub(super) async fn execute(self, on: &impl ConnectionTrait) -> Result<u64, Error> {
        let statement = self.statement(on);
        Ok(on.execute_raw(statement).await?.rows_affected())
    }

    /// Runs it; gives all its rows.
    pub(super) async fn all<R: FromQueryResult>(
        self,
        on: &impl ConnectionTrait,
    ) -> Result<Vec<R>, Error> {
        let rows = on.query_all_raw(self.statement(on)).await?;
        let rows: std::result::Result<_, _> =
            rows.iter().map(|row| R::from_query_result(row, "")).collect();
        Ok(rows?)
    }

    /// Runs it; gives its first row.
    pub(super) async fn one<R: FromQueryResult>(
        self,
        on: &impl ConnectionTrait,
    ) -> Result<Option<R>, Error> {
        let row = on.query_one_raw(self.statement(on)).await?;
        Ok(row.map(|row| R::from_query_result(&row, "")).transpose()?)
    }

    fn statement(self, on: &impl ConnectionTrait) -> Statement {
        Statement::from_sql_and_values(on.get_database_backend(), self.text, self.values)
    }
}

/// How many rows are inserted by one statement.
const ROWS: usize = 400;

/// Inserts all `rows` by as few statements as there can be; gives the number of rows it wrote.
pub(super) async fn insert<const WIDTH: usize>(
    tx: &Tx,
    head: &str,
    rows: Vec<[Value; WIDTH]>,
    tail: &str,
) -> Result<u64, Error> {
    let mut written = 0;
    for part in rows.chunks(ROWS) {
        let sql = Sql::new(head).rows(part.iter().cloned()).push(tail);
        written += sql.execute(tx).await?;
    }
    Ok(written)
}
