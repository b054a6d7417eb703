//! One life of a process with two modules: it goes on with its work where the last one stood, and ends when
//! all of it is done.

use std::{
    collections::HashMap,
    env,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use kernel::{Clock, Event, Message, Timestamp};
use messaging::{
    Answer, Answered, Delivery, Failure, Handle, Module, Options, Process, Publish, Running,
    Subscriptions,
};
use saga::Engine;
use serde::{Deserialize, Serialize};
use storage::{Database, Tx};
use testkit::eventually;

use crate::{
    trip::{Ask, No, Parcel, Tell, Travel, Trip},
    world::{CHANNEL, note, notes, open},
};

/// The variables with the URLs of the databases.
pub(super) const TRAVEL: &str = "CRASH_TRAVEL";
pub(super) const DESK: &str = "CRASH_DESK";
/// Set when handlers take their time.
pub(super) const SLOW: &str = "CRASH_SLOW";

/// Transactions of the whole work.
pub(super) const STEPS: usize = 24;
/// Things that numbers are said about.
pub(super) const KEYS: usize = 3;
/// The number that the desk fails at a few times.
const STUBBORN: (&str, i64) = ("k1", 3);
const FAILURES: u32 = 5;

/// Long enough for all of it on a loaded machine, and short enough for a life that cannot end.
const LIMIT: Duration = Duration::from_secs(15);

/// A number about something, in the order in which they were said.
#[derive(Serialize, Deserialize)]
struct Said {
    key: String,
    n: i64,
}

impl Message for Said {
    const CHANNEL: &'static str = "travel.said";
    const TYPE: &'static str = "said";
    fn key(&self) -> String {
        self.key.clone()
    }
}

impl Event for Said {}

/// What nobody listens to, in the same channel.
#[derive(Serialize, Deserialize)]
struct Murmured {
    key: String,
}

impl Message for Murmured {
    const CHANNEL: &'static str = Said::CHANNEL;
    const TYPE: &'static str = "murmured";
    fn key(&self) -> String {
        self.key.clone()
    }
}

impl Event for Murmured {}

/// Runs twenty times as fast as the wall's clock, and goes on when the process is started again.
struct Fast;

impl Clock for Fast {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap() * 20)
    }
}

/// Answers and listens. Whoever asks for "late …" is never answered about money.
struct Desk {
    failures: Mutex<HashMap<(String, i64), u32>>,
    slow: bool,
}

#[async_trait]
impl Answer<Ask> for Desk {
    async fn answer(&self, tx: &mut Tx, ask: Ask, _: &Delivery) -> Result<Answered<Ask>, Failure> {
        note(tx, &ask.trip, &ask.what).await?;
        Ok(match (ask.trip.split('-').next(), ask.what.as_str()) {
            (Some("refused"), "money") => Answered::Now(Err(No::Never)),
            (Some("late"), "money") => Answered::Later,
            _ => Answered::Now(Ok(format!("receipt for {}", ask.what))),
        })
    }
}

#[async_trait]
impl Answer<Tell> for Desk {
    async fn answer(
        &self,
        tx: &mut Tx,
        tell: Tell,
        _: &Delivery,
    ) -> Result<Answered<Tell>, Failure> {
        note(tx, &tell.trip, &tell.what).await?;
        Ok(Answered::Now(Ok(())))
    }
}

#[async_trait]
impl Handle<Said> for Desk {
    async fn handle(&self, tx: &mut Tx, said: Said, _: &Delivery) -> Result<(), Failure> {
        note(tx, &said.key, &said.n.to_string()).await?;
        if self.slow {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if (said.key.as_str(), said.n) == STUBBORN {
            let mut failures = self.failures.lock().unwrap();
            let failures = failures.entry((said.key, said.n)).or_default();
            *failures += 1;
            if *failures < FAILURES {
                return Err(Failure::transient("not yet"));
            }
        }
        Ok(())
    }
}

/// The name of the trip that begins with a step, if one does.
pub(super) fn trip(step: usize) -> Option<String> {
    match step % 8 {
        1 | 5 => Some(format!("trip-{step}")),
        3 => Some(format!("refused-{step}")),
        7 => Some(format!("late-{step}")),
        _ => None,
    }
}

/// How many numbers were said about a key when all is done.
pub(super) fn said(key: usize) -> i64 {
    i64::try_from((0..STEPS).filter(|step| step % KEYS == key).count()).unwrap()
}

/// What was done by a step is written by its transaction.
async fn work(db: &Database, engine: &Engine) {
    let done = notes(db, "work").await.len();
    for step in done..STEPS {
        let mut tx = db.begin().await.unwrap();
        note(&tx, "work", &step.to_string()).await.unwrap();
        let (key, n) = (format!("k{}", step % KEYS), i64::try_from(step / KEYS).unwrap() + 1);
        tx.publish(&Murmured { key: key.clone() }).unwrap();
        tx.publish(&Said { key, n }).unwrap();
        if let Some(key) = trip(step) {
            engine.start(&mut tx, &Trip::new(&key)).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

fn start(travel: &Database, desk: &Database, engine: &Arc<Engine>) -> Running {
    let answers = Desk { failures: Mutex::default(), slow: env::var_os(SLOW).is_some() };
    let answers = Arc::new(answers);
    let engine: Arc<Engine> = Arc::clone(engine);
    let at_desk = Subscriptions::of("desk")
        .answer::<Ask>(Arc::clone(&answers))
        .answer::<Tell>(Arc::clone(&answers))
        .on::<Said>(answers);
    let at_travel = Subscriptions::of("travel").replies(CHANNEL, engine);
    let module =
        |name, db: &Database, subscriptions| Module { name, db: db.clone(), subscriptions };
    let soon = Duration::from_millis(5);
    let options = Options {
        first_pause: soon,
        longest_pause: soon,
        reclaim_every: soon,
        poll_postgres: Duration::from_millis(50),
        lease: Duration::from_millis(300),
        ..Options::default()
    };
    let modules = vec![module("travel", travel, at_travel), module("desk", desk, at_desk)];
    Process::start_with(modules, options)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "what the others run in a process of its own"]
async fn whole() {
    let url = |name| env::var(name).expect("the URL of a database");
    let (travel, desk) = (open(&url(TRAVEL)).await, open(&url(DESK)).await);
    let engine = Engine::new(travel.clone(), CHANNEL, Arc::new(Fast))
        .runs::<Trip>(Arc::new(Travel))
        .runs::<Parcel>(Arc::new(Travel));
    let engine = Arc::new(engine);
    let running = start(&travel, &desk, &engine);
    let watch = tokio::spawn({
        let engine = Arc::clone(&engine);
        async move {
            // Not `run`, which would sleep by the wall's clock.
            loop {
                engine.sweep().await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    work(&travel, &engine).await;
    let ended = async || engine.census().await.unwrap().open == 0;
    eventually("all sagas have ended", LIMIT, ended).await;
    running.quiet(LIMIT).await.expect("all messages are applied");
    watch.abort();
    running.drain(LIMIT).await.unwrap();
}
