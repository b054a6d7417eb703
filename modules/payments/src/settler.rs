//! One payment and its provider: ask outside of any transaction, then record what was said.

use std::{convert::Infallible, sync::Arc};

use kernel::Clock;
use storage::{Database, Error, Failure, retry};

use crate::{
    domain::{self, Work},
    payment::Payment,
    provider::{Charge, Outcome, Provider, Silence},
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
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
}

impl Settler {
    /// Does all that is to be done with the provider now, and gives the payment as it is then. What
    /// fails is left as it was, for the next sweep.
    pub(crate) async fn settle(&self, mut payment: Payment, mode: Mode) -> Payment {
        while let Some(work) = domain::work(&payment) {
            let outcome = match self.ask(&payment, work, mode).await {
                Ok(outcome) => outcome,
                Err(silence) => {
                    tracing::warn!(payment = %payment.id, %silence, "the provider gave no answer");
                    break;
                }
            };
            match self.record(&payment, &outcome).await {
                Ok(Recorded::Changed(next)) => payment = next,
                Ok(Recorded::Known(stored)) => return stored,
                Err(cause) => {
                    tracing::error!(payment = %payment.id, %cause, "an outcome was not recorded");
                    break;
                }
            }
        }
        payment
    }

    async fn ask(&self, payment: &Payment, work: Work, mode: Mode) -> Result<Outcome, Silence> {
        match work {
            Work::Charge(charge) if mode == Mode::Reconcile || payment.is_undone() => {
                self.find_out(payment, charge).await
            }
            Work::Charge(charge) => self.in_time(self.provider.charge(charge)).await,
            Work::Confirm(key) => self.in_time(self.provider.confirm(&key)).await,
            Work::Undo(key) => self.in_time(self.provider.undo(&key)).await,
        }
    }

    /// Asks what became of a charge. One that never arrived is made under the same key, or ended if it
    /// is not wanted any more.
    async fn find_out(&self, payment: &Payment, charge: Charge) -> Result<Outcome, Silence> {
        if let Some(outcome) = self.in_time(self.provider.fetch(&charge.key)).await? {
            return Ok(outcome);
        }
        if domain::still_wanted(payment, self.clock.now()) {
            return self.in_time(self.provider.charge(charge)).await;
        }
        self.in_time(self.provider.undo(&charge.key)).await
    }

    /// The answer of the provider, or its silence when that takes too long.
    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, Silence>>,
    ) -> Result<T, Silence> {
        let late = |_| Silence("no answer in time".to_owned());
        tokio::time::timeout(self.settings.patience, answer).await.map_err(late)?
    }

    /// Records what the provider said about the last attempt of `asked`, whatever has happened to
    /// the payment in the meantime.
    async fn record(&self, asked: &Payment, outcome: &Outcome) -> Result<Recorded, Error> {
        let mut payment = asked.clone();
        let n = asked.next_n() - 1;
        while let Some(next) = domain::told(&payment, n, outcome) {
            let now = self.clock.now();
            let recorded = retry::<_, Infallible, _, _>(|| async {
                Ok(recorder::record(&self.db, &payment, &next, now).await?)
            });
            match recorded.await {
                Ok(true) => return Ok(Recorded::Changed(next.payment)),
                Ok(false) => {}
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
}

/// What became of an outcome.
enum Recorded {
    /// It was news, and the payment is this now.
    Changed(Payment),
    /// It was known; the payment is as it was found.
    Known(Payment),
}
