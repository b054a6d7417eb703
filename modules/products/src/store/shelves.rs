//! What staff read about stock: levels, the books, and who holds what.

use kernel::{Page, Timestamp};
use products_api::{
    Error, MovementKind, Reservation, Reservations, Stock, StockEntry, StockLevel, StockMovement,
    StockMovements,
};
use sea_orm::FromQueryResult;
use storage::Failure;

use super::{
    Result, Store,
    rows::{ReservationRow, kind, kind_name, read, state_name},
    sql::Sql,
};

#[derive(FromQueryResult)]
struct LevelRow {
    variant: String,
    product: String,
    title: String,
    sku: String,
    on_hand: i64,
    reserved: i64,
    tracked: i64,
}

#[derive(FromQueryResult)]
struct MovementRow {
    id: String,
    variant: String,
    kind: String,
    quantity: i64,
    reason: String,
    reservation: Option<String>,
    at: i64,
}

impl Store {
    /// One page of levels, by SKU.
    pub(crate) async fn stock(&self, which: &Stock) -> Result<Page<StockEntry>> {
        let mut sql = Sql::new(
            "SELECT s.variant, v.product, p.title, v.sku, s.on_hand, s.reserved, s.tracked \
             FROM stock_level s JOIN variant v ON v.id = s.variant JOIN product p ON p.id = v.product \
             WHERE 1 = 1",
        );
        if let Some(product) = which.product {
            sql = sql.and("v.product = ").bind(product.to_string());
        }
        if let Some(sku) = &which.sku {
            sql = sql.and("v.sku = ").bind(sku.as_str());
        }
        if let Some(most) = which.available_max {
            sql = sql.and("s.tracked = 1 AND s.on_hand - s.reserved <= ").bind(most);
        }
        if let Some(after) = &which.page.after {
            sql = sql.and("v.sku > ").bind(after.as_str());
        }
        let sql = sql.push(" ORDER BY v.sku LIMIT ").bind(i64::from(which.page.limit) + 1);
        let rows: Vec<LevelRow> = sql.all(&self.db.reader()).await?;
        let page = Page::cut(rows, which.page.limit, |row| row.sku.clone());
        let items: Result<_> = page.items.into_iter().map(LevelRow::entry).collect();
        Ok(Page { items: items?, next: page.next })
    }

    /// One page of the books, the latest first.
    pub(crate) async fn stock_movements(
        &self,
        which: &StockMovements,
    ) -> Result<Page<StockMovement>> {
        let mut sql = Sql::new(
            "SELECT id, variant, kind, quantity, reason, reservation, at FROM stock_movement \
             WHERE 1 = 1",
        );
        if let Some(variant) = which.variant {
            sql = sql.and("variant = ").bind(variant.to_string());
        }
        if let Some(kind) = which.kind {
            sql = sql.and("kind = ").bind(kind_name(kind));
        }
        let sql = latest(sql, which.page.after.as_deref(), which.page.limit);
        let rows: Vec<MovementRow> = sql.all(&self.db.reader()).await?;
        let page = Page::cut(rows, which.page.limit, |row| row.id.clone());
        let items: Result<_> = page.items.into_iter().map(MovementRow::movement).collect();
        Ok(Page { items: items?, next: page.next })
    }

    /// One page of reservations, the latest first.
    pub(crate) async fn reservations(&self, which: &Reservations) -> Result<Page<Reservation>> {
        let mut sql =
            Sql::new("SELECT id, owner, lines, state, expires_at FROM reservation WHERE 1 = 1");
        if let Some(state) = which.state {
            sql = sql.and("state = ").bind(state_name(state));
        }
        let sql = latest(sql, which.page.after.as_deref(), which.page.limit);
        let rows: Vec<ReservationRow> = sql.all(&self.db.reader()).await?;
        let items: std::result::Result<Vec<_>, _> =
            rows.into_iter().map(ReservationRow::reservation).collect();
        Ok(Page::cut(items?, which.page.limit, |reservation| reservation.id.to_string()))
    }

    /// The level of one variant.
    pub(super) async fn level(
        &self,
        on: &impl sea_orm::ConnectionTrait,
        variant: products_api::VariantId,
    ) -> Result<StockLevel> {
        #[derive(FromQueryResult)]
        struct Row {
            on_hand: i64,
            reserved: i64,
        }
        let found: Option<Row> =
            Sql::new("SELECT on_hand, reserved FROM stock_level WHERE variant = ")
                .bind(variant.to_string())
                .one(on)
                .await?;
        let unknown = Failure::Refused(Error::UnknownVariant(variant));
        let Row { on_hand, reserved } = found.ok_or(unknown)?;
        Ok(StockLevel { variant, on_hand, reserved })
    }
}

/// The latest first: ids are given out in the order of time.
fn latest(mut sql: Sql, after: Option<&str>, limit: u32) -> Sql {
    if let Some(after) = after {
        sql = sql.and("id < ").bind(after);
    }
    sql.push(" ORDER BY id DESC LIMIT ").bind(i64::from(limit) + 1)
}

impl LevelRow {
    fn entry(self) -> Result<StockEntry> {
        let Self { variant, product, title, sku, on_hand, reserved, tracked } = self;
        let level = StockLevel { variant: read(&variant)?, on_hand, reserved };
        Ok(StockEntry { level, product: read(&product)?, title, sku, tracked: tracked != 0 })
    }
}

impl MovementRow {
    fn movement(self) -> Result<StockMovement> {
        let kind: MovementKind = kind(&self.kind)?;
        Ok(StockMovement {
            id: read(&self.id)?,
            variant: read(&self.variant)?,
            kind,
            quantity: self.quantity,
            reason: self.reason,
            reservation: self.reservation.as_deref().map(read).transpose()?,
            at: Timestamp::from_micros(self.at),
        })
    }
}
