//! Payments at rest. What it finds and what it writes; what it means is decided elsewhere.

pub(crate) mod inbox;
mod ledger;
mod payment;
mod refund;

use kernel::{Page, PageRequest, Timestamp};
use orders_api::{OrderId, PaymentId};
use payments_api::LedgerEntry;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use storage::{Error, Tx};
use users_api::UserId;

use crate::{domain::Posting, payment::Payment};
use payment::{Column, Entity};

/// Writes a new payment, unless there is one with its id or a live one for its order.
pub(crate) async fn insert(tx: &Tx, payment: &Payment, now: Timestamp) -> Result<bool, Error> {
    let row = payment::new(payment, now)?;
    let nothing = OnConflict::new().do_nothing().to_owned();
    let written = Entity::insert(row).on_conflict(nothing).exec_without_returning(tx).await?;
    Ok(written == 1)
}

/// Replaces `before` by `after`, its refunds included, unless it is not what is stored any more.
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
    if changed.rows_affected != 1 {
        return Ok(false);
    }
    for refund in after.refunds.iter().filter(|refund| !before.refunds.contains(refund)) {
        refund::write(tx, after, refund).await?;
    }
    Ok(true)
}

/// Books what moved. A posting that is there already is an error: money moves once.
pub(crate) async fn post(
    tx: &Tx,
    payment: &Payment,
    postings: &[Posting],
    now: Timestamp,
) -> Result<(), Error> {
    let entries: Vec<_> =
        postings.iter().flat_map(|posting| ledger::entries(payment, posting, now)).collect();
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
    Ok(whole(on, row.into_iter().collect()).await?.pop())
}

/// Finds a payment of `customer`'s.
pub(crate) async fn find_of(
    on: &impl ConnectionTrait,
    id: PaymentId,
    customer: UserId,
) -> Result<Option<Payment>, Error> {
    let theirs = Column::CustomerId.eq(customer.to_string());
    let row = Entity::find_by_id(id.to_string()).filter(theirs).one(on).await?;
    Ok(whole(on, row.into_iter().collect()).await?.pop())
}

/// The payments with these ids, and those of these orders that are not closed.
pub(crate) async fn find_all(
    on: &impl ConnectionTrait,
    payments: &[PaymentId],
    orders: &[OrderId],
) -> Result<Vec<Payment>, Error> {
    let mut rows = Vec::new();
    if !payments.is_empty() {
        let ids = payments.iter().map(ToString::to_string);
        rows = Entity::find().filter(Column::Id.is_in(ids)).all(on).await?;
    }
    if !orders.is_empty() {
        let ids = orders.iter().map(ToString::to_string);
        // As the index of orders says it.
        let live = Expr::cust("status NOT IN ('voided', 'failed', 'expired')");
        let found = Entity::find().filter(Column::OrderId.is_in(ids)).filter(live).all(on).await?;
        let is_new = |row: &payment::Model| rows.iter().all(|known| known.id != row.id);
        let new: Vec<_> = found.into_iter().filter(is_new).collect();
        rows.extend(new);
    }
    whole(on, rows).await
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
    let payments = whole(on, rows).await?;
    Ok(Page::cut(payments, page.limit, |payment: &Payment| payment.id.to_string()))
}

/// The payments that have been due since `since` or longer, the oldest first.
pub(crate) async fn due(
    on: &impl ConnectionTrait,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<Payment>, Error> {
    let rows = Entity::find()
        .filter(Column::Due.lte(since.micros()))
        .order_by_asc(Column::Due)
        .limit(u64::try_from(limit).unwrap_or(u64::MAX))
        .all(on)
        .await?;
    whole(on, rows).await
}

/// One page of a payment's ledger, in the order of its postings.
pub(crate) async fn ledger(
    on: &impl ConnectionTrait,
    payment: &Payment,
    page: &PageRequest,
) -> Result<Page<LedgerEntry>, Error> {
    ledger::page(on, payment, page).await
}

/// The payments of some rows. A refund is newer than its row is, or the row is replaced in vain.
async fn whole(
    on: &impl ConnectionTrait,
    rows: Vec<payment::Model>,
) -> Result<Vec<Payment>, Error> {
    let mut payments = rows.into_iter().map(payment::read).collect::<Result<Vec<_>, _>>()?;
    refund::attach(on, &mut payments).await?;
    Ok(payments)
}
