//! The rules of a payment: from where it stands and what is asked to where it stands next.
//!
//! **Invariant:** nothing here awaits, reads a clock, or knows a database or a provider's wire.

mod outcome;
#[cfg(test)]
mod tests;

use kernel::{Timestamp, Version, Violation};
use messaging::ReplyAddress;
use payments_api::{AttemptStatus, Collect, Error, NewAttempt, Result, Status, Void, is_token};

use crate::{
    payment::{Attempt, Payment},
    provider::Charge,
};

pub(crate) use outcome::{Next, Posting, Say, told};

/// The decline code of a payment that was voided before it was asked for.
pub(crate) const VOIDED: &str = "voided";
/// The decline code of an attempt that came too late.
pub(crate) const EXPIRED: &str = "expired";
/// The decline code of an order whose money is asked for by another payment.
pub(crate) const ORDER_HAS_PAYMENT: &str = "order_has_payment";
/// The decline code of a token that cannot stand for a card.
pub(crate) const INVALID_TOKEN: &str = "invalid_token";

/// What becomes of a command whose answer may have to wait.
#[derive(Debug, PartialEq)]
pub(crate) enum Reaction<T> {
    /// It is answered at once, and nothing changes.
    Answer(T),
    /// The payment changes, and the answer is given at once.
    ChangeAndAnswer(Payment, T),
    /// The payment changes, and the answer comes when the provider has spoken.
    Change(Payment),
}

/// Why money is not taken, for the saga.
pub(crate) type Refused = &'static str;

/// The payment that `command` asks for, with its first attempt under way; or open without one, when
/// there is a reason to refuse it.
pub(crate) fn collect(
    command: Collect,
    address: Option<ReplyAddress>,
    now: Timestamp,
) -> (Payment, Option<Refused>) {
    let refused = refusal(&command.token, command.until, now);
    let (status, attempts) = match refused {
        None => (Status::Processing, vec![Attempt::new(1, command.token, None)]),
        Some(_) => (Status::Requested, Vec::new()),
    };
    let payment = Payment {
        id: command.payment,
        order: command.order,
        customer: command.customer,
        amount: command.amount,
        status,
        attempts,
        authorized: 0,
        captured: 0,
        refund_pending: 0,
        refunded: 0,
        collect: address,
        undo: None,
        expires_at: command.until,
        version: Version::FIRST,
    };
    (payment, refused)
}

/// What a `Collect` means to a payment that is there already. `Answer(Ok)` says that the money is ours.
pub(crate) fn collect_again(
    payment: Payment,
    command: Collect,
    address: Option<ReplyAddress>,
    now: Timestamp,
) -> Reaction<std::result::Result<(), Refused>> {
    if payment.is_undone() || payment.status == Status::Voided {
        return Reaction::Answer(Err(VOIDED));
    }
    if payment.status == Status::Captured {
        return Reaction::Answer(Ok(()));
    }
    let mut next = payment;
    next.collect = address;
    next.version = next.version.next();
    if next.status != Status::Requested {
        return Reaction::Change(next);
    }
    match refusal(&command.token, next.expires_at, now) {
        Some(why) => Reaction::ChangeAndAnswer(next, Err(why)),
        None => {
            next.attempts.push(Attempt::new(next.next_n(), command.token, None));
            next.status = Status::Processing;
            Reaction::Change(next)
        }
    }
}

fn refusal(token: &str, until: Timestamp, now: Timestamp) -> Option<Refused> {
    if now >= until {
        return Some(EXPIRED);
    }
    (!is_token(token)).then_some(INVALID_TOKEN)
}

/// What keeps a late `Collect` from taking anything.
pub(crate) fn tombstone(command: Void, now: Timestamp) -> Payment {
    Payment {
        id: command.payment,
        order: command.order,
        customer: command.customer,
        amount: command.amount,
        status: Status::Voided,
        attempts: Vec::new(),
        authorized: 0,
        captured: 0,
        refund_pending: 0,
        refunded: 0,
        collect: None,
        undo: Some(Vec::new()),
        expires_at: now,
        version: Version::FIRST,
    }
}

