//! What payments is asked to do by message, and how it answers.

use super::*;

/// Take the money for an order.
///
/// Asking again for the same payment, with a later `until`, keeps it open for longer.
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
    /// How much: all of it, unless the staff has captured a part.
    pub amount: Money,
}

/// The provider said no to one attempt; the payment stays open, unless its status says otherwise.
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

/// Take no money for an order any more, and give back all that was taken and is not given back yet. The
/// answer comes when the provider has confirmed it. Leaves a tombstone: a [`Collect`] that arrives later
/// takes nothing.
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
