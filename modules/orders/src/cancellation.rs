//! The saga of a completed order that somebody does not want any more: call the delivery off, give the
//! money back, then the stock, then call it cancelled.
//!
//! Calling the delivery off is the pivot. It is refused once the carrier has the parcel, and then the order
//! is completed again. Afterwards there is no way back: the money is given back until it is.

use deliveries_api::{AlreadyDispatched, CancelDelivery};
use kernel::{Money, Version};
use orders_api::{OrderId, PaymentId};
use payments_api::Void;
use products_api::ReleaseReservation;
use saga::{Plan, Saga, Sealed, Undoable, Verdict};
use serde::{Deserialize, Serialize};
use users_api::UserId;

use crate::{checkout::owner, domain::Happening, steps::Change};

/// What whoever cancelled too late is told.
const TOO_LATE: &str = "the parcel has left already";

/// What the steps need to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cancellation {
    pub(crate) order: OrderId,
    /// The version at which the order began to be cancelled: one that was kept can be tried again.
    pub(crate) version: Version,
    pub(crate) payment: PaymentId,
    pub(crate) customer: UserId,
    pub(crate) amount: Money,
    pub(crate) reason: String,
}

impl Saga for Cancellation {
    const NAME: &'static str = "cancellation";
    type Change = Change;

    fn key(&self) -> String {
        format!("{}.{}", self.order, self.version.0)
    }

    fn plan(plan: Plan<Self, Undoable>) -> Sealed<Self> {
        plan.pivot_step(
            "delivery",
            |it| CancelDelivery {
                order: it.order,
                customer: it.customer,
                reason: it.reason.clone(),
            },
            |it, _: &AlreadyDispatched| {
                Verdict::abandon().record(Change::of(it.order, Happening::Kept).because(TOO_LATE))
            },
        )
        .then("refund", |it| Void {
            payment: it.payment,
            order: it.order,
            customer: it.customer,
            amount: it.amount,
        })
        .then("stock", |it| ReleaseReservation { owner: owner(it.order) })
        .then_local("cancel", |it| Change::of(it.order, Happening::CalledOff).because(&it.reason))
        .done()
    }
}
