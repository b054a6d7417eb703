//! One statement: binding sea-query's values, stepping, reading rows.

use std::collections::BTreeMap;

use rusqlite::{
    CachedStatement, Connection, Row, Rows,
    types::{ToSqlOutput, ValueRef},
};
use sea_orm::{
    DbErr, ExecResult, ProxyExecResult, ProxyRow, QueryResult, Statement, Value,
    sea_query::OptionEnum,
};

use super::failure::wrap;

/// Runs a statement that returns no rows.
pub(super) fn execute(db: &Connection, statement: &Statement) -> Result<ExecResult, DbErr> {
    let mut prepared = prepare(db, statement)?;
    let mut rows = prepared.raw_query();
    while rows.next().map_err(wrap)?.is_some() {}
    drop(rows);
    Ok(outcome(db))
}

/// Runs the statements of a script.
pub(super) fn execute_batch(db: &Connection, sql: &str) -> Result<ExecResult, DbErr> {
    db.execute_batch(sql).map_err(wrap)?;
    Ok(outcome(db))
}

/// Returns the first row.
pub(super) fn query_one(
    db: &Connection,
    statement: &Statement,
) -> Result<Option<QueryResult>, DbErr> {
    let mut prepared = prepare(db, statement)?;
    let writes = !prepared.readonly();
    let mut rows = prepared.raw_query();
    let first = next(&mut rows)?;
    // A statement that writes is run to its end: reset halfway, it would not have happened.
    while writes && rows.next().map_err(wrap)?.is_some() {}
    Ok(first)
}

/// Returns all rows.
pub(super) fn query_all(db: &Connection, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
    let mut prepared = prepare(db, statement)?;
    let mut rows = prepared.raw_query();
    let mut found = Vec::new();
    while let Some(row) = next(&mut rows)? {
        found.push(row);
    }
    Ok(found)
}

fn prepare<'db>(db: &'db Connection, statement: &Statement) -> Result<CachedStatement<'db>, DbErr> {
    let mut prepared = db.prepare_cached(&statement.sql).map_err(wrap)?;
    let values = statement.values.as_ref().map_or(&[][..], |values| &values.0);
    if prepared.parameter_count() != values.len() {
        return Err(DbErr::Type(format!(
            "the statement takes {} values and got {}: {}",
            prepared.parameter_count(),
            values.len(),
            statement.sql
        )));
    }
    for (index, value) in values.iter().enumerate() {
        prepared.raw_bind_parameter(index + 1, bound(value)?).map_err(wrap)?;
    }
    Ok(prepared)
}

fn outcome(db: &Connection) -> ExecResult {
    let last_insert_id = db.last_insert_rowid().cast_unsigned();
    ProxyExecResult::new(last_insert_id, db.changes()).into()
}

fn next(rows: &mut Rows<'_>) -> Result<Option<QueryResult>, DbErr> {
    let Some(row) = rows.next().map_err(wrap)? else { return Ok(None) };
    let mut values = BTreeMap::new();
    for index in 0..row.as_ref().column_count() {
        let (name, value) = column(row, index)?;
        values.insert(name, value);
    }
    Ok(Some(ProxyRow::new(values).into()))
}

/// Reads a column by its storage class alone. A NULL has no class; whatever type it is asked for
/// finds none of its own in it, which sea-orm takes for NULL.
fn column(row: &Row<'_>, index: usize) -> Result<(String, Value), DbErr> {
    let name = row.as_ref().column_name(index).map_err(wrap)?;
    let value = match row.get_ref(index).map_err(wrap)? {
        ValueRef::Null => Value::BigInt(None),
        ValueRef::Integer(integer) => Value::BigInt(Some(integer)),
        ValueRef::Real(real) => Value::Double(Some(real)),
        ValueRef::Blob(bytes) => Value::Bytes(Some(bytes.to_vec())),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::String(Some(text.to_owned())),
            Err(error) => return Err(DbErr::Type(format!("column {name} is not text: {error}"))),
        },
    };
    Ok((name.to_owned(), value))
}

/// A value as SQLite stores it: booleans are 0 and 1, JSON is text.
fn bound(value: &Value) -> Result<ToSqlOutput<'_>, DbErr> {
    Ok(match value {
        Value::Bool(it) => integer(*it),
        Value::TinyInt(it) => integer(*it),
        Value::SmallInt(it) => integer(*it),
        Value::Int(it) => integer(*it),
        Value::BigInt(it) => integer(*it),
        Value::TinyUnsigned(it) => integer(*it),
        Value::SmallUnsigned(it) => integer(*it),
        Value::Unsigned(it) => integer(*it),
        Value::BigUnsigned(it) => integer(it.map(i64::try_from).transpose().map_err(too_large)?),
        Value::Float(it) => real(it.map(f64::from)),
        Value::Double(it) => real(*it),
        Value::String(it) => text(it.as_deref()),
        Value::Enum(OptionEnum::Some(it)) => text(Some(&it.value)),
        Value::Enum(OptionEnum::None(_)) => NULL,
        Value::Bytes(it) => {
            it.as_deref().map_or(NULL, |it| ToSqlOutput::Borrowed(ValueRef::Blob(it)))
        }
        Value::Char(it) => owned_text(it.map(String::from)),
        Value::Json(it) => owned_text(it.as_ref().map(ToString::to_string)),
        other => {
            return Err(DbErr::Type(format!("SQLite has no type for {other:?}")));
        }
    })
}

const NULL: ToSqlOutput<'static> = ToSqlOutput::Borrowed(ValueRef::Null);

fn integer<T: Into<i64>>(value: Option<T>) -> ToSqlOutput<'static> {
    value.map_or(NULL, |it| ToSqlOutput::Borrowed(ValueRef::Integer(it.into())))
}

fn real(value: Option<f64>) -> ToSqlOutput<'static> {
    value.map_or(NULL, |it| ToSqlOutput::Borrowed(ValueRef::Real(it)))
}

fn text(value: Option<&str>) -> ToSqlOutput<'_> {
    value.map_or(NULL, |it| ToSqlOutput::Borrowed(ValueRef::Text(it.as_bytes())))
}

fn owned_text(value: Option<String>) -> ToSqlOutput<'static> {
    value.map_or(NULL, |it| ToSqlOutput::Owned(it.into()))
}

fn too_large(_: std::num::TryFromIntError) -> DbErr {
    DbErr::Type("SQLite's integers end at 2^63 - 1".to_owned())
}
