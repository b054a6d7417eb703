//! Rows of the table `ledger_entry`.

use kernel::Timestamp;
use sea_orm::{Set, entity::prelude::*};

use crate::{domain::Posting, payment::Payment};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_entry")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) payment_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) posting: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) account: String,
    pub(crate) currency: String,
    pub(crate) amount: i64,
    pub(crate) recorded_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Both sides of a posting; they sum to zero.
pub(super) fn entries(payment: &Payment, posting: Posting, now: Timestamp) -> [ActiveModel; 2] {
    let (name, amount) = match posting {
        Posting::Capture => ("capture", payment.captured),
        Posting::Refund => ("refund", -payment.refunded),
    };
    let entry = |account: &str, amount: i64| ActiveModel {
        payment_id: Set(payment.id.to_string()),
        posting: Set(name.to_owned()),
        account: Set(account.to_owned()),
        currency: Set(payment.amount.currency.code().to_owned()),
        amount: Set(amount),
        recorded_at: Set(now.micros()),
    };
    [entry("provider", amount), entry("customer", -amount)]
}
