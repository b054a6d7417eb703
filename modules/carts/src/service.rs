//! Carts at work: decide, then record.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use carts_api::{Cart, CartOf, Carts, Error, OpenCart, PutLine, RemoveLine, Result};
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
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) settings: Settings,
}

#[async_trait]
impl Carts for Service {
    async fn open(&self, wish: OpenCart) -> Result<Cart> {
        let now = self.clock.now();
        let fresh = Fresh {
            id: self.ids.next(),
            customer: wish.customer,
            currency: wish.currency,
            now,
            expires_at: now.plus(self.settings.life),
        };
        let cart = self.store.open(&fresh).await.map_err(told)?;
        self.compared(cart).await
    }

    async fn cart(&self, which: CartOf) -> Result<Cart> {
        let cart = self.store.find(which).await.map_err(told)?;
        self.compared(cart).await
    }

    async fn put_line(&self, wish: PutLine) -> Result<Cart> {
        let quantity = domain::quantity(wish.quantity)?;
        let which = CartOf { customer: wish.customer, cart: wish.cart };
        for _ in 0..ATTEMPTS {
            let cart = self.store.find(which).await.map_err(told)?;
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
            let cart = self.store.find(which).await.map_err(told)?;
            let Some(changed) = cart.clone().without(wish.variant)? else {
                return self.compared(cart).await;
            };
            if let Some(cart) = self.recorded(changed).await? {
                return self.compared(cart).await;
            }
        }
        Err(contended())
    }
}

impl Service {
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
