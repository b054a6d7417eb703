//! Rows of the table `webhook`: what providers told us and what is still to be looked into.

use std::time::Duration;

use kernel::Timestamp;
use orders_api::PaymentId;
use sea_orm::{ExprTrait, QueryOrder, QuerySelect, Set, entity::prelude::*, sea_query::OnConflict};
use storage::{Database, Error};

use crate::provider::Notice;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) provider: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) event_id: String,
    pub(crate) payment_id: Option<String>,
    pub(crate) body: String,
    pub(crate) received_at: i64,
    pub(crate) processed_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What a provider told us and nobody has looked into.
pub(crate) struct Waiting {
    pub(crate) provider: String,
    pub(crate) event: String,
    pub(crate) payment: Option<PaymentId>,
}

/// Keeps what `provider` told us; says whether it is new.
pub(crate) async fn keep(
    db: &Database,
    provider: &str,
    notice: &Notice,
    body: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let row = ActiveModel {
        provider: Set(provider.to_owned()),
        event_id: Set(notice.event.clone()),
        payment_id: Set(notice.payment.map(|payment| payment.to_string())),
        body: Set(body.to_owned()),
        received_at: Set(now.micros()),
        processed_at: Set(None),
    };
    let tx = db.begin().await?;
    let nothing = OnConflict::new().do_nothing().to_owned();
    let written = Entity::insert(row).on_conflict(nothing).exec_without_returning(&tx).await?;
    tx.commit().await?;
    Ok(written == 1)
}

/// What is still to be looked into, the oldest first.
pub(crate) async fn waiting(db: &Database, limit: u64) -> Result<Vec<Waiting>, Error> {
    let rows = Entity::find()
        .filter(Column::ProcessedAt.is_null())
        .order_by_asc(Column::ReceivedAt)
        .limit(limit)
        .all(&db.reader())
        .await?;
    let waiting = |row: Model| Waiting {
        provider: row.provider,
        event: row.event_id,
        payment: row.payment_id.and_then(|id| id.parse().ok()),
    };
    Ok(rows.into_iter().map(waiting).collect())
}

/// Marks it as looked into.
pub(crate) async fn done(db: &Database, it: &Waiting, now: Timestamp) -> Result<(), Error> {
    let tx = db.begin().await?;
    let this = Column::Provider.eq(&it.provider).and(Column::EventId.eq(&it.event));
    Entity::update_many()
        .col_expr(Column::ProcessedAt, Expr::value(now.micros()))
        .filter(this)
        .exec(&tx)
        .await?;
    tx.commit().await
}

/// Forgets what was looked into longer ago than `kept`. Told again it would be looked into again, which
/// changes nothing.
pub(crate) async fn sweep(db: &Database, kept: Duration, now: Timestamp) -> Result<u64, Error> {
    let tx = db.begin().await?;
    let old = Column::ProcessedAt.lt(now.minus(kept).micros());
    let removed = Entity::delete_many().filter(old).exec(&tx).await?.rows_affected;
    tx.commit().await?;
    Ok(removed)
}
