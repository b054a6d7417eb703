//! What providers were asked for, for whoever explains an order.

use std::{collections::BTreeSet, str::FromStr};

use explain::Call;
use kernel::{Identifier, Money};
use messaging::{Because, journal::made_at};
use payments_api::{AttemptStatus, RefundStatus};
use storage::{Database, Error};

use crate::{
    domain::VOIDED,
    payment::{Attempt, Payment, Refund},
    store,
};

/// What providers were asked for because of these things: payments, and orders that are not closed.
///
/// # Errors
/// When the database cannot be read.
pub async fn calls(db: &Database, things: &BTreeSet<String>) -> Result<Vec<Call>, Error> {
    let (payments, orders) = (ids(things), ids(things));
    let found = store::find_all(&db.reader(), &payments, &orders).await?;
    Ok(found.iter().flat_map(of_payment).collect())
}

fn ids<T: FromStr>(things: &BTreeSet<String>) -> Vec<T> {
    things.iter().filter_map(|thing| thing.parse().ok()).collect()
}

fn of_payment(payment: &Payment) -> Vec<Call> {
    let attempts = payment.attempts.iter().map(|attempt| of_attempt(payment, attempt));
    attempts.chain(payment.refunds.iter().map(|refund| of_refund(payment, refund))).collect()
}

fn of_attempt(payment: &Payment, attempt: &Attempt) -> Call {
    let outcome = match attempt.status {
        AttemptStatus::Processing => "no answer yet",
        AttemptStatus::RequiresAction => "the bank wants to see the customer",
        AttemptStatus::Authorized => "set aside",
        AttemptStatus::Succeeded => "paid",
        AttemptStatus::Declined => "declined",
    };
    let why = attempt.decline_code.iter().map(|why| format!(": {why}"));
    Call {
        name: format!("{}: attempt {}", attempt.provider, attempt.n),
        // What was stored before attempts knew it began with its payment.
        asked_at: attempt.begun_at.unwrap_or_else(|| made_at(payment.id.uuid())),
        answered_at: attempt.answered_at,
        outcome: std::iter::once(outcome.to_owned()).chain(why).collect(),
        because: attempt.because.clone(),
        about: about(payment),
    }
}

fn of_refund(payment: &Payment, refund: &Refund) -> Call {
    let outcome = match refund.status {
        RefundStatus::Pending => "no answer yet",
        RefundStatus::Succeeded => "given back",
        RefundStatus::Failed => "refused",
    };
    let provider = payment.attempts.last().map_or("nobody", |attempt| &attempt.provider);
    let amount = Money::new(refund.amount, payment.amount.currency);
    let closing = payment.undo.as_ref().and_then(|undo| undo.first()).map(Because::from);
    Call {
        name: format!("{provider}: refund of {amount}"),
        asked_at: refund.requested_at,
        answered_at: None,
        outcome: outcome.to_owned(),
        because: closing.filter(|_| refund.reason == VOIDED),
        about: about(payment),
    }
}

fn about(payment: &Payment) -> BTreeSet<String> {
    BTreeSet::from([payment.id.to_string(), payment.order.to_string()])
}
