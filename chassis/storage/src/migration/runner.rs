//! Comparing a database with the steps a binary knows, and applying what is pending.

use std::{
    collections::HashMap,
    time::{SystemTime, UNIX_EPOCH},
};

use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use xxhash_rust::xxh3::xxh3_64;

use super::{History, Step};
use crate::{Backend, Database, Tx};

/// Why the steps were not applied; each says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database has a step that was begun and not finished.
    #[error(
        "{module}: step {step} was started and never finished. See what it left behind; then \
         either complete it by hand and set its finished_at in {module}_migrations, or undo it \
         and delete its row there; then start again"
    )]
    Unfinished {
        /// The module whose history it is.
        module: &'static str,
        /// The step's name.
        step: String,
    },
    /// The database has a step that this binary does not have.
    #[error(
        "{module}: the database has step {step}, which this binary does not know: it was \
         migrated by a newer one. Start that newer binary, or restore the backup from before"
    )]
    Unknown {
        /// The module whose history it is.
        module: &'static str,
        /// The step's name.
        step: String,
    },
    /// The database has another version of a step.
    #[error(
        "{module}: step {step} is not what was applied to this database; it was edited \
         afterwards. Restore its file and put the change into a new step"
    )]
    Changed {
        /// The module whose history it is.
        module: &'static str,
        /// The step's name.
        step: String,
    },
    /// A step's script failed.
    #[error("{module}: step {step} failed and nothing was changed: {source}")]
    Failed {
        /// The module whose history it is.
        module: &'static str,
        /// The step's name.
        step: &'static str,
        /// What the database said.
        source: crate::Error,
    },
    /// The database failed.
    #[error("the migrations could not be looked at or recorded: {0}")]
    Storage(#[from] crate::Error),
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        Self::Storage(error.into())
    }
}

/// What [`Database::migrate`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The steps applied now.
    pub applied: Vec<&'static str>,
    /// How many had been applied before.
    pub already: usize,
}

/// Where a database stands: the steps of the binary in order, then those only it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Each step's name and state.
    pub steps: Vec<(String, State)>,
}

/// Where a database stands with one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is to be applied.
    Pending,
    /// It was applied.
    Applied,
    /// It was begun and not finished.
    Unfinished,
    /// Another version of it was applied.
    Changed,
    /// The database has it, the binary does not.
    Unknown,
}

pub(crate) async fn apply(db: &Database, history: &History) -> Result<Report, Error> {
    let status = status(db, history).await?;
    refuse_broken(history, &status)?;
    if pending(history, &status).next().is_none() {
        return Ok(Report { applied: Vec::new(), already: history.steps.len() });
    }
    let tx = db.begin().await?;
    claim(&tx, history).await?;
    // Another process may have been faster until here; from here on it waits.
    let status = compare(history, db.backend(), &recorded(&tx, history).await?);
    refuse_broken(history, &status)?;
    let mut report = Report::default();
    for step in pending(history, &status) {
        run(&tx, history, step).await?;
        report.applied.push(step.name);
    }
    report.already = history.steps.len() - report.applied.len();
    tx.commit().await?;
    tracing::info!(module = history.module, applied = ?report.applied, "migrated");
    Ok(report)
}

pub(crate) async fn status(db: &Database, history: &History) -> Result<Status, crate::Error> {
    let reader = db.reader();
    let catalogue = match db.backend() {
        Backend::Sqlite => "SELECT COUNT(*) AS tables FROM sqlite_master WHERE name = ",
        Backend::Postgres => {
            "SELECT COUNT(*) AS tables FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_name = "
        }
    };
    let sql = format!("{catalogue}'{}'", history.table());
    let found = reader.query_one_raw(Statement::from_string(db.dialect(), sql)).await?;
    let tables: i64 = found.map_or(Ok(0), |row| row.try_get("", "tables"))?;
    let recorded = if tables == 0 { HashMap::new() } else { recorded(&reader, history).await? };
    Ok(compare(history, db.backend(), &recorded))
}

/// A row of the history table.
struct Recorded {
    checksum: String,
    finished: bool,
}

/// Makes other processes wait until this one is done, and the history table exist. SQLite's
/// transaction is the only writer anyway.
async fn claim(tx: &Tx, history: &History) -> Result<(), DbErr> {
    let table = history.table();
    if tx.database().backend() == Backend::Postgres {
        let key = xxh3_64(table.as_bytes()).cast_signed();
        tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({key})")).await?;
    }
    tx.execute_unprepared(&format!(
        "CREATE TABLE IF NOT EXISTS {table} (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, \
         started_at BIGINT NOT NULL, finished_at BIGINT)"
    ))
    .await?;
    Ok(())
}

async fn recorded(
    db: &impl ConnectionTrait,
    history: &History,
) -> Result<HashMap<String, Recorded>, DbErr> {
    let sql = format!("SELECT name, checksum, finished_at FROM {}", history.table());
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    let mut recorded = HashMap::new();
    for row in rows {
        let finished = row.try_get::<Option<i64>>("", "finished_at")?.is_some();
        let entry = Recorded { checksum: row.try_get("", "checksum")?, finished };
        recorded.insert(row.try_get("", "name")?, entry);
    }
    Ok(recorded)
}

fn compare(history: &History, backend: Backend, recorded: &HashMap<String, Recorded>) -> Status {
    let state = |step: &Step| match recorded.get(step.name) {
        None => State::Pending,
        Some(row) if !row.finished => State::Unfinished,
        Some(row) if row.checksum != step.checksum(backend) => State::Changed,
        Some(_) => State::Applied,
    };
    let mut steps: Vec<_> =
        history.steps.iter().map(|step| (step.name.to_owned(), state(step))).collect();
    let known = |name: &str| history.steps.iter().any(|step| step.name == name);
    let mut unknown: Vec<_> = recorded
        .keys()
        .filter(|name| !known(name))
        .map(|it| (it.clone(), State::Unknown))
        .collect();
    unknown.sort_by(|one, other| one.0.cmp(&other.0));
    steps.append(&mut unknown);
    Status { steps }
}

fn refuse_broken(history: &History, status: &Status) -> Result<(), Error> {
    let module = history.module;
    for (step, state) in &status.steps {
        let step = step.clone();
        match state {
            State::Pending | State::Applied => {}
            State::Unfinished => return Err(Error::Unfinished { module, step }),
            State::Changed => return Err(Error::Changed { module, step }),
            State::Unknown => return Err(Error::Unknown { module, step }),
        }
    }
    Ok(())
}

fn pending(history: &History, status: &Status) -> impl Iterator<Item = &'static Step> {
    history
        .steps
        .iter()
        .zip(&status.steps)
        .filter_map(|(step, (_, state))| (*state == State::Pending).then_some(step))
}

async fn run(tx: &Tx, history: &History, step: &'static Step) -> Result<(), Error> {
    let backend = tx.database().backend();
    let started_at = now();
    tx.execute_unprepared(step.script(backend)).await.map_err(|error| Error::Failed {
        module: history.module,
        step: step.name,
        source: error.into(),
    })?;
    let sql = format!("INSERT INTO {} VALUES ($1, $2, $3, $4)", history.table());
    let row: [Value; 4] =
        [step.name.into(), step.checksum(backend).into(), started_at.into(), now().into()];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, row)).await?;
    Ok(())
}

/// Microseconds since the epoch.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

impl History {
    fn table(&self) -> String {
        format!("{}_migrations", self.module)
    }
}
