//! However many messages go by, what is left of them takes no space: neither in tables, nor on the disk, nor in
//! memory.

use std::{collections::BTreeSet, env, fs, sync::Arc, time::Duration};

use async_trait::async_trait;
use kernel::Message;
use messaging::{
    Bus, Delivery, Failure, Group, Handle, Options, Process, Publish, Running, Subscriptions,
    memory::Memory,
};
use sea_orm::{ConnectionTrait, Statement, Value};
use storage::{Backend, Database, Tx};
use testkit::eventually;

use crate::world::*;

/// Messages of a run of the tests, and those of a proof unless the environment wants another number.
const SOME: i64 = 6_000;
const MANY: i64 = 1_000_000;
const NUMBER: &str = "RIALTO_MESSAGES";
const KEYS: i64 = 200;
/// Messages of one transaction, each about another key.
const TOGETHER: i64 = 50;
/// Messages that are on their way at most: what waits takes space, and may.
const UNDER_WAY: i64 = 4_000;
/// What may be kept of some and of many, in bytes of a disk: pages that were used at once when there was most, no
/// rows.
const LITTLE: i64 = 8 << 20;
const MORE: i64 = 64 << 20;
/// The same in KiB of memory.
const MEMORY: i64 = 48 << 10;
const PATIENCE: Duration = Duration::from_secs(60);

/// Knows what the next number about each key must be.
struct Hearer;

#[async_trait]
impl Handle<Counted> for Hearer {
    async fn handle(&self, tx: &mut Tx, it: Counted, _: &Delivery) -> Result<(), Failure> {
        let sql = "INSERT INTO heard (key, last) VALUES ($1, $2) \
                   ON CONFLICT (key) DO UPDATE SET last = excluded.last WHERE heard.last = $2 - 1";
        let values: [Value; 2] = [it.key.into(), it.n.into()];
        let backend = tx.get_database_backend();
        let heard = tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        match heard.rows_affected() {
            1 => Ok(()),
            _ => Err(Failure::permanent("another number than the next")),
        }
    }
}

/// A shop, a group beside it and one in another process.
struct Square {
    world: World,
    databases: [Database; 3],
    here: Running,
    far: Running,
    said: i64,
}

/// What everything takes.
#[derive(Debug)]
struct Space {
    /// On the disk.
    bytes: i64,
    /// In KiB.
    memory: i64,
}

const NAMES: [&str; 3] = ["shop", "ear", "far"];

impl Square {
    async fn open(world: World) -> Self {
        let [shop, ear, other] = [
            world.database("shop").await,
            world.database("ear").await,
            world.database("far").await,
        ];
        for db in [&ear, &other] {
            script(db, "CREATE TABLE heard (key TEXT PRIMARY KEY, last BIGINT NOT NULL)").await;
        }
        let options = Options {
            reclaim_every: Duration::from_millis(100),
            journal: Duration::from_secs(1),
            sweep_every: Duration::from_millis(100),
            ..patient()
        };
        let hears = |name| Subscriptions::of(name).on::<Counted>(Arc::new(Hearer));
        let link = Memory::to("far");
        let channels = BTreeSet::from([Counted::CHANNEL]);
        let elsewhere = vec![Group { name: "far", channels, link: link.clone() }];
        let modules = vec![
            module("shop", &shop, Subscriptions::of("shop")),
            module("ear", &ear, hears("ear")),
        ];
        let here = Process::open(Bus { elsewhere, options: options.clone(), ..Bus::of(modules) });
        let far = Process::start_with(vec![module("far", &other, hears("far"))], options);
        link.connect(far.inlet());
        Self { world, databases: [shop, ear, other], here, far, said: 0 }
    }

    /// Says so many more numbers, never too many at once.
    async fn say(&mut self, number: i64) {
        let last = self.said + number;
        while self.said < last {
            let mut tx = self.databases[0].begin().await.unwrap();
            for _ in 0..TOGETHER {
                let (key, n) = (format!("k{}", self.said % KEYS), self.said / KEYS + 1);
                tx.publish(&Counted { key, n }).unwrap();
                self.said += 1;
            }
            tx.commit().await.unwrap();
            self.are_heard(self.said - UNDER_WAY).await;
        }
        self.are_heard(self.said).await;
    }

