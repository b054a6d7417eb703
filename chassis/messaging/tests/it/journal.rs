//! What is remembered of messages, and for how long.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use messaging::{
    Delivery, Failure, Handle, Kind, Options, Process, Publish, Running, Subscriptions,
    journal::{self, Found, Published, Wanted},
    parked::{self, Place, State, Turn},
};
use ports::Origin;
use sea_orm::{ConnectionTrait, Statement};
use storage::{Database, Tx};
use testkit::eventually;

use crate::world::*;

on_both!(
    what_an_outbox_forgets_is_remembered,
    whatever_a_message_caused_is_found_by_it,
    what_was_not_handled_at_the_first_try_is_told,
    a_message_is_in_the_outbox_or_in_the_journal_whenever_a_relay_dies,
    what_is_old_is_forgotten,
    whoever_wants_no_journal_has_none,
    an_envelope_that_cannot_be_read_keeps_no_other_from_being_remembered,
);

/// An outbox forgets at once.
fn soon() -> Options {
    let soon = Duration::from_millis(20);
    Options { reclaim_every: soon, poll_sqlite: soon, poll_postgres: soon, ..patient() }
}

fn about(key: &str) -> Wanted {
    Wanted { keys: BTreeSet::from([key.to_owned()]), ..Wanted::default() }
}

async fn forgotten(db: &Database) {
    eventually("the outbox is empty", LIMIT, async || count(db, "outbox").await == 0).await;
}

/// Does something to a parked message.
async fn turn(db: &Database, place: &Place, turn: Turn) {
    let mut tx = db.begin().await.unwrap();
    let found = parked::lock(&tx, place).await.unwrap().unwrap();
    parked::turn(&mut tx, &found, turn).await.unwrap();
    tx.commit().await.unwrap();
}

/// All of it but whether it is settled.
fn told(found: &Found) -> Vec<Published> {
    found.published.iter().map(|it| Published { settled: true, ..it.clone() }).collect()
}

async fn what_an_outbox_forgets_is_remembered(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let origin = Origin::now("POST /v1/numbers");
    origin.clone().scope(publish(&shop, "k", 1..=3)).await;
    publish(&shop, "other", [4]).await;
    let before = journal::read(&shop, &about("k")).await.unwrap();
    assert_eq!(before.published.len(), 3);
    assert!(before.published.iter().all(|it| !it.settled));

    let running = listen(&shop, &db, &Ear::new(), soon());
    forgotten(&shop).await;
    running.drain(LIMIT).await.unwrap();
    let after = journal::read(&shop, &about("k")).await.unwrap();
    assert_eq!(after.published, told(&before));
    let first = &after.published[0];
    assert_eq!((first.kind, &*first.type_name, first.seq), (Kind::Event, "counted", 1));
    assert_eq!((&first.origin, first.cause), (&Some(origin.clone()), None));
    assert!(first.at.since(origin.at) < LIMIT, "a UUIDv7 says when it was made");
    let one = Wanted { messages: BTreeSet::from([first.id]), ..Wanted::default() };
    assert_eq!(journal::read(&shop, &one).await.unwrap().published, after.published[..1]);
    assert_eq!(journal::read(&shop, &Wanted::default()).await.unwrap(), Found::default());
}

/// Says something itself whenever it hears something.
struct Echo;

#[async_trait]
impl Handle<Counted> for Echo {
    async fn handle(&self, tx: &mut Tx, it: Counted, _: &Delivery) -> Result<(), Failure> {
        tx.publish(&Painted { key: format!("echo of {}", it.n) })?;
        Ok(())
    }
}

fn echo(shop: &Database, db: &Database) -> Running {
    let hears = Subscriptions::of("echo").on::<Counted>(Arc::new(Echo));
    let modules = vec![module("shop", shop, Subscriptions::of("shop")), module("echo", db, hears)];
    Process::start_with(modules, soon())
}

async fn whatever_a_message_caused_is_found_by_it(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("echo").await);
    Origin::now("POST /v1/numbers").scope(publish(&shop, "k", [1, 2])).await;
    let running = echo(&shop, &db);
    let caused = async || {
        let first = journal::read(&shop, &about("k")).await.unwrap().published[0].id;
        let wanted = Wanted { caused_by: BTreeSet::from([first]), ..Wanted::default() };
        (first, journal::read(&db, &wanted).await.unwrap().published)
    };
    eventually("it is said", LIMIT, async || caused().await.1.len() == 1).await;
    let (first, waiting) = caused().await;
    assert_eq!((&*waiting[0].key, waiting[0].cause), ("echo of 1", Some(first)));
    assert_eq!(waiting[0].origin, None, "a message has set it off");
    forgotten(&db).await;
    let kept = caused().await.1;
    assert_eq!(kept, [Published { settled: true, ..waiting[0].clone() }]);
    running.drain(LIMIT).await.unwrap();
}

