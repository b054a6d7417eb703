//! Carts at work: decide, then record.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use carts_api::{
    Cart, CartOf, Carts, Error, Merge, OpenCart, PutLine, Quote, Quotes, QuotesFor, RemoveLine,
    Result, Status,
};
use deliveries_api::{Deliveries, Destination};
use kernel::{Clock, Ids};
use ports::{Context, Unreachable, async_trait};
use products_api::{Products, Variant, VariantId};
use storage::Failure;

use crate::{
    Settings, domain,
    store::{Fresh, Store},
};

/// How often a change is tried when others change the same cart at the same time.
const ATTEMPTS: u32 = 8;

pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) products: Arc<dyn Products>,
    pub(crate) deliveries: Arc<dyn Deliveries>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) settings: Settings,
}

#[async_trait]
impl Carts for Service {
    async fn open(&self, wish: OpenCart) -> Result<Cart> {
        let cart = self.opened(wish).await?;
        self.compared(cart).await
    }

    async fn cart(&self, which: CartOf) -> Result<Cart> {
        let cart = self.kept(which).await?;
        self.compared(cart).await
    }

    async fn put_line(&self, wish: PutLine) -> Result<Cart> {
        let quantity = domain::quantity(wish.quantity)?;
        let which = CartOf { customer: wish.customer, cart: wish.cart };
        for _ in 0..ATTEMPTS {
            let cart = self.kept(which).await?;
            let today = self.today(&cart.lines, Some(wish.variant)).await.map_err(silent)?;
            let variant = today.iter().find(|variant| variant.id == wish.variant);
            let variant = variant.ok_or(Error::VariantUnavailable(wish.variant))?;
            let changed = cart.put(variant, quantity)?;
            if let Some(cart) = self.recorded(changed).await? {
                return shown(cart, Some(&today));
            }
        }
        Err(contended())
    }

    async fn remove_line(&self, wish: RemoveLine) -> Result<Cart> {
        let which = CartOf { customer: wish.customer, cart: wish.cart };
        for _ in 0..ATTEMPTS {
            let cart = self.kept(which).await?;
            let Some(changed) = cart.clone().without(wish.variant)? else {
                return self.compared(cart).await;
            };
            if let Some(cart) = self.recorded(changed).await? {
                return self.compared(cart).await;
            }
        }
        Err(contended())
    }

    async fn merge(&self, wish: Merge) -> Result<Cart> {
        let Merge { customer, guest, cart } = wish;
        for _ in 0..ATTEMPTS {
            let guests = self.kept(CartOf { customer: guest, cart }).await?;
            if let (Status::Merged, Some(into)) = (guests.status, guests.merged_into) {
                return self.cart(CartOf { customer, cart: into }).await;
            }
            let own = self.store.active(customer).await.map_err(told)?;
            let own = own.map(|own| own.at(self.clock.now()));
            let own = match own.filter(|own| own.status == Status::Active) {
                Some(own) => own,
                None => self.opened(OpenCart { customer, currency: guests.currency }).await?,
            };
            let merged = own.with(&guests)?;
            let expires_at = self.clock.now().plus(self.settings.life);
            if self.store.merge(&guests, &merged, expires_at).await.map_err(told)? {
                let version = merged.version.next();
                return self.compared(domain::Cart { expires_at, version, ..merged }).await;
            }
        }
        Err(contended())
    }

    async fn quotes(&self, wish: QuotesFor) -> Result<Quotes> {
        let which = CartOf { customer: wish.customer, cart: wish.cart };
        let cart = shown(self.kept(which).await?, None)?;
        let destination = Destination::new(wish.country, cart.currency)
            .worth(cart.total)
            .weighing(cart.weight_g());
        let quotes = self.deliveries.quotes(destination).await.map_err(|no| match no {
            deliveries_api::Error::Invalid(violations) => Error::Invalid(violations),
            deliveries_api::Error::Unreachable(cause) => Error::Unreachable(cause),
            surprise => {
                tracing::error!(%surprise, "deliveries answered out of turn");
                Error::Broken
            }
        })?;
        let quote = |quote| {
            let deliveries_api::Quote { method, name, price, days } = quote;
            Quote { method, name, price, days }
        };
        Ok(Quotes { items: quotes.items.into_iter().map(quote).collect(), silent: quotes.silent })
    }
}

