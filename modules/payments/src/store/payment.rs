//! Rows of the table `payment`.

use kernel::{Currency, Money, Timestamp, Version};
use payments_api::Status;
use sea_orm::{NotSet, Set, entity::prelude::*};
use serde::Serialize;
use storage::Error;

use crate::payment::Payment;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "payment")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) order_id: String,
    pub(crate) customer_id: String,
    pub(crate) currency: String,
    pub(crate) amount: i64,
    pub(crate) status: String,
    pub(crate) attempts: String,
    pub(crate) authorized: i64,
    pub(crate) captured: i64,
    pub(crate) refund_pending: i64,
    pub(crate) refunded: i64,
    pub(crate) collect: Option<String>,
    pub(crate) undo: Option<String>,
    pub(crate) expires_at: i64,
    pub(crate) version: i64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The whole row of a payment that is not stored yet.
pub(super) fn new(payment: &Payment, now: Timestamp) -> Result<ActiveModel, Error> {
    Ok(ActiveModel {
        id: Set(payment.id.to_string()),
        order_id: Set(payment.order.to_string()),
        customer_id: Set(payment.customer.to_string()),
        currency: Set(payment.amount.currency.code().to_owned()),
        amount: Set(payment.amount.minor),
        expires_at: Set(payment.expires_at.micros()),
        created_at: Set(now.micros()),
        ..change(payment, now)?
    })
}

/// The columns of a payment that ever change.
pub(super) fn change(payment: &Payment, now: Timestamp) -> Result<ActiveModel, Error> {
    Ok(ActiveModel {
        id: NotSet,
        order_id: NotSet,
        customer_id: NotSet,
        currency: NotSet,
        amount: NotSet,
        status: Set(word(payment.status).to_owned()),
        attempts: Set(json(&payment.attempts)?),
        authorized: Set(payment.authorized),
        captured: Set(payment.captured),
        refund_pending: Set(payment.refund_pending),
        refunded: Set(payment.refunded),
        collect: Set(payment.collect.as_ref().map(json).transpose()?),
        undo: Set(payment.undo.as_ref().map(json).transpose()?),
        expires_at: NotSet,
        version: Set(number(payment.version.0)?),
        created_at: NotSet,
        updated_at: Set(now.micros()),
    })
}

/// The payment of a row.
pub(super) fn read(row: Model) -> Result<Payment, Error> {
    let id = row.id.clone();
    parsed(row).map_err(|cause| {
        Error::Other(DbErr::Custom(format!("payment {id} cannot be read: {cause}")))
    })
}

fn parsed(row: Model) -> Result<Payment, Box<dyn std::error::Error>> {
    let currency = Currency::from_code(&row.currency).ok_or("an unknown currency")?;
    Ok(Payment {
        id: row.id.parse()?,
        order: row.order_id.parse()?,
        customer: row.customer_id.parse()?,
        amount: Money::new(row.amount, currency),
        status: status(&row.status).ok_or("an unknown status")?,
        attempts: serde_json::from_str(&row.attempts)?,
        authorized: row.authorized,
        captured: row.captured,
        refund_pending: row.refund_pending,
        refunded: row.refunded,
        collect: row.collect.map(|text| serde_json::from_str(&text)).transpose()?,
        undo: row.undo.map(|text| serde_json::from_str(&text)).transpose()?,
        expires_at: Timestamp::from_micros(row.expires_at),
        version: Version(row.version.try_into()?),
    })
}

/// A status as the table writes it.
pub(super) fn word(status: Status) -> &'static str {
    match status {
        Status::Requested => "requested",
        Status::Processing => "processing",
        Status::RequiresAction => "requires-action",
        Status::Captured => "captured",
        Status::Voided => "voided",
    }
}

fn status(word: &str) -> Option<Status> {
    match word {
        "requested" => Some(Status::Requested),
        "processing" => Some(Status::Processing),
        "requires-action" => Some(Status::RequiresAction),
        "captured" => Some(Status::Captured),
        "voided" => Some(Status::Voided),
        _ => None,
    }
}

/// A counter as the table writes it.
pub(super) fn number(count: u64) -> Result<i64, Error> {
    i64::try_from(count).map_err(|cause| Error::Other(DbErr::Custom(cause.to_string())))
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|cause| Error::Other(DbErr::Custom(cause.to_string())))
}
