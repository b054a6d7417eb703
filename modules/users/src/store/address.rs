//! Addresses as rows.

use kernel::{Timestamp, Version};
use sea_orm::{ActiveValue::Set, entity::prelude::*};
use users_api::{Address, PostalAddress, UserId};

use super::parsed;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "address")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub account: String,
    pub label: String,
    pub recipient: String,
    pub phone: Option<String>,
    pub line1: String,
    pub line2: Option<String>,
    pub city: String,
    pub region: Option<String>,
    pub postal_code: String,
    pub country: String,
    pub created_at: i64,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(super) fn row(owner: UserId, address: &Address, now: Timestamp) -> ActiveModel {
    let place = address.address.clone();
    ActiveModel {
        id: Set(address.id.to_string()),
        account: Set(owner.to_string()),
        label: Set(address.label.clone()),
        recipient: Set(place.recipient),
        phone: Set(place.phone),
        line1: Set(place.line1),
        line2: Set(place.line2),
        city: Set(place.city),
        region: Set(place.region),
        postal_code: Set(place.postal_code),
        country: Set(place.country),
        created_at: Set(now.micros()),
        version: Set(address.version.0.cast_signed()),
    }
}

pub(super) fn address(row: Model) -> Result<Address, DbErr> {
    Ok(Address {
        id: parsed(&row.id)?,
        label: row.label,
        address: PostalAddress {
            recipient: row.recipient,
            phone: row.phone,
            line1: row.line1,
            line2: row.line2,
            city: row.city,
            region: row.region,
            postal_code: row.postal_code,
            country: row.country,
        },
        version: Version(row.version.cast_unsigned()),
    })
}
