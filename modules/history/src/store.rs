//! Facts merged into rows, in whatever order and however often they come.

pub(crate) mod generations;
mod rows;
mod sql;

use kernel::Moment;
use orders_api::{DeliveryStatus, OrderId};
use storage::{Error, Tx};

pub(crate) use rows::{After, page, timeline, version};

use crate::domain::{self, Fact, OrderFact, PaymentFact, ShipmentFact, Told};
use sql::{Sql, json, number, word};

/// Which generations a fact is merged into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// All that live.
    Live,
    /// The one that is being made, for as long as it is.
    Building(i64),
}

impl Target {
    /// What completes `… FROM generation g`.
    fn condition(self) -> String {
        match self {
            Self::Live => "g.state <> 'retired'".to_owned(),
            Self::Building(id) => format!("g.id = {id} AND g.state = 'building'"),
        }
    }
}

/// Merges what was told. The row of the order is written first, so that whoever else merges something
/// about the same order waits.
pub(crate) async fn merge(tx: &Tx, into: Target, told: &Told) -> Result<(), Error> {
    match &told.fact {
        Fact::Order(fact) => order(tx, into, fact).await?,
        Fact::Payment(fact) => payment(tx, into, fact).await?,
        Fact::Shipment(fact) => shipment(tx, into, fact).await?,
    }
    if told.moments.is_empty() {
        return Ok(());
    }
    moments(tx, into, &told.fact, &told.moments).await
}

async fn order(tx: &Tx, into: Target, fact: &OrderFact) -> Result<(), Error> {
    let placed = fact.placed.as_ref();
    Sql::new("INSERT INTO order_entry (generation, id, customer, number, lines, currency, total, payment, \
              placed_at, status, order_version, payment_status, payment_version, delivery_status) \
              SELECT g.id")
        .text(fact.order.to_string())
        .text(fact.customer.to_string())
        .text(placed.map(|it| it.number.to_string()))
        .text(placed.map(|it| json(&it.lines)).transpose()?)
        .text(placed.map(|it| it.total.currency.code().to_owned()))
        .number(placed.map(|it| it.total.minor))
        .text(placed.map(|it| it.payment.to_string()))
        .number(placed.map(|it| it.at.micros()))
        .text(word(&fact.status)?)
        .number(number(fact.version)?)
        .push(&format!(
            ", 'none', 0, 'none' FROM generation g WHERE {} \
             ON CONFLICT (generation, id) DO UPDATE SET \
             number = COALESCE(order_entry.number, excluded.number), \
             lines = COALESCE(order_entry.lines, excluded.lines), \
             currency = COALESCE(order_entry.currency, excluded.currency), \
             total = COALESCE(order_entry.total, excluded.total), \
             payment = COALESCE(order_entry.payment, excluded.payment), \
             placed_at = COALESCE(order_entry.placed_at, excluded.placed_at), \
             status = CASE WHEN excluded.order_version > order_entry.order_version \
                      THEN excluded.status ELSE order_entry.status END, \
             order_version = CASE WHEN excluded.order_version > order_entry.order_version \
                             THEN excluded.order_version ELSE order_entry.order_version END",
            into.condition()
        ))
        .execute(tx)
        .await
}

async fn payment(tx: &Tx, into: Target, fact: &PaymentFact) -> Result<(), Error> {
    Sql::new(
        "INSERT INTO order_entry (generation, id, customer, status, order_version, payment_status, \
              payment_version, delivery_status) SELECT g.id",
    )
    .text(fact.order.to_string())
    .text(fact.customer.to_string())
    .push(", 'pending', 0")
    .text(word(&fact.status)?)
    .number(number(fact.version)?)
    .push(&format!(
        ", 'none' FROM generation g WHERE {} \
             ON CONFLICT (generation, id) DO UPDATE SET \
             payment_status = CASE WHEN excluded.payment_version > order_entry.payment_version \
                              THEN excluded.payment_status ELSE order_entry.payment_status END, \
             payment_version = CASE WHEN excluded.payment_version > order_entry.payment_version \
                               THEN excluded.payment_version ELSE order_entry.payment_version END",
        into.condition()
    ))
    .execute(tx)
    .await
}

async fn shipment(tx: &Tx, into: Target, fact: &ShipmentFact) -> Result<(), Error> {
    Sql::new(
        "INSERT INTO order_entry (generation, id, customer, status, order_version, payment_status, \
              payment_version, delivery_status) SELECT g.id",
    )
    .text(fact.order.to_string())
    .text(fact.customer.to_string())
    .push(&format!(
        ", 'pending', 0, 'none', 0, 'none' FROM generation g WHERE {} \
             ON CONFLICT (generation, id) DO UPDATE SET customer = order_entry.customer",
        into.condition()
    ))
    .execute(tx)
    .await?;
    Sql::new("INSERT INTO shipment (generation, id, order_id, status, version) SELECT g.id")
        .text(fact.shipment.to_string())
        .text(fact.order.to_string())
        .text(word(&fact.status)?)
        .number(number(fact.version)?)
        .push(&format!(
            " FROM generation g WHERE {} ON CONFLICT (generation, id) DO UPDATE SET \
             status = excluded.status, version = excluded.version \
             WHERE excluded.version > shipment.version",
            into.condition()
        ))
        .execute(tx)
        .await?;
    for (generation, overall) in rows::overall(tx, into, fact.order).await? {
        delivered(tx, generation, fact.order, overall).await?;
    }
    Ok(())
}

async fn delivered(
    tx: &Tx,
    generation: i64,
    order: OrderId,
    overall: DeliveryStatus,
) -> Result<(), Error> {
    Sql::new("UPDATE order_entry SET delivery_status = ")
        .bind(word(&overall)?)
        .push(" WHERE generation = ")
        .bind(generation)
        .push(" AND id = ")
        .bind(order.to_string())
        .execute(tx)
        .await
}

async fn moments(tx: &Tx, into: Target, fact: &Fact, moments: &[Moment]) -> Result<(), Error> {
    let mut sql = Sql::new(
        "INSERT INTO moment (generation, order_id, source, thing, version, at, what, detail) \
         SELECT g.id, told.* FROM generation g CROSS JOIN (",
    );
    for (place, moment) in moments.iter().enumerate() {
        sql = sql
            .push(if place == 0 { "SELECT " } else { " UNION ALL SELECT " })
            .cast(fact.order().to_string(), "TEXT")
            .push(" AS order_id")
            .text(fact.source().as_str())
            .push(" AS source")
            .text(fact.thing())
            .push(" AS thing")
            .number(number(moment.version)?)
            .push(" AS version")
            .number(moment.at.micros())
            .push(" AS at")
            .text(moment.what.clone())
            .push(" AS what")
            .text(moment.detail.clone())
            .push(" AS detail");
    }
    let condition = into.condition();
    sql.push(&format!(") told WHERE {condition} ON CONFLICT DO NOTHING")).execute(tx).await
}

/// How far the parcels in these statuses have got together.
fn together(statuses: Vec<String>) -> Result<DeliveryStatus, Error> {
    let parcels: Result<Vec<_>, Error> = statuses.iter().map(|word| sql::read(word)).collect();
    Ok(domain::overall(&parcels?))
}
