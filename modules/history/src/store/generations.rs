//! Generations: which one readers see, which one is in the making, and what is left of old ones.

use sea_orm::FromQueryResult;
use storage::{Database, Error, Tx};

use super::sql::Sql;

/// Rows of one table that are removed in one transaction.
const SWEPT_AT_ONCE: i64 = 1000;

/// The tables whose rows belong to generations, and what tells their orders.
const TABLES: [(&str, &str); 3] =
    [("moment", "order_id"), ("shipment", "order_id"), ("order_entry", "id")];

#[derive(FromQueryResult)]
struct Number {
    n: i64,
}

/// Makes sure that there is a current one.
pub(crate) async fn first(db: &Database) -> Result<(), Error> {
    let current = "SELECT id AS n FROM generation WHERE state = 'current'";
    if !Sql::new(current).all::<Number>(&db.reader()).await?.is_empty() {
        return Ok(());
    }
    let tx = db.begin().await?;
    let first = "INSERT INTO generation (id, state) VALUES (1, 'current') ON CONFLICT DO NOTHING";
    Sql::new(first).execute(&tx).await?;
    tx.commit().await
}

/// Begins a new one, instead of whichever was in the making. From now on it is told what the current one
/// is told.
pub(crate) async fn begin(db: &Database) -> Result<i64, Error> {
    let tx = db.begin().await?;
    Sql::new("UPDATE generation SET state = 'retired' WHERE state = 'building'")
        .execute(&tx)
        .await?;
    let sql = "INSERT INTO generation (id, state) SELECT MAX(id) + 1, 'building' FROM generation \
               WHERE true RETURNING id AS n";
    let made: Vec<Number> = Sql::new(sql).all(&tx).await?;
    tx.commit().await?;
    Ok(made.first().map_or(0, |row| row.n))
}

/// Whether nobody has begun another one since.
pub(crate) async fn is_building(tx: &Tx, generation: i64) -> Result<bool, Error> {
    let sql = Sql::new("SELECT id AS n FROM generation WHERE state = 'building' AND id = ");
    Ok(!sql.bind(generation).all::<Number>(tx).await?.is_empty())
}

/// Shows it to readers instead of the current one; false when somebody has begun another one since.
pub(crate) async fn show(db: &Database, generation: i64) -> Result<bool, Error> {
    let tx = db.begin().await?;
    Sql::new("UPDATE generation SET state = 'retired' WHERE state = 'current'")
        .execute(&tx)
        .await?;
    let sql =
        Sql::new("UPDATE generation SET state = 'current' WHERE state = 'building' AND id = ");
    if sql.bind(generation).affected(&tx).await? == 0 {
        tx.rollback().await?;
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}

/// How many orders, payments and shipments the current one knows.
pub(crate) async fn sizes(db: &Database) -> Result<[u64; 3], Error> {
    let current = "generation = (SELECT id FROM generation WHERE state = 'current')";
    let mut sizes = [0; 3];
    for (size, from) in sizes.iter_mut().zip([
        format!("order_entry WHERE number IS NOT NULL AND {current}"),
        format!("order_entry WHERE payment_version > 0 AND {current}"),
        format!("shipment WHERE {current}"),
    ]) {
        let counted: Vec<Number> =
            Sql::new(format!("SELECT COUNT(*) AS n FROM {from}")).all(&db.reader()).await?;
        *size = counted.first().map_or(0, |row| row.n.cast_unsigned());
    }
    Ok(sizes)
}

/// Removes some of what is left of generations that nobody sees; false when nothing was left.
pub(crate) async fn sweep(db: &Database) -> Result<bool, Error> {
    const DEAD: &str = "generation NOT IN (SELECT id FROM generation WHERE state <> 'retired')";
    let tx = db.begin().await?;
    let mut removed = 0;
    for (table, order) in TABLES {
        let sql = format!(
            "DELETE FROM {table} WHERE {DEAD} AND {order} IN \
             (SELECT {order} FROM {table} WHERE {DEAD} LIMIT {SWEPT_AT_ONCE})"
        );
        removed += Sql::new(sql).affected(&tx).await?;
    }
    if removed == 0 {
        Sql::new("DELETE FROM generation WHERE state = 'retired'").execute(&tx).await?;
    }
    tx.commit().await?;
    Ok(removed > 0)
}
