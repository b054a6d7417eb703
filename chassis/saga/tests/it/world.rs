//! Two modules: travel, which runs the sagas, and a desk that answers as it is told to.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use kernel::{Clock, ManualClock, Timestamp};
use messaging::{
    Answer, Answered, Delivery, Failure, HandleReply, Module, Options, Process, Publish,
    ReplyAddress, Running, Subscriptions,
};
use saga::{Engine, Saga, SagaId, Status};
use sea_orm::{ConnectionTrait, Statement};
use storage::{
    Database, Error, Tx,
    migration::{History, Step},
};
use tempfile::TempDir;
use testkit::eventually;

use crate::trip::{Ask, No, Parcel, Tell, Travel, Trip};

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
                super::$check(crate::world::World::postgres().await).await;
            })*
        }
    };
}

static HISTORY: History = History {
    module: "test",
    steps: &[Step {
        name: "test/0001_note",
        sqlite: "CREATE TABLE note (pos INTEGER PRIMARY KEY, trip TEXT, what TEXT)",
        postgres: "CREATE TABLE note (pos BIGINT GENERATED ALWAYS AS IDENTITY, \
                       trip TEXT, what TEXT)",
    }],
};

/// Writes down what happened to a trip.
pub(crate) async fn note(tx: &Tx, trip: &str, what: &str) -> Result<(), Error> {
    let sql = "INSERT INTO note (trip, what) VALUES ($1, $2)";
    let values = [trip.into(), what.into()];
    let backend = tx.get_database_backend();
    tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// What was written down about a trip, in order.
pub(crate) async fn notes(db: &Database, trip: &str) -> Vec<String> {
    let reader = db.reader();
    let sql = "SELECT what FROM note WHERE trip = $1 ORDER BY pos";
    let backend = reader.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [trip.into()]);
    let rows = reader.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get("", "what").unwrap()).collect()
}

/// What outlives a crash: the databases, and the time.
pub(crate) struct World {
    travel: String,
    desk: String,
    pub(crate) clock: Arc<ManualClock>,
    _folder: Option<TempDir>,
}

impl World {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = |name| format!("sqlite://{}", folder.path().join(name).display());
        let (travel, desk) = (url("travel.db"), url("desk.db"));
        Self { travel, desk, clock: clock(), _folder: Some(folder) }
    }

    pub(crate) async fn postgres() -> Self {
        let (travel, desk) = (testkit::postgres().await, testkit::postgres().await);
        Self { travel, desk, clock: clock(), _folder: None }
    }

    /// The travel module's database, as one more process sees it.
    pub(crate) async fn travel(&self) -> Database {
        open(&self.travel).await
    }

    pub(crate) fn engine(&self, db: &Database) -> Engine {
        Engine::new(db.clone(), CHANNEL, self.clock.clone())
            .runs::<Trip>(Arc::new(Travel))
            .runs::<Parcel>(Arc::new(Travel))
    }

    /// Both modules in one process.
    pub(crate) async fn start(&self) -> Site {
        let db = self.travel().await;
        let engine = self.engine(&db);
        self.start_with(db, engine).await
    }

    pub(crate) async fn start_with(&self, db: Database, engine: Engine) -> Site {
        let engine = Arc::new(engine);
        self.wire(db, engine.clone(), engine).await
    }

    /// Both modules, the answers to travel's sagas given to `replies`.
    pub(crate) async fn wire(
        &self,
        db: Database,
        engine: Arc<Engine>,
        replies: Arc<dyn HandleReply>,
    ) -> Site {
        let desk = Desk { db: open(&self.desk).await, said: Arc::default() };
        let travel = Subscriptions::of("travel").replies(CHANNEL, replies);
        let answers = Arc::new(desk.clone());
        let at_desk =
            Subscriptions::of("desk").answer::<Ask>(answers.clone()).answer::<Tell>(answers);
        let modules = vec![
            Module { name: "travel", db: db.clone(), subscriptions: travel },
            Module { name: "desk", db: desk.db.clone(), subscriptions: at_desk },
        ];
        let first_pause = Duration::from_millis(20);
        let options = Options { first_pause, longest_pause: first_pause, ..Options::default() };
        Site { db, engine, desk, running: Process::start_with(modules, options) }
    }
}

/// Where answers come to.
pub(crate) const CHANNEL: &str = "travel.saga";

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_micros(1_800_000_000_000_000)))
}

pub(crate) async fn open(url: &str) -> Database {
    let db = Database::open(&storage::Options::new(url)).await.unwrap();
    db.migrate(&migrations::CHASSIS).await.unwrap();
    db.migrate(&HISTORY).await.unwrap();
    db
}

