//! SQLite: the file and those who share it.

use std::time::Duration;

use storage::{Database, Error, Options};

use crate::shelf::{ids, put, with_table};

fn options(folder: &tempfile::TempDir) -> Options {
    let path = folder.path().join("made/when/missing.db");
    let mut options = Options::new(format!("sqlite://{}", path.display()));
    options.patience = Duration::from_millis(200);
    options
}

/// What another process would have open.
fn stranger(options: &Options) -> rusqlite::Connection {
    rusqlite::Connection::open(options.url.strip_prefix("sqlite://").unwrap()).unwrap()
}

#[tokio::test]
async fn what_was_committed_is_there_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let db = with_table(Database::open(&options(&folder)).await.unwrap()).await;
    let tx = db.begin().await.unwrap();
    put(&tx, "top", 1).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await.unwrap();
    drop(db);
    let db = Database::open(&options(&folder)).await.unwrap();
    assert_eq!(ids(&db).await, ["top"]);
}

#[tokio::test]
async fn a_lock_of_another_process_is_waited_for_without_blocking_the_thread() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let db = with_table(Database::open(&options).await.unwrap()).await;
    let stranger = stranger(&options);
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    // One thread runs both sides: the lock is only released if waiting for it does not block.
    let (begun, ()) = tokio::join!(db.begin(), async {
        tokio::task::yield_now().await;
        stranger.execute_batch("COMMIT").unwrap();
    });
    begun.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_lock_that_is_never_released_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let db = with_table(Database::open(&options).await.unwrap()).await;
    let stranger = stranger(&options);
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = db.begin().await.unwrap_err();
    assert!(matches!(&refused, Error::Unavailable(why) if why.contains("another process")));
    stranger.execute_batch("COMMIT").unwrap();
    db.begin().await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_turn_that_never_comes_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let db = with_table(Database::open(&options(&folder)).await.unwrap()).await;
    let open = db.begin().await.unwrap();
    let refused = db.begin().await.unwrap_err();
    assert!(matches!(&refused, Error::Unavailable(why) if why.contains("turn")));
    open.commit().await.unwrap();
    db.begin().await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn private_databases_do_not_share_their_tables() {
    let _db = with_table(Database::open(&Options::new("sqlite::memory:")).await.unwrap()).await;
    let other = Database::open(&Options::new("sqlite::memory:")).await.unwrap();
    assert!(put(&other.begin().await.unwrap(), "top", 1).await.is_err());
}

#[tokio::test]
async fn a_url_that_is_not_understood_is_refused_with_the_forms_that_are() {
    let refused = Database::open(&Options::new("mysql://somewhere")).await.unwrap_err();
    assert!(refused.to_string().contains("sqlite://path/file.db"), "{refused}");
}
