//! What was merged, as readers see it: of the current generation, and only their own.

use history_api::{Entry, Filter, Happened, OrdersOf, TimelineOf};
use kernel::{Currency, Moment, Money, Page, Timestamp, Version};
use orders_api::{DeliveryStatus, OrderId, OrderNumber};
use sea_orm::FromQueryResult;
use storage::{Database, Error, Tx};
use users_api::UserId;

use super::{
    Target,
    sql::{Sql, from_json, read, unreadable, word},
    together,
};

/// Readers see this one.
const CURRENT: &str = "(SELECT id FROM generation WHERE state = 'current')";

/// How far the money of an order has got. Nobody tells that a bank was told to let money go which it had set
/// aside; it is when the order ended without taking it.
const PAYMENT_STATUS: &str = "CASE WHEN payment_status = 'authorized' \
    AND status IN ('cancelled', 'expired', 'rejected') THEN 'none' ELSE payment_status END";

/// Where a page begins: behind a row that was placed, or happened, then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct After<const MORE: usize> {
    pub(crate) at: i64,
    pub(crate) more: [String; MORE],
}

impl<const MORE: usize> After<MORE> {
    /// Reads what a page called its end.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (at, more) = text.split_once('|')?;
        let more: Vec<String> = more.split('|').map(str::to_owned).collect();
        Some(Self { at: at.parse().ok()?, more: more.try_into().ok()? })
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: String,
    number: String,
    lines: String,
    currency: String,
    total: i64,
    payment: String,
    placed_at: i64,
    status: String,
    payment_status: String,
    delivery_status: String,
    order_version: i64,
}

/// One page of the orders that `wish` is about.
pub(crate) async fn page(
    db: &Database,
    wish: &OrdersOf,
    after: Option<After<1>>,
) -> Result<Page<Entry>, Error> {
    let mut sql = Sql::new(format!(
        "SELECT id, number, lines, currency, total, payment, placed_at, status, \
         {PAYMENT_STATUS} AS payment_status, delivery_status, order_version \
         FROM order_entry WHERE number IS NOT NULL AND generation = "
    ))
    .push(CURRENT)
    .push(" AND customer = ")
    .bind(wish.customer.to_string());
    let Filter { status, payment_status, delivery_status, placed_from, placed_to } = &wish.filter;
    for (column, value) in [
        ("status", status.as_ref().map(word)),
        (PAYMENT_STATUS, payment_status.as_ref().map(word)),
        ("delivery_status", delivery_status.as_ref().map(word)),
    ] {
        if let Some(value) = value {
            sql = sql.push(" AND ").push(column).push(" = ").bind(value?);
        }
    }
    if let Some(from) = placed_from {
        sql = sql.push(" AND placed_at >= ").bind(from.micros());
    }
    if let Some(to) = placed_to {
        sql = sql.push(" AND placed_at < ").bind(to.micros());
    }
    if let Some(After { at, more: [id] }) = after {
        sql = sql.push(" AND (placed_at, id) < (").bind(at).push(", ").bind(id).push(")");
    }
    let limit = wish.page.limit;
    let sql = sql.push(" ORDER BY placed_at DESC, id DESC LIMIT ").bind(i64::from(limit) + 1);
    let rows: Vec<Row> = sql.all(&db.reader()).await?;
    let entries = rows.into_iter().map(Entry::try_from).collect::<Result<_, _>>()?;
    Ok(Page::cut(entries, limit, |entry: &Entry| {
        format!("{}|{}", entry.placed_at.micros(), entry.order)
    }))
}

#[derive(FromQueryResult)]
struct MomentRow {
    source: String,
    thing: String,
    version: i64,
    at: i64,
    what: String,
    detail: Option<String>,
}

