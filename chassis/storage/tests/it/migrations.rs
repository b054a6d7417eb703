//! Schema steps and the three refusals.

use sea_orm::ConnectionTrait;
use storage::{
    Database,
    migration::{Error, History, State, Step},
};

use crate::on_both;

const FIRST: Step = Step {
    name: "attic/0001_boxes",
    sqlite: "CREATE TABLE boxes (id TEXT PRIMARY KEY); CREATE INDEX boxes_id ON boxes (id);",
    postgres: "CREATE TABLE boxes (id TEXT PRIMARY KEY); CREATE INDEX boxes_id ON boxes (id);",
};
const SECOND: Step = Step {
    name: "attic/0002_chests",
    sqlite: "CREATE TABLE chests (id TEXT PRIMARY KEY)",
    postgres: "CREATE TABLE chests (id TEXT PRIMARY KEY)",
};
const EDITED: Step = Step {
    sqlite: "CREATE TABLE boxes (id TEXT)",
    postgres: "CREATE TABLE boxes (id TEXT)",
    ..FIRST
};
const BROKEN: Step = Step {
    name: "attic/0003_broken",
    sqlite: "CREATE TABLE trunks (id TEXT); SELEKT",
    postgres: "CREATE TABLE trunks (id TEXT); SELEKT",
};

const fn attic(steps: &'static [Step]) -> History {
    History { module: "attic", steps }
}

async fn write(db: &Database, sql: &str) {
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared(sql).await.unwrap();
    tx.commit().await.unwrap();
}

async fn has_table(db: &Database, table: &str) -> bool {
    db.reader().execute_unprepared(&format!("SELECT * FROM {table}")).await.is_ok()
}

async fn pending_steps_are_applied_in_order_and_only_once(db: Database) {
    let older = attic(&[FIRST]);
    let newer = attic(&[FIRST, SECOND]);
    assert_eq!(db.migrate(&older).await.unwrap().applied, [FIRST.name]);
    let status = db.migration_status(&newer).await.unwrap();
    let expected =
        [(FIRST.name.to_owned(), State::Applied), (SECOND.name.to_owned(), State::Pending)];
    assert_eq!(status.steps, expected);
    let report = db.migrate(&newer).await.unwrap();
    assert_eq!((report.applied, report.already), (vec![SECOND.name], 1));
    let report = db.migrate(&newer).await.unwrap();
    assert_eq!((report.applied, report.already), (vec![], 2));
    assert!(has_table(&db, "boxes").await && has_table(&db, "chests").await);
}

async fn two_that_start_at_once_apply_each_step_once(db: Database) {
    let history = attic(&[FIRST, SECOND]);
    let (one, other) = tokio::join!(db.migrate(&history), db.migrate(&history));
    let applied = one.unwrap().applied.len() + other.unwrap().applied.len();
    assert_eq!(applied, 2);
}

async fn a_step_that_was_not_finished_stops_the_start(db: Database) {
    db.migrate(&attic(&[FIRST])).await.unwrap();
    write(&db, "UPDATE attic_migrations SET finished_at = NULL").await;
    let refused = db.migrate(&attic(&[FIRST, SECOND])).await.unwrap_err();
    assert!(matches!(&refused, Error::Unfinished { step, .. } if step == FIRST.name));
    assert!(refused.to_string().contains("set its finished_at in attic_migrations"), "{refused}");
    assert!(!has_table(&db, "chests").await);
}

async fn a_step_that_the_binary_does_not_know_stops_the_start(db: Database) {
    db.migrate(&attic(&[FIRST, SECOND])).await.unwrap();
    let refused = db.migrate(&attic(&[FIRST])).await.unwrap_err();
    assert!(matches!(&refused, Error::Unknown { step, .. } if step == SECOND.name));
    assert!(refused.to_string().contains("Start that newer binary"), "{refused}");
}

async fn a_step_that_was_edited_after_it_was_applied_stops_the_start(db: Database) {
    db.migrate(&attic(&[FIRST])).await.unwrap();
    let refused = db.migrate(&attic(&[EDITED, SECOND])).await.unwrap_err();
    assert!(matches!(&refused, Error::Changed { step, .. } if step == FIRST.name));
    assert!(refused.to_string().contains("into a new step"), "{refused}");
    assert!(!has_table(&db, "chests").await);
}

async fn a_step_that_fails_leaves_nothing_behind(db: Database) {
    let refused = db.migrate(&attic(&[FIRST, BROKEN])).await.unwrap_err();
    assert!(matches!(&refused, Error::Failed { step, .. } if *step == BROKEN.name));
    assert!(!has_table(&db, "boxes").await && !has_table(&db, "trunks").await);
    assert_eq!(db.migrate(&attic(&[FIRST])).await.unwrap().applied, [FIRST.name]);
}

on_both!(
    pending_steps_are_applied_in_order_and_only_once,
    two_that_start_at_once_apply_each_step_once,
    a_step_that_was_not_finished_stops_the_start,
    a_step_that_the_binary_does_not_know_stops_the_start,
    a_step_that_was_edited_after_it_was_applied_stops_the_start,
    a_step_that_fails_leaves_nothing_behind,
);
