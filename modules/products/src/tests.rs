//! Stories of products, each told in process, over the wire format, and on Postgres.

mod browsing;
mod counting;
mod holding;
mod importing;
mod keeping;
mod messages;
mod model;
mod public;
mod searching;
mod shipping;
mod statements;
mod sweeping;

use std::{sync::Arc, time::Duration};

use host::{Background, Hosted};
use kernel::{Currency, Ids, ManualClock, Money, Timestamp};
use messaging::Subscriptions;
use products_api::{
    Error, Hold, HoldLine, NewCategory, NewProduct, NewVariant, OptionValue, Owner, ProductStatus,
    Products, RemoteProducts, Shortage, VariantId,
};
use storage::{Database, Options};

use crate::{Needs, Settings};

/// Products, open over a fresh database, with a clock that stands still.
struct Shop {
    products: Arc<dyn Products>,
    db: Database,
    clock: Arc<ManualClock>,
    routes: host::Routes,
    subscriptions: Subscriptions,
    background: Vec<Background>,
}

/// Runs `story` in process, then over the wire format, then in process on Postgres.
async fn check(story: impl AsyncFn(Shop)) {
    story(Shop::open(on_sqlite().await)).await;
    let mut there = Shop::open(on_sqlite().await);
    there.products = RemoteProducts::over(products_api::ProductsSkeleton::new(there.products));
    story(there).await;
    story(Shop::open(on_postgres().await)).await;
}

async fn on_sqlite() -> Database {
    migrated(Options::new("sqlite::memory:")).await
}

async fn on_postgres() -> Database {
    migrated(Options::new(testkit::postgres().await)).await
}

async fn migrated(options: Options) -> Database {
    let db = Database::open(&options).await.unwrap();
    db.migrate(migrations::of("products").unwrap()).await.unwrap();
    db
}

impl Shop {
    fn open(db: Database) -> Self {
        let clock = Arc::new(ManualClock::at(NOON));
        let settings = Settings { sweep_every: Duration::from_millis(5), ..Settings::default() };
        let meters = ports::Meters::default();
        let needs = Needs { clock: clock.clone(), ids: Ids::new(clock.clone()), meters, settings };
        let Hosted { port, wire: _, routes, subscriptions, sagas: _, background } =
            crate::open(db.clone(), needs);
        Self { products: port, db, clock, routes, subscriptions, background }
    }

    /// Puts a product with one variant on sale.
    async fn stocked(&self, slug: &str, on_hand: u32) -> VariantId {
        let product = self.products.add_product(wish(slug, &[(slug, 900, on_hand)])).await.unwrap();
        product.variants[0].id
    }

    async fn available(&self, variant: VariantId) -> i64 {
        self.products.variants(vec![variant]).await.unwrap()[0].available
    }

    /// Fails unless movements, levels and reservations agree.
    async fn adds_up(&self) {
        assert_eq!(crate::audit(&self.db).await.unwrap(), []);
    }
}

const NOON: Timestamp = Timestamp::from_micros(1_767_268_800_000_000);

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn owner(name: &str) -> Owner {
    Owner(name.to_owned())
}

/// A wish for a product whose variants are given as SKU, price and stock.
fn wish(slug: &str, variants: &[(&str, i64, u32)]) -> NewProduct {
    let variant = |(sku, price, on_hand): &(&str, i64, u32)| NewVariant {
        sku: (*sku).to_owned(),
        options: vec![OptionValue { name: "kind".into(), value: format!("no. {sku}") }],
        price: eur(*price),
        compare_at: None,
        weight_g: 250,
        barcode: None,
        track_stock: true,
        for_sale: true,
        on_hand: *on_hand,
    };
    NewProduct {
        slug: slug.to_owned(),
        title: format!("The {slug}"),
        description: format!("Nothing but a {slug}."),
        status: ProductStatus::Active,
        categories: Vec::new(),
        attributes: Vec::new(),
        media: vec![format!("/media/{slug}.jpg")],
        variants: variants.iter().map(variant).collect(),
    }
}

fn category(slug: &str, parent: Option<&str>, position: i64) -> NewCategory {
    let parent = parent.map(str::to_owned);
    NewCategory { slug: slug.to_owned(), name: slug.to_uppercase(), parent, position }
}

fn hold(who: &str, lines: &[(VariantId, u32)]) -> Hold {
    let line = |(variant, quantity): &(VariantId, u32)| HoldLine {
        variant: *variant,
        quantity: *quantity,
    };
    let expires_at = NOON.plus(Duration::from_secs(15 * 60));
    Hold { owner: owner(who), lines: lines.iter().map(line).collect(), expires_at }
}

fn pointers(error: Error) -> Vec<String> {
    kernel::Fault::violations(&error).into_iter().map(|violation| violation.pointer).collect()
}
