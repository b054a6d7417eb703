//! What the sandbox remembers of charges and refunds. Each entry is a transaction of its own.

use std::sync::Arc;

use kernel::{Clock, Ids};
use payments_api::CaptureMode;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use storage::{Database, Error, Tx};

use super::{
    cards::Refunds,
    webhooks::{self, Tale},
};
use crate::{
    provider::{Charge, Outcome, Repaid, Repayal, Repayment, Verdict},
    settings::SandboxWebhooks,
};

/// What the bank wrote down, in the words of an `UPDATE`.
const ROW: &str = "reference, status, captured, decline_code";
/// What was there stays as it is.
const UNCHANGED: &str = "status = sandbox_charge.status";
/// What nobody took is ended.
const ENDED: &str = "status = CASE WHEN sandbox_charge.status IN ('requires_action', 'authorized') \
                     THEN 'cancelled' ELSE sandbox_charge.status END";

pub(super) struct Books {
    pub(super) db: Database,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Ids,
    pub(super) webhooks: SandboxWebhooks,
}

impl Books {
    /// Opens a charge that begins with `verdict`; one that is there stays as it is.
    pub(super) async fn open(&self, charge: &Charge, verdict: &Verdict) -> Result<Outcome, Error> {
        self.remember(charge, verdict, UNCHANGED).await
    }

    /// Ends a charge of which nothing was taken, also when it comes later.
    pub(super) async fn void(&self, charge: &Charge) -> Result<Outcome, Error> {
        self.remember(charge, &Verdict::Cancelled, ENDED).await
    }

    /// Goes on with a charge whose customer was seen.
    pub(super) async fn confirm(&self, charge: &Charge) -> Result<Option<Outcome>, Error> {
        let seen = "status = CASE WHEN status <> 'requires_action' THEN status \
                    WHEN capture = 'manual' THEN 'authorized' ELSE 'succeeded' END, \
                    captured = CASE WHEN status = 'requires_action' AND capture = 'automatic' \
                    THEN amount ELSE captured END";
        self.change(charge, seen, Vec::new()).await
    }

    /// Takes a part of what is set aside, and lets go of the rest.
    pub(super) async fn capture(
        &self,
        charge: &Charge,
        amount: i64,
    ) -> Result<Option<Outcome>, Error> {
        let taken = "captured = CASE WHEN status = 'authorized' THEN $1 ELSE captured END, \
                     status = CASE WHEN status = 'authorized' THEN 'succeeded' ELSE status END";
        self.change(charge, taken, vec![amount.into()]).await
    }

    /// Gives back a part of what was taken, once.
    pub(super) async fn refund(
        &self,
        charge: &Charge,
        refund: &Repayment,
        refunds: Refunds,
    ) -> Result<Repaid, Error> {
        if refunds == Refunds::Fail {
            let verdict = Repayal::Refused("expired_or_canceled_card".to_owned());
            return Ok(Repaid { reference: None, verdict });
        }
        let tx = self.db.begin().await?;
        let reference = format!("re_{}", self.ids.uuid().simple());
        let noted = "INSERT INTO sandbox_refund \
                     (idempotency_key, reference, charge_key, amount, created_at) \
                     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (idempotency_key) DO NOTHING";
        let values = vec![
            refund.key.clone().into(),
            reference.clone().into(),
            charge.key.clone().into(),
            refund.amount.minor.into(),
            self.clock.now().micros().into(),
        ];
        if execute(&tx, noted, values).await? == 0 {
            tx.rollback().await?;
            return self.refunded(refund).await;
        }
        let back = "UPDATE sandbox_charge SET refunded = refunded + $1 \
                    WHERE refunded + $1 <= captured AND idempotency_key = $2";
        let values = vec![refund.amount.minor.into(), charge.key.clone().into()];
        if execute(&tx, back, values).await? == 0 {
            tx.rollback().await?;
            let verdict = Repayal::Refused("charge_already_refunded".to_owned());
            return Ok(Repaid { reference: None, verdict });
        }
        self.announce(&tx, charge, "refund.updated").await?;
        tx.commit().await?;
        let verdict = match refunds {
            Refunds::Wait => Repayal::Pending,
            Refunds::Succeed | Refunds::Fail => Repayal::Done,
        };
        Ok(Repaid { reference: Some(reference), verdict })
    }

    /// What became of a charge.
    pub(super) async fn find(&self, charge: &Charge) -> Result<Option<Outcome>, Error> {
        let sql = format!("SELECT {ROW} FROM sandbox_charge WHERE idempotency_key = $1");
        let reader = self.db.reader();
        let row = query(&reader, &sql, vec![charge.key.clone().into()]).await?;
        row.map(|row| outcome(&row)).transpose()
    }

