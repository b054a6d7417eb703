//! What payments announces. Every event of one payment is applied in its order.

use kernel::{Event, Message};

use super::*;

/// The bank has set the money of a payment aside; it is taken later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentAuthorized {
    /// Which payment.
    pub payment: PaymentId,
    /// For which order.
    pub order: OrderId,
    /// Who pays.
    pub customer: UserId,
    /// How much.
    pub amount: Money,
    /// The payment's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// All the money of a payment was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentCompleted {
    /// Which payment.
    pub payment: PaymentId,
    /// For which order.
    pub order: OrderId,
    /// Who paid.
    pub customer: UserId,
    /// How much.
    pub amount: Money,
    /// The payment's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// An attempt was declined.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentFailed {
    /// Which payment.
    pub payment: PaymentId,
    /// For which order.
    pub order: OrderId,
    /// Who tried to pay.
    pub customer: UserId,
    /// Why, in the provider's words.
    pub decline_code: String,
    /// The payment's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// Money was given back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentRefunded {
    /// Which payment.
    pub payment: PaymentId,
    /// For which order.
    pub order: OrderId,
    /// Who got it.
    pub customer: UserId,
    /// How much, this time.
    pub amount: Money,
    /// How much in all, this time included; minor units of the same currency.
    pub refunded: i64,
    /// How much had been taken; minor units of the same currency.
    pub captured: i64,
    /// The payment's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

macro_rules! announced {
    ($($event:ident = $type:literal;)+) => {$(
        impl Message for $event {
            const CHANNEL: &'static str = "payments.payment";
            const TYPE: &'static str = $type;
            fn key(&self) -> String {
                self.payment.to_string()
            }
        }

        impl Event for $event {}
    )+};
}

announced! {
    PaymentAuthorized = "payment-authorized";
    PaymentCompleted = "payment-completed";
    PaymentFailed = "payment-failed";
    PaymentRefunded = "payment-refunded";
}
