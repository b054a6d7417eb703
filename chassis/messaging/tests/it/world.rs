//! A shop that counts and those who listen to it, each with a database.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kernel::{Command, Event, Message};
use messaging::{
    Delivery, Failure, Handle, Module, Options, Process, Publish, Running, Subscriptions,
};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use serde::{Deserialize, Serialize};
use storage::{
    Database, Tx,
    migration::{History, Step},
};
use tempfile::TempDir;

/// Long enough for a loaded machine; waiting ends when the condition holds.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Declares each check as a test on SQLite and as one on Postgres.
macro_rules! on_both {
    ($($check:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                super::$check(crate::world::World::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                super::$check(crate::world::World::postgres()).await;
            })*
        }
    };
}

pub(crate) static HISTORY: History = History {
    module: "test",
    steps: &[Step {
        name: "test/0001_effect",
        sqlite: "CREATE TABLE effect (pos INTEGER PRIMARY KEY, who TEXT, key TEXT, n BIGINT)",
        postgres: "CREATE TABLE effect (pos BIGINT GENERATED ALWAYS AS IDENTITY, \
                       who TEXT, key TEXT, n BIGINT)",
    }],
};

/// Where a test's databases are.
pub(crate) struct World {
    folder: Option<TempDir>,
    urls: Mutex<HashMap<&'static str, String>>,
}

impl World {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder: Some(folder), urls: Mutex::default() }
    }

    pub(crate) fn postgres() -> Self {
        Self { folder: None, urls: Mutex::default() }
    }

    /// Where the database `name` is, which was asked for before.
    pub(crate) fn url(&self, name: &str) -> String {
        self.urls.lock().unwrap()[name].clone()
    }

    /// The database `name`; asked again, another handle as another process would have it.
    pub(crate) async fn database(&self, name: &'static str) -> Database {
        let known = self.urls.lock().unwrap().get(name).cloned();
        let url = match (known, &self.folder) {
            (Some(url), _) => url,
            (None, Some(folder)) => {
                format!("sqlite://{}", folder.path().join(format!("{name}.db")).display())
            }
            (None, None) => testkit::postgres().await,
        };
        self.urls.lock().unwrap().insert(name, url.clone());
        let db = Database::open(&storage::Options::new(url)).await.expect("a database");
        db.migrate(&migrations::CHASSIS).await.expect("its tables");
        db.migrate(&HISTORY).await.expect("its tables");
        db
    }
}

/// The shop says a number about something.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub key: String,
    pub n: i64,
}

impl Message for Counted {
    const CHANNEL: &'static str = "shop.count";
    const TYPE: &'static str = "counted";
    fn key(&self) -> String {
        self.key.clone()
    }
}

impl Event for Counted {}

/// Says that it is [`Counted`], and is not.
#[derive(Serialize, Deserialize)]
pub(crate) struct Garbled {
    pub key: String,
}

impl Message for Garbled {
    const CHANNEL: &'static str = Counted::CHANNEL;
    const TYPE: &'static str = Counted::TYPE;
    fn key(&self) -> String {
        self.key.clone()
    }
}

impl Event for Garbled {}

/// Another fact in the same channel, which nobody here listens to.
#[derive(Serialize, Deserialize)]
pub(crate) struct Painted {
    pub key: String,
}

impl Message for Painted {
    const CHANNEL: &'static str = Counted::CHANNEL;
    const TYPE: &'static str = "painted";
    fn key(&self) -> String {
        self.key.clone()
    }
}

impl Event for Painted {}

/// Asks for twice the number; numbers above 100 are refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Double {
    pub key: String,
    pub n: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TooLarge(pub i64);

impl Message for Double {
    const CHANNEL: &'static str = "calculator.commands";
    const TYPE: &'static str = "double";
    fn key(&self) -> String {
        self.key.clone()
    }
}

impl Command for Double {
    type Reply = i64;
    type Refusal = TooLarge;
}

