//! What payments does when orders asks for money, or for none any more.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Ids, Money};
use messaging::{Answer, Answered, Delivery, Failure, Subscriptions};
use payments_api::{Collect, Collected, Declined, Void};
use storage::Tx;

use crate::{
    domain::{self, ORDER_HAS_PAYMENT, Reaction, Refused, Terms},
    handover::Handover,
    payment::Payment,
    store,
};

/// Listens to the commands of payments.
pub(crate) fn subscriptions(cashier: Cashier) -> Subscriptions {
    let cashier = Arc::new(cashier);
    Subscriptions::of("payments").answer::<Collect>(cashier.clone()).answer::<Void>(cashier)
}

/// Answers the commands of payments.
pub(crate) struct Cashier {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) terms: Terms,
    pub(crate) driver: Handover,
}

#[async_trait]
impl Answer<Collect> for Cashier {
    async fn answer(
        &self,
        tx: &mut Tx,
        command: Collect,
        delivery: &Delivery,
    ) -> Result<Answered<Collect>, Failure> {
        if command.amount.minor <= 0 {
            return Err(Failure::permanent("a payment is of more than nothing"));
        }
        let address = delivery.reply_address();
        let (payment, refused) =
            domain::collect(command.clone(), address.clone(), &self.terms, self.clock.now());
        if !store::insert(tx, &payment, self.clock.now()).await? {
            return self.collect_again(tx, command, delivery).await;
        }
        match refused {
            Some(why) => Ok(Answered::Now(spoken(&payment, Err(why)))),
            None => {
                self.driver.at_commit(tx, payment);
                Ok(Answered::Later)
            }
        }
    }
}

#[async_trait]
impl Answer<Void> for Cashier {
    async fn answer(
        &self,
        tx: &mut Tx,
        command: Void,
        delivery: &Delivery,
    ) -> Result<Answered<Void>, Failure> {
        let now = self.clock.now();
        let id = command.payment;
        if store::insert(tx, &domain::tombstone(command, now), now).await? {
            return Ok(Answered::Now(Ok(())));
        }
        let gone = || Failure::transient(format!("payment {id} is there and cannot be found"));
        let payment = store::find(tx, id).await?.ok_or_else(gone)?;
        match domain::void(payment.clone(), delivery.reply_address(), self.ids.next(), now) {
            Reaction::Answer(()) => Ok(Answered::Now(Ok(()))),
            Reaction::ChangeAndAnswer(next, ()) => {
                self.change(tx, &payment, &next).await?;
                Ok(Answered::Now(Ok(())))
            }
            Reaction::Change(next) => {
                self.change(tx, &payment, &next).await?;
                self.driver.at_commit(tx, next);
                Ok(Answered::Later)
            }
        }
    }
}

impl Cashier {
    async fn collect_again(
        &self,
        tx: &mut Tx,
        command: Collect,
        delivery: &Delivery,
    ) -> Result<Answered<Collect>, Failure> {
        let Some(payment) = store::find(tx, command.payment).await? else {
            let decline_code = ORDER_HAS_PAYMENT.to_owned();
            let declined = Declined { payment: command.payment, decline_code };
            return Ok(Answered::Now(Err(declined)));
        };
        let (address, now) = (delivery.reply_address(), self.clock.now());
        match domain::collect_again(payment.clone(), command, address, &self.terms, now) {
            Reaction::Answer(verdict) => Ok(Answered::Now(spoken(&payment, verdict))),
            Reaction::ChangeAndAnswer(next, verdict) => {
                self.change(tx, &payment, &next).await?;
                Ok(Answered::Now(spoken(&payment, verdict)))
            }
            Reaction::Change(next) => {
                self.change(tx, &payment, &next).await?;
                self.driver.at_commit(tx, next);
                Ok(Answered::Later)
            }
        }
    }

    /// Records `next`. When somebody else was faster the message is tried again.
    async fn change(&self, tx: &Tx, before: &Payment, next: &Payment) -> Result<(), Failure> {
        if store::replace(tx, before, next, self.clock.now()).await? {
            return Ok(());
        }
        Err(Failure::transient(format!("payment {} changed in the meantime", before.id)))
    }
}

/// What the sender of a `Collect` hears.
fn spoken(payment: &Payment, verdict: Result<(), Refused>) -> Result<Collected, Declined> {
    let id = payment.id;
    match verdict {
        Ok(()) => {
            let amount = Money::new(payment.captured, payment.amount.currency);
            Ok(Collected { payment: id, amount })
        }
        Err(why) => Err(Declined { payment: id, decline_code: why.to_owned() }),
    }
}
