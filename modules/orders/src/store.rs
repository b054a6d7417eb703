//! Orders at rest.

mod order;

use kernel::{Page, PageRequest, Timestamp};
use orders_api::{Order, OrderId, OrderOf};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use storage::{Database, Error, Reader, Tx};

use crate::domain::{self, Happening};

/// How many overdue orders one round of the sweeper looks at.
const SWEPT_AT_ONCE: u64 = 100;

#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
}

impl Store {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }

    pub(crate) async fn begin(&self) -> Result<Tx, Error> {
        self.db.begin().await
    }

    pub(crate) fn reader(&self) -> Reader {
        self.db.reader()
    }

    /// Records a new order.
    pub(crate) async fn insert(&self, tx: &Tx, order: &Order) -> Result<(), Error> {
        order::Entity::insert(order::row(order)?).exec_without_returning(tx).await?;
        Ok(())
    }

    /// The order, if it is the customer's.
    pub(crate) async fn find(&self, which: OrderOf) -> Result<Option<Order>, Error> {
        let found = order::Entity::find_by_id(which.order.to_string())
            .filter(order::Column::Customer.eq(which.customer.to_string()))
            .one(&self.reader())
            .await?;
        found.map(Order::try_from).transpose()
    }

    /// One page of every order, by id.
    pub(crate) async fn page(&self, page: &PageRequest) -> Result<Page<Order>, Error> {
        let mut all = order::Entity::find().order_by_asc(order::Column::Id);
        if let Some(after) = &page.after {
            all = all.filter(order::Column::Id.gt(after));
        }
        let rows = all.limit(u64::from(page.limit) + 1).all(&self.reader()).await?;
        let orders = rows.into_iter().map(Order::try_from).collect::<Result<_, _>>()?;
        Ok(Page::cut(orders, page.limit, |order: &Order| order.id.to_string()))
    }

    /// Pending orders whose time is over, the oldest first.
    pub(crate) async fn overdue(&self, now: Timestamp) -> Result<Vec<Order>, Error> {
        let found = order::Entity::find()
            .filter(order::Column::Status.eq("pending"))
            .filter(order::Column::PaymentStatus.eq("none"))
            .filter(order::Column::ExpiresAt.lte(now.micros()))
            .order_by_asc(order::Column::ExpiresAt)
            .limit(SWEPT_AT_ONCE)
            .all(&self.reader())
            .await?;
        found.into_iter().map(Order::try_from).collect()
    }

    /// Lets `happening` happen to the order, if it can: one statement that is check and write in one.
    pub(crate) async fn advance(
        &self,
        tx: &Tx,
        id: OrderId,
        happening: Happening,
    ) -> Result<Option<Order>, Error> {
        let mut transitions = domain::transitions(happening);
        let first = transitions.next();
        let Some((_, to)) = first else { return Ok(None) };
        let allowed =
            first.into_iter().chain(transitions).fold(Condition::any(), |any, (from, _)| {
                any.add(
                    order::Column::Status
                        .eq(order::status(from.status))
                        .and(order::Column::PaymentStatus.eq(order::payment_status(from.payment)))
                        .and(
                            order::Column::DeliveryStatus.eq(order::delivery_status(from.delivery)),
                        ),
                )
            });
        let changed = order::Entity::update_many()
            .col_expr(order::Column::Status, Expr::value(order::status(to.status)))
            .col_expr(order::Column::PaymentStatus, Expr::value(order::payment_status(to.payment)))
            .col_expr(
                order::Column::DeliveryStatus,
                Expr::value(order::delivery_status(to.delivery)),
            )
            .col_expr(order::Column::Version, Expr::col(order::Column::Version).add(1))
            .filter(order::Column::Id.eq(id.to_string()))
            .filter(allowed)
            .exec_with_returning(tx)
            .await?;
        changed.into_iter().next().map(Order::try_from).transpose()
    }
}
