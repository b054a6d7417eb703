//! What the world hears of an order, in the transaction that makes it true.

use messaging::Publish;
use orders_api::{
    Order, OrderCancelled, OrderCancelling, OrderCompleted, OrderExpired, OrderKept, OrderPlaced,
    OrderRejected,
};
use storage::{Error, Tx};

use crate::{domain::Happening, store::Happened};

/// Tells that `order` was placed.
pub(crate) fn placed(tx: &mut Tx, order: &Order) -> Result<(), Error> {
    tx.publish(&OrderPlaced {
        order: order.id,
        number: order.number.clone(),
        customer: order.customer,
        contact: order.contact.clone(),
        cart: order.cart,
        lines: order.lines.clone(),
        totals: order.totals,
        payment: order.payment,
        expires_at: order.expires_at,
        version: order.version,
        at: order.placed_at,
    })
}

/// Tells what `happened` made of `order`, if anybody else has to know.
pub(crate) fn told(tx: &mut Tx, order: &Order, happened: &Happened) -> Result<(), Error> {
    let Order { id: order_id, customer, version, .. } = *order;
    let (number, contact, at) = (order.number.clone(), order.contact.clone(), happened.at);
    let reason = happened.detail.clone().unwrap_or_default();
    match happened.happening {
        Happening::Completed => tx.publish(&OrderCompleted {
            order: order_id,
            number,
            customer,
            contact,
            lines: order.lines.clone(),
            ship_to: order.ship_to.clone(),
            delivery_method: order.delivery_method.clone(),
            total: order.totals.grand,
            version,
            at,
        }),
        Happening::Cancelled | Happening::CalledOff => tx.publish(&OrderCancelled {
            order: order_id,
            number,
            customer,
            contact,
            reason,
            version,
            at,
        }),
        Happening::Expired => {
            tx.publish(&OrderExpired { order: order_id, number, customer, contact, version, at })
        }
        Happening::Rejected => tx.publish(&OrderRejected {
            order: order_id,
            number,
            customer,
            contact,
            reason,
            version,
            at,
        }),
        Happening::Cancelling => {
            tx.publish(&OrderCancelling { order: order_id, customer, reason, version, at })
        }
        Happening::Kept => {
            tx.publish(&OrderKept { order: order_id, customer, reason, version, at })
        }
        Happening::Declined
        | Happening::Authorized
        | Happening::Voided
        | Happening::Paid
        | Happening::Undone
        | Happening::Refunded { .. }
        | Happening::Delivery(_) => Ok(()),
    }
}
