//! Answering a request that was sent twice as if it had been sent once.
//!
//! The answer is recorded in the transaction of its effect, so that there is one if and only if the other
//! exists. What failed or was refused had no effect and is not recorded: asking again tries again.
//!
//! A handler says [`Replies::once`] and the service says [`remember`], which is enough for an operation
//! that finds nothing in the way of repeating it. In detail: [`InFlight::enter`] (409 when its twin is being
//! worked on), [`lookup`] (replay or refuse), then one transaction with the effect and [`record`]. If that
//! says [`storage::Error::Unique`], a twin in another process was faster: roll back, and [`lookup`] again.

mod in_flight;
mod remember;
mod replies;

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody, http::StatusCode};
use kernel::{Clock, Code, Timestamp};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Set};
use storage::{Database, Tx};

pub use self::{
    in_flight::{InFlight, Turn},
    remember::remember,
    replies::{Once, Replies},
};
use crate::{Background, Intent, Problem, represent::REPLAYED};

/// How long an answer is kept.
pub const KEPT: Duration = Duration::from_hours(72);
/// How often old answers are removed.
const SWEEP: Duration = Duration::from_hours(1);

#[expect(unreachable_pub, reason = "sea-orm's derive wants public items")]
mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "idempotency")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub scope: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
        pub fingerprint: String,
        pub status: i64,
        pub body: String,
        pub created_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// An answer that was given before, word for word; as a response it says `Idempotent-Replayed: true`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body.
    pub body: String,
}

/// What is known about an intention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// Nothing: go on.
    Fresh,
    /// It was carried out: give this answer.
    Replay(Recorded),
    /// The key was used for another request: refuse with [`reused`].
    Reused,
}

/// The refusal of a key that was used for another request.
pub fn reused() -> Problem {
    let detail = "this Idempotency-Key was sent before with another request: use a fresh one";
    Problem::of(Code::IdempotencyKeyReused, detail)
}

/// Looks the intention up among the answers given to `scope`: the caller and the operation, because two
/// callers may choose the same key. One statement.
///
/// # Errors
/// When the database cannot be read.
pub async fn lookup(
    reader: &impl ConnectionTrait,
    scope: &str,
    intent: &Intent,
) -> Result<Lookup, storage::Error> {
    let key = (scope.to_owned(), intent.key.as_str().to_owned());
    let Some(row) = row::Entity::find_by_id(key).one(reader).await? else {
        return Ok(Lookup::Fresh);
    };
    if row.fingerprint != intent.fingerprint.as_str() {
        return Ok(Lookup::Reused);
    }
    let status = u16::try_from(row.status)
        .map_err(|_| DbErr::Custom(format!("{} is not an HTTP status", row.status)))?;
    Ok(Lookup::Replay(Recorded { status, body: row.body }))
}

/// Records the answer in the transaction of the effect. One statement.
///
/// # Errors
/// [`storage::Error::Unique`] when a twin was faster: roll back and [`lookup`] its answer.
pub async fn record(
    tx: &Tx,
    scope: &str,
    intent: &Intent,
    answer: &Recorded,
    now: Timestamp,
) -> Result<(), storage::Error> {
    let row = row::ActiveModel {
        scope: Set(scope.to_owned()),
        key: Set(intent.key.as_str().to_owned()),
        fingerprint: Set(intent.fingerprint.as_str().to_owned()),
        status: Set(i64::from(answer.status)),
        body: Set(answer.body.clone()),
        created_at: Set(now.micros()),
    };
    row::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Removes the answers that are older than [`KEPT`], and says how many they were.
///
/// # Errors
/// When the database cannot be written; nothing was removed then.
pub async fn sweep(db: &Database, now: Timestamp) -> Result<u64, storage::Error> {
    let tx = db.begin().await?;
    let old = row::Column::CreatedAt.lt(now.minus(KEPT).micros());
    let removed = row::Entity::delete_many().filter(old).exec(&tx).await?.rows_affected;
    tx.commit().await?;
    Ok(removed)
}

/// Sweeps `db` every hour.
pub fn sweeper(name: &'static str, db: Database, clock: Arc<dyn Clock>) -> Background {
    Background::every(name, SWEEP, move || {
        let (db, clock) = (db.clone(), clock.clone());
        async move {
            if let Err(cause) = sweep(&db, clock.now()).await {
                tracing::warn!(task = name, %cause, "old idempotent answers could not be removed");
            }
        }
    })
}

impl Responder for Recorded {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        HttpResponse::build(status)
            .insert_header((REPLAYED, "true"))
            .content_type("application/json")
            .body(self.body)
    }
}
