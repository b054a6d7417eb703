//! The saga of one purchase: take the money, then sell the stock, then call it completed.
//!
//! The stock is held before the saga begins. Until the money is ours everything can be undone, and a
//! declined card undoes nothing: the order stays payable until it expires or is cancelled. If the stock is
//! gone by the time the money is ours, the money is given back. Afterwards every step can only be tried
//! again.

use kernel::{Money, Timestamp};
use orders_api::{OrderId, PaymentId};
use payments_api::{Collect, Declined, Void};
use products_api::{CommitReservation, Owner, ReleaseReservation};
use saga::{Plan, Saga, Sealed, Undoable, Verdict};
use serde::{Deserialize, Serialize};
use users_api::UserId;

use crate::domain::Happening;

/// What the steps need to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checkout {
    pub(crate) order: OrderId,
    pub(crate) payment: PaymentId,
    pub(crate) customer: UserId,
    pub(crate) amount: Money,
    pub(crate) token: String,
    pub(crate) until: Timestamp,
}

/// What the saga changes in this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) order: OrderId,
    pub(crate) happening: Happening,
}

impl Checkout {
    fn owner(&self) -> Owner {
        owner(self.order)
    }

    fn changes(&self, happening: Happening) -> Change {
        Change { order: self.order, happening }
    }
}

/// Under which name an order holds stock.
pub(crate) fn owner(order: OrderId) -> Owner {
    Owner(order.to_string())
}

impl Saga for Checkout {
    const NAME: &'static str = "checkout";
    type Change = Change;

    fn key(&self) -> String {
        self.order.to_string()
    }

    fn plan(plan: Plan<Self, Undoable>) -> Sealed<Self> {
        plan.holding("stock", |checkout| ReleaseReservation { owner: checkout.owner() })
            .step("collect", |checkout| Collect {
                payment: checkout.payment,
                order: checkout.order,
                customer: checkout.customer,
                amount: checkout.amount,
                token: checkout.token.clone(),
                until: checkout.until,
            })
            .refused(|_, _: &Declined| Verdict::stay())
            .records(|checkout| checkout.changes(Happening::Paid))
            .undo(|checkout| Void {
                payment: checkout.payment,
                order: checkout.order,
                customer: checkout.customer,
                amount: checkout.amount,
            })
            .pivot_step(
                "commit",
                |checkout| CommitReservation { owner: checkout.owner() },
                |_, _| Verdict::abandon(),
            )
            .then_local("complete", |checkout| checkout.changes(Happening::Completed))
            .done()
    }
}