/// A process with both modules. Dropped, it stops as if it were killed.
pub(crate) struct Site {
    pub(crate) db: Database,
    pub(crate) engine: Arc<Engine>,
    pub(crate) desk: Desk,
    pub(crate) running: Running,
}

impl Site {
    pub(crate) async fn begin<S: Saga>(&self, saga: &S) -> SagaId {
        let mut tx = self.db.begin().await.unwrap();
        let id = self.engine.start(&mut tx, saga).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    pub(crate) async fn status(&self, id: &SagaId) -> Status {
        self.engine.inspect(id).await.unwrap().expect("a saga").summary.status
    }

    /// Waits until the saga stands at `status`, and then until nothing is on its way.
    pub(crate) async fn reaches(&self, id: &SagaId, status: Status) {
        let what = format!("{id} is {}", status.as_str());
        eventually(&what, LIMIT, async || self.status(id).await == status).await;
        self.running.quiet(LIMIT).await.unwrap();
        assert_eq!(self.status(id).await, status);
    }

    /// Waits until the desk was asked for `what`, and then until nothing is on its way.
    pub(crate) async fn asks(&self, trip: &str, what: &str) {
        let asked = async || notes(&self.desk.db, trip).await.iter().any(|it| it == what);
        eventually(&format!("the desk is asked for {what}"), LIMIT, asked).await;
        self.running.quiet(LIMIT).await.unwrap();
    }

    /// What the travel module wrote down.
    pub(crate) async fn noted(&self, trip: &str) -> Vec<String> {
        notes(&self.db, trip).await
    }

    /// What the desk was asked for, and did or not.
    pub(crate) async fn asked(&self, trip: &str) -> Vec<String> {
        notes(&self.desk.db, trip).await
    }
}

/// How the desk answers.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    No(No),
    Nothing,
}

#[derive(Default)]
struct Said {
    /// What to say when asked for something. Without an entry it is done.
    script: HashMap<String, Vec<Say>>,
    addresses: HashMap<String, ReplyAddress>,
}

/// The other module. It writes down whatever it is asked for, in its own transaction.
#[derive(Clone)]
pub(crate) struct Desk {
    db: Database,
    said: Arc<Mutex<Said>>,
}

impl Desk {
    /// The next answers to whoever asks for `what`.
    pub(crate) fn says(&self, what: &str, answers: &[Say]) {
        let mut answers = answers.to_vec();
        answers.reverse();
        self.said.lock().unwrap().script.insert(what.to_owned(), answers);
    }

    /// Says that `what` is done, to whoever asked last.
    pub(crate) async fn done(&self, what: &str) {
        self.answer(what, Ok(format!("{what}, late"))).await;
    }

    /// Refuses `what`, to whoever asked last.
    pub(crate) async fn refuse(&self, what: &str, why: No) {
        self.answer(what, Err(why)).await;
    }

    async fn answer(&self, what: &str, answer: Result<String, No>) {
        let address = self.said.lock().unwrap().addresses[what].clone();
        let mut tx = self.db.begin().await.unwrap();
        tx.reply::<Ask>(&address, answer).unwrap();
        tx.commit().await.unwrap();
    }

    fn next(&self, what: &str, delivery: &Delivery) -> Option<Say> {
        let mut said = self.said.lock().unwrap();
        said.addresses.extend(delivery.reply_address().map(|it| (what.to_owned(), it)));
        said.script.get_mut(what).and_then(Vec::pop)
    }
}

#[async_trait]
impl Answer<Ask> for Desk {
    async fn answer(
        &self,
        tx: &mut Tx,
        ask: Ask,
        delivery: &Delivery,
    ) -> Result<Answered<Ask>, Failure> {
        note(tx, &ask.trip, &ask.what).await?;
        Ok(match self.next(&ask.what, delivery) {
            None => Answered::Now(Ok(format!("receipt for {}", ask.what))),
            Some(Say::No(why)) => Answered::Now(Err(why)),
            Some(Say::Nothing) => Answered::Later,
        })
    }
}

#[async_trait]
impl Answer<Tell> for Desk {
    async fn answer(
        &self,
        tx: &mut Tx,
        tell: Tell,
        delivery: &Delivery,
    ) -> Result<Answered<Tell>, Failure> {
        note(tx, &tell.trip, &tell.what).await?;
        Ok(match self.next(&tell.what, delivery) {
            Some(Say::Nothing) => Answered::Later,
            None | Some(Say::No(_)) => Answered::Now(Ok(())),
        })
    }
}

/// The time by the clock that the engine uses.
pub(crate) fn now(world: &World) -> Timestamp {
    world.clock.now()
}