/// One page of what happened to the order that `wish` is about.
pub(crate) async fn timeline(
    db: &Database,
    wish: &TimelineOf,
    after: Option<After<3>>,
) -> Result<Page<Happened>, Error> {
    let mut sql =
        Sql::new("SELECT source, thing, version, at, what, detail FROM moment WHERE generation = ")
            .push(CURRENT)
            .push(" AND order_id = ")
            .bind(wish.order.to_string());
    if let Some(After { at, more: [source, thing, version] }) = after {
        let version: i64 = version.parse().map_err(unreadable)?;
        sql = sql.push(" AND (at, source, thing, version) > (").bind(at).push(", ").bind(source);
        sql = sql.push(", ").bind(thing).push(", ").bind(version).push(")");
    }
    let limit = wish.page.limit;
    let sql = sql.push(" ORDER BY at, source, thing, version LIMIT ").bind(i64::from(limit) + 1);
    let rows: Vec<MomentRow> = sql.all(&db.reader()).await?;
    let happened = rows.into_iter().map(Happened::try_from).collect::<Result<_, _>>()?;
    Ok(Page::cut(happened, limit, |Happened { source, thing, moment }: &Happened| {
        format!("{}|{}|{thing}|{}", moment.at.micros(), source.as_str(), moment.version)
    }))
}

#[derive(FromQueryResult)]
struct VersionRow {
    order_version: i64,
}

/// How far the customer's order is known; nothing when no list would show it.
pub(crate) async fn version(
    db: &Database,
    customer: UserId,
    order: OrderId,
) -> Result<Option<Version>, Error> {
    let sql = Sql::new("SELECT order_version FROM order_entry WHERE generation = ")
        .push(CURRENT)
        .push(" AND number IS NOT NULL AND id = ")
        .bind(order.to_string())
        .push(" AND customer = ")
        .bind(customer.to_string());
    let rows: Vec<VersionRow> = sql.all(&db.reader()).await?;
    Ok(rows.first().map(|row| Version(row.order_version.cast_unsigned())))
}

#[derive(FromQueryResult)]
struct ParcelRow {
    generation: i64,
    status: String,
}

/// How far the parcels of an order have got together, in each generation.
pub(super) async fn overall(
    tx: &Tx,
    into: Target,
    order: OrderId,
) -> Result<Vec<(i64, DeliveryStatus)>, Error> {
    let sql = Sql::new(format!(
        "SELECT s.generation, s.status FROM shipment s JOIN generation g ON g.id = s.generation \
         WHERE {} AND s.order_id = ",
        into.condition()
    ))
    .bind(order.to_string());
    let rows: Vec<ParcelRow> = sql.push(" ORDER BY s.generation").all(tx).await?;
    let each = rows.chunk_by(|one, other| one.generation == other.generation);
    let each = each.map(|parcels| {
        let statuses = parcels.iter().map(|parcel| parcel.status.clone()).collect();
        Ok((parcels[0].generation, together(statuses)?))
    });
    each.collect()
}

impl TryFrom<Row> for Entry {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let currency =
            Currency::from_code(&row.currency).ok_or_else(|| unreadable(&row.currency))?;
        Ok(Self {
            order: row.id.parse().map_err(unreadable)?,
            number: OrderNumber::try_from(row.number).map_err(unreadable)?,
            lines: from_json(&row.lines)?,
            total: Money::new(row.total, currency),
            payment: row.payment.parse().map_err(unreadable)?,
            status: read(&row.status)?,
            payment_status: read(&row.payment_status)?,
            delivery_status: read(&row.delivery_status)?,
            placed_at: Timestamp::from_micros(row.placed_at),
            version: Version(row.order_version.cast_unsigned()),
        })
    }
}

impl TryFrom<MomentRow> for Happened {
    type Error = Error;

    fn try_from(row: MomentRow) -> Result<Self, Error> {
        let moment = Moment {
            version: Version(row.version.cast_unsigned()),
            at: Timestamp::from_micros(row.at),
            what: row.what,
            detail: row.detail,
        };
        Ok(Self { source: read(&row.source)?, thing: row.thing, moment })
    }
}
