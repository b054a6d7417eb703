//! What payments is asked for by its port.

use std::fmt;

use super::*;

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

/// Take what was set aside.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Capture {
    /// Of which payment.
    pub payment: PaymentId,
    /// How much of it; all of it when absent.
    pub amount: Option<Money>,
}

/// Give money back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewRefund {
    /// Of which payment.
    pub payment: PaymentId,
    /// How much.
    pub amount: Money,
    /// Why, for people.
    pub reason: String,
}

/// A refund and the payment it must belong to.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RefundOf {
    /// Which payment.
    pub payment: PaymentId,
    /// Which refund of it.
    pub refund: RefundId,
}

/// A part of a payment's ledger.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerOf {
    /// Which payment.
    pub payment: PaymentId,
    /// Which part.
    pub page: PageRequest,
}

/// What came in at a provider's address.
#[derive(Clone, Serialize, Deserialize)]
pub struct Webhook {
    /// Who it claims to be from.
    pub provider: String,
    /// How it is signed: `t=…,v1=…`.
    pub signature: Option<String>,
    /// Byte for byte, because that is what is signed.
    pub body: String,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook(of {}, {} bytes)", self.provider, self.body.len())
    }
}

/// What a provider told us is kept, and will be looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noticed {
    /// Whether it had been told before.
    pub again: bool,
}

/// The number of a test card; it is turned into a token and forgotten.
#[derive(Clone, Serialize, Deserialize)]
pub struct Card {
    /// Digits and spaces.
    pub number: String,
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
