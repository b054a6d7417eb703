//! Begin, commit, roll back, and what others see meanwhile.

use futures::future::join_all;
use sea_orm::{ConnectionTrait, ExprTrait, QueryFilter, entity::prelude::*};
use storage::{Database, Error};

use crate::{
    on_both,
    shelf::{self, ids, put},
};

async fn a_committed_transaction_is_seen_and_others_are_not(db: Database) {
    let tx = db.begin().await.unwrap();
    put(&tx, "committed", 1).await.unwrap();
    tx.commit().await.unwrap();
    let tx = db.begin().await.unwrap();
    put(&tx, "rolled back", 1).await.unwrap();
    tx.rollback().await.unwrap();
    let tx = db.begin().await.unwrap();
    put(&tx, "dropped", 1).await.unwrap();
    drop(tx);
    let tx = db.begin().await.unwrap();
    put(&tx, "committed later", 1).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ids(&db).await, ["committed", "committed later"]);
}

async fn a_reader_sees_only_what_is_committed(db: Database) {
    let tx = db.begin().await.unwrap();
    put(&tx, "top", 1).await.unwrap();
    assert!(ids(&db).await.is_empty());
    assert_eq!(shelf::Entity::find().count(&tx).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(ids(&db).await, ["top"]);
}

async fn a_reader_refuses_to_write(db: Database) {
    assert!(put(&db.reader(), "top", 1).await.is_err());
    assert!(ids(&db).await.is_empty());
}

async fn a_lone_transaction_with_one_statement_sends_three(db: Database) {
    let before = db.statements();
    let tx = db.begin().await.unwrap();
    put(&tx, "top", 1).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db.statements() - before, 3);
    let before = db.statements();
    ids(&db).await;
    assert_eq!(db.statements() - before, 1);
}

async fn broken_rules_are_told_apart(db: Database) {
    let tx = db.begin().await.unwrap();
    put(&tx, "top", 1).await.unwrap();
    tx.commit().await.unwrap();

    let tx = db.begin().await.unwrap();
    let twice = Error::from(put(&tx, "top", 1).await.unwrap_err());
    assert!(matches!(&twice, Error::Unique { constraint } if constraint.contains("shelf")));
    drop(tx);

    let tx = db.begin().await.unwrap();
    let negative = Error::from(put(&tx, "low", -1).await.unwrap_err());
    assert!(matches!(&negative, Error::Check { constraint } if constraint == "shelf_books"));
    drop(tx);

    let tx = db.begin().await.unwrap();
    let nonsense = Error::from(tx.execute_unprepared("SELEKT").await.unwrap_err());
    assert!(matches!(nonsense, Error::Other(_)), "{nonsense:?}");
    assert!(!nonsense.is_transient());
}

async fn after_a_failed_statement_nothing_can_be_committed(db: Database) {
    let tx = db.begin().await.unwrap();
    put(&tx, "top", 1).await.unwrap();
    put(&tx, "low", -1).await.unwrap_err();
    put(&tx, "middle", 1).await.unwrap_err();
    tx.commit().await.unwrap_err();
    assert!(ids(&db).await.is_empty());
}

async fn fifty_takers_never_take_more_than_there_is(db: Database) {
    let tx = db.begin().await.unwrap();
    put(&tx, "top", 20).await.unwrap();
    tx.commit().await.unwrap();

    let takers = (0..50).map(|_| tokio::spawn(take_one(db.clone())));
    let took = join_all(takers).await.into_iter().filter(|took| *took.as_ref().unwrap()).count();

    assert_eq!(took, 20);
    let left = shelf::Entity::find_by_id("top").one(&db.reader()).await.unwrap().unwrap();
    assert_eq!(left.books, 0);
}

async fn take_one(db: Database) -> bool {
    let tx = db.begin().await.unwrap();
    let taken = shelf::Entity::update_many()
        .col_expr(shelf::Column::Books, Expr::col(shelf::Column::Books).sub(1))
        .filter(shelf::Column::Id.eq("top"))
        .filter(shelf::Column::Books.gte(1))
        .exec(&tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    taken.rows_affected == 1
}

async fn a_closed_database_begins_nothing_more(db: Database) {
    db.ping().await.unwrap();
    let tx = db.begin().await.unwrap();
    put(&tx, "top", 1).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await.unwrap();
    let refused = db.begin().await.unwrap_err();
    assert!(matches!(refused, Error::Unavailable(_)), "{refused:?}");
}

async fn a_companion_is_left_once_and_found_by_all_handles(db: Database) {
    assert!(db.extension::<String>().is_none());
    db.set_extension("first".to_owned()).unwrap();
    assert_eq!(db.set_extension("second".to_owned()), Err("second".to_owned()));
    assert_eq!(*db.clone().extension::<String>().unwrap(), "first");
}

on_both!(
    a_committed_transaction_is_seen_and_others_are_not,
    a_reader_sees_only_what_is_committed,
    a_reader_refuses_to_write,
    a_lone_transaction_with_one_statement_sends_three,
    broken_rules_are_told_apart,
    after_a_failed_statement_nothing_can_be_committed,
    fifty_takers_never_take_more_than_there_is,
    a_closed_database_begins_nothing_more,
    a_companion_is_left_once_and_found_by_all_handles,
);
