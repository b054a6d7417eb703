//! Rows of the table `payment`.

use kernel::{Currency, Money, Timestamp, Version};
use payments_api::{CaptureMode, Status};
use sea_orm::{NotSet, Set, entity::prelude::*};
use serde::Serialize;
use storage::Error;

use crate::{domain, payment::Payment};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "payment")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) order_id: String,
    pub(crate) customer_id: String,
    pub(crate) currency: String,
    pub(crate) amount: i64,
    pub(crate) capture: String,
    pub(crate) status: String,
    pub(crate) attempts: String,
    pub(crate) timeline: String,
    pub(crate) authorized: i64,
    pub(crate) capture_pending: i64,
    pub(crate) captured: i64,
    pub(crate) refund_pending: i64,
    pub(crate) refunded: i64,
    pub(crate) collect: Option<String>,
    pub(crate) undo: Option<String>,
    pub(crate) expires_at: i64,
    pub(crate) due: Option<i64>,
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
        capture: Set(mode_word(payment.capture).to_owned()),
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
        capture: NotSet,
        status: Set(word(payment.status).to_owned()),
        attempts: Set(json(&payment.attempts)?),
        timeline: Set(json(&payment.timeline)?),
        authorized: Set(payment.authorized),
        capture_pending: Set(payment.capture_pending),
        captured: Set(payment.captured),
        refund_pending: Set(payment.refund_pending),
        refunded: Set(payment.refunded),
        collect: Set(payment.collect.as_ref().map(json).transpose()?),
        undo: Set(payment.undo.as_ref().map(json).transpose()?),
        expires_at: Set(payment.expires_at.micros()),
        due: Set(domain::due(payment, now).map(Timestamp::micros)),
        version: Set(number(payment.version.0)?),
        created_at: NotSet,
        updated_at: Set(now.micros()),
    })
}

/// The payment of a row, without its refunds.
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
        capture: mode(&row.capture).ok_or("an unknown way to capture")?,
        status: status(&row.status).ok_or("an unknown status")?,
        attempts: serde_json::from_str(&row.attempts)?,
        timeline: serde_json::from_str(&row.timeline)?,
        authorized: row.authorized,
        capture_pending: row.capture_pending,
        captured: row.captured,
        refund_pending: row.refund_pending,
        refunded: row.refunded,
        refunds: Vec::new(),
        collect: row.collect.map(|text| serde_json::from_str(&text)).transpose()?,
        undo: row.undo.map(|text| serde_json::from_str(&text)).transpose()?,
        expires_at: Timestamp::from_micros(row.expires_at),
        version: Version(row.version.try_into()?),
    })
}

/// Every status there is.
const STATUSES: [Status; 8] = [
    Status::Requested,
    Status::Processing,
    Status::RequiresAction,
    Status::Authorized,
    Status::Captured,
    Status::Failed,
    Status::Voided,
    Status::Expired,
];

/// A status as the table writes it.
pub(super) fn word(status: Status) -> &'static str {
    match status {
        Status::Requested => "requested",
        Status::Processing => "processing",
        Status::RequiresAction => "requires_action",
        Status::Authorized => "authorized",
        Status::Captured => "captured",
        Status::Failed => "failed",
        Status::Voided => "voided",
        Status::Expired => "expired",
    }
}

fn status(word: &str) -> Option<Status> {
    STATUSES.into_iter().find(|status| self::word(*status) == word)
}

fn mode_word(mode: CaptureMode) -> &'static str {
    match mode {
        CaptureMode::Automatic => "automatic",
        CaptureMode::Manual => "manual",
    }
}

fn mode(word: &str) -> Option<CaptureMode> {
    [CaptureMode::Automatic, CaptureMode::Manual].into_iter().find(|mode| mode_word(*mode) == word)
}

/// A counter as the table writes it.
pub(super) fn number(count: u64) -> Result<i64, Error> {
    i64::try_from(count).map_err(|cause| Error::Other(DbErr::Custom(cause.to_string())))
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|cause| Error::Other(DbErr::Custom(cause.to_string())))
}
