//! Webhooks and tracking events at rest.

use deliveries_api::{Shipment, TrackingEvent};
use kernel::{Ids, Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    Set,
    sea_query::{Expr, OnConflict},
};
use storage::{Error, Tx};

use super::{tracking, webhook};
use crate::tracker::Report;

/// A webhook that was taken in and is to be applied.
pub(crate) struct Letter {
    pub(crate) carrier: String,
    pub(crate) event: String,
    pub(crate) body: String,
    pub(crate) received_at: Timestamp,
}

/// Takes in a webhook that is to be applied now, unless it had come before.
pub(crate) async fn take_in(tx: &Tx, letter: &Letter) -> Result<bool, Error> {
    let row = webhook::ActiveModel {
        carrier: Set(letter.carrier.clone()),
        event_id: Set(letter.event.clone()),
        body: Set(letter.body.clone()),
        received_at: Set(letter.received_at.micros()),
        due_at: Set(Some(letter.received_at.micros())),
        outcome: Set(None),
    };
    let nothing = OnConflict::new().do_nothing().to_owned();
    let insert = webhook::Entity::insert(row).on_conflict(nothing);
    Ok(insert.exec_without_returning(tx).await? == 1)
}

/// The webhooks that are to be applied at `now`, the oldest first.
pub(crate) async fn due(
    on: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<Letter>, Error> {
    let rows = webhook::Entity::find()
        .filter(webhook::Column::DueAt.lte(now.micros()))
        .order_by_asc(webhook::Column::DueAt)
        .order_by_asc(webhook::Column::EventId)
        .limit(limit)
        .all(on)
        .await?;
    let letter = |row: webhook::Model| Letter {
        carrier: row.carrier,
        event: row.event_id,
        body: row.body,
        received_at: Timestamp::from_micros(row.received_at),
    };
    Ok(rows.into_iter().map(letter).collect())
}

/// Notes that a webhook was applied.
pub(crate) async fn applied(tx: &Tx, carrier: &str, event: &str) -> Result<(), Error> {
    change(tx, carrier, event, None, Some(webhook::APPLIED)).await
}

/// Gives up on a webhook, or looks at it again at `due`.
pub(crate) async fn put_off(tx: &Tx, letter: &Letter, due: Option<Timestamp>) -> Result<(), Error> {
    let outcome = due.is_none().then_some(webhook::UNKNOWN);
    change(tx, &letter.carrier, &letter.event, due, outcome).await
}

async fn change(
    tx: &Tx,
    carrier: &str,
    event: &str,
    due: Option<Timestamp>,
    outcome: Option<&str>,
) -> Result<(), Error> {
    let this = webhook::Column::Carrier.eq(carrier).and(webhook::Column::EventId.eq(event));
    webhook::Entity::update_many()
        .col_expr(webhook::Column::DueAt, Expr::value(due.map(Timestamp::micros)))
        .col_expr(webhook::Column::Outcome, Expr::value(outcome.map(str::to_owned)))
        .filter(this.and(webhook::Column::Outcome.is_null()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Notes what a carrier said about a shipment; says how much of it was not known.
pub(crate) async fn note(
    tx: &Tx,
    ids: &Ids,
    shipment: &Shipment,
    report: &Report,
    now: Timestamp,
) -> Result<u64, Error> {
    let shipment = shipment.id.to_string();
    let row = |scan| tracking::new(ids.next(), &shipment, report, scan, now);
    let rows = report.scans.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() {
        return Ok(0);
    }
    let nothing = OnConflict::new().do_nothing().to_owned();
    let insert = tracking::Entity::insert_many(rows).on_conflict(nothing);
    Ok(insert.exec_without_returning(tx).await?)
}

/// What happened to a shipment, the latest first.
pub(crate) async fn events(
    on: &impl ConnectionTrait,
    shipment: &Shipment,
) -> Result<Vec<TrackingEvent>, Error> {
    let rows = tracking::Entity::find()
        .filter(tracking::Column::ShipmentId.eq(shipment.id.to_string()))
        .order_by_desc(tracking::Column::OccurredAt)
        .order_by_desc(tracking::Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(tracking::read).collect()
}
