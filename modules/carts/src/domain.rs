//! What a cart may hold, and what stands between it and an order. Nothing here awaits.

use std::result;

use carts_api::{CartId, Error, Line, Requirement, RequirementKind, Result, Status};
use kernel::{Currency, Money, MoneyError, Timestamp, Version, Violation};
use products_api::{Variant, VariantId};
use users_api::UserId;

/// A cart as it is kept, before anybody has looked at what products says today.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cart {
    pub(crate) id: CartId,
    pub(crate) customer: UserId,
    pub(crate) currency: Currency,
    pub(crate) lines: Vec<Line>,
    pub(crate) status: Status,
    /// The cart that its lines went into.
    pub(crate) merged_into: Option<CartId>,
    pub(crate) expires_at: Timestamp,
    pub(crate) version: Version,
}

impl Cart {
    /// The cart at `now`: over when its time is, whether that has been written down or not.
    pub(crate) fn at(self, now: Timestamp) -> Self {
        let over = self.status == Status::Active && self.expires_at <= now;
        if over { Self { status: Status::Expired, ..self } } else { self }
    }

    /// The cart with `quantity` of `variant` at today's price: in its old place if it was in already.
    pub(crate) fn put(mut self, variant: &Variant, quantity: u32) -> Result<Self> {
        self.changeable()?;
        let line = snapshot(variant, quantity, self.currency)?;
        match self.lines.iter().position(|line| line.variant == variant.id) {
            Some(place) => self.lines[place] = line,
            None if self.lines.len() >= carts_api::Cart::MAX_LINES => {
                return Err(Error::TooManyLines);
            }
            None => self.lines.push(line),
        }
        total(self.currency, &self.lines).map_err(|_| {
            let detail = "the total of the cart would be too large to be written";
            Error::Invalid(vec![Violation::new("/quantity", "out-of-range", detail)])
        })?;
        Ok(self)
    }

    /// The cart with what is in `other` as well: quantities add up, and the price of the cart that was
    /// changed later is the newer one.
    pub(crate) fn with(mut self, other: &Self) -> Result<Self> {
        self.changeable()?;
        other.changeable()?;
        if self.currency != other.currency && !other.lines.is_empty() {
            let (here, there) = (self.currency.code(), other.currency.code());
            let detail = format!("your cart is in {here} and the other one in {there}");
            let pointer = "/guest_token";
            return Err(Error::Invalid(vec![Violation::new(pointer, "currency-mismatch", detail)]));
        }
        for line in &other.lines {
            match self.lines.iter().position(|own| own.variant == line.variant) {
                Some(place) => {
                    let own = &mut self.lines[place];
                    let sum = own.quantity.saturating_add(line.quantity);
                    if other.expires_at > self.expires_at {
                        *own = line.clone();
                    }
                    own.quantity = sum.min(carts_api::Cart::MAX_QUANTITY);
                }
                None if self.lines.len() < carts_api::Cart::MAX_LINES => {
                    self.lines.push(line.clone());
                }
                None => {}
            }
        }
        Ok(self)
    }

    /// The cart without `variant`, or nothing when it is not in.
    pub(crate) fn without(mut self, variant: VariantId) -> Result<Option<Self>> {
        self.changeable()?;
        let before = self.lines.len();
        self.lines.retain(|line| line.variant != variant);
        Ok((self.lines.len() < before).then_some(self))
    }

    /// The cart as neighbours see it, compared with what products says today; without `today` it is
    /// stale.
    pub(crate) fn shown(
        self,
        today: Option<&[Variant]>,
    ) -> result::Result<carts_api::Cart, MoneyError> {
        let total = total(self.currency, &self.lines)?;
        let requirements = requirements(&self.lines, today);
        Ok(carts_api::Cart {
            id: self.id,
            customer: self.customer,
            currency: self.currency,
            total,
            status: self.status,
            requirements,
            stale: today.is_none(),
            expires_at: self.expires_at,
            version: self.version,
            lines: self.lines,
        })
    }

    fn changeable(&self) -> Result<()> {
        match self.status {
            Status::Active => Ok(()),
            ended => Err(Error::NotActive(ended)),
        }
    }
}

/// Reads a quantity.
pub(crate) fn quantity(wanted: u32) -> Result<u32> {
    let most = carts_api::Cart::MAX_QUANTITY;
    if (1..=most).contains(&wanted) {
        return Ok(wanted);
    }
    let detail = format!("a quantity is 1 to {most}");
    Err(Error::Invalid(vec![Violation::new("/quantity", "out-of-range", detail)]))
}

/// A line about `variant` as it is today.
fn snapshot(variant: &Variant, quantity: u32, currency: Currency) -> Result<Line> {
    if !variant.for_sale {
        return Err(Error::VariantUnavailable(variant.id));
    }
    if variant.price.currency != currency {
        let (cart, price) = (currency.code(), variant.price.currency.code());
        let detail = format!("the cart is in {cart} and {} is sold in {price}", variant.sku);
        return Err(Error::Invalid(vec![Violation::new("/variant", "currency-mismatch", detail)]));
    }
    Ok(Line {
        variant: variant.id,
        quantity,
        sku: variant.sku.clone(),
        title: variant.title.clone(),
        price: variant.price,
        weight_g: variant.weight_g,
    })
}

/// What all lines cost at their snapshots.
fn total(currency: Currency, lines: &[Line]) -> result::Result<Money, MoneyError> {
    let mut total = Money::zero(currency);
    for line in lines {
        total = total.plus(line.price.times(line.quantity.into())?)?;
    }
    Ok(total)
}

/// Everything that stands between a cart with these lines and an order, line by line.
///
/// `today` is what products says about the lines' variants; without it only the cart itself is looked
/// at.
pub(crate) fn requirements(lines: &[Line], today: Option<&[Variant]>) -> Vec<Requirement> {
    if lines.is_empty() {
        let detail = "put something into the cart".to_owned();
        return vec![Requirement { kind: RequirementKind::Empty, line: None, detail }];
    }
    let Some(today) = today else { return Vec::new() };
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let variant = today.iter().find(|variant| variant.id == line.variant);
        for (kind, detail) in differences(line, variant) {
            found.push(Requirement { kind, line: Some(index), detail });
        }
    }
    found
}

/// How a line differs from what products says of its variant.
fn differences(line: &Line, variant: Option<&Variant>) -> Vec<(RequirementKind, String)> {
    let title = &line.title;
    let Some(variant) = variant.filter(|variant| variant.for_sale) else {
        let detail = format!("{title} is not for sale any more: take it out");
        return vec![(RequirementKind::Unavailable, detail)];
    };
    let mut found = Vec::new();
    if variant.price != line.price {
        let (old, new) = (line.price, variant.price);
        let detail =
            format!("{title} costs {new} now instead of {old}: put it in again to accept that");
        found.push((RequirementKind::PriceChanged, detail));
    }
    if variant.available < i64::from(line.quantity) {
        let (left, wanted) = (variant.available.max(0), line.quantity);
        let detail = format!("only {left} of {title} are left, {wanted} are wanted");
        found.push((RequirementKind::OutOfStock, detail));
    }
    found
}
