//! Shipments at rest.

mod shipment;

use deliveries_api::{Shipment, ShipmentId};
use kernel::{Page, PageRequest};
use orders_api::OrderId;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};
use storage::{Error, Tx};
use users_api::UserId;

use shipment::{Column, Entity};

/// Writes a new shipment, unless its order has one of its number or its waybill is taken.
pub(crate) async fn insert(tx: &Tx, shipment: &Shipment) -> Result<bool, Error> {
    let nothing = OnConflict::new().do_nothing().to_owned();
    let row = shipment::row(shipment)?;
    let written = Entity::insert(row).on_conflict(nothing).exec_without_returning(tx).await?;
    Ok(written == 1)
}

/// Finds a shipment.
pub(crate) async fn find(
    on: &impl ConnectionTrait,
    id: ShipmentId,
) -> Result<Option<Shipment>, Error> {
    let row = Entity::find_by_id(id.to_string()).one(on).await?;
    row.map(shipment::read).transpose()
}

/// One page of every shipment, by id.
pub(crate) async fn page(
    on: &impl ConnectionTrait,
    page: &PageRequest,
) -> Result<Page<Shipment>, Error> {
    let mut all = Entity::find().order_by_asc(Column::Id);
    if let Some(after) = &page.after {
        all = all.filter(Column::Id.gt(after));
    }
    let rows = all.limit(u64::from(page.limit) + 1).all(on).await?;
    let shipments = rows.into_iter().map(shipment::read).collect::<Result<_, _>>()?;
    Ok(Page::cut(shipments, page.limit, |shipment: &Shipment| shipment.id.to_string()))
}

/// The shipments of an order of the customer's, in their order.
pub(crate) async fn of_order(
    on: &impl ConnectionTrait,
    order: OrderId,
    customer: UserId,
) -> Result<Vec<Shipment>, Error> {
    let rows = Entity::find()
        .filter(Column::OrderId.eq(order.to_string()))
        .filter(Column::CustomerId.eq(customer.to_string()))
        .order_by_asc(Column::Seq)
        .all(on)
        .await?;
    rows.into_iter().map(shipment::read).collect()
}
