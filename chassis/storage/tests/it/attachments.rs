//! What a transaction takes along to its commit.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::future::join_all;
use storage::{Attachment, Database, Error, Tx};

use crate::{
    on_both,
    shelf::{ids, put},
};

/// Which shelves were told of their commit, in which order.
type Told = Mutex<Vec<String>>;

#[derive(Default)]
struct Announced(Vec<String>);

#[async_trait]
impl Attachment for Announced {
    async fn before_commit(&mut self, tx: &Tx) -> Result<(), Error> {
        for id in &self.0 {
            put(tx, id, 1).await?;
        }
        Ok(())
    }

    fn committed(self: Box<Self>, db: &Database) {
        if let Some(told) = db.extension::<Told>() {
            told.lock().unwrap().extend(self.0);
        }
    }
}

fn told(db: &Database) -> Arc<Told> {
    db.extension::<Told>().unwrap()
}

async fn it_writes_at_commit_and_is_told_when_that_is_durable(db: Database) {
    db.set_extension(Told::default()).unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.attachment::<Announced>().0.push("one".into());
    tx.attachment::<Announced>().0.push("two".into());
    assert!(told(&db).lock().unwrap().is_empty());
    tx.commit().await.unwrap();
    assert_eq!(ids(&db).await, ["one", "two"]);
    assert_eq!(*told(&db).lock().unwrap(), ["one", "two"]);
}

async fn it_is_dropped_with_a_transaction_that_rolls_back(db: Database) {
    db.set_extension(Told::default()).unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.attachment::<Announced>().0.push("one".into());
    drop(tx);
    db.begin().await.unwrap().commit().await.unwrap();
    assert!(ids(&db).await.is_empty());
    assert!(told(&db).lock().unwrap().is_empty());
}

async fn its_failure_rolls_the_transaction_back(db: Database) {
    db.set_extension(Told::default()).unwrap();
    let mut tx = db.begin().await.unwrap();
    put(&tx, "one", 1).await.unwrap();
    tx.attachment::<Announced>().0.push("one".into());
    let twice = tx.commit().await.unwrap_err();
    assert!(matches!(twice, Error::Unique { .. }), "{twice:?}");
    assert!(ids(&db).await.is_empty());
    assert!(told(&db).lock().unwrap().is_empty());
}

on_both!(
    it_writes_at_commit_and_is_told_when_that_is_durable,
    it_is_dropped_with_a_transaction_that_rolls_back,
    its_failure_rolls_the_transaction_back,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_they_are_told_in_the_order_of_the_rows() {
    use sea_orm::{ConnectionTrait, Statement};
    let db = crate::shelf::on_sqlite().await;
    db.set_extension(Told::default()).unwrap();
    let writers = (0..200).map(|number| {
        let db = db.clone();
        tokio::spawn(async move {
            let mut tx = db.begin().await.unwrap();
            tx.attachment::<Announced>().0.push(format!("{number}"));
            tx.commit().await.unwrap();
        })
    });
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    let sql = "SELECT id FROM shelf ORDER BY rowid";
    let by_row = Statement::from_string(db.reader().get_database_backend(), sql);
    let rows = db.reader().query_all_raw(by_row).await.unwrap();
    let rows: Vec<String> = rows.iter().map(|row| row.try_get("", "id").unwrap()).collect();
    assert_eq!(rows.len(), 200);
    assert_eq!(*told(&db).lock().unwrap(), rows);
}
