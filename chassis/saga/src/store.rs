//! The rows of sagas.
//!
//! Placeholders are `$1, $2, …` and first appear in that order, which is how both databases number
//! them.

use kernel::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};
use storage::{Backend, Error, Tx};

use crate::{
    SagaId,
    log::Entry,
    transition::{State, Status},
};

/// What of a row decides how a saga goes on.
pub(crate) struct Row {
    pub(crate) plan: i64,
    pub(crate) state: State,
    pub(crate) data: String,
}

/// A move as it is written.
pub(crate) struct Written<'a> {
    pub(crate) id: &'a SagaId,
    pub(crate) plan: i64,
    pub(crate) from: State,
    pub(crate) to: State,
    pub(crate) due_at: Option<Timestamp>,
    /// The data, if it changes.
    pub(crate) data: Option<String>,
    pub(crate) entry: Entry,
}

pub(crate) async fn insert(
    tx: &Tx,
    id: &SagaId,
    name: &str,
    row: &Row,
    due_at: Option<Timestamp>,
    entry: &Entry,
) -> Result<(), Error> {
    let now = entry.at.micros();
    let values = [
        id.as_str().into(),
        name.into(),
        row.plan.into(),
        row.state.status.as_str().into(),
        number(row.state.position),
        number(row.state.turn),
        due_at.map(Timestamp::micros).into(),
        row.data.as_str().into(),
        line(entry)?.into(),
        now.into(),
        now.into(),
    ];
    let sql = "INSERT INTO saga (id, name, plan_hash, status, step, turn, due_at, data, log, \
               created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    tx.execute_raw(statement(tx, sql, values)).await?;
    Ok(())
}

/// Moves the saga if it stands where it is believed to; gives its data, or nothing if it does not.
pub(crate) async fn advance(tx: &Tx, written: Written<'_>) -> Result<Option<String>, Error> {
    let Written { id, plan, from, to, due_at, data, entry } = written;
    let mut sql = String::from(
        "UPDATE saga SET status = $1, step = $2, turn = $3, due_at = $4, updated_at = $5, \
         log = log || $6",
    );
    let mut values: Vec<Value> = vec![
        to.status.as_str().into(),
        number(to.position),
        number(to.turn),
        due_at.map(Timestamp::micros).into(),
        entry.at.micros().into(),
        line(&entry)?.into(),
    ];
    let mut set = |column: &str, value: Value| {
        values.push(value);
        sql.push_str(&format!(", {column} = ${}", values.len()));
    };
    if let Some(data) = data {
        set("data", data.into());
    }
    if to.given_up != from.given_up {
        set("given_up", to.given_up.map(|turn| turn.cast_signed()).into());
    }
    let first = values.len() + 1;
    sql.push_str(&format!(
        " WHERE id = ${first} AND plan_hash = ${} AND status = ${} AND step = ${} AND turn = ${} \
         RETURNING data",
        first + 1,
        first + 2,
        first + 3,
        first + 4
    ));
    values.extend([
        id.as_str().into(),
        plan.into(),
        from.status.as_str().into(),
        number(from.position),
        number(from.turn),
    ]);
    match tx.query_one_raw(statement(tx, sql, values)).await? {
        Some(row) => Ok(Some(row.try_get("", "data")?)),
        None => Ok(None),
    }
}

/// Reads a saga that this transaction is about to move; nobody else moves it meanwhile.
pub(crate) async fn lock(tx: &Tx, id: &SagaId) -> Result<Option<Row>, Error> {
    let lock = match tx.database().backend() {
        Backend::Postgres => " FOR UPDATE",
        Backend::Sqlite => "",
    };
    let sql = format!(
        "SELECT plan_hash, status, step, turn, given_up, data FROM saga WHERE id = $1{lock}"
    );
    let row = tx.query_one_raw(statement(tx, sql, [id.as_str().into()])).await?;
    row.as_ref().map(of_row).transpose()
}

fn of_row(row: &QueryResult) -> Result<Row, Error> {
    Ok(Row {
        plan: row.try_get("", "plan_hash")?,
        state: state(row)?,
        data: row.try_get("", "data")?,
    })
}

pub(crate) fn state(row: &QueryResult) -> Result<State, Error> {
    let status: String = row.try_get("", "status")?;
    let unknown = || DbErr::Type(format!("{status:?} is not the status of a saga"));
    let given_up: Option<i64> = row.try_get("", "given_up")?;
    Ok(State {
        status: Status::parse(&status).ok_or_else(unknown)?,
        position: counted(row, "step")?,
        turn: counted(row, "turn")?,
        given_up: given_up.map(i64::cast_unsigned),
    })
}

fn counted<T: TryFrom<i64>>(row: &QueryResult, column: &str) -> Result<T, Error> {
    let number: i64 = row.try_get("", column)?;
    let wrong = |_| DbErr::Type(format!("{number} is not the {column} of a saga"));
    Ok(T::try_from(number).map_err(wrong)?)
}

/// A count as a column. Counts of steps and commands are far below the limit.
fn number(count: impl TryInto<i64>) -> Value {
    count.try_into().unwrap_or(i64::MAX).into()
}

fn line(entry: &Entry) -> Result<String, Error> {
    entry.line().map_err(|cause| Error::Other(DbErr::Json(cause.to_string())))
}

pub(crate) fn statement(
    on: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(on.get_database_backend(), sql, values)
}