/// Closes a payment: at once when the provider knows nothing of it, otherwise as soon as it has given
/// back what it took.
pub(crate) fn void(payment: Payment, address: Option<ReplyAddress>) -> Reaction<()> {
    if payment.status == Status::Voided {
        return Reaction::Answer(());
    }
    let mut next = payment;
    next.version = next.version.next();
    let waiting = next.undo.get_or_insert_default();
    if next.status == Status::Requested {
        next.status = Status::Voided;
        return Reaction::ChangeAndAnswer(next, ());
    }
    waiting.extend(address);
    if next.status == Status::Captured {
        next.refund_pending = next.captured;
    }
    Reaction::Change(next)
}

/// What a wish for another card comes to.
#[derive(Debug, PartialEq)]
pub(crate) enum Attempting {
    /// A new attempt is under way.
    Begun(Box<Payment>),
    /// The wish was fulfilled before, by the attempt with this number.
    Known(u32),
}

/// Begins another attempt, if the payment is open.
pub(crate) fn attempt(payment: &Payment, wish: &NewAttempt, now: Timestamp) -> Result<Attempting> {
    if !is_token(&wish.token) {
        let detail =
            "a payment token is 1 to 255 letters, digits and underscores, and no card number";
        return Err(Error::Invalid(vec![Violation::new("/token", "invalid-token", detail)]));
    }
    let same = |attempt: &&Attempt| attempt.key.as_deref() == Some(&*wish.key);
    if let Some(known) = payment.attempts.iter().find(same) {
        let replayed = known.token == wish.token;
        return if replayed { Ok(Attempting::Known(known.n)) } else { Err(Error::KeyReused) };
    }
    match payment.status {
        Status::Requested if now >= payment.expires_at => Err(Error::Expired(payment.expires_at)),
        Status::Requested => {
            let mut next = payment.clone();
            let key = Some(wish.key.clone());
            next.attempts.push(Attempt::new(next.next_n(), wish.token.clone(), key));
            next.status = Status::Processing;
            next.version = next.version.next();
            Ok(Attempting::Begun(Box::new(next)))
        }
        Status::Processing if !payment.is_undone() => Err(Error::InProgress),
        status => Err(Error::NotPayable(status)),
    }
}

/// Goes on with the attempt that waits for the customer; nothing when it went on already.
pub(crate) fn complete(payment: &Payment, action: &str) -> Result<Option<Payment>> {
    let named = payment.attempts.iter().find(|attempt| attempt.action() == action);
    let attempt = named.ok_or(Error::UnknownAction)?;
    if attempt.authenticated {
        return Ok(None);
    }
    if attempt.status != AttemptStatus::RequiresAction {
        return Err(Error::UnknownAction);
    }
    if payment.status != Status::RequiresAction || payment.is_undone() {
        return Err(Error::NotPayable(payment.status));
    }
    let mut next = payment.clone();
    if let Some(last) = next.attempts.last_mut() {
        last.authenticated = true;
        last.status = AttemptStatus::Processing;
    }
    next.status = Status::Processing;
    next.version = next.version.next();
    Ok(Some(next))
}

/// What the provider is to be asked next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Take the money.
    Charge(Charge),
    /// Go on with the charge under this key.
    Confirm(String),
    /// Give back what was taken under this key, and take nothing any more.
    Undo(String),
}

/// The next thing to do for a payment with its provider; nothing when it is somebody else's turn.
pub(crate) fn work(payment: &Payment) -> Option<Work> {
    let attempt = payment.attempts.last()?;
    let key = payment.idempotency_key(attempt);
    match payment.status {
        Status::Processing if attempt.authenticated => Some(Work::Confirm(key)),
        Status::Processing => {
            let (token, amount) = (attempt.token.clone(), payment.amount);
            Some(Work::Charge(Charge { key, token, amount }))
        }
        Status::RequiresAction | Status::Captured if payment.is_undone() => Some(Work::Undo(key)),
        _ => None,
    }
}

/// Whether a charge that the provider has never heard of is still to be made.
pub(crate) fn still_wanted(payment: &Payment, now: Timestamp) -> bool {
    !payment.is_undone() && now < payment.expires_at
}