    /// A refund that is in the books already.
    async fn refunded(&self, refund: &Repayment) -> Result<Repaid, Error> {
        let sql = "SELECT reference FROM sandbox_refund WHERE idempotency_key = $1";
        let row = query(&self.db.reader(), sql, vec![refund.key.clone().into()]).await?;
        let reference = row.map(|row| row.try_get("", "reference")).transpose()?;
        Ok(Repaid { reference, verdict: Repayal::Done })
    }

    /// Writes down a charge that begins with `verdict`; when its key is known, `after` says what becomes
    /// of the charge that is there.
    async fn remember(
        &self,
        charge: &Charge,
        verdict: &Verdict,
        after: &str,
    ) -> Result<Outcome, Error> {
        let (status, captured, why) = match verdict {
            Verdict::Captured(amount) => ("succeeded", *amount, None),
            Verdict::Authorized => ("authorized", 0, None),
            Verdict::NeedsAction(_) | Verdict::Pending => ("requires_action", 0, None),
            Verdict::Declined(why) => ("declined", 0, Some(why.clone())),
            Verdict::Cancelled => ("cancelled", 0, None),
        };
        let sql = format!(
            "INSERT INTO sandbox_charge (idempotency_key, reference, token, currency, amount, capture, \
             status, captured, refunded, decline_code, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10) \
             ON CONFLICT (idempotency_key) DO UPDATE SET {after} RETURNING {ROW}"
        );
        let capture = match charge.capture {
            CaptureMode::Automatic => "automatic",
            CaptureMode::Manual => "manual",
        };
        let values = vec![
            charge.key.clone().into(),
            format!("ch_{}", self.ids.uuid().simple()).into(),
            charge.token.clone().into(),
            charge.amount.currency.code().to_owned().into(),
            charge.amount.minor.into(),
            capture.into(),
            status.into(),
            captured.into(),
            why.into(),
            self.clock.now().micros().into(),
        ];
        let written = self.written(charge, &sql, values).await?;
        written.ok_or_else(|| unreadable("no row"))
    }

    /// Changes a charge that is there. Parameters count from `$1`, in the order in which they are named.
    async fn change(
        &self,
        charge: &Charge,
        to: &str,
        mut values: Vec<Value>,
    ) -> Result<Option<Outcome>, Error> {
        values.push(charge.key.clone().into());
        let key = values.len();
        let sql = format!(
            "UPDATE sandbox_charge SET {to} WHERE idempotency_key = ${key} RETURNING {ROW}"
        );
        self.written(charge, &sql, values).await
    }

    /// Runs one statement and tells of it; durable when this returns.
    async fn written(
        &self,
        charge: &Charge,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Option<Outcome>, Error> {
        let tx = self.db.begin().await?;
        let row = query(&tx, sql, values).await?;
        self.announce(&tx, charge, "payment_intent.updated").await?;
        tx.commit().await?;
        row.map(|row| outcome(&row)).transpose()
    }

    async fn announce(&self, tx: &Tx, charge: &Charge, about: &'static str) -> Result<(), Error> {
        if !self.webhooks.send {
            return Ok(());
        }
        let tale = Tale { about, payment: charge.payment, id: self.ids.uuid() };
        webhooks::owe(tx, &tale, self.clock.now(), self.webhooks.delay).await
    }
}

pub(super) async fn execute(tx: &Tx, sql: &str, values: Vec<Value>) -> Result<u64, Error> {
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    Ok(tx.execute_raw(statement).await?.rows_affected())
}

async fn query(
    on: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<QueryResult>, Error> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, values);
    Ok(on.query_one_raw(statement).await?)
}

fn outcome(row: &QueryResult) -> Result<Outcome, Error> {
    let (status, why): (String, Option<String>) =
        (row.try_get("", "status")?, row.try_get("", "decline_code")?);
    let verdict = match status.as_str() {
        "succeeded" => Verdict::Captured(row.try_get("", "captured")?),
        "authorized" => Verdict::Authorized,
        "requires_action" => Verdict::NeedsAction(None),
        "declined" => Verdict::Declined(why.ok_or_else(|| unreadable("no decline code"))?),
        "cancelled" => Verdict::Cancelled,
        other => return Err(unreadable(other)),
    };
    Ok(Outcome { reference: Some(row.try_get("", "reference")?), verdict })
}

fn unreadable(what: &str) -> Error {
    Error::Other(sea_orm::DbErr::Custom(format!("a sandbox charge cannot be read: {what}")))
}
