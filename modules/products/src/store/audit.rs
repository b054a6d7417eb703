//! Whether the books add up.

use products_api::VariantId;
use sea_orm::FromQueryResult;
use storage::{Backend, Database, Error};

use super::{
    rows::{read, state_name},
    sql::Sql,
};
use crate::domain::stock::{STATES, is_live};

/// A variant whose stock level is not what its movements and reservations say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// Which one.
    pub variant: VariantId,
    /// What the level says is on hand.
    pub on_hand: i64,
    /// What the movements say is on hand.
    pub moved_on_hand: i64,
    /// What the level says is set aside.
    pub reserved: i64,
    /// What the movements say is set aside.
    pub moved_reserved: i64,
    /// What the live reservations hold.
    pub held: i64,
}

#[derive(FromQueryResult)]
struct Row {
    variant: String,
    on_hand: i64,
    moved_on_hand: i64,
    reserved: i64,
    moved_reserved: i64,
    held: i64,
}

const MOVED: &str = "moved AS (SELECT variant, \
    CAST(SUM(CASE WHEN kind = 'shipped' THEN -quantity \
        WHEN kind IN ('received', 'returned', 'adjusted') THEN quantity ELSE 0 END) AS BIGINT) AS on_hand, \
    CAST(SUM(CASE WHEN kind = 'reserved' THEN quantity \
        WHEN kind IN ('released', 'shipped') THEN -quantity ELSE 0 END) AS BIGINT) AS reserved \
    FROM stock_movement GROUP BY variant)";

const COMPARED: &str = "SELECT s.variant, s.on_hand, COALESCE(m.on_hand, 0) AS moved_on_hand, \
    s.reserved, COALESCE(m.reserved, 0) AS moved_reserved, COALESCE(h.quantity, 0) AS held \
    FROM stock_level s LEFT JOIN moved m ON m.variant = s.variant \
    LEFT JOIN held h ON h.variant = s.variant \
    WHERE s.on_hand <> COALESCE(m.on_hand, 0) OR s.reserved <> COALESCE(m.reserved, 0) \
    OR s.reserved <> COALESCE(h.quantity, 0) ORDER BY s.variant";

/// The variants whose level differs from the sum of their movements, or from what live reservations
/// hold; empty when the books add up. One statement, so it is safe while the shop is open.
///
/// # Errors
///
/// When the database cannot be asked.
pub async fn audit(db: &Database) -> Result<Vec<Discrepancy>, Error> {
    let live: Vec<_> = STATES.into_iter().filter(|state| is_live(*state)).collect();
    let live: Vec<_> = live.into_iter().map(|state| format!("'{}'", state_name(state))).collect();
    let lines = match db.backend() {
        Backend::Sqlite => {
            "SELECT json_extract(l.value, '$.variant') AS variant, \
             json_extract(l.value, '$.quantity') AS quantity \
             FROM reservation r, json_each(r.lines) l WHERE json_extract(l.value, '$.uncounted') IS NULL"
        }
        Backend::Postgres => {
            "SELECT l.value ->> 'variant' AS variant, (l.value ->> 'quantity')::BIGINT AS quantity \
             FROM reservation r, json_array_elements(r.lines::json) AS l (value) \
             WHERE l.value ->> 'uncounted' IS NULL"
        }
    };
    let held = format!(
        "held AS (SELECT variant, CAST(SUM(quantity) AS BIGINT) AS quantity \
         FROM ({lines} AND r.state IN ({})) AS line GROUP BY variant)",
        live.join(", ")
    );
    let sql = Sql::new(format!("WITH {MOVED}, {held} {COMPARED}"));
    let rows: Vec<Row> = sql.all(&db.reader()).await?;
    rows.into_iter().map(Row::discrepancy).collect()
}

impl Row {
    fn discrepancy(self) -> Result<Discrepancy, Error> {
        let Self { variant, on_hand, moved_on_hand, reserved, moved_reserved, held } = self;
        let variant = read(&variant)?;
        Ok(Discrepancy { variant, on_hand, moved_on_hand, reserved, moved_reserved, held })
    }
}
