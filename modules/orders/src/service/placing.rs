//! From a wish to a pending order: ask the neighbours, decide, record.

use std::result;

use carts_api::{Cart, CartOf};
use deliveries_api::Destination;
use host::{
    Intent,
    idempotency::{self, Lookup, Recorded},
};
use kernel::PageRequest;
use orders_api::{Error, Order, PlaceOrder, Placed, Result, ShipTo};
use products_api::{Hold, HoldLine};
use users_api::{AddressOf, AddressesOf, PostalAddress, UserId};

use super::{Service, broken, neighbours};
use crate::{
    announce,
    checkout::{self, Checkout},
    domain::{self, Birth, Wish},
};

/// Why an order was not placed.
pub(super) enum NotPlaced {
    /// A neighbour or the rules said no, or the database failed.
    Refused(Error),
    /// An order of this cart, or an answer under this key, exists.
    Twin,
    /// Another order has its number.
    NumberTaken,
}

impl From<Error> for NotPlaced {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl Service {
    /// One try at turning a wish into an order.
    pub(super) async fn place_once(&self, wish: &PlaceOrder) -> result::Result<Order, NotPlaced> {
        let order = self.draft(wish).await?;
        let lines = order.lines.iter();
        let lines = lines.map(|line| HoldLine { variant: line.variant, quantity: line.quantity });
        let hold = Hold {
            owner: checkout::owner(order.id),
            lines: lines.collect(),
            expires_at: order.expires_at,
        };
        self.needs.products.reserve(hold).await.map_err(neighbours::products)?;
        match self.record(wish, &order).await {
            Ok(()) => Ok(order),
            Err(storage::Error::Unknown(cause)) => {
                tracing::error!(order = %order.id, cause, "it is unknown whether an order was placed");
                Err(Error::Broken.into())
            }
            Err(cause) => {
                self.give_back(&order).await;
                Err(not_recorded(cause))
            }
        }
    }

    /// The order as it would be, with everything it depends on asked for at once.
    async fn draft(&self, wish: &PlaceOrder) -> Result<Order> {
        let contact = domain::contact(wish.customer, wish.contact.clone())?;
        let (cart, ship_to, bill_to) = futures::try_join!(
            self.cart(wish),
            self.address(wish.customer, &wish.ship_to, "/address"),
            self.billing(wish),
        )?;
        let destination = Destination::new(&*ship_to.country, cart.currency)
            .worth(cart.total)
            .weighing(cart.weight_g());
        let quotes =
            self.needs.deliveries.quotes(destination).await.map_err(neighbours::deliveries)?;
        let placed_at = self.needs.clock.now();
        let birth = Birth {
            id: self.ids.next(),
            payment: self.ids.next(),
            placed_at,
            expires_at: placed_at.plus(self.needs.settings.hold),
        };
        let wish = Wish {
            customer: wish.customer,
            contact,
            cart,
            bill_to: bill_to.unwrap_or_else(|| ship_to.clone()),
            ship_to,
            quotes: quotes.items,
            delivery_method: wish.delivery_method.clone(),
            expected_total: wish.expected_total,
        };
        domain::draft(wish, &birth)
    }

    async fn cart(&self, wish: &PlaceOrder) -> Result<Cart> {
        let which = CartOf { customer: wish.customer, cart: wish.cart };
        self.needs.carts.cart(which).await.map_err(neighbours::carts)
    }

    /// Where that is; `at` is where it stands in the request.
    async fn address(&self, customer: UserId, to: &ShipTo, at: &str) -> Result<PostalAddress> {
        match to {
            ShipTo::Here(address) => domain::address(address, at),
            ShipTo::Book(address) => {
                let which = AddressOf { owner: customer, address: *address };
                Ok(self.needs.users.address(which).await.map_err(neighbours::users)?.address)
            }
            ShipTo::Default => self.default_address(customer).await,
        }
    }

    async fn default_address(&self, customer: UserId) -> Result<PostalAddress> {
        if identity::is_guest(&customer.to_string()) {
            return Err(domain::address_missing());
        }
        let page = PageRequest { limit: PageRequest::MAX_LIMIT, after: None };
        let whose = AddressesOf { owner: customer, page };
        let book = self.needs.users.addresses(whose).await.map_err(neighbours::users)?;
        let default = book.page.items.into_iter().find(|entry| entry.defaults.shipping);
        Ok(default.ok_or_else(domain::address_missing)?.address)
    }

    async fn billing(&self, wish: &PlaceOrder) -> Result<Option<PostalAddress>> {
        match &wish.bill_to {
            Some(to) => self.address(wish.customer, to, "/billing_address").await.map(Some),
            None => Ok(None),
        }
    }

    /// The order, its answer, its saga and its announcement: all or nothing.
    async fn record(&self, wish: &PlaceOrder, order: &Order) -> result::Result<(), storage::Error> {
        let mut tx = self.store.begin().await?;
        let answer = Recorded { status: 201, body: as_json(order)? };
        let (scope, intent) = intention(wish);
        idempotency::record(&tx, &scope, &intent, &answer, order.placed_at).await?;
        self.store.insert(&tx, order).await?;
        let checkout = Checkout {
            order: order.id,
            payment: order.payment,
            customer: order.customer,
            amount: order.totals.grand,
            token: wish.payment_token.clone(),
            until: order.placed_at.plus(self.needs.settings.longest_hold),
        };
        self.engine.start(&mut tx, &checkout).await?;
        announce::placed(&mut tx, order)?;
        tx.commit().await
    }

    /// Gives back the stock of an order that was not placed. When that fails the hold runs out.
    async fn give_back(&self, order: &Order) {
        if let Err(cause) = self.needs.products.release(checkout::owner(order.id)).await {
            tracing::warn!(order = %order.id, %cause, "stock of an order that was not placed stays held");
        }
    }

    /// The answer that was given to this wish before, if one was.
    pub(super) async fn earlier(&self, wish: &PlaceOrder) -> Result<Option<Placed>> {
        let (scope, intent) = intention(wish);
        let found = idempotency::lookup(&self.store.reader(), &scope, &intent).await;
        match found.map_err(broken)? {
            Lookup::Fresh => Ok(None),
            Lookup::Reused => Err(Error::KeyReused),
            Lookup::Replay(answer) => {
                let order = serde_json::from_str(&answer.body).map_err(|cause| {
                    tracing::error!(%cause, "a recorded answer cannot be read");
                    Error::Broken
                })?;
                Ok(Some(Placed { order, replayed: true }))
            }
        }
    }
}

fn intention(wish: &PlaceOrder) -> (String, Intent) {
    let PlaceOrder { idempotency, customer, .. } = wish;
    (scope(*customer), Intent::restored(&idempotency.key, &idempotency.fingerprint))
}

/// Whose keys these are, and for what.
pub(crate) fn scope(customer: UserId) -> String {
    format!("{customer} place")
}

fn not_recorded(cause: storage::Error) -> NotPlaced {
    match &cause {
        storage::Error::Unique { constraint } if constraint.contains("number") => {
            NotPlaced::NumberTaken
        }
        storage::Error::Unique { .. } => NotPlaced::Twin,
        _ => NotPlaced::Refused(broken(cause)),
    }
}

fn as_json(order: &Order) -> result::Result<String, storage::Error> {
    let broken = |cause: serde_json::Error| sea_orm::DbErr::Json(cause.to_string());
    Ok(serde_json::to_string(order).map_err(broken)?)
}
