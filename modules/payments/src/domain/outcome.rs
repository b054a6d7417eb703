//! What a payment becomes when its provider has spoken of a charge.

use kernel::Timestamp;
use payments_api::{AttemptStatus, RefundId, Status};

use super::{EXPIRED, Terms, VOIDED, refunds};
use crate::{
    payment::Payment,
    provider::{Outcome, Verdict},
};

/// The decline code of money that was set aside for longer than the bank does it.
const AUTHORIZATION_EXPIRED: &str = "authorization_expired";

/// A payment's next state and what goes with it, in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Next {
    pub(crate) payment: Payment,
    /// What the ledger gains.
    pub(crate) postings: Vec<Posting>,
    /// Who must hear of it.
    pub(crate) say: Vec<Say>,
}

/// A movement of money between the customer and our account with the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Posting {
    /// Names it; each happens at most once to a payment.
    pub(crate) name: String,
    /// What our account gains.
    pub(crate) amount: i64,
}

/// News for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Say {
    /// The money is set aside.
    Authorized,
    /// The money is ours.
    Collected,
    /// The provider said no, and why.
    Declined(String),
    /// This much went back.
    Refunded(i64),
    /// The payment is closed and keeps nothing.
    Voided,
}

/// Where `payment` stands once its provider has given `outcome` to whoever asked about the last attempt of
/// the payment as it was then, `asked`; nothing when that is no news. What has to be given back at once is
/// called `id`.
pub(crate) fn told(
    payment: &Payment,
    asked: &Payment,
    outcome: &Outcome,
    terms: &Terms,
    id: RefundId,
    now: Timestamp,
) -> Option<Next> {
    let (last, then) = (payment.attempts.last()?, asked.attempts.last()?);
    if last.n != then.n {
        return None;
    }
    // That the bank wants to see the customer is old news once it has.
    let goes_on = last.authenticated && !then.authenticated;
    let under_way = matches!(payment.status, Status::Processing | Status::RequiresAction);
    let next = match (payment.status, &outcome.verdict) {
        (_, Verdict::Captured(amount)) if under_way || payment.status == Status::Authorized => {
            captured(payment, *amount, id, now)
        }
        (_, Verdict::Authorized) if under_way => authorized(payment),
        (Status::Processing, Verdict::NeedsAction(url)) if !goes_on => {
            needs_action(payment, url.clone())
        }
        (_, Verdict::Declined(why)) if under_way => declined(payment, why, terms),
        (_, Verdict::Cancelled) if under_way => {
            declined(payment, if payment.is_undone() { VOIDED } else { EXPIRED }, terms)
        }
        (Status::Authorized, Verdict::Cancelled) => lost(payment, AUTHORIZATION_EXPIRED),
        (Status::Authorized, Verdict::Declined(why)) => lost(payment, why),
        (Status::Processing, Verdict::Pending) if last.provider_ref.is_none() => {
            quiet(payment.clone())
        }
        _ => return None,
    };
    Some(referring(next, outcome.reference.as_deref(), now))
}

/// A change that nobody has to hear of.
pub(super) fn quiet(payment: Payment) -> Next {
    Next { payment, postings: Vec::new(), say: Vec::new() }
}

fn referring(mut next: Next, reference: Option<&str>, now: Timestamp) -> Next {
    next.payment.version = next.payment.version.next();
    if let Some(last) = next.payment.attempts.last_mut() {
        last.answered_at = Some(now);
        if let Some(reference) = reference {
            last.provider_ref = Some(reference.to_owned());
        }
    }
    next
}

fn captured(payment: &Payment, amount: i64, id: RefundId, now: Timestamp) -> Next {
    let mut payment = ended(payment, AttemptStatus::Succeeded, None);
    payment.status = Status::Captured;
    payment.authorized = payment.authorized.max(amount);
    payment.capture_pending = 0;
    payment.captured = amount;
    let postings = vec![Posting { name: "capture".to_owned(), amount }];
    let mut say = Vec::new();
    match payment.is_undone() {
        true => refunds::reserve_rest(&mut payment, id, now),
        false => say.push(Say::Collected),
    }
    Next { payment, postings, say }
}

fn authorized(payment: &Payment) -> Next {
    let mut payment = ended(payment, AttemptStatus::Authorized, None);
    payment.status = Status::Authorized;
    payment.authorized = payment.amount.minor;
    let say = if payment.is_undone() { Vec::new() } else { vec![Say::Authorized] };
    Next { say, ..quiet(payment) }
}

fn needs_action(payment: &Payment, url: Option<String>) -> Next {
    let mut payment = ended(payment, AttemptStatus::RequiresAction, None);
    payment.status = Status::RequiresAction;
    if let Some(last) = payment.attempts.last_mut() {
        last.action_url = url;
        last.authenticated = false;
    }
    quiet(payment)
}

fn declined(payment: &Payment, why: &str, terms: &Terms) -> Next {
    let payment = ended(payment, AttemptStatus::Declined, Some(why));
    if payment.is_undone() {
        return voided(payment);
    }
    let exhausted = payment.attempts.len() >= terms.attempts;
    let status = if exhausted { Status::Failed } else { Status::Requested };
    let say = vec![Say::Declined(why.to_owned())];
    Next { say, ..quiet(Payment { status, ..payment }) }
}

/// What was set aside is not there any more.
fn lost(payment: &Payment, why: &str) -> Next {
    if payment.is_undone() {
        return voided(ended(payment, AttemptStatus::Declined, Some(VOIDED)));
    }
    let mut payment = ended(payment, AttemptStatus::Declined, Some(why));
    payment.status = Status::Failed;
    payment.capture_pending = 0;
    Next { say: vec![Say::Declined(why.to_owned())], ..quiet(payment) }
}

/// Closes `payment`, of which nothing is left. Whoever collects hears of it, unless they closed it.
pub(super) fn voided(mut payment: Payment) -> Next {
    payment.status = Status::Voided;
    payment.capture_pending = 0;
    let by_the_staff = payment.undo.as_ref().is_some_and(Vec::is_empty);
    let say = if by_the_staff { Say::Declined(VOIDED.to_owned()) } else { Say::Voided };
    Next { say: vec![say], ..quiet(payment) }
}

fn ended(payment: &Payment, status: AttemptStatus, why: Option<&str>) -> Payment {
    let mut payment = payment.clone();
    if let Some(last) = payment.attempts.last_mut() {
        last.status = status;
        last.decline_code = why.map(str::to_owned);
    }
    payment
}
