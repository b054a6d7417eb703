//! One statement with its values, the same text for both databases.
//!
//! Placeholders are `$1, $2, …` in the order of their first use. In a list of expressions each is cast, so
//! that Postgres knows what a NULL would have been.

use kernel::Version;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};
use serde::{Serialize, de::DeserializeOwned};
use storage::Error;

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

    /// Adds `value` as the type `kind`.
    pub(super) fn cast(self, value: impl Into<Value>, kind: &str) -> Self {
        self.push("CAST(").bind(value).push(" AS ").push(kind).push(")")
    }

    /// Adds a comma and a text.
    pub(super) fn text<T>(self, value: T) -> Self
    where
        T: IntoText,
    {
        self.push(", ").cast(value.into_text(), "TEXT")
    }

    /// Adds a comma and a number.
    pub(super) fn number(self, value: impl Into<Option<i64>>) -> Self {
        self.push(", ").cast(Value::BigInt(value.into()), "BIGINT")
    }

    /// Runs it.
    pub(super) async fn execute(self, on: &impl ConnectionTrait) -> Result<(), Error> {
        self.affected(on).await.map(drop)
    }

    /// Runs it; gives the number of rows it wrote.
    pub(super) async fn affected(self, on: &impl ConnectionTrait) -> Result<u64, Error> {
        Ok(on.execute_raw(self.statement(on)).await?.rows_affected())
    }

    /// Runs it; gives all its rows.
    pub(super) async fn all<R: FromQueryResult>(
        self,
        on: &impl ConnectionTrait,
    ) -> Result<Vec<R>, Error> {
        let rows = on.query_all_raw(self.statement(on)).await?;
        Ok(rows.iter().map(|row| R::from_query_result(row, "")).collect::<Result<_, DbErr>>()?)
    }

    fn statement(self, on: &impl ConnectionTrait) -> Statement {
        Statement::from_sql_and_values(on.get_database_backend(), self.text, self.values)
    }
}

/// A text that may be missing.
pub(super) trait IntoText {
    /// The text, or NULL.
    fn into_text(self) -> Option<String>;
}

impl IntoText for String {
    fn into_text(self) -> Option<String> {
        Some(self)
    }
}

impl IntoText for &str {
    fn into_text(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl IntoText for Option<String> {
    fn into_text(self) -> Option<String> {
        self
    }
}

/// A value as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(unreadable)
}

/// What [`json`] wrote.
pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(unreadable)
}

/// An enum as the word it is serialised with.
pub(super) fn word(value: &impl Serialize) -> Result<String, Error> {
    match serde_json::to_value(value).map_err(unreadable)? {
        serde_json::Value::String(word) => Ok(word),
        other => Err(unreadable(format!("{other} is no word"))),
    }
}

/// What [`word`] wrote.
pub(super) fn read<T: DeserializeOwned>(word: &str) -> Result<T, Error> {
    serde_json::from_value(word.into()).map_err(unreadable)
}

/// A version as a column.
pub(super) fn number(version: Version) -> Result<i64, Error> {
    i64::try_from(version.0).map_err(unreadable)
}

/// A row that nothing here could have written.
pub(super) fn unreadable(cause: impl std::fmt::Display) -> Error {
    Error::Other(DbErr::Custom(format!("a row of history cannot be read or written: {cause}")))
}
