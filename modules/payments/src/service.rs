//! Payments at work: decide, record, and let the driver ask the provider.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Page, PageRequest};
use payments_api::{
    ActionDone, AttemptStatus, Card, CardToken, Error, NewAttempt, Payment as Answer, PaymentOf,
    PaymentRecord, Payments, Result,
};
use storage::{Database, Failure};
use tokio::sync::oneshot;

use crate::{
    domain::{self, Attempting},
    handover::Handover,
    payment::Payment,
    sandbox,
    settings::Settings,
    store,
};

/// How often a decision is made again because the payment changed while it was made.
const TRIES: u32 = 5;

pub(crate) struct Service {
    pub(crate) db: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) driver: Handover,
    pub(crate) settings: Settings,
}

#[async_trait]
impl Payments for Service {
    async fn payment(&self, which: PaymentOf) -> Result<Answer> {
        Ok(self.find(which).await.map_err(answer)?.into())
    }

    async fn attempt(&self, wish: NewAttempt) -> Result<Answer> {
        let which = PaymentOf { customer: wish.customer, payment: wish.payment };
        for _ in 0..TRIES {
            let payment = self.find(which).await.map_err(answer)?;
            let (n, settled) = match domain::attempt(&payment, &wish, self.clock.now())? {
                Attempting::Known(n) => (n, payment),
                Attempting::Begun(next) => {
                    match self.begin(&payment, &next).await.map_err(answer)? {
                        Some(outcome) => (next.next_n() - 1, self.wait(*next, outcome).await?),
                        None => continue,
                    }
                }
            };
            return of_attempt(settled, n);
        }
        Err(Error::InProgress)
    }

    async fn complete_action(&self, wish: ActionDone) -> Result<Answer> {
        let which = PaymentOf { customer: wish.customer, payment: wish.payment };
        for _ in 0..TRIES {
            let payment = self.find(which).await.map_err(answer)?;
            let Some(next) = domain::complete(&payment, &wish.action)? else {
                return Ok(payment.into());
            };
            if let Some(outcome) = self.begin(&payment, &next).await.map_err(answer)? {
                return Ok(self.wait(next, outcome).await?.into());
            }
        }
        Err(Error::InProgress)
    }

    async fn records(&self, page: PageRequest) -> Result<Page<PaymentRecord>> {
        let page = store::page(&self.db.reader(), &page).await;
        let page = page.map_err(|cause| answer(cause.into()))?;
        Ok(page.map(|payment| PaymentRecord { payment: payment.into(), timeline: Vec::new() }))
    }

    async fn tokenize(&self, card: Card) -> Result<CardToken> {
        sandbox::tokenize(&card).map_err(|violation| Error::Invalid(vec![violation]))
    }
}

impl Service {
    async fn find(&self, which: PaymentOf) -> std::result::Result<Payment, Failure<Error>> {
        let found = store::find(&self.db.reader(), which.payment).await?;
        let owned = found.filter(|payment| payment.customer == which.customer);
        owned.ok_or(Failure::Refused(Error::UnknownPayment(which.payment)))
    }

    /// Records that `next` is under way and gives it to the driver; nothing when `before` is not what
    /// is stored any more.
    async fn begin(
        &self,
        before: &Payment,
        next: &Payment,
    ) -> std::result::Result<Option<oneshot::Receiver<Payment>>, Failure<Error>> {
        let mut tx = self.db.begin().await?;
        if !store::replace(&tx, before, next, self.clock.now()).await? {
            tx.rollback().await?;
            return Ok(None);
        }
        let outcome = self.driver.awaited(&mut tx, next.clone());
        tx.commit().await?;
        Ok(Some(outcome))
    }

    /// The payment as soon as its provider has spoken, or as it is when that takes too long.
    async fn wait(&self, begun: Payment, outcome: oneshot::Receiver<Payment>) -> Result<Payment> {
        let patience = self.settings.answer_within;
        if let Ok(Ok(settled)) = tokio::time::timeout(patience, outcome).await {
            return Ok(settled);
        }
        let found = store::find(&self.db.reader(), begun.id).await;
        Ok(found.map_err(|cause| answer(cause.into()))?.unwrap_or(begun))
    }
}

/// What the customer hears of attempt `n`.
fn of_attempt(payment: Payment, n: u32) -> Result<Answer> {
    let declined = payment
        .attempts
        .iter()
        .find(|attempt| attempt.n == n && attempt.status == AttemptStatus::Declined);
    match declined.and_then(|attempt| attempt.decline_code.clone()) {
        Some(why) => Err(Error::Declined(why)),
        None => Ok(payment.into()),
    }
}

/// Keeps the cause of a failure at home; a caller learns only that there was one.
fn answer(failure: Failure<Error>) -> Error {
    match failure {
        Failure::Refused(why) => why,
        Failure::Storage(cause) => {
            tracing::error!(%cause, "the database of payments failed");
            Error::Broken
        }
    }
}
