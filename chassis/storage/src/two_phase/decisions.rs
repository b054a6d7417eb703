//! What was decided: rows of the table `two_phase_decision`. Whoever writes first decides.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use uuid::Uuid;

use crate::{Database, Error, database::Engine, error::database_error};

/// The decisions of one coordinator.
pub(super) struct Decisions {
    home: Database,
    coordinator: String,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Commit,
    Abort,
}

/// How long it is remembered that something was rolled back: much longer than whoever prepared it could still
/// want to commit it.
const REMEMBERED: Duration = Duration::from_hours(24);

impl Decisions {
    pub(super) async fn open(home: Database, coordinator: &str) -> Result<Self, Error> {
        let tx = home.begin().await?;
        let made = tx.execute_unprepared(TABLE).await.map_err(Error::from);
        match made {
            Ok(_) => tx.commit().await?,
            // Postgres: somebody else makes it at this moment.
            Err(Error::Unique { .. }) => tx.rollback().await?,
            Err(cause) => return Err(cause),
        }
        Ok(Self { home, coordinator: coordinator.to_owned() })
    }

    /// Decides, unless that has been done, and gives what is decided.
    pub(super) async fn decide(&self, id: Uuid, outcome: Outcome) -> Result<Outcome, Error> {
        let tx = self.home.begin().await?;
        let values: [Value; 4] = [
            self.coordinator.clone().into(),
            id.to_string().into(),
            outcome.to_string().into(),
            now().into(),
        ];
        let sql = "INSERT INTO two_phase_decision (coordinator, id, outcome, decided_at) \
                   VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        tx.execute_raw(statement(&self.home, sql, values)).await?;
        let sql = "SELECT outcome FROM two_phase_decision WHERE coordinator = $1 AND id = $2";
        let values = [self.coordinator.clone().into(), id.to_string().into()];
        let row = tx.query_one_raw(statement(&self.home, sql, values)).await?;
        let decided: String = row.ok_or_else(|| broken("it is gone"))?.try_get("", "outcome")?;
        tx.commit().await?;
        [Outcome::Commit, Outcome::Abort]
            .into_iter()
            .find(|known| known.to_string() == decided)
            .ok_or_else(|| broken(&decided))
    }

    /// What is to be committed, as far as that is remembered.
    pub(super) async fn to_commit(&self) -> Result<Vec<Uuid>, Error> {
        let sql = "SELECT id FROM two_phase_decision WHERE coordinator = $1 AND outcome = 'commit'";
        let values = [self.coordinator.clone().into()];
        let rows = self.home.reader().query_all_raw(statement(&self.home, sql, values)).await?;
        rows.iter().map(|row| row.try_get::<String>("", "id")?.parse().map_err(broken)).collect()
    }

    /// Forgets that these are to be committed: all participants have done it.
    pub(super) async fn forget(&self, ids: &[Uuid]) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        let tx = self.home.begin().await?;
        for id in ids {
            let sql = "DELETE FROM two_phase_decision WHERE coordinator = $1 AND id = $2";
            let values = [self.coordinator.clone().into(), id.to_string().into()];
            tx.execute_raw(statement(&self.home, sql, values)).await?;
        }
        tx.commit().await
    }

    /// Forgets what was rolled back so long ago that nobody comes to commit it.
    pub(super) async fn forget_the_past(&self) -> Result<(), Error> {
        let tx = self.home.begin().await?;
        let sql = "DELETE FROM two_phase_decision \
                   WHERE coordinator = $1 AND outcome = 'abort' AND decided_at < $2";
        let remembered = i64::try_from(REMEMBERED.as_micros()).map_err(broken)?;
        let values = [self.coordinator.clone().into(), (now() - remembered).into()];
        tx.execute_raw(statement(&self.home, sql, values)).await?;
        tx.commit().await
    }
}

impl Outcome {
    /// Ends the prepared transaction called `name`, and says whether it was there: somebody else may have ended
    /// it.
    pub(super) async fn finish(self, db: &Database, name: &str) -> Result<bool, Error> {
        let Engine::Postgres(postgres) = db.engine() else {
            return Err(broken("a prepared transaction on SQLite"));
        };
        let verb = match self {
            Self::Commit => "COMMIT",
            Self::Abort => "ROLLBACK",
        };
        let sql = format!("{verb} PREPARED '{name}'");
        match postgres.outside().execute_unprepared(&sql).await {
            Ok(_) => Ok(true),
            Err(cause) if is_missing(&cause) => Ok(false),
            Err(cause) => Err(cause.into()),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Commit => "commit",
            Self::Abort => "abort",
        })
    }
}

/// `sql`, for this database.
pub(super) fn statement<const N: usize>(db: &Database, sql: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(db.dialect(), sql, values)
}

/// SQLSTATE `undefined_object`: no prepared transaction of this name.
fn is_missing(cause: &DbErr) -> bool {
    database_error(cause).is_some_and(|error| error.code().is_some_and(|code| code == "42704"))
}

/// Microseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn broken(cause: impl fmt::Display) -> Error {
    Error::Other(DbErr::Custom(format!("a decision cannot be read or written: {cause}")))
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS two_phase_decision (
    coordinator TEXT NOT NULL,
    id TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('commit', 'abort')),
    decided_at BIGINT NOT NULL,
    PRIMARY KEY (coordinator, id)
)";
