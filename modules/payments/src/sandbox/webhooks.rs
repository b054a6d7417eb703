//! What the sandbox tells of its own accord: owed in the transaction of what it is about, sent until it is
//! taken.

use std::{sync::Arc, time::Duration};

use kernel::{Timestamp, uuid::Uuid};
use orders_api::PaymentId;
use payments_api::Webhook;
use rand::RngExt;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use storage::{Error, Tx};
use tokio_util::sync::CancellationToken;

use super::{Sandbox, books::execute, faults::chance};
use crate::{
    inbox::Inbox,
    settings::{ProviderName, Secret},
    signature,
};

/// How often what could not be sent, or waits for its time, is looked at.
const PAUSE: Duration = Duration::from_millis(100);
/// How many are sent in one round.
const ROUND: usize = 64;

/// What is to be told.
pub(super) struct Tale {
    pub(super) about: &'static str,
    pub(super) payment: PaymentId,
    pub(super) id: Uuid,
}

/// Writes down that `tale` is to be told, some time before `delay` is over.
pub(super) async fn owe(
    tx: &Tx,
    tale: &Tale,
    now: Timestamp,
    delay: Duration,
) -> Result<(), Error> {
    let id = format!("evt_{}", tale.id.simple());
    let body = json!({
        "id": id,
        "object": "event",
        "type": tale.about,
        "created": now.micros() / 1_000_000,
        "data": { "object": { "metadata": { "payment": tale.payment.to_string() } } },
    });
    let due = now.plus(delay.mul_f64(rand::rng().random()));
    let sql = "INSERT INTO sandbox_webhook (id, body, due_at) VALUES ($1, $2, $3)";
    execute(tx, sql, vec![id.into(), body.to_string().into(), due.micros().into()]).await?;
    Ok(())
}

/// Sends what is owed.
pub(crate) struct Sender {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) inbox: Inbox,
}

impl Sender {
    /// Sends until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(cause) = self.round().await {
                tracing::warn!(%cause, "the sandbox could not send its webhooks");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.sandbox.news.notified() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    async fn round(&self) -> Result<(), Error> {
        let books = &self.sandbox.books;
        let reader = books.db.reader();
        let sql = format!(
            "SELECT id, body FROM sandbox_webhook WHERE due_at <= $1 ORDER BY due_at LIMIT {ROUND}"
        );
        let now = [books.clock.now().micros().into()];
        let owed = Statement::from_sql_and_values(reader.get_database_backend(), sql, now);
        for row in reader.query_all_raw(owed).await? {
            let (id, body): (String, String) = (row.try_get("", "id")?, row.try_get("", "body")?);
            if self.send(body).await {
                let tx = books.db.begin().await?;
                execute(&tx, "DELETE FROM sandbox_webhook WHERE id = $1", vec![id.into()]).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// Sends one, as often and as wrongly as it is told to; says whether it was taken.
    async fn send(&self, body: String) -> bool {
        let faults = &self.sandbox.settings.webhooks;
        if chance(faults.forged_percent) && self.deliver(&"forger".into(), &body).await {
            tracing::error!("a forged webhook was taken");
        }
        let taken = self.deliver(&self.sandbox.secret, &body).await;
        if taken && chance(faults.twice_percent) {
            return self.deliver(&self.sandbox.secret, &body).await;
        }
        taken
    }

    async fn deliver(&self, secret: &Secret, body: &str) -> bool {
        let signature = signature::sign(secret, body, self.sandbox.clock.now());
        let webhook = Webhook {
            provider: ProviderName::Sandbox.as_str().to_owned(),
            signature: Some(signature),
            body: body.to_owned(),
        };
        self.inbox.receive(&webhook).await.is_ok()
    }
}
