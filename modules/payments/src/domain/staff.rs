//! What the staff may do with money that is set aside.

use kernel::{Money, Violation};
use payments_api::{Error, Result, Status};

use crate::payment::Payment;

/// Begins to take what is set aside, all of it or `amount`; nothing when that was done before.
pub(crate) fn capture(payment: &Payment, amount: Option<Money>) -> Result<Option<Payment>> {
    let wanted = amount.map_or(payment.authorized, |amount| amount.minor);
    let foreign = amount.is_some_and(|amount| amount.currency != payment.amount.currency);
    if foreign || (amount.is_some() && wanted <= 0) {
        let detail = format!("more than nothing, in {}", payment.amount.currency.code());
        return Err(Error::Invalid(vec![Violation::new("/amount", "out-of-range", detail)]));
    }
    match payment.status {
        Status::Authorized if payment.is_undone() => Err(Error::NotCapturable(Status::Voided)),
        Status::Authorized if payment.capture_pending == wanted => Ok(None),
        Status::Authorized if payment.capture_pending > 0 => Err(Error::InProgress),
        Status::Authorized if wanted > payment.authorized => {
            let detail = format!("at most {} is set aside", of(payment, payment.authorized));
            Err(Error::Invalid(vec![Violation::new("/amount/minor", "out-of-range", detail)]))
        }
        Status::Authorized => {
            let mut next = payment.clone();
            next.capture_pending = wanted;
            next.version = next.version.next();
            Ok(Some(next))
        }
        Status::Captured if amount.is_none() || payment.captured == wanted => Ok(None),
        Status::Processing => Err(Error::InProgress),
        status => Err(Error::NotCapturable(status)),
    }
}

/// Begins to let go of what is set aside; nothing when that was done before.
pub(crate) fn release(payment: &Payment) -> Result<Option<Payment>> {
    match payment.status {
        Status::Voided => Ok(None),
        Status::Authorized if payment.is_undone() => Ok(None),
        Status::Authorized if payment.capture_pending > 0 => Err(Error::InProgress),
        Status::Authorized => {
            let mut next = payment.clone();
            next.undo.get_or_insert_default();
            next.version = next.version.next();
            Ok(Some(next))
        }
        Status::Processing => Err(Error::InProgress),
        status => Err(Error::NotVoidable(status)),
    }
}

fn of(payment: &Payment, minor: i64) -> Money {
    Money::new(minor, payment.amount.currency)
}
