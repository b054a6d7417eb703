//! What people did: written with what they did, never changed.

use kernel::{Page, PageRequest, Timestamp};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use storage::{Database, Error, Tx};

kernel::id! {
    /// Names one entry of the audit.
    EntryId = "aud"
}

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Never reused.
    pub id: EntryId,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it: a user's id, or a name.
    pub actor: String,
    /// What was done.
    pub deed: Deed,
    /// What it was done to: the id of a message or of a saga, or an edge.
    pub subject: String,
    /// What mattered of it before.
    pub before: Json,
    /// The same afterwards.
    pub after: Json,
}

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// It is tried again.
    Retry,
    /// It says something else.
    Edit,
    /// It is given up.
    Drop,
    /// It has other numbers.
    Tune,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Audits {
    /// About this message, saga or edge.
    pub subject: Option<String>,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Deed {
    /// The deed as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Edit => "edit",
            Self::Drop => "drop",
            Self::Tune => "tune",
        }
    }
}

impl std::fmt::Display for Deed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Writes an entry in the transaction of what it tells.
pub(crate) async fn write(tx: &Tx, entry: &Entry) -> Result<(), Error> {
    let sql = "INSERT INTO audit (id, at, actor, deed, subject, before, after) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values: [Value; 7] = [
        entry.id.to_string().into(),
        entry.at.micros().into(),
        entry.actor.as_str().into(),
        entry.deed.as_str().into(),
        entry.subject.as_str().into(),
        entry.before.to_string().into(),
        entry.after.to_string().into(),
    ];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// Writes an entry of its own, for what is done outside of the database.
///
/// # Errors
/// When it could not be written: then nothing may be done.
pub async fn note(db: &Database, entry: &Entry) -> Result<(), Error> {
    let tx = db.begin().await?;
    write(&tx, entry).await?;
    tx.commit().await?;
    Ok(())
}

/// One page of the entries, the newest first.
pub(crate) async fn page(db: &Database, wish: &Audits) -> Result<Page<Entry>, Error> {
    let mut conditions = vec!["1 = 1".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    let wanted = [("subject =", &wish.subject), ("id <", &wish.page.after)];
    for (condition, value) in wanted {
        if let Some(value) = value {
            values.push(value.as_str().into());
            conditions.push(format!("{condition} ${}", values.len()));
        }
    }
    let sql = format!(
        "SELECT id, at, actor, deed, subject, before, after FROM audit WHERE {} \
         ORDER BY id DESC LIMIT {}",
        conditions.join(" AND "),
        wish.page.limit + 1
    );
    let reader = db.reader();
    let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
    let rows = reader.query_all_raw(statement).await?;
    let entries = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(entries, wish.page.limit, |entry| entry.id.to_string()))
}

fn read(row: &QueryResult) -> Result<Entry, Error> {
    let text = |column| row.try_get::<String>("", column);
    let broken = |cause: &dyn std::fmt::Display| DbErr::Type(format!("an audit entry: {cause}"));
    let json = |column| serde_json::from_str(&text(column)?).map_err(|cause| broken(&cause));
    let deed = serde_json::from_value(text("deed")?.into());
    Ok(Entry {
        id: text("id")?.parse().map_err(|cause| broken(&cause))?,
        at: Timestamp::from_micros(row.try_get("", "at")?),
        actor: text("actor")?,
        deed: deed.map_err(|cause| broken(&cause))?,
        subject: text("subject")?,
        before: json("before")?,
        after: json("after")?,
    })
}
