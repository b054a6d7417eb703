//! Rows of the table `webhook`.

use sea_orm::entity::prelude::*;

/// A webhook was applied to its parcel.
pub(crate) const APPLIED: &str = "applied";
/// No parcel with its waybill became known in time.
pub(crate) const UNKNOWN: &str = "unknown-waybill";

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) carrier: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) event_id: String,
    pub(crate) body: String,
    pub(crate) received_at: i64,
    pub(crate) due_at: Option<i64>,
    pub(crate) outcome: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