    async fn are_heard(&self, number: i64) {
        let heard = || {
            let applied = [&self.here, &self.far].map(|it| it.gauges().read().applied);
            applied.into_iter().min().unwrap().cast_signed()
        };
        eventually("more is heard", PATIENCE, async || heard() >= number).await;
    }

    /// Waits until there are no rows left, and tells what is taken.
    async fn settled(&self) -> Space {
        eventually("all rows are removed", PATIENCE, async || self.rows().await == 0).await;
        for db in &self.databases {
            if db.backend() == Backend::Postgres {
                // As the server does by itself, some time.
                db.reader().execute_unprepared("VACUUM").await.unwrap();
            }
        }
        let mut bytes = 0;
        for (name, db) in NAMES.iter().zip(&self.databases) {
            bytes += match db.backend() {
                Backend::Sqlite => self.bytes_of_file(name),
                Backend::Postgres => bytes_of_tables(db).await,
            };
        }
        Space { bytes, memory: resident() }
    }

    /// In outboxes, journals and among what is parked.
    async fn rows(&self) -> i64 {
        let mut rows = 0;
        for db in &self.databases {
            for table in ["outbox", "journal", "journal_late", "parked"] {
                rows += count(db, table).await;
            }
        }
        rows
    }

    /// With its write-ahead log.
    fn bytes_of_file(&self, name: &str) -> i64 {
        let url = self.world.url(name);
        let path = url.strip_prefix("sqlite://").unwrap();
        let files = [path.to_owned(), format!("{path}-wal")];
        let length = |path| fs::metadata(path).map(|it| it.len().cast_signed()).unwrap_or_default();
        files.into_iter().map(length).sum()
    }
}

async fn bytes_of_tables(db: &Database) -> i64 {
    let sql = "SELECT CAST(SUM(pg_total_relation_size(oid)) AS BIGINT) AS n FROM pg_class \
               WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    let statement = Statement::from_string(db.reader().get_database_backend(), sql);
    db.reader().query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}

/// Memory of this process, in KiB.
fn resident() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

async fn space_is_bounded(world: World, number: i64, kept: i64) {
    let mut square = Square::open(world).await;
    // Afterwards everybody has what he needs to work.
    square.say(UNDER_WAY).await;
    let before = square.settled().await;
    square.say(number).await;
    let after = square.settled().await;
    println!("{number} messages\nbefore: {before:?}\nafter:  {after:?}");
    assert!(after.bytes <= before.bytes + kept, "the disk: {before:?}, {after:?}");
    assert!(after.memory <= before.memory + MEMORY, "memory: {before:?}, {after:?}");
    for db in &square.databases[1..] {
        let sql = "SELECT CAST(SUM(last) AS BIGINT) AS n FROM heard";
        let statement = Statement::from_string(db.reader().get_database_backend(), sql);
        let heard = db.reader().query_one_raw(statement).await.unwrap().unwrap();
        // k0 to k199 have heard 1, 2, 3 … as often as each other.
        assert_eq!(heard.try_get::<i64>("", "n").unwrap(), square.said);
    }
    let Square { here, far, .. } = square;
    here.drain(LIMIT).await.unwrap();
    far.drain(LIMIT).await.unwrap();
}

fn many() -> i64 {
    env::var(NUMBER).ok().and_then(|it| it.parse().ok()).unwrap_or(MANY)
}

mod sqlite {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_has_gone_by_takes_no_space() {
        space_is_bounded(World::sqlite(), SOME, LITTLE).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "takes long; cargo xtask prove runs it"]
    async fn prove_that_a_million_messages_take_no_space() {
        space_is_bounded(World::sqlite(), many(), MORE).await;
    }
}

mod postgres {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_has_gone_by_takes_no_space() {
        space_is_bounded(World::postgres(), SOME, LITTLE).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "takes long; cargo xtask prove runs it"]
    async fn prove_that_a_million_messages_take_no_space() {
        space_is_bounded(World::postgres(), many(), MORE).await;
    }
}
