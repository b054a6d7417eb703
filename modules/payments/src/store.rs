//! Payments at rest. What it finds and what it writes; what it means is decided elsewhere.

mod ledger;
mod payment;

use kernel::{Page, PageRequest, Timestamp};
use orders_api::PaymentId;
use payments_api::Status;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};
use storage::{Error, Tx};

use crate::{domain::Posting, payment::Payment};
use payment::{Column, Entity};

/// Writes a new payment, unless there is one with its id or a live one for its order.
pub(crate) async fn insert(tx: &Tx, payment: &Payment, now: Timestamp) -> Result<bool, Error> {
    let row = payment::new(payment, now)?;
    let nothing = OnConflict::new().do_nothing().to_owned();
    let written = Entity::insert(row).on_conflict(nothing).exec_without_returning(tx).await?;
    Ok(written == 1)
}

/// Replaces `before` by `after`, unless it is not what is stored any more.
pub(crate) async fn replace(
    tx: &Tx,
    before: &Payment,
    after: &Payment,
    now: Timestamp,
) -> Result<bool, Error> {
    let unchanged = Column::Id
        .eq(before.id.to_string())
        .and(Column::Version.eq(payment::number(before.version.0)?))
        .and(Column::Status.eq(payment::word(before.status)));
    let changed =
        Entity::update_many().set(payment::change(after, now)?).filter(unchanged).exec(tx).await?;
    Ok(changed.rows_affected == 1)
}

/// Books what moved. A posting that is there already is an error: money moves once.
pub(crate) async fn post(
    tx: &Tx,
    payment: &Payment,
    postings: &[Posting],
    now: Timestamp,
) -> Result<(), Error> {
    let entries: Vec<_> =
        postings.iter().flat_map(|posting| ledger::entries(payment, *posting, now)).collect();
    if !entries.is_empty() {
        ledger::Entity::insert_many(entries).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Finds a payment.
pub(crate) async fn find(
    on: &impl ConnectionTrait,
    id: PaymentId,
) -> Result<Option<Payment>, Error> {
    let row = Entity::find_by_id(id.to_string()).one(on).await?;
    row.map(payment::read).transpose()
}

/// One page of every payment, by id.
pub(crate) async fn page(
    on: &impl ConnectionTrait,
    page: &PageRequest,
) -> Result<Page<Payment>, Error> {
    let mut all = Entity::find().order_by_asc(Column::Id);
    if let Some(after) = &page.after {
        all = all.filter(Column::Id.gt(after));
    }
    let rows = all.limit(u64::from(page.limit) + 1).all(on).await?;
    let payments = rows.into_iter().map(payment::read).collect::<Result<_, _>>()?;
    Ok(Page::cut(payments, page.limit, |payment: &Payment| payment.id.to_string()))
}

/// The payments that wait for the provider and have not moved since `since`, the oldest first.
pub(crate) async fn unsettled(
    on: &impl ConnectionTrait,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<Payment>, Error> {
    let closing = Column::Undo.is_not_null().and(Column::Status.ne(payment::word(Status::Voided)));
    let rows = Entity::find()
        .filter(Column::Status.eq(payment::word(Status::Processing)).or(closing))
        .filter(Column::UpdatedAt.lte(since.micros()))
        .order_by_asc(Column::UpdatedAt)
        .limit(u64::try_from(limit).unwrap_or(u64::MAX))
        .all(on)
        .await?;
    rows.into_iter().map(payment::read).collect()
}
