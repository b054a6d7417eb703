//! Shipments at rest. What it finds and what it writes; what it means is decided elsewhere.

pub(crate) mod inbox;
pub(crate) mod rates;
mod shipment;
mod tracking;
mod webhook;

use deliveries_api::{CancelDelivery, ListShipments, ShipmentId, Waybill};
use kernel::{Page, PageRequest, Timestamp};
use orders_api::OrderId;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
    sea_query::{Expr, OnConflict},
};
use storage::{Backend, Error, Tx};
use users_api::UserId;

use crate::{
    domain::FIRST,
    parcel::{Change, Parcel},
};
use shipment::{ActiveModel, Column, Entity, TOMBSTONE};

/// Writes a new parcel, unless its order has one of its number or its waybill is taken.
pub(crate) async fn insert(tx: &Tx, parcel: &Parcel) -> Result<bool, Error> {
    write(tx, shipment::new(parcel)?).await
}

/// Makes sure that there will be no first shipment of an order, unless there is one.
pub(crate) async fn bury(
    tx: &Tx,
    id: ShipmentId,
    of: &CancelDelivery,
    now: Timestamp,
) -> Result<bool, Error> {
    write(tx, shipment::tombstone(id, of, now)).await
}

async fn write(tx: &Tx, row: ActiveModel) -> Result<bool, Error> {
    let nothing = OnConflict::new().do_nothing().to_owned();
    let written = Entity::insert(row).on_conflict(nothing).exec_without_returning(tx).await?;
    Ok(written == 1)
}

/// Makes a change, unless the parcel is not any more what it was.
pub(crate) async fn replace(tx: &Tx, change: &Change) -> Result<bool, Error> {
    let (version, status) = change.from;
    let unchanged = Column::Id
        .eq(change.parcel.shipment.id.to_string())
        .and(Column::Version.eq(shipment::number(version)?))
        .and(Column::Status.eq(status.as_str()));
    let row = shipment::change(&change.parcel)?;
    let changed = Entity::update_many().set(row).filter(unchanged).exec(tx).await?;
    Ok(changed.rows_affected == 1)
}

/// Finds a parcel.
pub(crate) async fn find(
    on: &impl ConnectionTrait,
    id: ShipmentId,
) -> Result<Option<Parcel>, Error> {
    let row = parcels().filter(Column::Id.eq(id.to_string())).one(on).await?;
    row.map(shipment::read).transpose()
}

/// One page of every parcel, by id.
pub(crate) async fn page(
    on: &impl ConnectionTrait,
    page: &PageRequest,
) -> Result<Page<Parcel>, Error> {
    let mut all = parcels().order_by_asc(Column::Id);
    if let Some(after) = &page.after {
        all = all.filter(Column::Id.gt(after));
    }
    let rows = all.limit(u64::from(page.limit) + 1).all(on).await?;
    let parcels = read(rows)?;
    Ok(Page::cut(parcels, page.limit, |parcel: &Parcel| parcel.shipment.id.to_string()))
}

/// One page of the parcels that are asked for, the newest first.
pub(crate) async fn list(
    on: &impl ConnectionTrait,
    wish: &ListShipments,
) -> Result<Page<Parcel>, Error> {
    let ListShipments { status, order, customer, carrier, waybill, page } = wish;
    let rows = parcels()
        .apply_if(*status, |all, status| all.filter(Column::Status.eq(status.as_str())))
        .apply_if(*order, |all, order| all.filter(Column::OrderId.eq(order.to_string())))
        .apply_if(*customer, |all, who| all.filter(Column::CustomerId.eq(who.to_string())))
        .apply_if(carrier.as_ref(), |all, carrier| all.filter(Column::Carrier.eq(carrier)))
        .apply_if(waybill.as_ref(), |all, it| all.filter(Column::Waybill.eq(it.as_str())))
        .apply_if(page.after.as_ref(), |all, after| all.filter(Column::Id.lt(after)))
        .order_by_desc(Column::Id)
        .limit(u64::from(page.limit) + 1)
        .all(on)
        .await?;
    Ok(Page::cut(read(rows)?, page.limit, |parcel: &Parcel| parcel.shipment.id.to_string()))
}

/// The parcel with a waybill of `carrier`, or of any.
pub(crate) async fn by_waybill(
    on: &impl ConnectionTrait,
    waybill: &Waybill,
    carrier: Option<&str>,
) -> Result<Option<Parcel>, Error> {
    let row = parcels()
        .filter(Column::Waybill.eq(waybill.as_str()))
        .apply_if(carrier, |all, carrier| all.filter(Column::Carrier.eq(carrier)))
        .order_by_desc(Column::Id)
        .one(on)
        .await?;
    row.map(shipment::read).transpose()
}

/// The parcels about which something is to be done at `now`, the most urgent first.
pub(crate) async fn due(
    on: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<Parcel>, Error> {
    let rows = parcels()
        .filter(Column::DueAt.lte(now.micros()))
        .order_by_asc(Column::DueAt)
        .limit(limit)
        .all(on)
        .await?;
    read(rows)
}

/// Puts off what is to be done about a parcel until `due`, or for ever. Others do not see a difference.
pub(crate) async fn put_off(tx: &Tx, parcel: &Parcel, due: Option<Timestamp>) -> Result<(), Error> {
    let unchanged = Column::Id
        .eq(parcel.shipment.id.to_string())
        .and(Column::Version.eq(shipment::number(parcel.shipment.version)?));
    let due = Expr::value(due.map(Timestamp::micros));
    Entity::update_many().col_expr(Column::DueAt, due).filter(unchanged).exec(tx).await?;
    Ok(())
}

/// The parcels of an order of the customer's, in their order.
pub(crate) async fn of_order(
    on: &impl ConnectionTrait,
    order: OrderId,
    customer: UserId,
) -> Result<Vec<Parcel>, Error> {
    let rows = parcels()
        .filter(Column::OrderId.eq(order.to_string()))
        .filter(Column::CustomerId.eq(customer.to_string()))
        .order_by_asc(Column::Seq)
        .all(on)
        .await?;
    read(rows)
}

/// The parcels of an order that this transaction is about to change; nobody else changes them, or adds one,
/// meanwhile.
///
/// Whoever waits for a lock does not see what was added while waiting. So the first parcel is locked before
/// they are read.
pub(crate) async fn lock_order(tx: &Tx, order: OrderId) -> Result<Vec<Parcel>, Error> {
    let of_order = || parcels().filter(Column::OrderId.eq(order.to_string()));
    if tx.database().backend() == Backend::Postgres {
        of_order().filter(Column::Seq.eq(i64::from(FIRST))).lock_exclusive().one(tx).await?;
    }
    read(of_order().order_by_asc(Column::Seq).lock_exclusive().all(tx).await?)
}

/// Whether an order has a shipment of this number, or must not have one.
pub(crate) async fn is_settled(tx: &Tx, order: OrderId, seq: u32) -> Result<bool, Error> {
    let row = Entity::find()
        .filter(Column::OrderId.eq(order.to_string()))
        .filter(Column::Seq.eq(i64::from(seq)))
        .select_only()
        .column(Column::Id)
        .into_tuple::<String>()
        .one(tx)
        .await?;
    Ok(row.is_some())
}

/// Every row that stands for a shipment.
fn parcels() -> Select<Entity> {
    Entity::find().filter(Column::Status.ne(TOMBSTONE))
}

fn read(rows: Vec<shipment::Model>) -> Result<Vec<Parcel>, Error> {
    rows.into_iter().map(shipment::read).collect()
}
