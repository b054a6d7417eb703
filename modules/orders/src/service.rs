//! Orders at work: ask the neighbours, decide, record.

use std::{sync::Arc, time::Duration};

use carts_api::{Cart, CartOf};
use deliveries_api::Destination;
use host::{
    Intent,
    idempotency::{self, Lookup, Recorded},
};
use kernel::{Ids, Moment, Page, PageRequest, Version};
use messaging::Publish;
use orders_api::{
    CancelOrder, Error, Order, OrderCancelled, OrderExpired, OrderOf, OrderPlaced, OrderRecord,
    Orders, PlaceOrder, Placed, Result, ShipTo, Status,
};
use ports::{Context, async_trait};
use products_api::{Hold, HoldLine};
use saga::{Abandoned, Engine, SagaId};
use storage::Failure;
use users_api::{AddressOf, PostalAddress, UserId};

use crate::{
    Needs,
    checkout::{self, Checkout},
    domain::{self, Birth, Happening, Wish},
    store::Store,
};

mod neighbours;

/// How often an order is born again because its number was taken.
const BIRTHS: u32 = 3;
/// How long one round of the sweeper may take.
const ROUND: Duration = Duration::from_secs(30);

pub(crate) struct Service {
    store: Store,
    engine: Arc<Engine>,
    ids: Ids,
    needs: Needs,
}

/// Why an order was not placed.
enum NotPlaced {
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
    pub(crate) fn new(store: Store, engine: Arc<Engine>, ids: Ids, needs: Needs) -> Self {
        Self { store, engine, ids, needs }
    }

