//! Money on its way back. It is reserved first, so that no two refunds exceed what was captured.

use kernel::{Timestamp, Version, Violation};
use payments_api::{Error, NewRefund, RefundId, RefundStatus, Result, Status};

use super::{
    Next, Posting, Say, VOIDED,
    outcome::{quiet, voided},
};
use crate::{
    payment::{Payment, Refund},
    provider::{Repaid, Repayal},
};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// Reserves what `wish` wants to be given back, as the refund `id`.
pub(crate) fn give_back(
    payment: &Payment,
    wish: &NewRefund,
    id: RefundId,
    now: Timestamp,
) -> Result<Payment> {
    let reason = wish.reason.trim();
    let mut violations = Vec::new();
    if !(1..=LONGEST_REASON).contains(&reason.chars().count()) {
        violations.push(Violation::new("/reason", "length", "a reason has 1 to 500 characters"));
    }
    if wish.amount.minor <= 0 {
        let detail = "a refund is of more than nothing";
        violations.push(Violation::new("/amount/minor", "out-of-range", detail));
    }
    if wish.amount.currency != payment.amount.currency {
        let detail = format!("the payment is in {}", payment.amount.currency.code());
        violations.push(Violation::new("/amount/currency", "other-currency", detail));
    }
    if !violations.is_empty() {
        return Err(Error::Invalid(violations));
    }
    let left = if payment.status == Status::Captured { payment.refundable() } else { 0 };
    if wish.amount.minor > left {
        let left = kernel::Money::new(left, payment.amount.currency);
        return Err(Error::RefundExceedsCaptured(left));
    }
    let mut next = payment.clone();
    reserve(&mut next, id, wish.amount.minor, reason, now);
    next.version = next.version.next();
    Ok(next)
}

/// Reserves everything that is left, because the payment is to be closed.
pub(super) fn reserve_rest(payment: &mut Payment, id: RefundId, now: Timestamp) {
    let left = payment.refundable();
    if left > 0 {
        reserve(payment, id, left, VOIDED, now);
    }
}

fn reserve(payment: &mut Payment, id: RefundId, amount: i64, reason: &str, now: Timestamp) {
    payment.refund_pending += amount;
    payment.refunds.push(Refund {
        id,
        amount,
        reason: reason.to_owned(),
        status: RefundStatus::Pending,
        provider_ref: None,
        requested_at: now,
        version: Version::FIRST,
    });
}

/// Where `payment` stands once its provider has spoken of the refund `id`; nothing when that is no news.
///
/// A payment that is to be closed gives everything back: a refusal is no news then, it is asked again.
pub(crate) fn repaid(payment: &Payment, id: RefundId, repaid: &Repaid) -> Option<Next> {
    let mut next = payment.clone();
    next.version = next.version.next();
    let pending = |refund: &&mut Refund| refund.id == id && refund.status == RefundStatus::Pending;
    let refund = next.refunds.iter_mut().find(pending)?;
    let known = refund.provider_ref.is_some();
    refund.provider_ref = refund.provider_ref.take().or_else(|| repaid.reference.clone());
    let amount = refund.amount;
    match &repaid.verdict {
        Repayal::Done => {
            refund.status = RefundStatus::Succeeded;
            refund.version = refund.version.next();
            next.refund_pending -= amount;
            next.refunded += amount;
            Some(returned(next, id, amount))
        }
        Repayal::Refused(_) if payment.is_undone() => None,
        Repayal::Refused(_) => {
            refund.status = RefundStatus::Failed;
            refund.version = refund.version.next();
            next.refund_pending -= amount;
            Some(quiet(next))
        }
        Repayal::Pending if !known && repaid.reference.is_some() => Some(quiet(next)),
        Repayal::Pending => None,
    }
}

fn returned(payment: Payment, id: RefundId, amount: i64) -> Next {
    let posting = Posting { name: format!("refund:{id}"), amount: -amount };
    let finished = payment.is_undone() && payment.refunded == payment.captured;
    let mut next = if finished { voided(payment) } else { quiet(payment) };
    next.postings.push(posting);
    next.say.insert(0, Say::Refunded(amount));
    next
}
