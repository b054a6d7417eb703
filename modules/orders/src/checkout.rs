//! The saga of one purchase: take the money, then sell the stock, then call it completed.
//!
//! The stock is held before the saga begins. Until it is sold everything can be undone. A declined card
//! undoes nothing: the order stays payable until it expires or is cancelled. When the money comes and the
//! hold was taken back meanwhile, selling makes it again; if somebody else has bought the last one, the
//! money goes back and the order is rejected. So one of both happens, and never both.

use kernel::{Money, Timestamp};
use orders_api::{OrderId, PaymentId};
use payments_api::{Collect, Declined, Void};
use products_api::{CommitReservation, Owner, ReleaseReservation, Unavailable};
use saga::{Plan, Saga, Sealed, Undoable, Verdict};
use serde::{Deserialize, Serialize};
use users_api::UserId;

use crate::{domain::Happening, steps::Change};

/// What the customer of a rejected order is told.
const SOLD_OUT: &str = "what was ordered was sold out before the payment came";

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

impl Checkout {
    fn owner(&self) -> Owner {
        owner(self.order)
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
            .refused(|checkout, why: &Declined| {
                let declined = Change::of(checkout.order, Happening::Declined);
                Verdict::stay().record(declined.because(&why.decline_code))
            })
            .records(|checkout| Change::of(checkout.order, Happening::Paid))
            .undo(|checkout| Void {
                payment: checkout.payment,
                order: checkout.order,
                customer: checkout.customer,
                amount: checkout.amount,
            })
            .step("commit", |checkout| CommitReservation { owner: checkout.owner() })
            .refused(|checkout, _: &Unavailable| {
                let rejected = Change::of(checkout.order, Happening::Rejected);
                Verdict::abandon().record(rejected.because(SOLD_OUT))
            })
            .undo(|checkout| ReleaseReservation { owner: checkout.owner() })
            .pivot()
            .then_local("complete", |checkout| Change::of(checkout.order, Happening::Completed))
            .done()
    }

    fn compensated(&self) -> Option<Change> {
        Some(Change::of(self.order, Happening::Undone))
    }
}