    /// One try at turning a wish into an order.
    async fn place_once(&self, wish: &PlaceOrder) -> std::result::Result<Order, NotPlaced> {
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
        let (cart, ship_to) = futures::try_join!(self.cart(wish), self.address(wish))?;
        let destination = Destination::new(&*ship_to.country, cart.currency);
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
            cart,
            ship_to,
            quotes,
            delivery_method: wish.delivery_method.clone(),
            expected_total: wish.expected_total,
        };
        domain::draft(wish, &birth)
    }

    async fn cart(&self, wish: &PlaceOrder) -> Result<Cart> {
        let which = CartOf { customer: wish.customer, cart: wish.cart };
        self.needs.carts.cart(which).await.map_err(neighbours::carts)
    }

    async fn address(&self, wish: &PlaceOrder) -> Result<PostalAddress> {
        match &wish.ship_to {
            ShipTo::Here(address) => Ok(address.clone()),
            ShipTo::Book(address) => {
                let which = AddressOf { owner: wish.customer, address: *address };
                Ok(self.needs.users.address(which).await.map_err(neighbours::users)?.address)
            }
        }
    }

    /// The order, its answer, its saga and its announcement: all or nothing.
    async fn record(
        &self,
        wish: &PlaceOrder,
        order: &Order,
    ) -> std::result::Result<(), storage::Error> {
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
            until: order.expires_at,
        };
        self.engine.start(&mut tx, &checkout).await?;
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
        })?;
        tx.commit().await
    }

    /// Gives back the stock of an order that was not placed. When that fails the hold runs out.
    async fn give_back(&self, order: &Order) {
        if let Err(cause) = self.needs.products.release(checkout::owner(order.id)).await {
            tracing::warn!(order = %order.id, %cause, "stock of an order that was not placed stays held");
        }
    }

    /// The answer that was given to this wish before, if one was.
    async fn earlier(&self, wish: &PlaceOrder) -> Result<Option<Placed>> {
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

    /// Ends a pending order and its saga, if that is still possible.
    async fn end(
        &self,
        order: &Order,
        happening: Happening,
        why: &str,
    ) -> std::result::Result<Order, Failure<Error>> {
        let mut tx = self.store.begin().await?;
        let saga = SagaId::of::<Checkout>(order.id);
        let abandoned = self.engine.abandon(&mut tx, &saga, why).await?;
        let ended = match abandoned {
            Abandoned::Taken => self.store.advance(&tx, order.id, happening).await?,
            Abandoned::Already | Abandoned::TooLate | Abandoned::Unknown => None,
        };
        let Some(ended) = ended else {
            tx.rollback().await?;
            let which = OrderOf { customer: order.customer, order: order.id };
            let now = self.store.find(which).await?;
            let status = now.map_or(order.status, |order| order.status);
            return Err(Failure::Refused(Error::NotCancellable(status)));
        };
        let Order { id: order, customer, version, .. } = ended;
        let (number, contact) = (ended.number.clone(), ended.contact.clone());
        let at = self.needs.clock.now();
        if happening == Happening::Expired {
            tx.publish(&OrderExpired { order, number, customer, contact, version, at })?;
        } else {
            let reason = why.to_owned();
            tx.publish(&OrderCancelled { order, number, customer, contact, reason, version, at })?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    /// Ends every order that was not paid in time.
    pub(crate) async fn expire_overdue(&self) {
        let round = async {
            let overdue = match self.store.overdue(self.needs.clock.now()).await {
                Ok(overdue) => overdue,
                Err(cause) => return tracing::warn!(%cause, "overdue orders cannot be looked for"),
            };
            for order in overdue {
                let ended = self.end(&order, Happening::Expired, "not paid in time").await;
                match ended {
                    Ok(_) => tracing::info!(order = %order.id, "an order expired"),
                    Err(Failure::Refused(_)) => {}
                    Err(cause) => {
                        tracing::warn!(order = %order.id, %cause, "cannot expire an order")
                    }
                }
            }
        };
        Context::begin(crate::NAME, ROUND).scope(round).await;
    }
}

#[async_trait]
impl Orders for Service {
    /// An answer that was recorded before is looked for only when there is something in the way of a
    /// new one: that spares the first request a statement, and a repeated one is always in its own way,
    /// because its cart has become an order.
    async fn place(&self, wish: PlaceOrder) -> Result<Placed> {
        let wish = PlaceOrder { payment_token: domain::token(wish.payment_token)?, ..wish };
        for _ in 0..BIRTHS {
            let refusal = match self.place_once(&wish).await {
                Ok(order) => return Ok(Placed { order, replayed: false }),
                Err(NotPlaced::NumberTaken) => continue,
                Err(NotPlaced::Twin) => Error::CartNotActive(wish.cart),
                Err(NotPlaced::Refused(refusal)) => refusal,
            };
            return match self.earlier(&wish).await? {
                Some(placed) => Ok(placed),
                None => Err(refusal),
            };
        }
        tracing::error!("order numbers are running out");
        Err(Error::Broken)
    }

    async fn order(&self, which: OrderOf) -> Result<Order> {
        let found = self.store.find(which).await.map_err(broken)?;
        found.ok_or(Error::UnknownOrder(which.order))
    }

    async fn records(&self, page: PageRequest) -> Result<Page<OrderRecord>> {
        let page = self.store.page(&page).await.map_err(broken)?;
        Ok(page.map(|order| {
            let timeline = vec![Moment::new(Version::FIRST, order.placed_at, "order-placed")];
            OrderRecord { order, timeline }
        }))
    }

    async fn cancel(&self, wish: CancelOrder) -> Result<Order> {
        let reason = domain::reason(&wish.reason)?;
        let which = OrderOf { customer: wish.customer, order: wish.order };
        let order = self.order(which).await?;
        if order.status == Status::Cancelled {
            return Ok(order);
        }
        let ended = storage::retry(|| self.end(&order, Happening::Cancelled, &reason)).await;
        ended.map_err(|failure| match failure {
            Failure::Refused(refusal) => refusal,
            Failure::Storage(cause) => broken(cause),
        })
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

fn as_json(order: &Order) -> std::result::Result<String, storage::Error> {
    let broken = |cause: serde_json::Error| sea_orm::DbErr::Json(cause.to_string());
    Ok(serde_json::to_string(order).map_err(broken)?)
}

/// Keeps the cause at home; a caller learns only that we failed.
fn broken(cause: storage::Error) -> Error {
    tracing::error!(%cause, "orders' database failed");
    Error::Broken
}