/// Writes down what it hears; some numbers make it fail.
pub(crate) struct Ear {
    pub calls: AtomicI64,
    /// Every call with this number fails.
    pub fails: AtomicI64,
    /// Every call with this number panics.
    pub panics: AtomicI64,
    /// Every call fails while it is not 0.
    pub down: AtomicI64,
    pub gate: tokio::sync::Semaphore,
    pub gated: AtomicI64,
}

impl Ear {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            calls: AtomicI64::new(0),
            fails: AtomicI64::new(-1),
            panics: AtomicI64::new(-1),
            down: AtomicI64::new(0),
            gate: tokio::sync::Semaphore::new(0),
            gated: AtomicI64::new(0),
        })
    }
}

#[async_trait]
impl Handle<Counted> for Ear {
    async fn handle(&self, tx: &mut Tx, it: Counted, on: &Delivery) -> Result<(), Failure> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        note(tx, on.subscriber(), &it.key, it.n).await?;
        if self.gated.load(Ordering::SeqCst) != 0 {
            self.gate.acquire().await.map_err(Failure::transient)?.forget();
        }
        assert_ne!(it.n, self.panics.load(Ordering::SeqCst), "told to panic");
        if it.n == self.fails.load(Ordering::SeqCst) || self.down.load(Ordering::SeqCst) != 0 {
            return Err(Failure::transient("told to fail"));
        }
        Ok(())
    }
}

/// Writes an effect.
pub(crate) async fn note(tx: &Tx, who: &str, key: &str, n: i64) -> Result<(), Failure> {
    let sql = "INSERT INTO effect (who, key, n) VALUES ($1, $2, $3)";
    let values: [Value; 3] = [who.into(), key.into(), n.into()];
    let backend = tx.get_database_backend();
    tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// What `who` has noted about each key, in order.
pub(crate) async fn effects(db: &Database, who: &str) -> HashMap<String, Vec<i64>> {
    let sql = "SELECT key, n FROM effect WHERE who = $1 ORDER BY pos";
    let backend = backend(db);
    let statement = Statement::from_sql_and_values(backend, sql, [who.into()]);
    let mut found: HashMap<String, Vec<i64>> = HashMap::new();
    for row in db.reader().query_all_raw(statement).await.unwrap() {
        let key: String = row.try_get("", "key").unwrap();
        found.entry(key).or_default().push(row.try_get("", "n").unwrap());
    }
    found
}

/// What `who` has noted about `key`.
pub(crate) async fn noted(db: &Database, who: &str, key: &str) -> Vec<i64> {
    effects(db, who).await.remove(key).unwrap_or_default()
}

/// Rows of a table.
pub(crate) async fn count(db: &Database, table: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) AS n FROM {table}");
    let statement = Statement::from_string(backend(db), sql);
    db.reader().query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}

/// Runs a script as a transaction.
pub(crate) async fn script(db: &Database, sql: &str) {
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared(sql).await.unwrap();
    tx.commit().await.unwrap();
}

fn backend(db: &Database) -> DbBackend {
    db.reader().get_database_backend()
}

/// Publishes numbers about `key`, one transaction each.
pub(crate) async fn publish(db: &Database, key: &str, numbers: impl IntoIterator<Item = i64>) {
    for n in numbers {
        let mut tx = db.begin().await.unwrap();
        tx.publish(&Counted { key: key.into(), n }).unwrap();
        tx.commit().await.unwrap();
    }
}

/// Nothing is removed and nothing is looked for unless a test wants it; retries come soon.
pub(crate) fn patient() -> Options {
    Options {
        first_pause: Duration::from_millis(50),
        longest_pause: Duration::from_millis(100),
        lease: Duration::from_millis(500),
        ..Options::default()
    }
}

pub(crate) fn module(name: &'static str, db: &Database, subscriptions: Subscriptions) -> Module {
    Module { name, db: db.clone(), subscriptions }
}

/// The shop, and `ear` listening to it as the group `ear`.
pub(crate) fn listen(shop: &Database, db: &Database, ear: &Arc<Ear>, options: Options) -> Running {
    let hears = Subscriptions::of("ear").on::<Counted>(Arc::clone(ear));
    let modules = vec![module("shop", shop, Subscriptions::of("shop")), module("ear", db, hears)];
    Process::start_with(modules, options)
}
