//! A shop whose messages cannot always be read, and a desk over the database where they are parked.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use explain::Fragment;
use kernel::{Event, Message, SystemClock};
use messaging::{
    Delivery, Failure, Handle, Module, Options, Process, Publish, Running, Subscriptions, journal,
};
use operations::{Change, Knows, MessageId, Messages, Operations, Parked};
use sea_orm::{ConnectionTrait, Statement, Value};
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
                super::$check(crate::world::World::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                super::$check(crate::world::World::postgres().await).await;
            })*
        }
    };
}

static HISTORY: History = History {
    module: "test",
    steps: &[Step {
        name: "test/0001_effect",
        sqlite: "CREATE TABLE effect (pos INTEGER PRIMARY KEY, key TEXT, n BIGINT)",
        postgres: "CREATE TABLE effect (pos BIGINT GENERATED ALWAYS AS IDENTITY, \
                       key TEXT, n BIGINT)",
    }],
};

/// One database, in which the shop publishes and the ear parks.
pub(crate) struct World {
    pub(crate) db: Database,
    pub(crate) desk: Arc<dyn Operations>,
    running: Running,
    _folder: Option<TempDir>,
}

/// What a module knows that has nothing to say but of messages.
pub(crate) fn knows() -> Knows {
    Arc::new(|db, question| {
        Box::pin(async move {
            let found = journal::read(&db, &question.wanted).await?;
            Ok(Fragment { found, ..Fragment::default() })
        })
    })
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("ear.db").display());
        Self::at(url, Some(folder)).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::at(testkit::postgres().await, None).await
    }

    async fn at(url: String, folder: Option<TempDir>) -> Self {
        let db = Database::open(&storage::Options::new(url)).await.expect("a database");
        db.migrate(&migrations::CHASSIS).await.expect("its tables");
        db.migrate(&HISTORY).await.expect("its tables");
        let subscriptions = Subscriptions::of("ear").on::<Counted>(Arc::new(Ear));
        let module = Module { name: "ear", db: db.clone(), subscriptions };
        let pause = LIMIT * 100;
        let options = Options { first_pause: pause, longest_pause: pause, ..Options::default() };
        let running = Process::start_with(vec![module], options);
        let desk = operations::desk(db.clone(), Arc::new(SystemClock), None, knows());
        Self { db, desk, running, _folder: folder }
    }

    /// Publishes numbers about `key`, each in a transaction of its own, what is none among them; waits until
    /// they are applied or parked.
    pub(crate) async fn publish(&self, key: &str, numbers: &[Option<i64>]) {
        for n in numbers {
            let mut tx = self.db.begin().await.unwrap();
            match *n {
                Some(n) => tx.publish(&Counted { key: key.into(), n }).unwrap(),
                None => tx.publish(&Garbled { key: key.into() }).unwrap(),
            }
            tx.commit().await.unwrap();
        }
        self.running.quiet(LIMIT).await.unwrap();
    }

    /// What is parked.
    pub(crate) async fn parked(&self) -> Vec<Parked> {
        self.desk.messages(Messages::default()).await.unwrap().items
    }

    /// A wish of Ada's about a message.
    pub(crate) fn wish(message: &Parked) -> Change {
        let id = MessageId::of(&message.place);
        Change { id, by: "ada".into(), based_on: None, intent: None }
    }

    /// Waits until nothing is parked.
    pub(crate) async fn until_nothing_is_parked(&self) {
        testkit::eventually("nothing is parked", LIMIT, async || self.parked().await.is_empty())
            .await;
    }

    /// What was noted about `key`, in order.
    pub(crate) async fn noted(&self, key: &str) -> Vec<i64> {
        let reader = self.db.reader();
        let sql = "SELECT n FROM effect WHERE key = $1 ORDER BY pos";
        let backend = reader.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, [key.into()]);
        let rows = reader.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get("", "n").unwrap()).collect()
    }
}

/// The shop says a number about something.
#[derive(Serialize, Deserialize)]
pub(crate) struct Counted {
    key: String,
    n: i64,
}

impl Message for Counted {
    const CHANNEL: &'static str = "ear.count";
    const TYPE: &'static str = "counted";
    fn key(&self) -> String {
        self.key.clone()
    }
}

impl Event for Counted {}

/// Says that it is [`Counted`], and is not.
#[derive(Serialize, Deserialize)]
struct Garbled {
    key: String,
}

impl Message for Garbled {
    const CHANNEL: &'static str = Counted::CHANNEL;
    const TYPE: &'static str = Counted::TYPE;
    fn key(&self) -> String {
        self.key.clone()
    }
}

impl Event for Garbled {}

/// Writes down what it hears.
struct Ear;

#[async_trait]
impl Handle<Counted> for Ear {
    async fn handle(&self, tx: &mut Tx, it: Counted, _: &Delivery) -> Result<(), Failure> {
        let sql = "INSERT INTO effect (key, n) VALUES ($1, $2)";
        let values: [Value; 2] = [it.key.into(), it.n.into()];
        let backend = tx.get_database_backend();
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        Ok(())
    }
}
