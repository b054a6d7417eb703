//! The rules of a payment: from where it stands and what is asked to where it stands next.
//!
//! **Invariant:** nothing here awaits, reads a clock, or knows a database or a provider's wire.

mod outcome;
mod refunds;
mod staff;
#[cfg(test)]
mod tests;
mod work;

use kernel::{Timestamp, Version, Violation};
use messaging::{Because, ReplyAddress};
use payments_api::{
    AttemptStatus, CaptureMode, Collect, Error, NewAttempt, RefundId, Result, Status, Void,
    is_token,
};

use crate::payment::{Attempt, Payment};

pub(crate) use outcome::{Next, Posting, Say, told};
pub(crate) use refunds::{give_back, repaid};
pub(crate) use staff::{capture, release};
pub(crate) use work::{Work, charge, due, expired, still_wanted, work};

/// The decline code of a payment that was voided before it was asked for, and of one that was let go.
pub(crate) const VOIDED: &str = "voided";
/// The decline code of an attempt that came too late.
pub(crate) const EXPIRED: &str = "expired";
/// The decline code of a payment that was tried too often.
pub(crate) const FAILED: &str = "failed";
/// The decline code of an order whose money is asked for by another payment.
pub(crate) const ORDER_HAS_PAYMENT: &str = "order_has_payment";
/// The decline code of a token that cannot stand for a card.
pub(crate) const INVALID_TOKEN: &str = "invalid_token";

/// How new payments are dealt with, as the operator decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Who is asked for the money.
    pub(crate) provider: String,
    /// When it is taken.
    pub(crate) capture: CaptureMode,
    /// How many cards may be tried.
    pub(crate) attempts: usize,
}

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
    terms: &Terms,
    now: Timestamp,
) -> (Payment, Option<Refused>) {
    let refused = refusal(&command.token, command.until, now);
    let (status, attempts) = match refused {
        None => {
            let because = address.as_ref().map(Because::from);
            let first = Attempt::new(1, &terms.provider, command.token, None).begun(now, because);
            (Status::Processing, vec![first])
        }
        Some(_) => (Status::Requested, Vec::new()),
    };
    let payment = Payment {
        id: command.payment,
        order: command.order,
        customer: command.customer,
        amount: command.amount,
        capture: terms.capture,
        status,
        attempts,
        authorized: 0,
        capture_pending: 0,
        captured: 0,
        refund_pending: 0,
        refunded: 0,
        refunds: Vec::new(),
        timeline: Vec::new(),
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
    terms: &Terms,
    now: Timestamp,
) -> Reaction<std::result::Result<(), Refused>> {
    if payment.is_undone() || payment.status == Status::Voided {
        return Reaction::Answer(Err(VOIDED));
    }
    match payment.status {
        Status::Captured => return Reaction::Answer(Ok(())),
        Status::Failed => return Reaction::Answer(Err(FAILED)),
        Status::Expired if now >= command.until => return Reaction::Answer(Err(EXPIRED)),
        _ => {}
    }
    let mut next = payment;
    next.collect = address;
    next.expires_at = next.expires_at.max(command.until);
    next.version = next.version.next();
    if !matches!(next.status, Status::Requested | Status::Expired) {
        return Reaction::Change(next);
    }
    next.status = Status::Requested;
    match refusal(&command.token, next.expires_at, now) {
        Some(why) => Reaction::ChangeAndAnswer(next, Err(why)),
        None => {
            let because = next.collect.as_ref().map(Because::from);
            let attempt = Attempt::new(next.next_n(), &terms.provider, command.token, None);
            next.attempts.push(attempt.begun(now, because));
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
        capture: CaptureMode::Automatic,
        status: Status::Voided,
        attempts: Vec::new(),
        authorized: 0,
        capture_pending: 0,
        captured: 0,
        refund_pending: 0,
        refunded: 0,
        refunds: Vec::new(),
        timeline: Vec::new(),
        collect: None,
        undo: Some(Vec::new()),
        expires_at: now,
        version: Version::FIRST,
    }
}

/// Closes a payment: at once when the provider has nothing of it, otherwise as soon as it has given back
/// what it took. What is given back for that is called `id`.
pub(crate) fn void(
    payment: Payment,
    address: Option<ReplyAddress>,
    id: RefundId,
    now: Timestamp,
) -> Reaction<()> {
    if payment.status.is_closed() {
        return Reaction::Answer(());
    }
    let mut next = payment;
    next.version = next.version.next();
    let waiting = next.undo.get_or_insert_default();
    let all_is_back = next.status == Status::Captured && next.refunded == next.captured;
    if next.status == Status::Requested || all_is_back {
        next.status = Status::Voided;
        return Reaction::ChangeAndAnswer(next, ());
    }
    waiting.extend(address);
    if next.status == Status::Captured {
        refunds::reserve_rest(&mut next, id, now);
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
pub(crate) fn attempt(
    payment: &Payment,
    wish: &NewAttempt,
    terms: &Terms,
    because: Because,
    now: Timestamp,
) -> Result<Attempting> {
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
        Status::Expired => Err(Error::Expired(payment.expires_at)),
        Status::Requested => {
            let mut next = payment.clone();
            let (n, key) = (next.next_n(), Some(wish.key.clone()));
            let attempt = Attempt::new(n, &terms.provider, wish.token.clone(), key);
            next.attempts.push(attempt.begun(now, Some(because)));
            next.status = Status::Processing;
            next.version = next.version.next();
            Ok(Attempting::Begun(Box::new(next)))
        }
        Status::Processing if !payment.is_undone() => Err(Error::InProgress),
        Status::RequiresAction if !payment.is_undone() => Err(Error::ActionRequired),
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
