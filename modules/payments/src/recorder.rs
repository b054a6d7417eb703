//! The one transaction that writes a payment's next state, its ledger, and the news of it.

use kernel::{Moment, Money, Timestamp};
use messaging::{Because, Publish};
use payments_api::{
    Collect, Collected, Declined, PaymentAuthorized, PaymentCompleted, PaymentFailed,
    PaymentRefunded, Void,
};
use storage::{Database, Error, Tx};

use crate::{
    domain::{Next, Say},
    payment::Payment,
    store,
};

/// Records `next` and gives the payment as it is stored; nothing when `before` is not what is stored any
/// more.
pub(crate) async fn record(
    db: &Database,
    before: &Payment,
    next: &Next,
    now: Timestamp,
) -> Result<Option<Payment>, Error> {
    let mut payment = next.payment.clone();
    let moments = next.say.iter().filter_map(|say| moment(&payment, say, now)).collect::<Vec<_>>();
    payment.timeline.extend(moments);
    let mut tx = db.begin().await?;
    if !store::replace(&tx, before, &payment, now).await? {
        tx.rollback().await?;
        return Ok(None);
    }
    store::post(&tx, &payment, &next.postings, now).await?;
    for say in &next.say {
        if let Some(why) = because(&payment, say) {
            tx.because(why);
        }
        tell(&mut tx, &payment, say, now)?;
    }
    tx.commit().await?;
    Ok(Some(payment))
}

fn moment(payment: &Payment, say: &Say, at: Timestamp) -> Option<Moment> {
    match say {
        Say::Authorized => Some((&authorized(payment, at)).into()),
        Say::Collected => Some((&completed(payment, at)).into()),
        Say::Declined(why) => Some((&failed(payment, why, at)).into()),
        Say::Refunded(amount) => Some((&refunded(payment, *amount, at)).into()),
        Say::Voided => None,
    }
}

/// Why there is news, if that is known.
fn because(payment: &Payment, say: &Say) -> Option<Because> {
    let closing = || payment.undo.as_ref()?.first().map(Because::from);
    let trying = || payment.attempts.last()?.because.clone();
    match say {
        Say::Refunded(_) | Say::Voided => closing(),
        Say::Authorized | Say::Collected | Say::Declined(_) => trying(),
    }
}

fn tell(tx: &mut Tx, payment: &Payment, say: &Say, at: Timestamp) -> Result<(), Error> {
    match say {
        Say::Authorized => tx.publish(&authorized(payment, at)),
        Say::Refunded(amount) => tx.publish(&refunded(payment, *amount, at)),
        Say::Collected => {
            let event = completed(payment, at);
            if let Some(address) = &payment.collect {
                let collected = Collected { payment: payment.id, amount: event.amount };
                tx.reply::<Collect>(address, Ok(collected))?;
            }
            tx.publish(&event)
        }
        Say::Declined(why) => {
            if let Some(address) = &payment.collect {
                let declined = Declined { payment: payment.id, decline_code: why.clone() };
                tx.reply::<Collect>(address, Err(declined))?;
            }
            tx.publish(&failed(payment, why, at))
        }
        Say::Voided => {
            for address in payment.undo.iter().flatten() {
                tx.reply::<Void>(address, Ok(()))?;
            }
            Ok(())
        }
    }
}

fn authorized(payment: &Payment, at: Timestamp) -> PaymentAuthorized {
    let Payment { id, order, customer, amount, version, .. } = *payment;
    PaymentAuthorized { payment: id, order, customer, amount, version, at }
}

fn completed(payment: &Payment, at: Timestamp) -> PaymentCompleted {
    let Payment { id, order, customer, captured, version, .. } = *payment;
    let amount = Money::new(captured, payment.amount.currency);
    PaymentCompleted { payment: id, order, customer, amount, version, at }
}

fn failed(payment: &Payment, why: &str, at: Timestamp) -> PaymentFailed {
    let Payment { id, order, customer, version, .. } = *payment;
    PaymentFailed { payment: id, order, customer, decline_code: why.to_owned(), version, at }
}

fn refunded(payment: &Payment, amount: i64, at: Timestamp) -> PaymentRefunded {
    let Payment { id, order, customer, refunded, captured, version, .. } = *payment;
    let amount = Money::new(amount, payment.amount.currency);
    PaymentRefunded { payment: id, order, customer, amount, refunded, captured, version, at }
}
