//! Looking at sagas, for operators: which there are, where each stands, and how it came there.

use kernel::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};
use serde::{Deserialize, Serialize};
use storage::Error;

use super::Engine;
use crate::{
    SagaId, Shape,
    log::{self, Entry},
    shape::Kind,
    store,
    transition::{State, Status, What},
};

/// Which sagas to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this kind only.
    pub name: Option<String>,
    /// Standing there only.
    pub status: Option<Status>,
    /// Those that have not ended, and have not moved since then.
    pub stuck_since: Option<Timestamp>,
    /// Those that come after this one in the order of their ids: the last of the page before.
    pub after: Option<SagaId>,
    /// At most so many; 100 when it is not said.
    pub limit: Option<u32>,
}

/// A saga in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Which saga.
    pub id: String,
    /// What kind of saga.
    pub name: String,
    /// Where it stands.
    pub status: Status,
    /// The step it stands at, or its number if this binary does not have the plan.
    pub step: String,
    /// Whether this binary has the plan. If not, it leaves the saga alone.
    pub known: bool,
    /// When the step that is under way is given up on.
    pub due_at: Option<Timestamp>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last moved.
    pub updated_at: Timestamp,
}

/// Everything about one saga.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// What a list shows of it.
    pub summary: Summary,
    /// Each holding and step of its plan, in order; empty if this binary does not have the plan.
    pub steps: Vec<StepProgress>,
    /// What happened to it, oldest first.
    pub log: Vec<Entry>,
    /// Its data.
    pub data: serde_json::Value,
}

/// How far one step of one saga is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepProgress {
    /// The step.
    pub name: String,
    /// How far it is.
    pub progress: Progress,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// Nothing was sent.
    Pending,
    /// Sent, not answered yet.
    UnderWay,
    /// Done, or held from the start.
    Done,
    /// Refused by its owner.
    Refused,
    /// Given up on; it may have happened.
    Unanswered,
    /// Its undo is sent, not answered yet.
    Undoing,
    /// It is undone.
    Undone,
}

/// How many sagas there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Census {
    /// Those that have not ended.
    pub open: u64,
    /// Those of them that this binary leaves alone, because it does not have their plans.
    pub unknown: u64,
    /// Completed or undone.
    pub ended: u64,
}

/// The length of a list when none is said.
const PAGE: u32 = 100;

