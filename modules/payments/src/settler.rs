//! One payment and its provider: ask outside of any transaction, then record what was said.

use std::{convert::Infallible, sync::Arc};

use kernel::{Clock, Ids};
use orders_api::PaymentId;
use payments_api::RefundId;
use storage::{Database, Error, Failure, retry};

use crate::{
    domain::{self, Next, Terms, Work},
    payment::Payment,
    provider::{Charge, Outcome, PaymentProvider, Providers, Repaid, Silence},
    recorder,
    settings::Settings,
    store,
};

/// Whether the provider may have been asked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It was not: the attempt has just been recorded.
    Fresh,
    /// It may have been, by a process that is gone or in vain.
    Reconcile,
}

/// Settles payments, one at a time for each caller.
pub(crate) struct Settler {
    pub(crate) db: Database,
    pub(crate) providers: Providers,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) terms: Terms,
    pub(crate) settings: Settings,
}

/// What was heard, and of what.
enum Heard {
    Of(Outcome),
    OfRefund(RefundId, Repaid),
    /// Nobody was asked: nobody paid in time.
    Late,
}

impl Settler {
    /// Does all that is to be done now, and gives the payment as it is then. What fails is left as it was,
    /// for the next sweep.
    pub(crate) async fn settle(&self, mut payment: Payment, mode: Mode) -> Payment {
        while let Some(work) = domain::work(&payment, self.clock.now()) {
            let heard = match self.ask(&payment, work, mode).await {
                Ok(heard) => heard,
                Err(silence) => {
                    tracing::warn!(payment = %payment.id, %silence, "the provider gave no answer");
                    break;
                }
            };
            match self.record(&payment, &heard).await {
                Ok(Recorded::Known(stored)) if stored.version == payment.version => return stored,
                // What was known may be more than was asked about.
                Ok(Recorded::Known(next) | Recorded::Changed(next)) => payment = next,
                Err(cause) => {
                    tracing::error!(payment = %payment.id, %cause, "an outcome was not recorded");
                    break;
                }
            }
        }
        payment
    }

    /// Asks the provider how the last attempt of a payment stands, whosever turn it is, and records it.
    /// Gives the payment as it is then.
    pub(crate) async fn look(&self, id: PaymentId) -> Result<Option<Payment>, Failure<Silence>> {
        let Some(payment) = store::find(&self.db.reader(), id).await? else { return Ok(None) };
        let Some(charge) = domain::charge(&payment) else { return Ok(Some(payment)) };
        let provider = self.provider(&payment).map_err(Failure::Refused)?;
        let found = self.in_time(provider.fetch(&charge)).await.map_err(Failure::Refused)?;
        let Some(outcome) = found else { return Ok(Some(payment)) };
        match self.record(&payment, &Heard::Of(outcome)).await? {
            Recorded::Changed(payment) | Recorded::Known(payment) => Ok(Some(payment)),
        }
    }

    async fn ask(&self, payment: &Payment, work: Work, mode: Mode) -> Result<Heard, Silence> {
        let provider = match work {
            Work::Expire => return Ok(Heard::Late),
            _ => self.provider(payment)?,
        };
        let outcome = match &work {
            Work::Authorize(charge) if mode == Mode::Reconcile || payment.is_undone() => {
                self.find_out(provider, payment, charge).await?
            }
            Work::Authorize(charge) => self.in_time(provider.authorize(charge)).await?,
            Work::Confirm(charge) => self.in_time(provider.confirm(charge)).await?,
            Work::Capture(charge, amount) => {
                self.in_time(provider.capture(charge, *amount)).await?
            }
            Work::Void(charge) => self.in_time(provider.void(charge)).await?,
            Work::Refund(charge, id, repayment) => {
                let repaid = self.in_time(provider.refund(charge, repayment)).await?;
                return Ok(Heard::OfRefund(*id, repaid));
            }
            Work::Expire => return Ok(Heard::Late),
        };
        Ok(Heard::Of(outcome))
    }

    /// Asks what became of a charge. One that never arrived is made under the same key, or ended if it
    /// is not wanted any more.
    async fn find_out(
        &self,
        provider: &dyn PaymentProvider,
        payment: &Payment,
        charge: &Charge,
    ) -> Result<Outcome, Silence> {
        if let Some(outcome) = self.in_time(provider.fetch(charge)).await? {
            return Ok(outcome);
        }
        if domain::still_wanted(payment, self.clock.now()) {
            return self.in_time(provider.authorize(charge)).await;
        }
        self.in_time(provider.void(charge)).await
    }

    /// Whom the last attempt of a payment asks.
    fn provider(&self, payment: &Payment) -> Result<&dyn PaymentProvider, Silence> {
        let name = payment.attempts.last().map_or("nobody", |attempt| &attempt.provider);
        let unknown = || Silence(format!("{name} is not configured"));
        self.providers.named(name).ok_or_else(unknown)
    }

    /// The answer of the provider, or its silence when that takes too long.
    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, Silence>>,
    ) -> Result<T, Silence> {
        let late = |_| Silence("no answer in time".to_owned());
        tokio::time::timeout(self.settings.patience, answer).await.map_err(late)?
    }

    /// Records what was heard about `asked`, whatever has happened to the payment in the meantime.
    async fn record(&self, asked: &Payment, heard: &Heard) -> Result<Recorded, Error> {
        let mut payment = asked.clone();
        while let Some(next) = self.next(&payment, asked, heard) {
            let now = self.clock.now();
            let recorded = retry::<_, Infallible, _, _>(|| async {
                Ok(recorder::record(&self.db, &payment, &next, now).await?)
            });
            match recorded.await {
                Ok(Some(stored)) => return Ok(Recorded::Changed(stored)),
                Ok(None) => {}
                Err(Failure::Storage(cause)) => return Err(cause),
                Err(Failure::Refused(never)) => match never {},
            }
            match store::find(&self.db.reader(), payment.id).await? {
                Some(stored) => payment = stored,
                None => break,
            }
        }
        Ok(Recorded::Known(payment))
    }

    fn next(&self, payment: &Payment, asked: &Payment, heard: &Heard) -> Option<Next> {
        let now = self.clock.now();
        match heard {
            Heard::Of(outcome) => {
                domain::told(payment, asked, outcome, &self.terms, self.ids.next(), now)
            }
            Heard::OfRefund(id, repaid) => domain::repaid(payment, *id, repaid),
            Heard::Late => {
                let late = domain::work(payment, now) == Some(Work::Expire);
                late.then(|| domain::expired(payment))
            }
        }
    }
}

/// What became of an outcome.
enum Recorded {
    /// It was news, and the payment is this now.
    Changed(Payment),
    /// It was known; the payment is as it was found.
    Known(Payment),
}