async fn what_was_not_handled_at_the_first_try_is_told(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let ear = Ear::new();
    ear.fails.store(2, Ordering::SeqCst);
    let pause = LIMIT * 100;
    let options = Options { first_pause: pause, longest_pause: pause, together: 1, ..soon() };
    let running = listen(&shop, &db, &ear, options);
    publish(&shop, "k", 1..=3).await;
    running.quiet(LIMIT).await.unwrap();
    let found = journal::read(&db, &about("k")).await.unwrap();
    let waiting: Vec<_> = found.waiting.iter().map(|it| (it.place.seq, it.attempts)).collect();
    assert_eq!(waiting, [(2, 3), (3, 0)]);
    assert_eq!(
        (found.waiting[0].state, &*found.waiting[0].reason),
        (State::Waiting, "told to fail")
    );
    assert_eq!(found.late, []);

    ear.fails.store(3, Ordering::SeqCst);
    turn(&db, &found.waiting[0].place, Turn::Retry).await;
    let second = async || journal::read(&db, &about("k")).await.unwrap().late.len() == 1;
    eventually("the second is applied", LIMIT, second).await;
    let failed = async || {
        let found = journal::read(&db, &about("k")).await.unwrap();
        found.waiting.first().is_some_and(|it| it.reason == "told to fail")
    };
    eventually("the third has failed", LIMIT, failed).await;
    turn(&db, &found.waiting[1].place, Turn::Drop).await;
    let third = async || journal::read(&db, &about("k")).await.unwrap().late.len() == 2;
    eventually("the third is given up", LIMIT, third).await;
    let late = journal::read(&db, &about("k")).await.unwrap().late;
    assert_eq!(
        (late[0].message, late[1].message),
        (found.waiting[0].message, found.waiting[1].message)
    );
    assert_eq!((late[0].attempts, &*late[0].reason, late[0].dropped), (3, "told to fail", false));
    assert!(late[1].dropped);
    running.drain(LIMIT).await.unwrap();
}

/// What is in one of both, by one statement.
async fn known(db: &Database) -> i64 {
    let sql = "SELECT (SELECT COUNT(*) FROM outbox) + (SELECT COUNT(*) FROM journal) AS n";
    let reader = db.reader();
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    reader.query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}

async fn a_message_is_in_the_outbox_or_in_the_journal_whenever_a_relay_dies(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let often = Options { reclaim_every: Duration::from_millis(1), reclaim_rows: 3, ..soon() };
    for round in 1..=8 {
        publish(&shop, "k", 1..=20).await;
        let running = listen(&shop, &db, &Ear::new(), often.clone());
        let heard = async || count(&db, "effect").await > round * 20 - 15;
        eventually("some are heard", LIMIT, heard).await;
        drop(running);
        assert_eq!(known(&shop).await, round * 20);
    }
    let running = listen(&shop, &db, &Ear::new(), often);
    forgotten(&shop).await;
    running.drain(LIMIT).await.unwrap();
    let numbers: Vec<_> = journal::read(&shop, &about("k"))
        .await
        .unwrap()
        .published
        .iter()
        .map(|it| it.seq)
        .collect();
    assert_eq!(numbers, (1..=160).collect::<Vec<_>>());
}

async fn what_is_old_is_forgotten(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let ear = Ear::new();
    ear.fails.store(1, Ordering::SeqCst);
    let moment = Duration::from_millis(1);
    let running = listen(&shop, &db, &ear, soon());
    publish(&shop, "k", 1..=20).await;
    eventually("they are parked", LIMIT, async || count(&db, "parked").await == 20).await;
    ear.fails.store(-1, Ordering::SeqCst);
    eventually("they are applied", LIMIT, async || count(&db, "journal_late").await == 20).await;
    publish(&shop, "k", 21..=700).await;
    running.quiet(LIMIT).await.unwrap();
    forgotten(&shop).await;
    running.drain(LIMIT).await.unwrap();
    assert_eq!(count(&shop, "journal").await, 700);

    let brief = Options { journal: moment, sweep_every: moment, ..soon() };
    let running = listen(&shop, &db, &ear, brief);
    eventually("messages are forgotten", LIMIT, async || count(&shop, "journal").await == 0).await;
    eventually("failures are", LIMIT, async || count(&db, "journal_late").await == 0).await;
    running.drain(LIMIT).await.unwrap();
}

async fn whoever_wants_no_journal_has_none(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let ear = Ear::new();
    ear.fails.store(1, Ordering::SeqCst);
    let running = listen(&shop, &db, &ear, Options { journal: Duration::ZERO, ..soon() });
    publish(&shop, "k", 1..=3).await;
    eventually("they are parked", LIMIT, async || count(&db, "parked").await == 3).await;
    ear.fails.store(-1, Ordering::SeqCst);
    eventually("they are applied", LIMIT, async || count(&db, "parked").await == 0).await;
    forgotten(&shop).await;
    assert_eq!((count(&shop, "journal").await, count(&db, "journal_late").await), (0, 0));
    running.drain(LIMIT).await.unwrap();
}

async fn an_envelope_that_cannot_be_read_keeps_no_other_from_being_remembered(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    publish(&shop, "broken", [1]).await;
    script(&shop, "UPDATE outbox SET envelope = '{'").await;
    publish(&shop, "k", [1]).await;
    assert_eq!(journal::read(&shop, &about("broken")).await.unwrap().published, []);
    let running = listen(&shop, &db, &Ear::new(), soon());
    forgotten(&shop).await;
    assert_eq!(count(&shop, "journal").await, 1);
    assert_eq!(noted(&db, "ear", "k").await, [1]);
    running.drain(LIMIT).await.unwrap();
}
