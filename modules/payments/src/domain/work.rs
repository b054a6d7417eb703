//! What is to be done for a payment, and from when on.

use std::time::Duration;

use kernel::{Money, Timestamp};
use payments_api::{RefundId, RefundStatus, Status};

use super::Next;
use crate::{
    payment::{Attempt, Payment},
    provider::{Charge, Repayment},
};

/// How long a payment that was not paid in time is left to its order, which closes it.
const LEFT_TO_ORDERS: Duration = Duration::from_secs(60);

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Set the money aside, or take it.
    Authorize(Charge),
    /// Go on with a charge whose customer has met the bank.
    Confirm(Charge),
    /// Take this much of what is set aside.
    Capture(Charge, i64),
    /// End a charge of which nothing was taken.
    Void(Charge),
    /// Give something back.
    Refund(Charge, RefundId, Repayment),
    /// Nobody paid in time: close it. No provider is asked.
    Expire,
}

/// The next thing to do for a payment; nothing when it is somebody else's turn.
pub(crate) fn work(payment: &Payment, now: Timestamp) -> Option<Work> {
    let overdue = now >= payment.expires_at.plus(LEFT_TO_ORDERS);
    let Some(attempt) = payment.attempts.last() else {
        return (payment.status == Status::Requested && overdue).then_some(Work::Expire);
    };
    let charge = || of(payment, attempt);
    match payment.status {
        Status::Requested if overdue => Some(Work::Expire),
        Status::Processing if attempt.authenticated => Some(Work::Confirm(charge())),
        Status::Processing => Some(Work::Authorize(charge())),
        Status::RequiresAction if payment.is_undone() || overdue => Some(Work::Void(charge())),
        Status::Authorized if payment.is_undone() => Some(Work::Void(charge())),
        Status::Authorized if payment.capture_pending > 0 => {
            Some(Work::Capture(charge(), payment.capture_pending))
        }
        Status::Captured => {
            let pending = |refund: &&_| is_pending(refund);
            let refund = payment.refunds.iter().find(pending)?;
            let repayment = Repayment {
                key: refund.id.to_string(),
                amount: Money::new(refund.amount, payment.amount.currency),
                reference: refund.provider_ref.clone(),
            };
            Some(Work::Refund(charge(), refund.id, repayment))
        }
        _ => None,
    }
}

fn is_pending(refund: &crate::payment::Refund) -> bool {
    refund.status == RefundStatus::Pending
}

/// The last attempt, as its provider sees it.
pub(crate) fn charge(payment: &Payment) -> Option<Charge> {
    payment.attempts.last().map(|attempt| of(payment, attempt))
}

fn of(payment: &Payment, attempt: &Attempt) -> Charge {
    Charge {
        key: payment.idempotency_key(attempt),
        payment: payment.id,
        token: attempt.token.clone(),
        amount: payment.amount,
        capture: payment.capture,
        reference: attempt.provider_ref.clone(),
    }
}

/// From when on a payment that changed at `now` has to be looked at, if nobody has it in hand.
pub(crate) fn due(payment: &Payment, now: Timestamp) -> Option<Timestamp> {
    match payment.status {
        Status::Requested => Some(payment.expires_at.plus(LEFT_TO_ORDERS)),
        Status::RequiresAction if !payment.is_undone() => {
            Some(payment.expires_at.plus(LEFT_TO_ORDERS))
        }
        _ => work(payment, now).map(|_| now),
    }
}

/// The payment that nobody paid in time.
pub(crate) fn expired(payment: &Payment) -> Next {
    let mut payment = payment.clone();
    payment.status = Status::Expired;
    payment.version = payment.version.next();
    super::outcome::quiet(payment)
}

/// Whether a charge that the provider has never heard of is still to be made.
pub(crate) fn still_wanted(payment: &Payment, now: Timestamp) -> bool {
    !payment.is_undone() && now < payment.expires_at
}
