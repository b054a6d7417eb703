//! What the rest of the shop may know about money moved.
//!
//! Money is asked for by a command, [`Collect`], and the answer is a message that may come at once, after
//! a second card, after the staff has captured it, or never: the customer decides. A decline is an answer
//! ([`Declined`]) and leaves the payment open for another attempt; [`Void`] closes it for good, gives back
//! what was taken, and cannot be refused. What the provider did not answer is neither: the payment is
//! `processing` until the provider has said what happened, and nobody is ever charged on a guess.

use kernel::{
    Code, Command, Fault, Message, Moment, Money, Never, Page, PageRequest, Timestamp, Version,
    Violation,
};
use orders_api::{OrderId, PaymentId};
use ports::{Unreachable, async_trait};
use serde::{Deserialize, Serialize};
use users_api::UserId;

mod commands;
mod events;
mod moments;
mod payment;
mod token;
mod wishes;

pub use commands::{Collect, Collected, Declined, Void};
pub use events::{PaymentAuthorized, PaymentCompleted, PaymentFailed, PaymentRefunded};
pub use payment::{
    Account, Attempt, AttemptStatus, CaptureMode, LedgerEntry, NextAction, Payment, PaymentRecord,
    Refund, RefundId, RefundStatus, Status,
};
pub use token::is_token;
pub use wishes::{
    ActionDone, Capture, Card, CardToken, LedgerOf, NewAttempt, NewRefund, Noticed, PaymentOf,
    RefundOf, Webhook,
};

/// Payments, as their neighbours see them.
#[async_trait]
pub trait Payments: Send + Sync {
    /// One payment of the customer's.
    async fn payment(&self, which: PaymentOf) -> Result<Payment>;
    /// Tries another card on a payment that is still open. Idempotent by `wish.key`.
    async fn attempt(&self, wish: NewAttempt) -> Result<Payment>;
    /// Says that the customer did what the bank wanted. Idempotent: saying it twice changes nothing.
    async fn complete_action(&self, wish: ActionDone) -> Result<Payment>;
    /// Turns a test card's number into a token; the sandbox provider's stand-in for a payment form.
    async fn tokenize(&self, card: Card) -> Result<CardToken>;
    /// Any payment, for the staff.
    async fn inspect(&self, payment: PaymentId) -> Result<Payment>;
    /// Takes money that was set aside, all of it or a part; the rest is let go. Idempotent: capturing the
    /// same again changes nothing.
    async fn capture(&self, wish: Capture) -> Result<Payment>;
    /// Lets go of money that was set aside. Idempotent: doing it again changes nothing.
    async fn release(&self, payment: PaymentId) -> Result<Payment>;
    /// Gives money back. It is reserved at once, so that no two refunds exceed what was captured, and
    /// given back by the provider afterwards. Each wish is another refund.
    async fn give_back(&self, wish: NewRefund) -> Result<Refund>;
    /// One refund of a payment.
    async fn refund(&self, which: RefundOf) -> Result<Refund>;
    /// What was booked for a payment, both sides of each posting.
    async fn ledger(&self, which: LedgerOf) -> Result<Page<LedgerEntry>>;
    /// Takes what a provider tells us, if it is signed by the provider. Idempotent by the event's id.
    async fn notice(&self, webhook: Webhook) -> Result<Noticed>;
    /// One page of every payment there is, by id, with what happened to each; for those who keep copies.
    async fn records(&self, page: PageRequest) -> Result<Page<PaymentRecord>>;
}

ports::remote! {
    Payments in "payments", Error => RemotePayments, PaymentsSkeleton, LocalPayments {
        query payment(PaymentOf) -> Payment;
        command attempt(NewAttempt) -> Payment;
        command complete_action(ActionDone) -> Payment;
        query tokenize(Card) -> CardToken;
        query inspect(PaymentId) -> Payment;
        command capture(Capture) -> Payment;
        command release(PaymentId) -> Payment;
        command give_back(NewRefund) -> Refund;
        query refund(RefundOf) -> Refund;
        query ledger(LedgerOf) -> Page<LedgerEntry>;
        command notice(Webhook) -> Noticed;
        query records(PageRequest) -> Page<PaymentRecord>;
    }
}

/// Why payments said no.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Error {
    #[error("there is no payment {0}")]
    UnknownPayment(PaymentId),
    #[error("there is no refund {0} of this payment")]
    UnknownRefund(RefundId),
    #[error("the payment cannot be tried again: it is {0}")]
    NotPayable(Status),
    #[error("there is nothing to capture: the payment is {0}")]
    NotCapturable(Status),
    #[error("the payment cannot be voided: it is {0}")]
    NotVoidable(Status),
    #[error("at most {0} can be given back")]
    RefundExceedsCaptured(Money),
    #[error("the provider is still working on it")]
    InProgress,
    #[error("the bank wants to see the customer first")]
    ActionRequired,
    #[error("the payment could be tried until {0}")]
    Expired(Timestamp),
    #[error("the card was declined: {0}")]
    Declined(String),
    #[error("there is no such action to complete")]
    UnknownAction,
    #[error("there is no provider {0:?} here")]
    UnknownProvider(String),
    #[error("the signature is not the provider's: {0}")]
    Forged(String),
    #[error("the Idempotency-Key was used for another request")]
    KeyReused,
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("payments failed")]
    Broken,
}

/// What every method of [`Payments`] returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::UnknownPayment(_)
            | Self::UnknownRefund(_)
            | Self::UnknownAction
            | Self::UnknownProvider(_) => Code::NotFound,
            Self::NotPayable(_)
            | Self::NotCapturable(_)
            | Self::NotVoidable(_)
            | Self::Expired(_) => Code::Conflict,
            Self::RefundExceedsCaptured(_) => Code::RefundExceedsCaptured,
            Self::InProgress => Code::RequestInProgress,
            Self::ActionRequired => Code::PaymentActionRequired,
            Self::Declined(_) => Code::PaymentDeclined,
            Self::Forged(_) => Code::Unauthenticated,
            Self::KeyReused => Code::IdempotencyKeyReused,
            Self::Invalid(_) => Code::ValidationFailed,
            Self::Unreachable(cause) => cause.code(),
            Self::Broken => Code::Internal,
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(violations) => violations.clone(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        matches!(self, Self::InProgress).then_some(std::time::Duration::from_secs(1))
    }
}
