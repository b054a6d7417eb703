//! A process of the cast: it says numbers or hears them until the curtain falls, or it is killed.

use std::{
    collections::BTreeSet,
    env,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use messaging::{
    Bus, Delivery, Failure, Group, Handle, Method, Options, Publish, Subscriptions,
    rabbitmq::{self, Broker},
};
use rand::{RngExt, seq::index};
use sea_orm::{ConnectionTrait, Statement, Value};
use storage::{Database, Error, Tx};
use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::world::{Counted, module};

/// What a process is told in its environment.
pub(super) const ROLE: &str = "DISASTER_ROLE";
pub(super) const DATABASE: &str = "DISASTER_DATABASE";
pub(super) const BROKER: &str = "DISASTER_BROKER";
pub(super) const PREFIX: &str = "DISASTER_PREFIX";
pub(super) const FOLDER: &str = "DISASTER_FOLDER";
pub(super) const RELAY: &str = "DISASTER_RELAY";

/// Files whose existence tells all processes something.
pub(super) const SILENCE: &str = "silence";
pub(super) const CURTAIN: &str = "curtain";

/// Things that numbers are said about.
pub(super) const KEYS: usize = 50;
/// Things that one transaction says something about, at most.
const AT_ONCE: usize = 12;
/// Transactions at once in a process.
const WRITERS: usize = 3;
/// Rows of the outbox that are enough for now.
const BACKLOG: i64 = 5_000;
/// Transactions after which a writer looks how many there are.
const LOOK: usize = 20;
const BREATH: Duration = Duration::from_millis(20);

/// Both groups, each in the schema of its name.
pub(super) const GROUPS: [&str; 2] = ["ear", "eye"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "what the others run in processes of their own"]
async fn acts() {
    let text = |name| env::var(name).unwrap();
    let role: &'static str =
        ["shop", "ear", "eye"].into_iter().find(|it| *it == text(ROLE)).unwrap();
    let folder = PathBuf::from(text(FOLDER));
    let db = open(&text(DATABASE), role).await;
    let (mut work, stop) = (JoinSet::new(), CancellationToken::new());
    let mut connection = |name: &str| {
        let (connection, supervisor) =
            amqp::Connection::new(&text(BROKER), name, amqp::Options::default()).unwrap();
        work.spawn(supervisor.run(stop.clone()));
        connection
    };
    let (publish, consume) = (connection("publishes"), connection("consumes"));
    let resends = rabbitmq::Options {
        resend_after: Duration::from_millis(500),
        ..rabbitmq::Options::default()
    };
    let mut broker = Broker::new(publish, consume, &text(PREFIX), resends);
    let hears = match role {
        "shop" => Subscriptions::of(role),
        _ => Subscriptions::of(role).on::<Counted>(Arc::new(Hearer)),
    };
    let channels = BTreeSet::from([Counted::CHANNEL]);
    let groups = if role == "shop" { &GROUPS[..] } else { &[] };
    let elsewhere = groups.iter().map(|name| {
        let link = broker.link(name, &channels);
        Group { name, channels: channels.clone(), link }
    });
    let elsewhere = elsewhere.collect();
    let modules = vec![module(role, &db, hears)];
    let running = messaging::Process::open(Bus {
        modules,
        elsewhere,
        siblings: None,
        options: options(&text(RELAY)),
    });
    work.spawn(broker.run(running.inlet(), stop.clone()));
    let mut writers = JoinSet::new();
    if role == "shop" {
        for _ in 0..WRITERS {
            writers.spawn(speak(db.clone(), folder.clone()));
        }
    }
    while !folder.join(CURTAIN).exists() {
        sleep(BREATH).await;
    }
    writers.shutdown().await;
    running.drain(Duration::from_secs(20)).await.unwrap();
    stop.cancel();
    while work.join_next().await.is_some() {}
}

use kernel::Message;

fn options(relay: &str) -> Options {
    Options {
        relay: if relay == "log" { Method::Log } else { Method::Ticks },
        poll_postgres: Duration::from_millis(100),
        reclaim_every: Duration::from_millis(500),
        first_pause: Duration::from_millis(50),
        longest_pause: Duration::from_secs(1),
        lease: Duration::from_secs(1),
        ..Options::default()
    }
}

/// Waits until there is a database: it may be down when the process starts.
async fn open(url: &str, schema: &str) -> Database {
    let mut options = storage::Options::new(url);
    options.schema = Some(schema.to_owned());
    loop {
        match Database::open(&options).await {
            Ok(db) => return db,
            Err(cause) => eprintln!("{cause}"),
        }
        sleep(BREATH).await;
    }
}

/// Says numbers until silence is wished for. What fails is said another time: its number was not given away.
async fn speak(db: Database, folder: PathBuf) {
    let mut nth = 0;
    while !folder.join(SILENCE).exists() {
        if nth % LOOK == 0 && has_enough(&db).await {
            sleep(BREATH).await;
            continue;
        }
        nth += 1;
        if let Err(cause) = say(&db).await {
            eprintln!("{cause}");
            sleep(BREATH).await;
        }
    }
}

async fn say(db: &Database) -> Result<(), Error> {
    let mut keys: Vec<_> = {
        let mut dice = rand::rng();
        let number = dice.random_range(1..=AT_ONCE);
        index::sample(&mut dice, KEYS, number).into_iter().map(key).collect()
    };
    keys.sort();
    let mut tx = db.begin().await?;
    for key in keys {
        let sql = "UPDATE said SET last = last + 1 WHERE key = $1 RETURNING last";
        let row = tx.query_one_raw(statement(&tx, sql, [key.clone().into()])).await?;
        let n: i64 = row.expect("all keys are there").try_get("", "last")?;
        tx.publish(&Counted { key, n })?;
    }
    tx.commit().await
}

pub(super) fn key(number: usize) -> String {
    format!("k{number:02}")
}

/// Whether the relay has work for a while; also when nobody can say.
async fn has_enough(db: &Database) -> bool {
    let sql =
        format!("SELECT COUNT(*) AS n FROM (SELECT 1 FROM outbox LIMIT {BACKLOG}) AS waiting");
    let reader = db.reader();
    let row = reader.query_one_raw(statement(&reader, &sql, [])).await;
    let counted = row.ok().flatten().map(|row| row.try_get::<i64>("", "n"));
    !matches!(counted, Some(Ok(n)) if n < BACKLOG)
}

fn statement<const N: usize>(
    on: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
) -> Statement {
    Statement::from_sql_and_values(on.get_database_backend(), sql, values)
}

/// Knows what the next number about each thing must be.
struct Hearer;

#[async_trait]
impl Handle<Counted> for Hearer {
    async fn handle(&self, tx: &mut Tx, it: Counted, _: &Delivery) -> Result<(), Failure> {
        let values: [Value; 2] = [it.key.into(), it.n.into()];
        let sql = "UPDATE heard SET last = $2 WHERE key = $1 AND last = $2 - 1";
        let next = tx.execute_raw(statement(tx, sql, values.clone())).await?;
        if next.rows_affected() == 0 {
            let sql =
                "INSERT INTO wrong (key, n, last) SELECT key, $2, last FROM heard WHERE key = $1";
            tx.execute_raw(statement(tx, sql, values)).await?;
        }
        Ok(())
    }
}

/// Tells all processes whose folder it is.
pub(super) fn tell(folder: &Path, what: &str) {
    std::fs::write(folder.join(what), "").unwrap();
}
