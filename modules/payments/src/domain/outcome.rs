//! What a payment becomes when its provider has spoken.

use payments_api::{AttemptStatus, Status};

use super::{EXPIRED, VOIDED};
use crate::{
    payment::Payment,
    provider::{Outcome, Verdict},
};

/// A payment's next state and what goes with it, in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Next {
    pub(crate) payment: Payment,
    /// What the ledger gains.
    pub(crate) postings: Vec<Posting>,
    /// Who must hear of it.
    pub(crate) say: Option<Say>,
}

/// A movement of all of a payment's money. Each happens at most once to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Posting {
    /// From the customer to our account with the provider.
    Capture,
    /// And back.
    Refund,
}

/// News for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Say {
    /// The money is ours.
    Collected,
    /// The provider said no, and why; the payment stays open.
    Declined(String),
    /// The payment is closed and keeps nothing.
    Voided,
}

/// Where `payment` stands once its provider has given `outcome` for attempt `n`; nothing when that
/// is no news.
pub(crate) fn told(payment: &Payment, n: u32, outcome: &Outcome) -> Option<Next> {
    payment.attempts.last().filter(|last| last.n == n)?;
    let next = match (payment.status, &outcome.verdict) {
        (Status::Processing, Verdict::Captured) => captured(payment),
        (Status::Processing, Verdict::NeedsAction) => needs_action(payment),
        (Status::Processing, Verdict::Declined(why)) => declined(payment, why),
        (Status::Processing | Status::RequiresAction, Verdict::Cancelled) => {
            declined(payment, if payment.is_undone() { VOIDED } else { EXPIRED })
        }
        (Status::Processing | Status::RequiresAction, Verdict::Refunded) => {
            taken_and_returned(payment)
        }
        (Status::Captured, Verdict::Refunded) => returned(payment),
        _ => return None,
    };
    Some(referring(next, &outcome.reference))
}

fn referring(mut next: Next, reference: &str) -> Next {
    next.payment.version = next.payment.version.next();
    if let Some(last) = next.payment.attempts.last_mut() {
        last.provider_ref = Some(reference.to_owned());
    }
    next
}

fn captured(payment: &Payment) -> Next {
    let mut payment = ended(payment, AttemptStatus::Succeeded, None);
    payment.status = Status::Captured;
    payment.authorized = payment.amount.minor;
    payment.captured = payment.amount.minor;
    let say = match payment.is_undone() {
        true => {
            payment.refund_pending = payment.captured;
            None
        }
        false => Some(Say::Collected),
    };
    Next { payment, postings: vec![Posting::Capture], say }
}

fn needs_action(payment: &Payment) -> Next {
    let mut payment = ended(payment, AttemptStatus::RequiresAction, None);
    payment.status = Status::RequiresAction;
    Next { payment, postings: Vec::new(), say: None }
}

fn declined(payment: &Payment, why: &str) -> Next {
    let mut payment = ended(payment, AttemptStatus::Declined, Some(why));
    let (status, say) = match payment.is_undone() {
        true => (Status::Voided, Say::Voided),
        false => (Status::Requested, Say::Declined(why.to_owned())),
    };
    payment.status = status;
    Next { payment, postings: Vec::new(), say: Some(say) }
}

/// The provider undid a charge of which we had not heard yet that it had succeeded.
fn taken_and_returned(payment: &Payment) -> Next {
    let Next { payment, .. } = captured(payment);
    let mut next = returned(&payment);
    next.postings.insert(0, Posting::Capture);
    if !payment.is_undone() {
        next.say = Some(Say::Declined(EXPIRED.to_owned()));
    }
    next
}

fn returned(payment: &Payment) -> Next {
    let mut payment = payment.clone();
    payment.status = Status::Voided;
    payment.refund_pending = 0;
    payment.refunded = payment.captured;
    Next { payment, postings: vec![Posting::Refund], say: Some(Say::Voided) }
}

fn ended(payment: &Payment, status: AttemptStatus, why: Option<&str>) -> Payment {
    let mut payment = payment.clone();
    if let Some(last) = payment.attempts.last_mut() {
        last.status = status;
        last.decline_code = why.map(str::to_owned);
    }
    payment
}
