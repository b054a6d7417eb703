//! Payments at work: decide, record, and let the driver ask the provider.

use std::sync::Arc;

use async_trait::async_trait;
use host::idempotency::remember;
use kernel::{Clock, Ids, Page, PageRequest};
use messaging::Because;
use orders_api::PaymentId;
use payments_api::{
    ActionDone, AttemptStatus, Capture, Card, CardToken, Error, LedgerEntry, LedgerOf, NewAttempt,
    NewRefund, Noticed, Payment as Answer, PaymentOf, PaymentRecord, Payments, Refund, RefundOf,
    Result, Status, Webhook,
};
use storage::{Database, Failure, Tx};
use tokio::sync::oneshot;

use crate::{
    domain::{self, Attempting, Terms},
    handover::Handover,
    inbox::Inbox,
    payment::Payment,
    sandbox,
    settings::{ProviderName, Settings},
    store,
};

/// How often a decision is made again because the payment changed while it was made.
const TRIES: u32 = 5;

pub(crate) struct Service {
    pub(crate) db: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) driver: Handover,
    pub(crate) inbox: Inbox,
    pub(crate) terms: Terms,
    pub(crate) settings: Settings,
}

/// What a decision or its record comes to.
type Attempted<T> = std::result::Result<T, Failure<Error>>;

#[async_trait]
impl Payments for Service {
    async fn payment(&self, which: PaymentOf) -> Result<Answer> {
        Ok(self.owned(which).await.map_err(answer)?.into())
    }

    async fn attempt(&self, wish: NewAttempt) -> Result<Answer> {
        let which = PaymentOf { customer: wish.customer, payment: wish.payment };
        for _ in 0..TRIES {
            let payment = self.owned(which).await.map_err(answer)?;
            let now = self.clock.now();
            let begun = domain::attempt(&payment, &wish, &self.terms, Because::now(), now)?;
            let (n, settled) = match begun {
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
            let payment = self.owned(which).await.map_err(answer)?;
            let Some(next) = domain::complete(&payment, &wish.action)? else {
                return Ok(payment.into());
            };
            if let Some(outcome) = self.begin(&payment, &next).await.map_err(answer)? {
                let settled = self.wait(next, outcome).await?;
                return match settled.status {
                    Status::RequiresAction => Err(Error::ActionRequired),
                    _ => Ok(settled.into()),
                };
            }
        }
        Err(Error::InProgress)
    }

    async fn tokenize(&self, card: Card) -> Result<CardToken> {
        if self.settings.provider != ProviderName::Sandbox {
            return Err(Error::UnknownProvider(ProviderName::Sandbox.as_str().to_owned()));
        }
        sandbox::tokenize(&card).map_err(|violation| Error::Invalid(vec![violation]))
    }

    async fn inspect(&self, payment: PaymentId) -> Result<Answer> {
        Ok(self.find(payment).await.map_err(answer)?.into())
    }

    async fn capture(&self, wish: Capture) -> Result<Answer> {
        self.decide(wish.payment, |payment| domain::capture(payment, wish.amount)).await
    }

    async fn release(&self, payment: PaymentId) -> Result<Answer> {
        self.decide(payment, domain::release).await
    }

    async fn give_back(&self, wish: NewRefund) -> Result<Refund> {
        for _ in 0..TRIES {
            let payment = self.find(wish.payment).await.map_err(answer)?;
            let (id, now) = (self.ids.next(), self.clock.now());
            let next = domain::give_back(&payment, &wish, id, now)?;
            let Some(refund) = next.refunds.last().map(|refund| next.shown(refund)) else {
                return Err(Error::Broken);
            };
            let reserved = self.write(&payment, &next, async |tx: &mut Tx| {
                remember(tx, &refund)?;
                self.driver.at_commit(tx, next.clone());
                Ok(())
            });
            if reserved.await.map_err(answer)?.is_some() {
                return Ok(refund);
            }
        }
        Err(Error::InProgress)
    }

    async fn refund(&self, which: RefundOf) -> Result<Refund> {
        let payment = self.find(which.payment).await.map_err(answer)?;
        let refund = payment.refunds.iter().find(|refund| refund.id == which.refund);
        let unknown = Error::UnknownRefund(which.refund);
        refund.map(|refund| payment.shown(refund)).ok_or(unknown)
    }

    async fn ledger(&self, which: LedgerOf) -> Result<Page<LedgerEntry>> {
        let payment = self.find(which.payment).await.map_err(answer)?;
        let page = store::ledger(&self.db.reader(), &payment, &which.page).await;
        page.map_err(|cause| answer(cause.into()))
    }

    async fn notice(&self, webhook: Webhook) -> Result<Noticed> {
        self.inbox.receive(&webhook).await.map_err(answer)
    }

    async fn records(&self, page: PageRequest) -> Result<Page<PaymentRecord>> {
        let page = store::page(&self.db.reader(), &page).await;
        let page = page.map_err(|cause| answer(cause.into()))?;
        Ok(page.map(|payment| {
            let timeline = payment.timeline.clone();
            PaymentRecord { payment: payment.into(), timeline }
        }))
    }
}

impl Service {
    async fn find(&self, id: PaymentId) -> Attempted<Payment> {
        let found = store::find(&self.db.reader(), id).await?;
        found.ok_or(Failure::Refused(Error::UnknownPayment(id)))
    }

