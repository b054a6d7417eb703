//! Accounts as rows.

use identity::Role;
use kernel::{Timestamp, Version};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{json, parsed, text};
use crate::{
    domain::{Account, Email, Status},
    passwords::Hash,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub email: String,
    pub email_key: String,
    pub password_hash: Hash,
    pub name: String,
    pub status: String,
    pub roles: String,
    pub addresses: i64,
    pub created_at: i64,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(super) fn row(account: &Account, hash: Hash) -> Result<ActiveModel, DbErr> {
    Ok(ActiveModel {
        id: Set(account.id.to_string()),
        email: Set(account.email.given.clone()),
        email_key: Set(account.email.key.clone()),
        password_hash: Set(hash),
        name: Set(account.name.clone()),
        status: Set(status_text(account.status).to_owned()),
        roles: Set(text(&account.roles)?),
        addresses: Set(0),
        created_at: Set(account.created_at.micros()),
        version: Set(account.version.0.cast_signed()),
    })
}

impl TryFrom<Model> for Account {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        Ok(Self {
            id: parsed(&row.id)?,
            email: Email { given: row.email, key: row.email_key },
            name: row.name,
            status: status(&row.status)?,
            roles: json::<Vec<Role>>(&row.roles)?,
            created_at: Timestamp::from_micros(row.created_at),
            version: Version(row.version.cast_unsigned()),
        })
    }
}

fn status_text(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Locked => "locked",
        Status::Erased => "erased",
    }
}

fn status(text: &str) -> Result<Status, DbErr> {
    let all = [Status::Active, Status::Locked, Status::Erased];
    let known = all.into_iter().find(|status| status_text(*status) == text);
    known.ok_or_else(|| DbErr::Type(format!("{text:?} is no status of an account")))
}
