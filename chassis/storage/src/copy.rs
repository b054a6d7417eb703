//! Moving a module's rows out of SQLite: into a server, or into another file.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

use crate::{
    Backend, Database, Error, Tx,
    migration::{History, State},
};

/// Rows that travel at a time.
const PAGE: usize = 500;

/// How many rows of each table were copied.
pub type Copied = Vec<(String, u64)>;

/// Why nothing was copied; each says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Rows are read from SQLite only.
    #[error(
        "rows are copied out of SQLite only: between servers use the server's own tools (pg_dump)"
    )]
    NotSqlite,
    /// One of the two lacks steps of the history, or has others.
    #[error("{0}: bring both databases up to date first (`rialto migrate`)")]
    NotUpToDate(&'static str),
    /// Somebody has written to the target already.
    #[error("{0} has rows already: copy into an empty database")]
    NotEmpty(String),
    /// A value is of a type that no column has.
    #[error("{table}.{column} is {kind}, and columns are BIGINT, TEXT or BLOB")]
    Kind {
        /// The table.
        table: String,
        /// Its column.
        column: String,
        /// What it is declared as.
        kind: String,
    },
    /// A database failed.
    #[error(transparent)]
    Storage(#[from] Error),
}

impl From<DbErr> for CopyError {
    fn from(error: DbErr) -> Self {
        Self::Storage(error.into())
    }
}

/// Copies every row of the module whose tables `history` made, all or nothing. Nobody else may use the
/// source meanwhile.
///
/// What the target gives out itself (places in an outbox) it gives out again, in the same order.
///
/// # Errors
/// See [`CopyError`]; the target is as it was then.
pub async fn copy(from: &Database, to: &Database, history: &History) -> Result<Copied, CopyError> {
    if from.backend() != Backend::Sqlite {
        return Err(CopyError::NotSqlite);
    }
    for database in [from, to] {
        let steps = database.migration_status(history).await?.steps;
        if steps.iter().any(|(_, state)| *state != State::Applied) {
            return Err(CopyError::NotUpToDate(history.module));
        }
    }
    // The writer's turn: no other process writes to the source while it is read.
    let source = from.begin().await?;
    let target = to.begin().await?;
    let mut copied = Vec::new();
    for table in tables(&source, history).await? {
        let rows = Table::of(&source, &target, table).await?.copy(&source, &target).await?;
        copied.push(rows);
    }
    target.commit().await?;
    source.rollback().await?;
    Ok(copied)
}

/// The module's tables, each after those that it refers to. A virtual table, such as an index of texts, is
/// filled by triggers or made by the server itself.
async fn tables(source: &Tx, history: &History) -> Result<Vec<String>, CopyError> {
    let sql = "SELECT m.name FROM sqlite_master m JOIN pragma_table_list t ON t.name = m.name \
               WHERE m.type = 'table' AND t.schema = 'main' AND t.type = 'table' \
               AND m.name NOT LIKE 'sqlite_%' ORDER BY m.rowid";
    let rows =
        source.query_all_raw(Statement::from_string(source.get_database_backend(), sql)).await?;
    let own = format!("{}_migrations", history.module);
    let mut waiting = Vec::new();
    for row in rows {
        let name: String = row.try_get("", "name")?;
        if name != own {
            waiting.push((referred(source, &name).await?, name));
        }
    }
    let mut sorted: Vec<String> = Vec::new();
    while !waiting.is_empty() {
        let ready =
            |(others, _): &(Vec<String>, String)| others.iter().all(|other| sorted.contains(other));
        let next = waiting.iter().position(ready).unwrap_or_default(); // a circle begins anywhere
        sorted.push(waiting.remove(next).1);
    }
    Ok(sorted)
}

/// The other tables that a table refers to.
async fn referred(source: &Tx, table: &str) -> Result<Vec<String>, CopyError> {
    let sql = format!(
        "SELECT DISTINCT \"table\" AS name FROM pragma_foreign_key_list('{table}') \
         WHERE \"table\" <> '{table}'"
    );
    let rows =
        source.query_all_raw(Statement::from_string(source.get_database_backend(), sql)).await?;
    Ok(rows.iter().map(|row| row.try_get("", "name")).collect::<Result<_, _>>()?)
}

/// A table on its way.
struct Table {
    name: String,
    columns: Vec<Column>,
    /// What pages are ordered by: the primary key, or the order of insertion.
    order: Vec<String>,
}

struct Column {
    name: String,
    kind: Kind,
    /// The target gives it out itself.
    generated: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    Number,
    Text,
    Bytes,
}

impl Table {
    async fn of(source: &Tx, target: &Tx, name: String) -> Result<Self, CopyError> {
        let generated = generated(target, &name).await?;
        let sql = format!("SELECT name, type, pk FROM pragma_table_info('{name}') ORDER BY cid");
        let rows = source
            .query_all_raw(Statement::from_string(source.get_database_backend(), sql))
            .await?;
        let (mut columns, mut key) = (Vec::new(), Vec::new());
        for row in rows {
            let column: String = row.try_get("", "name")?;
            let declared: String = row.try_get("", "type")?;
            let kind = match declared.as_str() {
                "BIGINT" | "INTEGER" => Kind::Number,
                "TEXT" => Kind::Text,
                "BLOB" | "BYTEA" => Kind::Bytes,
                _ => return Err(CopyError::Kind { table: name, column, kind: declared }),
            };
            let place: i64 = row.try_get("", "pk")?;
            if place > 0 {
                key.push((place, column.clone()));
            }
            let generated = generated.contains(&column);
            columns.push(Column { name: column, kind, generated });
        }
        key.sort();
        let order = match with_rowid(source, &name).await? {
            true => vec!["rowid".to_owned()],
            false => key.into_iter().map(|(_, column)| column).collect(),
        };
        Ok(Self { name, columns, order })
    }

    async fn copy(self, source: &Tx, target: &Tx) -> Result<(String, u64), CopyError> {
        let sql = format!("SELECT COUNT(*) AS rows FROM {}", self.name);
        let found = target
            .query_one_raw(Statement::from_string(target.get_database_backend(), sql))
            .await?;
        let there: i64 = found.map_or(Ok(0), |row| row.try_get("", "rows"))?;
        if there > 0 {
            return Err(CopyError::NotEmpty(self.name));
        }
        let (mut count, mut after) = (0, None);
        loop {
            let rows = self.page(source, after.as_deref()).await?;
            let Some(last) = rows.last() else { break };
            after = Some(self.place(last)?);
            self.insert(target, &rows).await?;
            count += rows.len() as u64;
            if rows.len() < PAGE {
                break;
            }
        }
        Ok((self.name, count))
    }

    async fn page(
        &self,
        source: &Tx,
        after: Option<&[Value]>,
    ) -> Result<Vec<QueryResult>, CopyError> {
        let order = self.order.join(", ");
        let condition = after.map_or_else(String::new, |values| {
            let places: Vec<_> = (1..=values.len()).map(|place| format!("${place}")).collect();
            format!("WHERE ({order}) > ({})", places.join(", "))
        });
        let hidden = if self.order == ["rowid"] { "rowid AS rowid, " } else { "" };
        let names: Vec<_> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let sql = format!(
            "SELECT {hidden}{} FROM {} {condition} ORDER BY {order} LIMIT {PAGE}",
            names.join(", "),
            self.name
        );
        let values = after.unwrap_or_default().iter().cloned();
        let statement = Statement::from_sql_and_values(source.get_database_backend(), sql, values);
        Ok(source.query_all_raw(statement).await?)
    }

    /// Where a page ends.
    fn place(&self, row: &QueryResult) -> Result<Vec<Value>, DbErr> {
        let of = |name: &String| {
            let column = self.columns.iter().find(|column| column.name == *name);
            column.map_or(Kind::Number, |column| column.kind).read(row, name)
        };
        self.order.iter().map(of).collect()
    }

    async fn insert(&self, target: &Tx, rows: &[QueryResult]) -> Result<(), CopyError> {
        let kept: Vec<_> = self.columns.iter().filter(|column| !column.generated).collect();
        let names: Vec<_> = kept.iter().map(|column| column.name.as_str()).collect();
        let mut tuples = Vec::with_capacity(rows.len());
        let mut values = Vec::with_capacity(rows.len() * kept.len());
        for row in rows {
            let mut places = Vec::with_capacity(kept.len());
            for column in &kept {
                values.push(column.kind.read(row, &column.name)?);
                places.push(format!("${}", values.len()));
            }
            tuples.push(format!("({})", places.join(", ")));
        }
        let sql = format!(
            "INSERT INTO {} ({}) VALUES {}",
            self.name,
            names.join(", "),
            tuples.join(", ")
        );
        let statement = Statement::from_sql_and_values(target.get_database_backend(), sql, values);
        target.execute_raw(statement).await?;
        Ok(())
    }
}

impl Kind {
    fn read(self, row: &QueryResult, name: &str) -> Result<Value, DbErr> {
        Ok(match self {
            Self::Number => row.try_get::<Option<i64>>("", name)?.into(),
            Self::Text => row.try_get::<Option<String>>("", name)?.into(),
            Self::Bytes => row.try_get::<Option<Vec<u8>>>("", name)?.into(),
        })
    }
}

/// The columns whose values the target gives out itself.
async fn generated(target: &Tx, table: &str) -> Result<BTreeSet<String>, CopyError> {
    let sql = match target.database().backend() {
        Backend::Postgres => format!(
            "SELECT column_name AS name FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = '{table}' AND is_identity = 'YES'"
        ),
        // INTEGER PRIMARY KEY is SQLite's own number of the row.
        Backend::Sqlite => format!(
            "SELECT name FROM pragma_table_info('{table}') WHERE pk = 1 AND type = 'INTEGER'"
        ),
    };
    let rows =
        target.query_all_raw(Statement::from_string(target.get_database_backend(), sql)).await?;
    Ok(rows.iter().map(|row| row.try_get("", "name")).collect::<Result<_, _>>()?)
}

async fn with_rowid(source: &Tx, table: &str) -> Result<bool, CopyError> {
    let sql = format!("SELECT wr FROM pragma_table_list('{table}')");
    let row =
        source.query_one_raw(Statement::from_string(source.get_database_backend(), sql)).await?;
    let without: i64 = row.map_or(Ok(0), |row| row.try_get("", "wr"))?;
    Ok(without == 0)
}
