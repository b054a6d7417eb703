//! A table with each kind of column, and how to ask it.

use sea_orm::{ConnectionTrait, QueryOrder, Set, entity::prelude::*};
use storage::{Backend, Database, Options};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shelf")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub books: i64,
    pub label: Option<String>,
    pub cover: Option<Vec<u8>>,
    pub moved_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(crate) async fn on_sqlite() -> Database {
    with_table(Database::open(&Options::new("sqlite::memory:")).await.unwrap()).await
}

pub(crate) async fn on_postgres() -> Database {
    let mut options = Options::new(testkit::postgres().await);
    options.schema = Some("library".into());
    with_table(Database::open(&options).await.unwrap()).await
}

pub(crate) async fn with_table(db: Database) -> Database {
    let bytes = match db.backend() {
        Backend::Sqlite => "BLOB",
        Backend::Postgres => "BYTEA",
    };
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared(&format!(
        "CREATE TABLE shelf (id TEXT PRIMARY KEY, books BIGINT NOT NULL, label TEXT, \
         cover {bytes}, moved_at BIGINT, \
         CONSTRAINT shelf_books CHECK (books >= 0), CONSTRAINT shelf_label UNIQUE (label))"
    ))
    .await
    .unwrap();
    tx.commit().await.unwrap();
    db
}

/// A shelf with nothing but its id and its books.
pub(crate) fn plain(id: &str, books: i64) -> ActiveModel {
    ActiveModel {
        id: Set(id.to_owned()),
        books: Set(books),
        label: Set(None),
        cover: Set(None),
        moved_at: Set(None),
    }
}

/// Puts up a shelf.
pub(crate) async fn put(db: &impl ConnectionTrait, id: &str, books: i64) -> Result<(), DbErr> {
    Entity::insert(plain(id, books)).exec_without_returning(db).await.map(|_| ())
}

/// The ids of all committed shelves.
pub(crate) async fn ids(db: &Database) -> Vec<String> {
    let shelves = Entity::find().order_by_asc(Column::Id).all(&db.reader()).await.unwrap();
    shelves.into_iter().map(|shelf| shelf.id).collect()
}
