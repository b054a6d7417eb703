//! The rules of orders. Nothing here awaits.

use carts_api::Cart;
use deliveries_api::Quote;
use kernel::{Money, Timestamp, Version, Violation};
use orders_api::{
    DeliveryStatus, Error, Line, Order, OrderId, OrderNumber, PaymentId, PaymentStatus, Result,
    Status, Totals,
};
use users_api::{PostalAddress, UserId};

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
    /// The money is ours.
    Paid,
    /// The stock is sold, so it can be delivered.
    Completed,
    /// The customer does not want it any more.
    Cancelled,
    /// Nobody paid in time.
    Expired,
}

/// What the order becomes, or nothing when it cannot happen to it now.
pub(crate) fn next(state: State, happening: Happening) -> Option<State> {
    use DeliveryStatus::Preparing;
    use PaymentStatus::{None as Unpaid, Paid};
    match (state.status, state.payment, happening) {
        (Status::Pending, Unpaid, Happening::Paid) => Some(State { payment: Paid, ..state }),
        (Status::Pending, Paid, Happening::Completed) => {
            Some(State { status: Status::Completed, delivery: Preparing, ..state })
        }
        (Status::Pending, Unpaid, Happening::Cancelled) => {
            Some(State { status: Status::Cancelled, ..state })
        }
        (Status::Pending, Unpaid, Happening::Expired) => {
            Some(State { status: Status::Expired, ..state })
        }
        _ => None,
    }
}

/// Every state from which `happening` leads on, with where it leads: the condition of its update.
pub(crate) fn transitions(happening: Happening) -> impl Iterator<Item = (State, State)> {
    states().filter_map(move |state| Some((state, next(state, happening)?)))
}

fn states() -> impl Iterator<Item = State> {
    const STATUSES: [Status; 4] =
        [Status::Pending, Status::Completed, Status::Cancelled, Status::Expired];
    const PAYMENTS: [PaymentStatus; 2] = [PaymentStatus::None, PaymentStatus::Paid];
    const DELIVERIES: [DeliveryStatus; 2] = [DeliveryStatus::None, DeliveryStatus::Preparing];
    STATUSES.into_iter().flat_map(|status| {
        PAYMENTS.into_iter().flat_map(move |payment| {
            DELIVERIES.into_iter().map(move |delivery| State { status, payment, delivery })
        })
    })
}

/// What a customer asked for, with everything it depends on, as it was a moment ago.
pub(crate) struct Wish {
    pub(crate) customer: UserId,
    pub(crate) cart: Cart,
    pub(crate) ship_to: PostalAddress,
    pub(crate) quotes: Vec<Quote>,
    pub(crate) delivery_method: String,
    pub(crate) expected_total: Money,
}

/// The names and times of an order that is about to be placed.
pub(crate) struct Birth {
    pub(crate) id: OrderId,
    pub(crate) payment: PaymentId,
    pub(crate) placed_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// Turns a wish into a pending order, or says what stands in between.
///
/// The requirements are those the cart itself shows: one function computes them for both.
pub(crate) fn draft(wish: Wish, birth: &Birth) -> Result<Order> {
    if wish.cart.status != carts_api::Status::Active {
        return Err(Error::CartNotActive(wish.cart.id));
    }
    if !wish.cart.requirements.is_empty() {
        return Err(Error::Unmet(wish.cart.requirements));
    }
    let totals = totals(&wish)?;
    if totals.grand != wish.expected_total {
        return Err(Error::PriceChanged { expected: wish.expected_total, actual: totals.grand });
    }
    Ok(Order {
        id: birth.id,
        number: number(birth.id),
        customer: wish.customer,
        contact: None,
        cart: wish.cart.id,
        lines: wish.cart.lines.into_iter().map(line).collect(),
        ship_to: wish.ship_to,
        delivery_method: wish.delivery_method,
        totals,
        status: Status::Pending,
        payment_status: PaymentStatus::None,
        delivery_status: DeliveryStatus::None,
        payment: birth.payment,
        placed_at: birth.placed_at,
        expires_at: birth.expires_at,
        version: Version::FIRST,
    })
}

fn totals(wish: &Wish) -> Result<Totals> {
    let quote = wish.quotes.iter().find(|quote| quote.method == wish.delivery_method);
    let quote = quote.ok_or_else(|| Error::Undeliverable {
        method: wish.delivery_method.clone(),
        country: wish.ship_to.country.clone(),
    })?;
    let (items, shipping) = (wish.cart.total, quote.price);
    let grand = items.plus(shipping).map_err(|cause| {
        Error::Invalid(vec![Violation::new(
            "/expected_total",
            "impossible-total",
            cause.to_string(),
        )])
    })?;
    Ok(Totals { items, shipping, grand })
}

fn line(line: carts_api::Line) -> Line {
    let carts_api::Line { variant, quantity, sku, title, price } = line;
    Line { variant, quantity, sku, title, price }
}

/// The number of an order, made of the random part of its id. A rare twin is refused by the database,
/// and the order is born again.
fn number(id: OrderId) -> OrderNumber {
    let random = kernel::Identifier::uuid(id).as_u128() & u128::from(u64::MAX >> 2);
    OrderNumber::new(u64::try_from(random).unwrap_or_default())
}

/// Refuses what may be the number of a card, before it reaches a database or a message.
pub(crate) fn token(text: String) -> Result<String> {
    if payments_api::is_token(&text) {
        return Ok(text);
    }
    let detail = "give a token that stands for a card, never its number: POST /v1/payment-tokens \
                  makes one of a test card";
    Err(Error::Invalid(vec![Violation::new("/payment/token", "token", detail)]))
}

/// Checks a reason that a person gave.
pub(crate) fn reason(text: &str) -> Result<String> {
    let text = text.trim();
    if (1..=500).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    let detail = "a reason has 1 to 500 characters";
    Err(Error::Invalid(vec![Violation::new("/reason", "length", detail)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_completed_only_when_it_is_paid() {
        for (from, to) in transitions(Happening::Completed) {
            assert_eq!(from.payment, PaymentStatus::Paid);
            assert_eq!((to.status, to.delivery), (Status::Completed, DeliveryStatus::Preparing));
        }
    }

    #[test]
    fn an_order_that_ended_or_is_paid_does_not_end_again() {
        for happening in [Happening::Cancelled, Happening::Expired] {
            for (from, _) in transitions(happening) {
                assert_eq!((from.status, from.payment), (Status::Pending, PaymentStatus::None));
            }
        }
        let paid_twice =
            transitions(Happening::Paid).any(|(from, _)| from.payment == PaymentStatus::Paid);
        assert!(!paid_twice);
    }
}
