//! What deliveries can be told to do.

use kernel::{Command, Message};

use super::*;

/// Call off whatever is to be delivered for an order. Leaves a tombstone: an order that is completed
/// later is not delivered either.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CancelDelivery {
    /// Which order.
    pub order: OrderId,
    /// Whose it is.
    pub customer: UserId,
    /// Why.
    pub reason: String,
}

/// The carrier has a parcel of the order; nothing was called off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlreadyDispatched {
    /// Which order.
    pub order: OrderId,
}

impl Message for CancelDelivery {
    const CHANNEL: &'static str = "deliveries.commands";
    const TYPE: &'static str = "cancel-delivery";
    fn key(&self) -> String {
        self.order.to_string()
    }
}

impl Command for CancelDelivery {
    type Reply = ();
    type Refusal = AlreadyDispatched;
}
