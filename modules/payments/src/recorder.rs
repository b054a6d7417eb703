//! The one transaction that writes a payment's next state, its ledger, and the news of it.

use kernel::Timestamp;
use messaging::Publish;
use payments_api::{Collect, Collected, Declined, PaymentCompleted, PaymentFailed, Void};
use storage::{Database, Error, Tx};

use crate::{
    domain::{Next, Say},
    payment::Payment,
    store,
};

/// Records `next`, unless `before` is not what is stored any more.
pub(crate) async fn record(
    db: &Database,
    before: &Payment,
    next: &Next,
    now: Timestamp,
) -> Result<bool, Error> {
    let mut tx = db.begin().await?;
    if !store::replace(&tx, before, &next.payment, now).await? {
        tx.rollback().await?;
        return Ok(false);
    }
    store::post(&tx, &next.payment, &next.postings, now).await?;
    match &next.say {
        Some(Say::Collected) => collected(&mut tx, &next.payment, now)?,
        Some(Say::Declined(why)) => declined(&mut tx, &next.payment, why, now)?,
        Some(Say::Voided) => voided(&mut tx, &next.payment)?,
        None => {}
    }
    tx.commit().await?;
    Ok(true)
}

fn collected(tx: &mut Tx, payment: &Payment, at: Timestamp) -> Result<(), Error> {
    let Payment { id, order, customer, amount, version, .. } = *payment;
    if let Some(address) = &payment.collect {
        tx.reply::<Collect>(address, Ok(Collected { payment: id, amount }))?;
    }
    tx.publish(&PaymentCompleted { payment: id, order, customer, amount, version, at })
}

fn declined(tx: &mut Tx, payment: &Payment, why: &str, at: Timestamp) -> Result<(), Error> {
    let Payment { id, order, customer, version, .. } = *payment;
    let decline_code = why.to_owned();
    if let Some(address) = &payment.collect {
        let decline_code = decline_code.clone();
        tx.reply::<Collect>(address, Err(Declined { payment: id, decline_code }))?;
    }
    tx.publish(&PaymentFailed { payment: id, order, customer, decline_code, version, at })
}

fn voided(tx: &mut Tx, payment: &Payment) -> Result<(), Error> {
    for address in payment.undo.iter().flatten() {
        tx.reply::<Void>(address, Ok(()))?;
    }
    Ok(())
}