impl Service {
    /// A cart as it is kept, over if its time is.
    async fn kept(&self, which: CartOf) -> Result<domain::Cart> {
        Ok(self.store.find(which).await.map_err(told)?.at(self.clock.now()))
    }

    /// The customer's active cart, as it is kept.
    async fn opened(&self, wish: OpenCart) -> Result<domain::Cart> {
        let now = self.clock.now();
        let fresh = Fresh {
            id: self.ids.next(),
            customer: wish.customer,
            currency: wish.currency,
            now,
            expires_at: now.plus(self.settings.life),
        };
        self.store.open(&fresh).await.map_err(told)
    }

    /// Ends every cart that nobody came back for.
    pub(crate) async fn sweep(&self) {
        match self.store.expire(self.clock.now()).await {
            Ok(0) => {}
            Ok(expired) => tracing::info!(expired, "carts that nobody came back for"),
            Err(cause) => tracing::warn!(%cause, "carts cannot be expired"),
        }
    }

    /// Records `changed` and gives it as it is kept now; nothing when somebody else was faster.
    async fn recorded(&self, changed: domain::Cart) -> Result<Option<domain::Cart>> {
        let expires_at = self.clock.now().plus(self.settings.life);
        let recorded = self.store.change(&changed, expires_at).await.map_err(told)?;
        let version = changed.version.next();
        Ok(recorded.then_some(domain::Cart { expires_at, version, ..changed }))
    }

    /// The cart beside what products says today; from its snapshots alone when products is silent.
    async fn compared(&self, cart: domain::Cart) -> Result<Cart> {
        match self.today(&cart.lines, None).await {
            Ok(today) => shown(cart, Some(&today)),
            Err(cause) => {
                tracing::warn!(%cause, cart = %cart.id, "a cart is shown without products");
                shown(cart, None)
            }
        }
    }

    /// What products says about the variants in `lines`, and about one `more`.
    async fn today(
        &self,
        lines: &[carts_api::Line],
        more: Option<VariantId>,
    ) -> products_api::Result<Vec<Variant>> {
        let mut wanted: Vec<_> = lines.iter().map(|line| line.variant).collect();
        wanted.extend(more.filter(|more| !wanted.contains(more)));
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        within(self.settings.products_patience).scope(self.products.variants(wanted)).await
    }
}

/// The running request, with at most `patience` left.
fn within(patience: Duration) -> Context {
    let mut context = Context::current();
    context.deadline = context.deadline.min(Instant::now() + patience);
    context
}

fn shown(cart: domain::Cart, today: Option<&[Variant]>) -> Result<Cart> {
    cart.shown(today).map_err(|cause| {
        tracing::error!(%cause, "a stored cart has no total");
        Error::Broken
    })
}

/// Without products no line can be priced.
fn silent(cause: products_api::Error) -> Error {
    tracing::warn!(%cause, "products gave no price for a line");
    match cause {
        products_api::Error::Unreachable(Unreachable::DeadlineExceeded) => {
            Error::Unreachable(Unreachable::DeadlineExceeded)
        }
        _ => Error::Unreachable(Unreachable::NoReply("products gave no answer".into())),
    }
}

fn contended() -> Error {
    tracing::error!(attempts = ATTEMPTS, "a cart changed faster than it could be written");
    Error::Broken
}

/// Keeps the cause at home; a caller learns only that we failed.
fn told(failure: Failure<Error>) -> Error {
    match failure {
        Failure::Refused(refusal) => refusal,
        Failure::Storage(cause) => {
            tracing::error!(%cause, "the carts' store failed");
            Error::Broken
        }
    }
}
