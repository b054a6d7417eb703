//! What the rest of the shop may know about money moved.
//!
//! Money is asked for by a command, [`Collect`], and the answer is a message that may come at once, after
//! a second card, or never: the customer decides. A decline is an answer ([`Declined`]) and leaves the
//! payment open for another attempt; [`Void`] closes it for good and cannot be refused. What the
//! provider did not answer is neither: the payment is `processing` until the provider has said what
//! happened, and nobody is ever charged on a guess.

use kernel::{
    Code, Command, Fault, Message, Moment, Money, Never, Page, PageRequest, Timestamp, Version,
    Violation,
};
use orders_api::{OrderId, PaymentId};
use ports::{Unreachable, async_trait};
use serde::{Deserialize, Serialize};
use users_api::UserId;

mod events;
mod moments;
mod token;

pub use events::{PaymentAuthorized, PaymentCompleted, PaymentFailed, PaymentRefunded};
pub use token::is_token;

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
    /// One page of every payment there is, by id, with what happened to each; for those who keep copies.
    async fn records(&self, page: PageRequest) -> Result<Page<PaymentRecord>>;
}

ports::remote! {
    Payments in "payments", Error => RemotePayments, PaymentsSkeleton, LocalPayments {
        query payment(PaymentOf) -> Payment;
        command attempt(NewAttempt) -> Payment;
        command complete_action(ActionDone) -> Payment;
        query tokenize(Card) -> CardToken;
        query records(PageRequest) -> Page<PaymentRecord>;
    }
}

/// Take the money for an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collect {
    /// The payment's id, given out by orders.
    pub payment: PaymentId,
    /// For which order.
    pub order: OrderId,
    /// Who pays.
    pub customer: UserId,
    /// How much.
    pub amount: Money,
    /// With what, for the first attempt.
    pub token: String,
    /// After this instant no new attempt is begun.
    pub until: Timestamp,
}

/// The money is ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collected {
    /// By which payment.
    pub payment: PaymentId,
    /// How much.
    pub amount: Money,
}

/// The provider said no to one attempt; the payment stays open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Declined {
    /// Which payment.
    pub payment: PaymentId,
    /// Why, in the provider's words: `card_declined`, `insufficient_funds`, …
    pub decline_code: String,
}

impl Message for Collect {
    const CHANNEL: &'static str = "payments.commands";
    const TYPE: &'static str = "collect";
    fn key(&self) -> String {
        self.order.to_string()
    }
}

impl Command for Collect {
    type Reply = Collected;
    type Refusal = Declined;
}

/// Take no money for an order any more, and give back what was taken. Leaves a tombstone: a [`Collect`]
/// that arrives later takes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Void {
    /// The payment's id, given out by orders.
    pub payment: PaymentId,
    /// For which order.
    pub order: OrderId,
    /// Who would have paid.
    pub customer: UserId,
    /// How much it was about.
    pub amount: Money,
}

impl Message for Void {
    const CHANNEL: &'static str = "payments.commands";
    const TYPE: &'static str = "void";
    fn key(&self) -> String {
        self.order.to_string()
    }
}

impl Command for Void {
    type Reply = ();
    type Refusal = Never;
}

/// A payment and who asks for it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PaymentOf {
    /// Whose it must be.
    pub customer: UserId,
    /// Which one.
    pub payment: PaymentId,
}

/// A wish to try another card.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewAttempt {
    /// Whose it must be.
    pub customer: UserId,
    /// Which payment.
    pub payment: PaymentId,
    /// With what.
    pub token: String,
    /// Names the intention: one key is one attempt.
    pub key: String,
}

/// The customer did what the bank wanted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ActionDone {
    /// Whose it must be.
    pub customer: UserId,
    /// Which payment.
    pub payment: PaymentId,
    /// Which of its actions, as [`NextAction::id`] named it.
    pub action: String,
}

/// The number of a test card; it is turned into a token and forgotten.
#[derive(Clone, Serialize, Deserialize)]
pub struct Card {
    /// Digits and spaces.
    pub number: String,
}

impl std::fmt::Debug for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Card(…)")
    }
}

/// Stands for a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardToken {
    /// What to give as `payment.token`.
    pub token: String,
    /// The last four digits, to show.
    pub last4: String,
}

/// A payment with everything that happened to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentRecord {
    /// As it is now.
    pub payment: Payment,
    /// Oldest first.
    pub timeline: Vec<Moment>,
}

/// Money on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// Never reused.
    pub id: PaymentId,
    /// For which order.
    pub order: OrderId,
    /// Who pays.
    pub customer: UserId,
    /// How much.
    pub amount: Money,
    /// How far it has got.
    pub status: Status,
    /// What was tried, oldest first.
    pub attempts: Vec<Attempt>,
    /// What the customer must do before it can go on.
    pub next_action: Option<NextAction>,
    /// How much was taken, minor units of `amount`'s currency.
    pub captured: i64,
    /// How much was given back.
    pub refunded: i64,
    /// After this instant no new attempt is begun.
    pub expires_at: Timestamp,
    /// Its ETag.
    pub version: Version,
}

/// How far a payment has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Open: nothing is under way; another card may be tried.
    Requested,
    /// The provider was asked and has not said what happened.
    Processing,
    /// The customer's bank wants to see the customer.
    RequiresAction,
    /// The money is ours.
    Captured,
    /// Closed without money, or the money was given back.
    Voided,
}

/// One try at taking the money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts from 1.
    pub n: u32,
    /// What the provider calls it.
    pub provider_ref: Option<String>,
    /// How far it has got.
    pub status: AttemptStatus,
    /// Why the provider said no.
    pub decline_code: Option<String>,
}

/// How far an attempt has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptStatus {
    /// The provider has not said what happened.
    Processing,
    /// The customer must act.
    RequiresAction,
    /// The money was taken.
    Succeeded,
    /// The provider said no.
    Declined,
}

/// What a customer must do before a payment can go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextAction {
    /// Names it.
    pub id: String,
    /// What it is: `authenticate`.
    pub kind: String,
}

/// Why payments said no.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Error {
    #[error("there is no payment {0}")]
    UnknownPayment(PaymentId),
    #[error("the payment cannot be tried again: it is {0:?}")]
    NotPayable(Status),
    #[error("the provider is still working on the last attempt")]
    InProgress,
    #[error("the payment could be tried until {0}")]
    Expired(Timestamp),
    #[error("the card was declined: {0}")]
    Declined(String),
    #[error("there is no such action to complete")]
    UnknownAction,
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
            Self::UnknownPayment(_) | Self::UnknownAction => Code::NotFound,
            Self::NotPayable(_) | Self::Expired(_) => Code::Conflict,
            Self::InProgress => Code::RequestInProgress,
            Self::Declined(_) => Code::PaymentDeclined,
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
