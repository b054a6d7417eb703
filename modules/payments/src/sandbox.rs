//! A payment provider that lives in this process and moves no real money.
//!
//! It behaves like a real one: it remembers every charge by its idempotency key, in a transaction of
//! its own that is durable before it answers, and across restarts. Nobody else reads its table.

mod cards;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use kernel::{Clock, Ids};
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use storage::{Database, Error};

use crate::{
    provider::{Charge, Outcome, Provider, Silence, Verdict},
    settings,
};

pub(crate) use cards::tokenize;

/// The provider, and how many failures it still has to show.
pub(crate) struct Sandbox {
    db: Database,
    clock: Arc<dyn Clock>,
    ids: Ids,
    settings: settings::Sandbox,
    refused: AtomicU32,
    silent: AtomicU32,
}

impl Sandbox {
    /// A provider that remembers its charges in `db`.
    pub(crate) fn new(
        db: Database,
        clock: Arc<dyn Clock>,
        ids: Ids,
        settings: settings::Sandbox,
    ) -> Self {
        let (refused, silent) = (AtomicU32::new(0), AtomicU32::new(0));
        Self { db, clock, ids, settings, refused, silent }
    }

    /// The way of every request: it takes its time, may be turned away, is carried out, and its
    /// answer may be lost.
    async fn served<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Silence> {
        if !self.settings.latency.is_zero() {
            tokio::time::sleep(self.settings.latency).await;
        }
        if counted(&self.refused, self.settings.refuse) {
            return Err(Silence("the sandbox is told to be out of order".to_owned()));
        }
        let answer = work.await.map_err(|cause| Silence(format!("the sandbox failed: {cause}")))?;
        if counted(&self.silent, self.settings.silent) {
            return Err(Silence("the sandbox is told to lose its answer".to_owned()));
        }
        Ok(answer)
    }

    /// Runs one statement in a transaction of its own; durable when this returns.
    async fn recorded(&self, sql: &str, values: Vec<Value>) -> Result<Option<Outcome>, Error> {
        let tx = self.db.begin().await?;
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
        let row = tx.query_one_raw(statement).await?;
        tx.commit().await?;
        row.map(|row| outcome(&row)).transpose()
    }

    /// Remembers a charge that begins with `verdict`; when its key is known, `after` says what becomes
    /// of the charge that is there.
    async fn remember(
        &self,
        charge: &Charge,
        verdict: &Verdict,
        after: &str,
    ) -> Result<Outcome, Error> {
        let (status, decline_code) = match verdict {
            Verdict::Captured => ("succeeded", None),
            Verdict::NeedsAction => ("requires-action", None),
            Verdict::Declined(why) => ("declined", Some(why.clone())),
            Verdict::Cancelled => ("cancelled", None),
            Verdict::Refunded => ("refunded", None),
        };
        let sql = format!(
            "INSERT INTO sandbox_charge (idempotency_key, reference, token, currency, amount, \
             status, decline_code, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (idempotency_key) DO UPDATE SET status = {after} \
             RETURNING reference, status, decline_code"
        );
        let values = vec![
            charge.key.clone().into(),
            format!("ch_{}", self.ids.uuid().simple()).into(),
            charge.token.clone().into(),
            charge.amount.currency.code().to_owned().into(),
            charge.amount.minor.into(),
            status.into(),
            decline_code.into(),
            self.clock.now().micros().into(),
        ];
        self.recorded(&sql, values).await?.ok_or_else(|| unreadable("no row"))
    }
}

/// What was there stays as it is.
const UNCHANGED: &str = "sandbox_charge.status";
/// What was taken is given back, and what waits is ended.
const UNDONE: &str = "CASE sandbox_charge.status WHEN 'succeeded' THEN 'refunded' \
                      WHEN 'requires-action' THEN 'cancelled' ELSE sandbox_charge.status END";

#[async_trait]
impl Provider for Sandbox {
    async fn charge(&self, charge: Charge) -> Result<Outcome, Silence> {
        let verdict = cards::verdict(&charge.token);
        self.served(self.remember(&charge, &verdict, UNCHANGED)).await
    }

    async fn confirm(&self, key: &str) -> Result<Outcome, Silence> {
        let sql = "UPDATE sandbox_charge SET status = CASE status \
                   WHEN 'requires-action' THEN 'succeeded' ELSE status END \
                   WHERE idempotency_key = $1 RETURNING reference, status, decline_code";
        let found = self.served(self.recorded(sql, vec![key.into()])).await?;
        found.ok_or_else(|| Silence("the sandbox knows no such charge".to_owned()))
    }

    async fn fetch(&self, key: &str) -> Result<Option<Outcome>, Silence> {
        let sql = "SELECT reference, status, decline_code FROM sandbox_charge \
                   WHERE idempotency_key = $1";
        let find = async {
            let reader = self.db.reader();
            let backend = reader.get_database_backend();
            let statement = Statement::from_sql_and_values(backend, sql, [key.into()]);
            let row = reader.query_one_raw(statement).await?;
            row.map(|row| outcome(&row)).transpose()
        };
        self.served(find).await
    }

    async fn undo(&self, key: &str) -> Result<Outcome, Silence> {
        let nothing = kernel::Money::zero(kernel::Currency::XXX);
        let charge = Charge { key: key.to_owned(), token: String::new(), amount: nothing };
        self.served(self.remember(&charge, &Verdict::Cancelled, UNDONE)).await
    }
}

/// Whether this is one of the first `limit` times.
fn counted(count: &AtomicU32, limit: u32) -> bool {
    let next = |count| (count < limit).then_some(count + 1);
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next).is_ok()
}

fn outcome(row: &QueryResult) -> Result<Outcome, Error> {
    let (status, why): (String, Option<String>) =
        (row.try_get("", "status")?, row.try_get("", "decline_code")?);
    let verdict = match status.as_str() {
        "succeeded" => Verdict::Captured,
        "requires-action" => Verdict::NeedsAction,
        "declined" => Verdict::Declined(why.ok_or_else(|| unreadable("no decline code"))?),
        "cancelled" => Verdict::Cancelled,
        "refunded" => Verdict::Refunded,
        other => return Err(unreadable(other)),
    };
    Ok(Outcome { reference: row.try_get("", "reference")?, verdict })
}

fn unreadable(what: &str) -> Error {
    Error::Other(sea_orm::DbErr::Custom(format!("a sandbox charge cannot be read: {what}")))
}
