//! SQLite: transactions that share a COMMIT share nothing else.

use std::{pin::Pin, time::Duration};

use futures::poll;
use sea_orm::ConnectionTrait;
use storage::{Database, Error, Options, Tx};
use tokio::task::JoinHandle;

use crate::shelf::{ids, put, with_table};

type Begin = Pin<Box<dyn Future<Output = Result<Tx, Error>> + Send>>;

async fn opened(change: impl FnOnce(&mut Options)) -> Database {
    let mut options = Options::new("sqlite::memory:");
    options.group_window = Duration::from_secs(60);
    change(&mut options);
    with_table(Database::open(&options).await.unwrap()).await
}

async fn db() -> Database {
    opened(|_| {}).await
}

/// A transaction that waits for its turn behind an open one.
async fn queued(db: &Database) -> Begin {
    let db = db.clone();
    let mut begin: Begin = Box::pin(async move { db.begin().await });
    assert!(poll!(&mut begin).is_pending());
    begin
}

fn commit(tx: Tx) -> JoinHandle<Result<(), Error>> {
    tokio::spawn(tx.commit())
}

#[tokio::test]
async fn nobody_is_told_and_nothing_is_seen_before_the_last_member_has_ended() {
    let db = db().await;
    let first = db.begin().await.unwrap();
    let second = queued(&db).await;
    put(&first, "1", 1).await.unwrap();
    let first = commit(first);

    let second = second.await.unwrap(); // so the first one has ended
    put(&second, "2", 1).await.unwrap();
    assert!(!first.is_finished());
    assert!(ids(&db).await.is_empty());

    second.commit().await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(ids(&db).await, ["1", "2"]);
}

#[tokio::test]
async fn a_member_that_fails_takes_back_its_own_part_only() {
    let db = db().await;
    let first = db.begin().await.unwrap();
    let (second, third) = (queued(&db).await, queued(&db).await);
    put(&first, "1", 1).await.unwrap();
    let first = commit(first);

    let second = second.await.unwrap();
    put(&second, "2", 1).await.unwrap();
    put(&second, "1", 1).await.unwrap_err();
    drop(second);

    let third = third.await.unwrap();
    put(&third, "3", 1).await.unwrap();
    third.commit().await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(ids(&db).await, ["1", "3"]);
}

#[tokio::test]
async fn the_first_one_may_fail_too() {
    let db = db().await;
    let first = db.begin().await.unwrap();
    let second = queued(&db).await;
    put(&first, "1", 1).await.unwrap();
    first.rollback().await.unwrap();
    let second = second.await.unwrap();
    put(&second, "2", 1).await.unwrap();
    second.commit().await.unwrap();
    assert_eq!(ids(&db).await, ["2"]);
}

#[tokio::test]
async fn a_member_whose_task_panics_or_is_cancelled_passes_the_turn_on() {
    let db = db().await;
    let first = db.begin().await.unwrap();
    let (second, third, fourth) = (queued(&db).await, queued(&db).await, queued(&db).await);
    put(&first, "1", 1).await.unwrap();
    let first = commit(first);

    let panicked = tokio::spawn(async move {
        let second = second.await.unwrap();
        put(&second, "2", 1).await.unwrap();
        panic!("on purpose");
    });
    let cancelled = tokio::spawn(async move {
        let third = third.await.unwrap();
        put(&third, "3", 1).await.unwrap();
        std::future::pending::<()>().await;
    });
    assert!(panicked.await.unwrap_err().is_panic());
    cancelled.abort();
    assert!(cancelled.await.unwrap_err().is_cancelled());

    let fourth = fourth.await.unwrap();
    put(&fourth, "4", 1).await.unwrap();
    fourth.commit().await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(ids(&db).await, ["1", "4"]);
}

