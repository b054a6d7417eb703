//! What became of the lines of orders: rows of the tables `order_line` and `order_parcel`.

use deliveries_api::ShipmentId;
use kernel::Timestamp;
use orders_api::{Counts, Order, OrderId, Status};
use products_api::VariantId;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Set,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use storage::{Error, Tx};

use super::{
    Store, and, next_version,
    order::{self, broken},
    timeline,
};
use crate::domain::{Fate, Parcel, counts};

pub(super) mod line {
    use sea_orm::entity::prelude::*;

    use crate::store::order;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "order_line")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub order_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub variant: String,
        pub quantity: i64,
        pub cancelled: i64,
        pub shipped: i64,
        pub returned: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    impl Related<Entity> for order::Entity {
        fn to() -> RelationDef {
            let owner: RelationDef = Entity::belongs_to(order::Entity)
                .from(Column::OrderId)
                .to(order::Column::Id)
                .into();
            owner.rev()
        }
    }
}

mod parcel {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "order_parcel")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) order_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) shipment: String,
        pub(crate) fate: String,
        pub(crate) lines: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a change of the counts is called in the timeline, when nothing else of the order changed.
fn what(fate: Fate) -> &'static str {
    match fate {
        Fate::Shipped => "parcel-shipped",
        Fate::Returned => "parcel-returned",
        Fate::Cancelled => "parcel-cancelled",
    }
}

fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Shipped => "shipped",
        Fate::Returned => "returned",
        Fate::Cancelled => "cancelled",
    }
}

impl Store {
    /// Notes what became of a parcel and counts the lines of its order again. The order's version is raised
    /// unless it `moved` in this transaction anyway.
    pub(crate) async fn note_parcel(
        &self,
        tx: &mut Tx,
        id: OrderId,
        parcel: &Parcel,
        at: Timestamp,
        moved: bool,
    ) -> Result<(), Error> {
        let row = order::Entity::find_by_id(id.to_string()).lock_exclusive().one(tx).await?;
        let Some(row) = row else { return Ok(()) };
        if !write_parcel(tx, id, parcel).await? {
            return Ok(());
        }
        let counted = self.count(tx, &mut row.try_into()?).await?;
        if !counted || moved {
            return Ok(());
        }
        let line = timeline::line(at, what(parcel.fate), None)?;
        let changed = order::Entity::update_many()
            .col_expr(order::Column::Version, next_version())
            .col_expr(order::Column::Timeline, and(line))
            .filter(order::Column::Id.eq(id.to_string()))
            .exec_with_returning(tx)
            .await?;
        self.changed(tx, id, changed).map(drop)
    }

    /// Counts the lines of an order again, and says whether anything is different from before. Nobody else
    /// counts them until `tx` ends: the order is locked.
    pub(super) async fn count(&self, tx: &Tx, order: &mut Order) -> Result<bool, Error> {
        fill(tx, std::slice::from_mut(order)).await?;
        let parcels = parcels(tx, order.id).await?;
        let over = order.status == Status::Cancelled;
        let mut different = false;
        for line in &mut order.lines {
            let now = counts(line, &parcels, over);
            different |= now != line.counts;
            line.counts = now;
        }
        if different {
            write_lines(tx, order).await?;
        }
        Ok(different)
    }
}

/// Fills in what became of the lines of these orders.
pub(super) async fn fill(on: &impl ConnectionTrait, orders: &mut [Order]) -> Result<(), Error> {
    let delivered = |order: &&Order| {
        matches!(order.status, Status::Completed | Status::Cancelling | Status::Cancelled)
    };
    let ids: Vec<_> = orders.iter().filter(delivered).map(|order| order.id.to_string()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let rows = line::Entity::find().filter(line::Column::OrderId.is_in(ids)).all(on).await?;
    note(orders, rows)
}

/// Notes in the `orders` what `rows` say of their lines.
pub(super) fn note(orders: &mut [Order], rows: Vec<line::Model>) -> Result<(), Error> {
    for row in rows {
        let variant: VariantId = row.variant.parse().map_err(broken)?;
        let order = orders.iter_mut().find(|order| order.id.to_string() == row.order_id);
        let lines = order.into_iter().flat_map(|order| &mut order.lines);
        for line in lines.filter(|line| line.variant == variant) {
            line.counts = Counts {
                cancelled: row.cancelled.try_into().map_err(broken)?,
                shipped: row.shipped.try_into().map_err(broken)?,
                returned: row.returned.try_into().map_err(broken)?,
            };
        }
    }
    Ok(())
}

async fn parcels(tx: &Tx, id: OrderId) -> Result<Vec<Parcel>, Error> {
    let rows =
        parcel::Entity::find().filter(parcel::Column::OrderId.eq(id.to_string())).all(tx).await?;
    let read = |row: parcel::Model| {
        let shipment: ShipmentId = row.shipment.parse().map_err(broken)?;
        let known = [Fate::Shipped, Fate::Returned, Fate::Cancelled];
        let fate = known.into_iter().find(|known| fate(*known) == row.fate);
        let fate = fate.ok_or_else(|| broken(&row.fate))?;
        let lines = serde_json::from_str(&row.lines).map_err(broken)?;
        Ok(Parcel { shipment, fate, lines })
    };
    rows.into_iter().map(read).collect()
}

/// Writes what became of a parcel, and says whether that is news.
async fn write_parcel(tx: &Tx, id: OrderId, parcel: &Parcel) -> Result<bool, Error> {
    use parcel::Column;
    let row = parcel::ActiveModel {
        order_id: Set(id.to_string()),
        shipment: Set(parcel.shipment.to_string()),
        fate: Set(fate(parcel.fate).to_owned()),
        lines: Set(serde_json::to_string(&parcel.lines).map_err(broken)?),
    };
    let mut again = OnConflict::columns([Column::OrderId, Column::Shipment]);
    again
        .update_columns([Column::Fate, Column::Lines])
        .action_and_where(Expr::col((parcel::Entity, Column::Fate)).ne(fate(parcel.fate)));
    let written = parcel::Entity::insert(row).on_conflict(again).exec_without_returning(tx).await?;
    Ok(written == 1)
}

async fn write_lines(tx: &Tx, order: &Order) -> Result<(), Error> {
    use line::Column;
    let rows = order.lines.iter().map(|line| line::ActiveModel {
        order_id: Set(order.id.to_string()),
        variant: Set(line.variant.to_string()),
        quantity: Set(line.quantity.into()),
        cancelled: Set(line.counts.cancelled.into()),
        shipped: Set(line.counts.shipped.into()),
        returned: Set(line.counts.returned.into()),
    });
    let mut again = OnConflict::columns([Column::OrderId, Column::Variant]);
    again.update_columns([Column::Cancelled, Column::Shipped, Column::Returned]);
    line::Entity::insert_many(rows).on_conflict(again).exec_without_returning(tx).await?;
    Ok(())
}
