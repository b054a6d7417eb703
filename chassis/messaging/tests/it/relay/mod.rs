//! What every relay promises, whatever it reads from.

mod every;
mod foreign;
mod log;

use std::sync::Arc;

use async_trait::async_trait;
use messaging::{
    Bus, Delivery, Failure, Group, Handle, Method, Module, Options, Process, Running, Subscriptions,
};
use sea_orm::{ConnectionTrait, Statement};
use storage::{Database, Tx};
use testkit::eventually;

use crate::world::*;

/// A shop, whoever listens to it, and the way its messages are read.
pub(crate) struct Place {
    world: World,
    method: Method,
    pub shop: Database,
    pub db: Database,
}

impl Place {
    pub(crate) async fn sqlite() -> Self {
        Self::of(World::sqlite(), Method::Ticks).await
    }

    pub(crate) async fn ticks() -> Self {
        Self::of(World::postgres(), Method::Ticks).await
    }

    pub(crate) async fn log() -> Self {
        Self::of(World::postgres(), Method::Log).await
    }

    async fn of(world: World, method: Method) -> Self {
        let (shop, db) = (world.database("shop").await, world.database("ear").await);
        Self { world, method, shop, db }
    }

    /// A handle to the shop's database as another process has it.
    pub(crate) async fn elsewhere(&self) -> Database {
        self.world.database("shop").await
    }

    /// Where a database is.
    pub(crate) fn url(&self, name: &str) -> String {
        self.world.url(name)
    }

    /// Another database.
    pub(crate) async fn database(&self, name: &'static str) -> Database {
        self.world.database(name).await
    }

    /// Patient, and reading as this place does.
    pub(crate) fn options(&self) -> Options {
        Options { relay: self.method, ..patient() }
    }

    /// Starts the shop and its listener; comes back when the messages are read as they should be.
    pub(crate) async fn start(&self, options: Options) -> Running {
        self.start_with(options, Vec::new()).await
    }

    /// The same with groups elsewhere.
    pub(crate) async fn start_with(&self, options: Options, elsewhere: Vec<Group>) -> Running {
        let (running, follows) = (self.open(&options, elsewhere), options.relay == Method::Log);
        if follows {
            followed(&running).await;
        }
        running
    }

    /// Starts and waits for nothing.
    pub(crate) fn open(&self, options: &Options, elsewhere: Vec<Group>) -> Running {
        let hears = Subscriptions::of("ear").on::<Counted>(Arc::new(Sequence));
        let modules: Vec<Module> = vec![
            module("shop", &self.shop, Subscriptions::of("shop")),
            module("ear", &self.db, hears),
        ];
        Process::open(Bus { elsewhere, options: options.clone(), ..Bus::of(modules) })
    }

    /// Waits until so many messages were applied, and tells which of each key.
    pub(crate) async fn heard(&self, n: usize) {
        eventually("all is applied", LIMIT, async || applied(&self.db).await >= n).await;
    }

    /// Everything was applied once and in its order: so many of each key.
    pub(crate) async fn assert_complete(&self, keys: usize, each: i64) {
        let effects = effects(&self.db, "ear").await;
        assert_eq!(effects.len(), keys);
        for (key, numbers) in effects {
            assert_eq!(numbers, (1..=each).collect::<Vec<_>>(), "{key}");
        }
        assert_eq!(count(&self.db, "parked").await, 0, "nothing came too early");
    }

    pub(crate) async fn forgotten(&self) {
        let is_empty = async || count(&self.shop, "outbox").await == 0;
        eventually("the outbox is empty", LIMIT, is_empty).await;
    }
}

/// Waits until the log is read.
pub(crate) async fn followed(running: &Running) {
    let gauges = running.gauges();
    eventually("the log is followed", LIMIT, async || gauges.source("shop").log).await;
}

async fn applied(db: &Database) -> usize {
    effects(db, "ear").await.values().map(Vec::len).sum()
}

/// Notes the sequence number instead of the content.
struct Sequence;

#[async_trait]
impl Handle<Counted> for Sequence {
    async fn handle(&self, tx: &mut Tx, it: Counted, on: &Delivery) -> Result<(), Failure> {
        note(tx, on.subscriber(), &it.key, on.envelope().seq).await
    }
}

/// Eight writers of `keys` keys, so many messages each.
pub(crate) async fn write(shop: &Database, keys: i64, each: i64) {
    let writers = (0..8).map(|writer| {
        let shop = shop.clone();
        tokio::spawn(async move {
            for n in 0..each {
                publish(&shop, &format!("k{}", (writer + n) % keys), [n]).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

/// What a query says, as `n`.
pub(crate) async fn number(db: &Database, sql: &str) -> i64 {
    let statement = Statement::from_string(db.reader().get_database_backend(), sql);
    db.reader().query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}
