//! The moments of an order, as its events tell them; the owner's timeline tells the same.

use kernel::{Message, Moment};

use super::*;

macro_rules! moments {
    ($($event:ident { $($reason:ident)? })+) => {$(
        impl From<&$event> for Moment {
            fn from(event: &$event) -> Self {
                let moment = Self::new(event.version, event.at, $event::TYPE);
                $(let moment = moment.detailed(event.$reason.clone());)?
                moment
            }
        }
    )+};
}

moments! {
    OrderPlaced {}
    OrderCompleted {}
    OrderExpired {}
    OrderCancelling { reason }
    OrderKept { reason }
    OrderCancelled { reason }
    OrderRejected { reason }
}
