//! Rows of the table `refund`.

use std::collections::HashMap;

use kernel::{Timestamp, Version};
use payments_api::RefundStatus;
use sea_orm::{QueryOrder, Set, entity::prelude::*, sea_query::OnConflict};
use storage::{Error, Tx};

use super::payment::number;
use crate::payment::{Payment, Refund};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "refund")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) payment_id: String,
    pub(crate) amount: i64,
    pub(crate) reason: String,
    pub(crate) status: String,
    pub(crate) provider_ref: Option<String>,
    pub(crate) requested_at: i64,
    pub(crate) version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Writes a refund as it is now.
pub(super) async fn write(tx: &Tx, payment: &Payment, refund: &Refund) -> Result<(), Error> {
    let row = ActiveModel {
        id: Set(refund.id.to_string()),
        payment_id: Set(payment.id.to_string()),
        amount: Set(refund.amount),
        reason: Set(refund.reason.clone()),
        status: Set(word(refund.status).to_owned()),
        provider_ref: Set(refund.provider_ref.clone()),
        requested_at: Set(refund.requested_at.micros()),
        version: Set(number(refund.version.0)?),
    };
    let moved = OnConflict::column(Column::Id)
        .update_columns([Column::Status, Column::ProviderRef, Column::Version])
        .to_owned();
    Entity::insert(row).on_conflict(moved).exec_without_returning(tx).await?;
    Ok(())
}

/// Gives payments their refunds, oldest first. Asks nothing when there can be none.
pub(super) async fn attach(
    on: &impl ConnectionTrait,
    payments: &mut [Payment],
) -> Result<(), Error> {
    let taken = payments.iter().filter(|payment| payment.captured > 0);
    let ids: Vec<String> = taken.map(|payment| payment.id.to_string()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let rows = Entity::find()
        .filter(Column::PaymentId.is_in(ids))
        .order_by_asc(Column::RequestedAt)
        .order_by_asc(Column::Id)
        .all(on)
        .await?;
    let mut by_payment: HashMap<String, Vec<Refund>> = HashMap::new();
    for row in rows {
        let payment = row.payment_id.clone();
        by_payment.entry(payment).or_default().push(read(row)?);
    }
    for payment in payments {
        payment.refunds = by_payment.remove(&payment.id.to_string()).unwrap_or_default();
    }
    Ok(())
}

fn read(row: Model) -> Result<Refund, Error> {
    let id = row.id.clone();
    parsed(row).map_err(|cause| {
        Error::Other(DbErr::Custom(format!("refund {id} cannot be read: {cause}")))
    })
}

fn parsed(row: Model) -> Result<Refund, Box<dyn std::error::Error>> {
    Ok(Refund {
        id: row.id.parse()?,
        amount: row.amount,
        reason: row.reason,
        status: status(&row.status).ok_or("an unknown status")?,
        provider_ref: row.provider_ref,
        requested_at: Timestamp::from_micros(row.requested_at),
        version: Version(row.version.try_into()?),
    })
}

const STATUSES: [RefundStatus; 3] =
    [RefundStatus::Pending, RefundStatus::Succeeded, RefundStatus::Failed];

fn word(status: RefundStatus) -> &'static str {
    match status {
        RefundStatus::Pending => "pending",
        RefundStatus::Succeeded => "succeeded",
        RefundStatus::Failed => "failed",
    }
}

fn status(word: &str) -> Option<RefundStatus> {
    STATUSES.into_iter().find(|status| self::word(*status) == word)
}
