//! A payment provider that lives in this process and moves no real money.
//!
//! It behaves like a real one: it remembers every charge by its idempotency key, in a transaction of
//! its own that is durable before it answers, and across restarts. It fails, loses its answers and tells
//! of charges by signed webhooks as it is told to. Nobody else reads its tables.

mod books;
mod cards;
mod faults;
mod webhooks;

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Ids, Timestamp};
use payments_api::Webhook;
use storage::{Database, Error};
use tokio::sync::Notify;

use crate::{
    notice,
    provider::{Charge, Forged, Notice, Outcome, PaymentProvider, Repaid, Repayment, Silence},
    settings::{self, Secret},
    signature,
};

use books::Books;
use faults::Faults;

pub(crate) use cards::tokenize;
pub(crate) use webhooks::Sender;

/// The provider.
pub(crate) struct Sandbox {
    books: Books,
    faults: Faults,
    clock: Arc<dyn Clock>,
    settings: settings::Sandbox,
    secret: Secret,
    /// Rings when there is a webhook to send.
    news: Notify,
}

impl Sandbox {
    /// A provider that keeps its books in `db`.
    pub(crate) fn new(
        db: Database,
        clock: Arc<dyn Clock>,
        ids: Ids,
        settings: settings::Sandbox,
    ) -> Self {
        let secret = Secret::from(&*ids.uuid().simple().to_string());
        let books = Books { db, clock: clock.clone(), ids, webhooks: settings.webhooks.clone() };
        let faults = Faults::new(settings.clone());
        Self { books, faults, clock, settings, secret, news: Notify::new() }
    }

    /// The way of every request: it takes its time, may be turned away, is carried out, and its
    /// answer may be lost.
    async fn served<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Silence> {
        if !self.settings.latency.is_zero() {
            tokio::time::sleep(self.settings.latency).await;
        }
        if self.faults.refuses() {
            return Err(Silence("the sandbox is told to be out of order".to_owned()));
        }
        let answer = work.await.map_err(|cause| Silence(format!("the sandbox failed: {cause}")))?;
        self.news.notify_one();
        if !self.settings.answers_after.is_zero() {
            tokio::time::sleep(self.settings.answers_after).await;
        }
        if self.faults.loses() {
            return Err(Silence("the sandbox is told to lose its answer".to_owned()));
        }
        Ok(answer)
    }
}

#[async_trait]
impl PaymentProvider for Sandbox {
    async fn authorize(&self, charge: &Charge) -> Result<Outcome, Silence> {
        let verdict = cards::verdict(charge);
        self.served(self.books.open(charge, &verdict)).await
    }

    async fn confirm(&self, charge: &Charge) -> Result<Outcome, Silence> {
        let found = self.served(self.books.confirm(charge)).await?;
        found.ok_or_else(|| Silence("the sandbox knows no such charge".to_owned()))
    }

    async fn capture(&self, charge: &Charge, amount: i64) -> Result<Outcome, Silence> {
        let found = self.served(self.books.capture(charge, amount)).await?;
        found.ok_or_else(|| Silence("the sandbox knows no such charge".to_owned()))
    }

    async fn void(&self, charge: &Charge) -> Result<Outcome, Silence> {
        self.served(self.books.void(charge)).await
    }

    async fn refund(&self, charge: &Charge, refund: &Repayment) -> Result<Repaid, Silence> {
        let refunds = cards::refunds(&charge.token);
        self.served(self.books.refund(charge, refund, refunds)).await
    }

    async fn fetch(&self, charge: &Charge) -> Result<Option<Outcome>, Silence> {
        self.served(self.books.find(charge)).await
    }

    fn verify_webhook(&self, webhook: &Webhook, now: Timestamp) -> Result<Notice, Forged> {
        let secrets = std::slice::from_ref(&self.secret);
        signature::verify(secrets, webhook.signature.as_deref(), &webhook.body, now)?;
        notice::read(&webhook.body)
    }
}
