//! Stories about carts, told in process and over the wire format, on SQLite and on Postgres.

mod catalogue;
mod conversion;
mod expiring;
mod lines;
mod merging;
mod over_http;
mod requirements;

use std::sync::Arc;

use carts_api::{Cart, CartOf, Carts, OpenCart, PutLine, RemoteCarts, Result};
use host::Hosted;
use kernel::{Currency, Ids, ManualClock, Timestamp};
use products_api::{LocalProducts, VariantId};
use storage::{Database, Options};
use users_api::UserId;

use self::catalogue::Catalogue;
use crate::{Needs, Settings};

const NOON: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);

/// A wire that leads nowhere.
struct Nowhere;

#[ports::async_trait]
impl ports::Transport for Nowhere {
    async fn call(&self, _: ports::Call) -> std::result::Result<ports::Reply, ports::Unreachable> {
        Err(ports::Unreachable::NoReply("nowhere".into()))
    }
}

/// Carts over a database of their own, beside a catalogue that does as the story wants.
struct World {
    clock: Arc<ManualClock>,
    carts: Arc<dyn Carts>,
    hosted: Hosted<dyn Carts>,
    db: Database,
    catalogue: Arc<Catalogue>,
    ids: Ids,
    ada: UserId,
}

/// Runs `story` in process, then over the wire format, then in process on Postgres.
async fn check(story: impl AsyncFn(World)) {
    story(World::open(on_sqlite().await)).await;
    let mut there = World::open(on_sqlite().await);
    there.carts = RemoteCarts::over(there.hosted.wire.clone());
    story(there).await;
    story(World::open(on_postgres().await)).await;
}

async fn on_sqlite() -> Database {
    migrated(Options::new("sqlite::memory:")).await
}

async fn on_postgres() -> Database {
    migrated(Options::new(testkit::postgres().await)).await
}

async fn migrated(options: Options) -> Database {
    let db = Database::open(&options).await.unwrap();
    db.migrate(migrations::of("carts").unwrap()).await.unwrap();
    db
}

impl World {
    fn open(db: Database) -> Self {
        let clock = Arc::new(ManualClock::at(NOON));
        let ids = Ids::new(clock.clone());
        let catalogue = Arc::new(Catalogue::new(ids.clone()));
        let meters = ports::Meters::default();
        let products = LocalProducts::around(catalogue.clone(), &meters);
        let settings = Settings {
            products_patience: std::time::Duration::from_millis(50),
            ..Settings::default()
        };
        let deliveries = Arc::new(Nowhere);
        let deliveries = deliveries_api::RemoteDeliveries::over(deliveries);
        let now = clock.clone();
        let needs = Needs { products, deliveries, clock, ids: ids.clone(), meters, settings };
        let hosted = crate::open(db.clone(), needs);
        let ada = ids.next();
        Self { clock: now, carts: hosted.port.clone(), hosted, db, catalogue, ids, ada }
    }

    async fn cart(&self) -> Cart {
        let wish = OpenCart { customer: self.ada, currency: Currency::EUR };
        self.carts.open(wish).await.unwrap()
    }

    async fn put(&self, cart: &Cart, variant: VariantId, quantity: u32) -> Result<Cart> {
        let wish = PutLine { customer: cart.customer, cart: cart.id, variant, quantity };
        self.carts.put_line(wish).await
    }

    async fn seen(&self, cart: &Cart) -> Cart {
        let which = CartOf { customer: cart.customer, cart: cart.id };
        self.carts.cart(which).await.unwrap()
    }
}
