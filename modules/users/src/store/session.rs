//! Sessions as rows.

use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::session::Session;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub account: String,
    pub refresh_hash: String,
    pub family: String,
    pub parent: Option<String>,
    pub user_agent: Option<String>,
    pub ip: Option<String>,
    pub created_at: i64,
    pub expires_at: i64,
    pub revoked_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a session that a log-in opened: the first of its family.
pub(super) fn row(session: &Session) -> ActiveModel {
    ActiveModel {
        id: Set(session.id.to_string()),
        account: Set(session.user.to_string()),
        refresh_hash: Set(session.refresh_hash.clone()),
        family: Set(session.id.to_string()),
        parent: Set(None),
        user_agent: Set(session.user_agent.clone()),
        ip: Set(session.ip.clone()),
        created_at: Set(session.created_at.micros()),
        expires_at: Set(session.expires_at.micros()),
        revoked_at: Set(None),
    }
}