    async fn owned(&self, which: PaymentOf) -> Attempted<Payment> {
        let found = store::find_of(&self.db.reader(), which.payment, which.customer).await?;
        found.ok_or(Failure::Refused(Error::UnknownPayment(which.payment)))
    }

    /// Carries out what `decide` makes of a payment, and waits for its provider; gives the payment as it
    /// is when there is nothing to do.
    async fn decide(
        &self,
        id: PaymentId,
        decide: impl Fn(&Payment) -> Result<Option<Payment>>,
    ) -> Result<Answer> {
        for _ in 0..TRIES {
            let payment = self.find(id).await.map_err(answer)?;
            let Some(next) = decide(&payment)? else { return Ok(payment.into()) };
            if let Some(outcome) = self.begin(&payment, &next).await.map_err(answer)? {
                return Ok(self.wait(next, outcome).await?.into());
            }
        }
        Err(Error::InProgress)
    }

    /// Records that `next` is under way and gives it to the driver; nothing when `before` is not what
    /// is stored any more.
    async fn begin(
        &self,
        before: &Payment,
        next: &Payment,
    ) -> Attempted<Option<oneshot::Receiver<Payment>>> {
        self.write(before, next, async |tx: &mut Tx| Ok(self.driver.awaited(tx, next.clone())))
            .await
    }

    /// Records `next` and whatever `more` does, unless `before` is not what is stored any more.
    async fn write<T>(
        &self,
        before: &Payment,
        next: &Payment,
        more: impl AsyncFnOnce(&mut Tx) -> std::result::Result<T, storage::Error>,
    ) -> Attempted<Option<T>> {
        let mut tx = self.db.begin().await?;
        if !store::replace(&tx, before, next, self.clock.now()).await? {
            tx.rollback().await?;
            return Ok(None);
        }
        let more = more(&mut tx).await?;
        tx.commit().await?;
        Ok(Some(more))
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

/// What the customer hears of attempt `n`. One that the payment's end has ended is no fault of the card.
fn of_attempt(payment: Payment, n: u32) -> Result<Answer> {
    let declined = payment
        .attempts
        .iter()
        .find(|attempt| attempt.n == n && attempt.status == AttemptStatus::Declined);
    match declined.and_then(|attempt| attempt.decline_code.clone()) {
        Some(why) if why == domain::VOIDED => Err(Error::NotPayable(payment.status)),
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
