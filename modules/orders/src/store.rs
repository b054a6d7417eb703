//! Orders at rest.

mod counts;
mod order;
mod reading;
mod timeline;

use kernel::Timestamp;
use orders_api::{Order, OrderId, OrderPlaced, Status};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    sea_query::{BinOper, Expr, SimpleExpr},
};
use storage::{Database, Error, Reader, Tx};

use crate::{
    domain::{self, Happening, State},
    watch::{Changes, Watch},
};

pub(crate) use timeline::has_heard_of_payments;

#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
}

/// Something that happens to an order, when, and what there is to say about it.
#[derive(Clone, Debug)]
pub(crate) struct Happened {
    pub(crate) happening: Happening,
    pub(crate) at: Timestamp,
    pub(crate) detail: Option<String>,
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

    /// Whoever waits for orders of this database.
    pub(crate) fn watch(&self) -> std::sync::Arc<Watch> {
        Watch::of(&self.db)
    }

    /// Records a new order.
    pub(crate) async fn insert(&self, tx: &Tx, order: &Order) -> Result<(), Error> {
        let placed = <OrderPlaced as kernel::Message>::TYPE;
        let timeline = timeline::line(order.placed_at, placed, None)?;
        order::Entity::insert(order::row(order, timeline)?).exec_without_returning(tx).await?;
        Ok(())
    }

    /// Lets something happen to the order, if it can: the statement is check and write in one. Only
    /// when it usually leads elsewhere is the row looked at first.
    pub(crate) async fn advance(
        &self,
        tx: &mut Tx,
        id: OrderId,
        happened: &Happened,
    ) -> Result<Option<Order>, Error> {
        let Some((goal, others)) = domain::goal(happened.happening) else { return Ok(None) };
        let mut led = self.lead(tx, id, happened, goal).await?;
        if led.is_none() && others {
            let state = self.state(tx, id).await?;
            if let Some(goal) = state.and_then(|state| domain::next(state, happened.happening)) {
                led = self.lead(tx, id, happened, goal).await?;
            }
        }
        match &mut led {
            Some(order) if order.status == Status::Cancelled => {
                self.count(tx, order).await?;
            }
            Some(order) if order.status == Status::Cancelling => {
                counts::fill(tx, std::slice::from_mut(order)).await?;
            }
            _ => {}
        }
        Ok(led)
    }

    /// Where the order stands; nobody else moves it until `tx` ends.
    pub(crate) async fn state(&self, tx: &Tx, id: OrderId) -> Result<Option<State>, Error> {
        let row = order::Entity::find_by_id(id.to_string()).lock_exclusive().one(tx).await?;
        row.as_ref().map(order::state).transpose()
    }

    /// Leads the order to `goal`, if what happened leads there.
    async fn lead(
        &self,
        tx: &mut Tx,
        id: OrderId,
        happened: &Happened,
        goal: State,
    ) -> Result<Option<Order>, Error> {
        let Happened { happening, at, detail } = happened;
        let from = domain::sources(*happening, goal).fold(Condition::any(), |any, from| {
            any.add(
                order::Column::Status
                    .eq(order::status(from.status))
                    .and(order::Column::PaymentStatus.eq(order::payment_status(from.payment)))
                    .and(order::Column::DeliveryStatus.eq(order::delivery_status(from.delivery))),
            )
        });
        let line = timeline::line(*at, &timeline::what(*happening), detail.as_deref())?;
        let changed = order::Entity::update_many()
            .col_expr(order::Column::Status, Expr::value(order::status(goal.status)))
            .col_expr(
                order::Column::PaymentStatus,
                Expr::value(order::payment_status(goal.payment)),
            )
            .col_expr(
                order::Column::DeliveryStatus,
                Expr::value(order::delivery_status(goal.delivery)),
            )
            .col_expr(order::Column::Version, next_version())
            .col_expr(order::Column::Timeline, and(line))
            .filter(order::Column::Id.eq(id.to_string()))
            .filter(from)
            .exec_with_returning(tx)
            .await?;
        self.changed(tx, id, changed)
    }

    /// Lets a pending order be paid until `until`, if it is still at that version.
    pub(crate) async fn extend(
        &self,
        tx: &mut Tx,
        order: &Order,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Order>, Error> {
        let line = timeline::line(now, timeline::EXTENDED, None)?;
        let changed = order::Entity::update_many()
            .col_expr(order::Column::ExpiresAt, Expr::value(until.micros()))
            .col_expr(order::Column::Version, next_version())
            .col_expr(order::Column::Timeline, and(line))
            .filter(order::Column::Id.eq(order.id.to_string()))
            .filter(order::Column::Status.eq("pending"))
            .filter(order::Column::Version.eq(order.version.0.cast_signed()))
            .exec_with_returning(tx)
            .await?;
        self.changed(tx, order.id, changed)
    }

    /// Whoever waits for the order hears of it when `tx` has committed.
    fn changed(
        &self,
        tx: &mut Tx,
        id: OrderId,
        rows: Vec<order::Model>,
    ) -> Result<Option<Order>, Error> {
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        tx.attachment::<Changes>().add(id);
        Ok(Some(row.try_into()?))
    }
}

fn next_version() -> SimpleExpr {
    Expr::col(order::Column::Version).add(1)
}

/// The timeline with one more line.
fn and(line: String) -> SimpleExpr {
    Expr::col(order::Column::Timeline).binary(BinOper::Custom("||"), Expr::value(line))
}
