//! The rules of orders. Nothing here awaits.

mod counting;
mod state;
#[cfg(test)]
mod tests;

use std::time::Duration;

use carts_api::{Cart, Requirement, RequirementKind};
use deliveries_api::Quote;
use kernel::{Money, Timestamp, Version, Violation};
use orders_api::{
    Contact, Counts, DeliveryStatus, Error, Line, Order, OrderId, OrderNumber, PaymentId,
    PaymentStatus, Result, Status, Totals,
};
use ports::Unreachable;
use users_api::{PostalAddress, UserId};

pub(crate) use counting::{Fate, Parcel, counts};
pub(crate) use state::{Happening, State, goal, next, sources};

/// What a customer asked for, with everything it depends on, as it was a moment ago.
pub(crate) struct Wish {
    pub(crate) customer: UserId,
    pub(crate) contact: Option<Contact>,
    pub(crate) cart: Cart,
    pub(crate) ship_to: PostalAddress,
    pub(crate) bill_to: PostalAddress,
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
    if wish.cart.stale {
        let why = "products did not say in time what the things in the cart cost today";
        return Err(Error::Unreachable(Unreachable::NoReply(why.to_owned())));
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
        contact: wish.contact,
        cart: wish.cart.id,
        lines: wish.cart.lines.into_iter().map(line).collect(),
        ship_to: wish.ship_to,
        bill_to: wish.bill_to,
        delivery_method: wish.delivery_method,
        totals,
        status: Status::Pending,
        payment_status: PaymentStatus::None,
        delivery_status: DeliveryStatus::None,
        payment: birth.payment,
        placed_at: birth.placed_at,
        expires_at: birth.expires_at,
        version: Version::FIRST,
        announced: Version::FIRST,
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
    let carts_api::Line { variant, quantity, sku, title, price, weight_g: _ } = line;
    Line { variant, quantity, sku, title, price, counts: Counts::default() }
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

/// How a customer is reached: a guest says so, a user is known to users.
pub(crate) fn contact(customer: UserId, given: Option<Contact>) -> Result<Option<Contact>> {
    if !identity::is_guest(&customer.to_string()) {
        return Ok(None);
    }
    let wrong = |code: &'static str, detail: &'static str| {
        Error::Invalid(vec![Violation::new("/contact/email", code, detail)])
    };
    let missing = || wrong("required", "whoever buys without an account gives an e-mail address");
    let email = given.ok_or_else(missing)?.email.trim().to_owned();
    let (local, host) = email.rsplit_once('@').unwrap_or_default();
    let plain = |letter: char| !letter.is_whitespace() && !letter.is_control();
    let fits = (1..=64).contains(&local.len()) && email.len() <= 254 && email.chars().all(plain);
    match fits && host.contains('.') && !host.starts_with('.') && !host.ends_with('.') {
        true => Ok(Some(Contact { email })),
        false => Err(wrong("email", "this is not an e-mail address")),
    }
}

/// An address that came with a wish, as it is printed on a label; `at` is where it stood.
pub(crate) fn address(given: &PostalAddress, at: &str) -> Result<PostalAddress> {
    let mut wrong = Vec::new();
    let address = given.read(at, &mut wrong);
    if wrong.is_empty() { Ok(address) } else { Err(Error::Invalid(wrong)) }
}

/// What stands between a cart and an order when nobody has said where it goes.
pub(crate) fn address_missing() -> Error {
    let detail = "say where it goes: give `address_id` or `address`, or choose a default in your address book"
        .to_owned();
    let kind = RequirementKind::AddressMissing;
    Error::Unmet(vec![Requirement { kind, line: None, detail }])
}

/// Until when an order is held that should have been paid by `order.expires_at`, while it is not the
/// customer's fault that it was not; nothing when that has lasted long enough.
pub(crate) fn extended(
    order: &Order,
    now: Timestamp,
    hold: Duration,
    longest: Duration,
) -> Option<Timestamp> {
    let last = order.placed_at.plus(longest);
    let until = now.plus(hold).min(last);
    (until > order.expires_at && now < last).then_some(until)
}