impl Engine {
    /// The sagas that `filter` lets through, in the order of their ids.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn list(&self, filter: &Filter) -> Result<Vec<Summary>, Error> {
        let mut conditions = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        let mut only = |condition: &str, value: Option<&str>| {
            if let Some(value) = value {
                values.push(value.into());
                conditions.push(format!("{condition} ${}", values.len()));
            }
        };
        only("name =", filter.name.as_deref());
        only("status =", filter.status.map(Status::as_str));
        only("id >", filter.after.as_ref().map(SagaId::as_str));
        if let Some(moment) = filter.stuck_since {
            values.push(moment.micros().into());
            conditions.push(format!("{OPEN} AND updated_at < ${}", values.len()));
        }
        let given = if conditions.is_empty() { "" } else { "WHERE" };
        let sql = format!(
            "SELECT {COLUMNS} FROM saga {given} {} ORDER BY id LIMIT {}",
            conditions.join(" AND "),
            filter.limit.unwrap_or(PAGE)
        );
        let reader = self.db.reader();
        let rows = reader.query_all_raw(store::statement(&reader, sql, values)).await?;
        rows.iter().map(|row| self.summary(row)).collect()
    }

    /// Everything about one saga, or nothing when there is none.
    ///
    /// # Errors
    ///
    /// When the database fails, or holds something that is no saga.
    pub async fn inspect(&self, id: &SagaId) -> Result<Option<Inspection>, Error> {
        let sql = format!("SELECT {COLUMNS}, data, log FROM saga WHERE id = $1");
        let reader = self.db.reader();
        let statement = store::statement(&reader, sql, [id.as_str().into()]);
        let Some(row) = reader.query_one_raw(statement).await? else { return Ok(None) };
        let summary = self.summary(&row)?;
        let unreadable = |cause: serde_json::Error| DbErr::Json(format!("{id}: {cause}"));
        let (text, data): (String, String) = (row.try_get("", "log")?, row.try_get("", "data")?);
        let log = log::read(&text).map_err(unreadable)?;
        let plan: i64 = row.try_get("", "plan_hash")?;
        let state = store::state(&row)?;
        let steps = self.plans.get(&plan).map(|it| progress(it.shape(), state, &log));
        let data = serde_json::from_str(&data).map_err(unreadable)?;
        Ok(Some(Inspection { summary, steps: steps.unwrap_or_default(), log, data }))
    }

    /// Counts the sagas of this module.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn census(&self) -> Result<Census, Error> {
        let sql = format!(
            "SELECT count(*) AS everything, \
             coalesce(sum(CASE WHEN {OPEN} THEN 1 ELSE 0 END), 0) AS open, \
             coalesce(sum(CASE WHEN {OPEN} AND plan_hash NOT IN ({}) THEN 1 ELSE 0 END), 0) \
             AS strange FROM saga",
            self.places(1)
        );
        let reader = self.db.reader();
        let row = reader.query_one_raw(store::statement(&reader, sql, self.hashes())).await?;
        let none = || DbErr::RecordNotFound("the number of sagas".to_owned());
        let row = row.ok_or_else(none)?;
        let count = |column| Ok::<u64, Error>(row.try_get::<i64>("", column)?.cast_unsigned());
        let (everything, open) = (count("everything")?, count("open")?);
        Ok(Census { open, unknown: count("strange")?, ended: everything - open })
    }

    /// Removes the sagas that ended before `moment`; gives their number. Their keys are free then.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn forget(&self, tx: &storage::Tx, moment: Timestamp) -> Result<u64, Error> {
        let sql = "DELETE FROM saga WHERE updated_at < $1 \
                   AND status IN ('completed', 'compensated')";
        let statement = store::statement(tx, sql, [moment.micros().into()]);
        Ok(tx.execute_raw(statement).await?.rows_affected())
    }

    fn summary(&self, row: &QueryResult) -> Result<Summary, Error> {
        let state = store::state(row)?;
        let plan = self.plans.get(&row.try_get("", "plan_hash")?);
        let step = match plan {
            Some(bound) => bound.shape().name_of(state.position).to_owned(),
            None => state.position.to_string(),
        };
        let due_at: Option<i64> = row.try_get("", "due_at")?;
        Ok(Summary {
            id: row.try_get("", "id")?,
            name: row.try_get("", "name")?,
            status: state.status,
            step,
            known: plan.is_some(),
            due_at: due_at.map(Timestamp::from_micros),
            created_at: Timestamp::from_micros(row.try_get("", "created_at")?),
            updated_at: Timestamp::from_micros(row.try_get("", "updated_at")?),
        })
    }
}

const COLUMNS: &str =
    "id, name, plan_hash, status, step, turn, given_up, due_at, created_at, updated_at";
const OPEN: &str = "status IN ('running', 'waiting', 'undoing')";

/// Reads from its log how far each step of a saga is.
fn progress(shape: &Shape, state: State, log: &[Entry]) -> Vec<StepProgress> {
    let forward = matches!(state.status, Status::Running | Status::Waiting | Status::Completed);
    let of = |(index, name): (usize, &'static str)| {
        let passed = forward && index < state.position;
        let held = shape.positions[index].kind == Kind::Holding;
        let start = if passed || held { Progress::Done } else { Progress::Pending };
        let logged = log.iter().filter(|entry| entry.step == name).fold(start, after);
        let progress = match state.status {
            Status::Running if index == state.position => Progress::UnderWay,
            Status::Undoing if index == state.position => Progress::Undoing,
            _ => logged,
        };
        StepProgress { name: name.to_owned(), progress }
    };
    shape.steps().enumerate().map(of).collect()
}

fn after(progress: Progress, entry: &Entry) -> Progress {
    match entry.what {
        What::Done => Progress::Done,
        What::Refused | What::Stayed => Progress::Refused,
        What::TimedOut | What::Abandoned => Progress::Unanswered,
        What::Undone => Progress::Undone,
        What::Started | What::Again | What::Late => progress,
    }
}
