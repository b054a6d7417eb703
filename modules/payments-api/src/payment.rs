//! A payment and what belongs to it.

use std::fmt;

use super::*;

kernel::id! {
    /// One refund.
    RefundId = "ref"
}

/// A payment with everything that happened to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentRecord {
    /// As it is now.
    pub payment: Payment,
    /// Oldest first.
    pub timeline: Vec<Moment>,
}

/// Money on its way. Amounts without a currency are minor units of `amount`'s.
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
    /// When the money is taken once it is set aside.
    pub capture: CaptureMode,
    /// How far it has got.
    pub status: Status,
    /// What was tried, oldest first.
    pub attempts: Vec<Attempt>,
    /// What the customer must do before it can go on.
    pub next_action: Option<NextAction>,
    /// How much the bank has set aside, what was taken of it included.
    pub authorized: i64,
    /// How much was taken.
    pub captured: i64,
    /// How much is being given back.
    pub refund_pending: i64,
    /// How much was given back.
    pub refunded: i64,
    /// Every refund, oldest first.
    pub refunds: Vec<Refund>,
    /// After this instant no new attempt is begun.
    pub expires_at: Timestamp,
    /// Its ETag.
    pub version: Version,
}

impl Payment {
    /// How much can still be given back.
    pub fn refundable(&self) -> Money {
        let left = self.captured - self.refunded - self.refund_pending;
        Money::new(left, self.amount.currency)
    }
}

/// When money is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMode {
    /// At once.
    #[default]
    Automatic,
    /// When the staff says so; until then it is set aside.
    Manual,
}

/// How far a payment has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Open: nothing is under way; another card may be tried.
    Requested,
    /// The provider was asked and has not said what happened.
    Processing,
    /// The customer's bank wants to see the customer.
    RequiresAction,
    /// The money is set aside, and not taken yet.
    Authorized,
    /// The money is ours, but for what was refunded.
    Captured,
    /// Closed without money: the provider did not let us have it.
    Failed,
    /// Closed without money, or all of it was given back.
    Voided,
    /// Closed without money: nobody paid in time.
    Expired,
}

impl Status {
    /// Whether nothing will happen any more.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Failed | Self::Voided | Self::Expired)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requested => "open",
            Self::Processing => "being worked on",
            Self::RequiresAction => "waiting for the customer",
            Self::Authorized => "authorized",
            Self::Captured => "captured",
            Self::Failed => "failed",
            Self::Voided => "voided",
            Self::Expired => "expired",
        })
    }
}

/// One try at taking the money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts from 1.
    pub n: u32,
    /// Who was asked.
    pub provider: String,
    /// What the provider calls it.
    pub provider_ref: Option<String>,
    /// How far it has got.
    pub status: AttemptStatus,
    /// Why the provider said no.
    pub decline_code: Option<String>,
}

/// How far an attempt has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptStatus {
    /// The provider has not said what happened.
    Processing,
    /// The customer must act.
    RequiresAction,
    /// The money is set aside.
    Authorized,
    /// The money was taken.
    Succeeded,
    /// The provider said no, or it was ended before anything was taken.
    Declined,
}

/// What a customer must do before a payment can go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextAction {
    /// Names it.
    pub id: String,
    /// What it is: `authenticate`.
    pub kind: String,
    /// Where the customer does it, when that is a page of the bank.
    pub url: Option<String>,
}

/// Money on its way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Never reused.
    pub id: RefundId,
    /// Of which payment.
    pub payment: PaymentId,
    /// How much.
    pub amount: Money,
    /// Why, for people.
    pub reason: String,
    /// How far it has got.
    pub status: RefundStatus,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Its ETag.
    pub version: Version,
}

/// How far a refund has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// The amount is reserved; the provider has not confirmed it.
    Pending,
    /// The money went back.
    Succeeded,
    /// The provider refused; nothing went back.
    Failed,
}

/// One side of a posting. Each posting sums to zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// What moved: `capture`, or `refund:` and the refund's id.
    pub posting: String,
    /// Whose side.
    pub account: Account,
    /// What the account gained; negative when it lost.
    pub amount: Money,
    /// When it was booked.
    pub recorded_at: Timestamp,
}

/// Between whom money moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// Whoever pays.
    Customer,
    /// Our money at the provider.
    Provider,
}