#[tokio::test]
async fn the_group_is_committed_even_if_who_was_given_the_turn_is_gone() {
    let db = db().await;
    let first = db.begin().await.unwrap();
    let (second, third) = (queued(&db).await, queued(&db).await);
    put(&first, "1", 1).await.unwrap();
    drop(third);
    let mut first = Box::pin(first.commit());
    assert!(poll!(&mut first).is_pending()); // the second one has been given the turn
    drop(second);
    first.await.unwrap();
    assert_eq!(ids(&db).await, ["1"]);
}

#[tokio::test]
async fn a_commit_that_nobody_awaits_any_more_happens_all_the_same() {
    let db = db().await;
    let first = db.begin().await.unwrap();
    let second = queued(&db).await;
    put(&first, "1", 1).await.unwrap();
    let mut unwatched = Box::pin(first.commit());
    assert!(poll!(&mut unwatched).is_pending());
    drop(unwatched);
    second.await.unwrap().commit().await.unwrap();
    assert_eq!(ids(&db).await, ["1"]);
}

#[tokio::test]
async fn turns_are_taken_in_the_order_in_which_they_were_asked_for() {
    let db = db().await;
    let first = db.begin().await.unwrap();
    let mut begins = Vec::new();
    for number in 1..=9 {
        begins.push((number, queued(&db).await));
    }
    let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let tasks = begins.into_iter().rev().map(|(number, begin)| {
        let order = order.clone();
        tokio::spawn(async move {
            let tx = begin.await.unwrap();
            order.lock().unwrap().push(number);
            tx.commit().await.unwrap();
        })
    });
    let tasks: Vec<_> = tasks.collect();
    first.commit().await.unwrap();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), (1..=9).collect::<Vec<_>>());
}

#[tokio::test]
async fn switched_off_each_transaction_has_its_own_commit() {
    let db = opened(|options| options.group_commit = false).await;
    let first = db.begin().await.unwrap();
    let second = queued(&db).await;
    put(&first, "1", 1).await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(ids(&db).await, ["1"]);
    second.await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn members_of_a_transaction_that_sqlite_has_rolled_back_are_told() {
    let db = db().await;
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared(
        "CREATE TRIGGER fire BEFORE INSERT ON shelf WHEN NEW.id = 'fire' \
         BEGIN SELECT RAISE(ROLLBACK, 'everything is lost'); END",
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();

    let first = db.begin().await.unwrap();
    let (second, third) = (queued(&db).await, queued(&db).await);
    put(&first, "1", 1).await.unwrap();
    let first = commit(first);
    let second = second.await.unwrap();
    put(&second, "fire", 1).await.unwrap_err();
    put(&second, "2", 1).await.unwrap_err();
    second.commit().await.unwrap_err();
    let third = third.await.unwrap();
    put(&third, "3", 1).await.unwrap();
    third.commit().await.unwrap();

    let lost = first.await.unwrap().unwrap_err();
    assert!(matches!(lost, Error::Unavailable(_)), "{lost:?}");
    assert_eq!(ids(&db).await, ["3"]);
}

#[tokio::test]
async fn a_commit_that_fails_is_told_to_every_member_and_harms_no_later_one() {
    let db = db().await;
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared(
        "CREATE TABLE note (shelf TEXT REFERENCES shelf (id) DEFERRABLE INITIALLY DEFERRED)",
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();

    let first = db.begin().await.unwrap();
    let second = queued(&db).await;
    put(&first, "1", 1).await.unwrap();
    let first = commit(first);
    let second = second.await.unwrap();
    second.execute_unprepared("INSERT INTO note VALUES ('nowhere')").await.unwrap();
    assert!(matches!(second.commit().await.unwrap_err(), Error::Other(_)));
    assert!(matches!(first.await.unwrap().unwrap_err(), Error::Other(_)));

    let third = db.begin().await.unwrap();
    put(&third, "3", 1).await.unwrap();
    third.commit().await.unwrap();
    assert_eq!(ids(&db).await, ["3"]);
}
