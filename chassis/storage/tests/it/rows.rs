//! Rows through sea-orm's entities.

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, ExprTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    Set, Statement, entity::prelude::*,
};
use storage::Database;

use crate::{
    on_both,
    shelf::{self, Column, Entity, Model, plain, put},
};

fn full() -> Model {
    Model {
        id: "top".into(),
        books: i64::MAX,
        label: Some("naïve ☃".into()),
        cover: Some(vec![0, 1, 255]),
        moved_at: Some(-1),
    }
}

async fn an_entity_is_inserted_found_updated_and_deleted(db: Database) {
    let tx = db.begin().await.unwrap();
    let inserted = full().into_active_model().insert(&tx).await.unwrap();
    assert_eq!(inserted, full());
    assert_eq!(Entity::find_by_id("top").one(&tx).await.unwrap(), Some(full()));

    let mut change = inserted.into_active_model();
    change.books = Set(3);
    change.cover = Set(None);
    let changed = change.update(&tx).await.unwrap();
    assert_eq!(changed, Model { books: 3, cover: None, ..full() });

    let deleted = Entity::delete_by_id("top").exec(&tx).await.unwrap();
    assert_eq!(deleted.rows_affected, 1);
    assert_eq!(Entity::find_by_id("top").one(&tx).await.unwrap(), None);
    tx.commit().await.unwrap();
}

async fn null_is_none_and_for_a_required_value_an_error(db: Database) {
    let tx = db.begin().await.unwrap();
    put(&tx, "bare", 0).await.unwrap();
    tx.commit().await.unwrap();

    let bare = Entity::find_by_id("bare").one(&db.reader()).await.unwrap().unwrap();
    assert_eq!((bare.label, bare.cover, bare.moved_at), (None, None, None));

    #[derive(Debug, FromQueryResult)]
    struct Strict {
        #[expect(dead_code, reason = "the row has none, so that this is never made")]
        moved_at: i64,
    }
    let refused = Entity::find().into_model::<Strict>().one(&db.reader()).await.unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("moved_at") || said.contains("null"), "{said}");
}

async fn an_update_returns_the_rows_it_changed(db: Database) {
    let tx = db.begin().await.unwrap();
    Entity::insert_many([plain("a", 1), plain("b", 2), plain("c", 0)])
        .exec_without_returning(&tx)
        .await
        .unwrap();
    let mut changed = Entity::update_many()
        .col_expr(Column::Books, Expr::col(Column::Books).sub(1))
        .filter(Column::Books.gte(1))
        .exec_with_returning(&tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    changed.sort_by(|one, other| one.id.cmp(&other.id));
    let changed: Vec<_> = changed.iter().map(|it| (it.id.as_str(), it.books)).collect();
    assert_eq!(changed, [("a", 0), ("b", 1)]);
}

async fn an_insert_returns_its_row(db: Database) {
    let tx = db.begin().await.unwrap();
    let row = Entity::insert(plain("a", 7)).exec_with_returning(&tx).await.unwrap();
    assert_eq!((row.id.as_str(), row.books), ("a", 7));
    tx.commit().await.unwrap();
}

async fn a_write_is_complete_even_if_one_row_of_it_is_asked_for(db: Database) {
    let tx = db.begin().await.unwrap();
    for id in ["a", "b", "c"] {
        put(&tx, id, 1).await.unwrap();
    }
    let sql = "UPDATE shelf SET books = 2 RETURNING id";
    let one = tx.query_one_raw(Statement::from_string(tx.get_database_backend(), sql)).await;
    assert!(one.unwrap().is_some());
    tx.commit().await.unwrap();
    let changed = Entity::find().filter(Column::Books.eq(2)).count(&db.reader()).await.unwrap();
    assert_eq!(changed, 3);
}

async fn an_insert_over_an_existing_row_may_do_nothing(db: Database) {
    use sea_orm::sea_query::OnConflict;
    let tx = db.begin().await.unwrap();
    let nothing = OnConflict::column(Column::Id).do_nothing().to_owned();
    for expected in [1, 0] {
        let written = Entity::insert(plain("a", 1))
            .on_conflict(nothing.clone())
            .exec_without_returning(&tx)
            .await
            .unwrap();
        assert_eq!(written, expected);
    }
    tx.commit().await.unwrap();
    assert_eq!(shelf::ids(&db).await, ["a"]);
}

on_both!(
    an_entity_is_inserted_found_updated_and_deleted,
    null_is_none_and_for_a_required_value_an_error,
    an_update_returns_the_rows_it_changed,
    an_insert_returns_its_row,
    a_write_is_complete_even_if_one_row_of_it_is_asked_for,
    an_insert_over_an_existing_row_may_do_nothing,
);
