//! How an order moves: one function, from what it is and what happens to what it becomes.

use DeliveryStatus::{None as Undelivered, Preparing};
use PaymentStatus::{Authorized, None as Unpaid, Paid, PartiallyRefunded, Refunded};
use Status::{Cancelled, Cancelling, Completed, Expired, Pending, Rejected};
use orders_api::{DeliveryStatus, PaymentStatus, Status};

/// The part of an order that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) status: Status,
    pub(crate) payment: PaymentStatus,
    pub(crate) delivery: DeliveryStatus,
}

/// What can happen to an order once it is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// The bank said no to a card; the customer may try another one.
    Declined,
    /// The bank has set the money aside.
    Authorized,
    /// What the bank had set aside is free again: the staff let it go, or the bank did.
    Voided,
    /// The money is ours.
    Paid,
    /// The stock is sold, so it can be delivered.
    Completed,
    /// Somebody does not want it any more, before it was completed.
    Cancelled,
    /// Nobody paid in time.
    Expired,
    /// The money came, and the stock was gone.
    Rejected,
    /// Somebody does not want it any more, after it was completed.
    Cancelling,
    /// It was too late for that: the parcel has left.
    Kept,
    /// The delivery is called off, and money and stock are given back.
    CalledOff,
    /// Whatever was taken for an order that ended is given back.
    Undone,
    /// A part of the money was given back, or all of it.
    Refunded {
        /// All of it.
        all: bool,
    },
    /// The parcels got that far.
    Delivery(DeliveryStatus),
}

/// What the order becomes, or nothing when it cannot happen to it now.
pub(crate) fn next(state: State, happening: Happening) -> Option<State> {
    let State { status, payment, delivery } = state;
    let ended = matches!(status, Cancelled | Expired | Rejected);
    match (happening, status, payment) {
        (Happening::Declined, Pending, Unpaid | Authorized) => Some(state),
        (Happening::Authorized, Pending, Unpaid) => Some(State { payment: Authorized, ..state }),
        (Happening::Voided, Pending, Authorized) => Some(State { payment: Unpaid, ..state }),
        (Happening::Paid, Pending, Unpaid | Authorized) => Some(State { payment: Paid, ..state }),
        (Happening::Completed, Pending, Paid | PartiallyRefunded | Refunded) => {
            Some(State { status: Completed, delivery: Preparing, ..state })
        }
        (Happening::Cancelled, Pending, _) => {
            Some(State { status: Cancelled, payment: unless_set_aside(payment), ..state })
        }
        (Happening::Expired, Pending, Unpaid | Authorized) => {
            Some(State { status: Expired, payment: Unpaid, ..state })
        }
        (Happening::Rejected, Pending, Paid | PartiallyRefunded | Refunded) => {
            Some(State { status: Rejected, ..state })
        }
        (Happening::Cancelling, Completed, _) if matches!(delivery, Undelivered | Preparing) => {
            Some(State { status: Cancelling, ..state })
        }
        (Happening::Kept, Cancelling, _) => Some(State { status: Completed, ..state }),
        (Happening::CalledOff, Cancelling, _) => {
            Some(State { status: Cancelled, payment: Refunded, delivery: Undelivered })
        }
        (Happening::Undone, _, Paid | PartiallyRefunded) if ended => {
            Some(State { payment: Refunded, ..state })
        }
        (Happening::Refunded { all: true }, _, Paid | PartiallyRefunded) => {
            Some(State { payment: Refunded, ..state })
        }
        // It was taken after the order had ended, and nobody had heard of it yet.
        (Happening::Refunded { all: true }, _, Unpaid) if ended => {
            Some(State { payment: Refunded, ..state })
        }
        (Happening::Refunded { all: false }, _, Paid) => {
            Some(State { payment: PartiallyRefunded, ..state })
        }
        (Happening::Delivery(further), Completed | Cancelling, _) if further != delivery => {
            Some(State { delivery: further, ..state })
        }
        _ => None,
    }
}

/// Money that was set aside for an order that ends is let go.
fn unless_set_aside(payment: PaymentStatus) -> PaymentStatus {
    match payment {
        Authorized => Unpaid,
        taken => taken,
    }
}

/// Where `happening` usually leads, and whether it can lead elsewhere, too.
pub(crate) fn goal(happening: Happening) -> Option<(State, bool)> {
    let mut goals = states().filter_map(|state| next(state, happening));
    let first = goals.next()?;
    Some((first, goals.any(|other| other != first)))
}

/// Every state from which `happening` leads to `goal`: the condition of its update.
pub(crate) fn sources(happening: Happening, goal: State) -> impl Iterator<Item = State> {
    states().filter(move |state| next(*state, happening) == Some(goal))
}

fn states() -> impl Iterator<Item = State> {
    const STATUSES: [Status; 6] = [Pending, Completed, Cancelling, Cancelled, Expired, Rejected];
    const PAYMENTS: [PaymentStatus; 5] = [Unpaid, Paid, Authorized, PartiallyRefunded, Refunded];
    const DELIVERIES: [DeliveryStatus; 7] = [
        Undelivered,
        Preparing,
        DeliveryStatus::InTransit,
        DeliveryStatus::PartiallyDelivered,
        DeliveryStatus::Delivered,
        DeliveryStatus::Returning,
        DeliveryStatus::Returned,
    ];
    STATUSES.into_iter().flat_map(|status| {
        PAYMENTS.into_iter().flat_map(move |payment| {
            let with = move |delivery| State { status, payment, delivery };
            DELIVERIES.into_iter().map(with).filter(|state| is_possible(*state))
        })
    })
}

/// Whether an order can be like that; the database refuses the others.
pub(super) fn is_possible(state: State) -> bool {
    let State { status, payment, delivery } = state;
    let paid = matches!(payment, Paid | PartiallyRefunded | Refunded);
    match status {
        Pending => delivery == Undelivered,
        Completed | Cancelling => paid,
        Cancelled | Expired | Rejected => delivery == Undelivered && payment != Authorized,
    }
}

#[cfg(test)]
pub(super) fn all() -> Vec<State> {
    states().collect()
}
