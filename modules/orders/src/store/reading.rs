//! Looking orders up.

use std::collections::BTreeSet;

use kernel::{Page, PageRequest, Timestamp};
use orders_api::{NumberOf, Order, OrderId, OrderNumber, OrderOf, OrderRecord, Search};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use storage::Error;

use super::{
    Store,
    counts::{self, line},
    order, timeline,
};

/// How many due orders one round of the sweeper looks at.
const SWEPT_AT_ONCE: u64 = 100;

impl Store {
    /// The order, if it is the customer's.
    pub(crate) async fn find(&self, which: OrderOf) -> Result<Option<Order>, Error> {
        Ok(self.progress(which).await?.map(|record| record.order))
    }

    /// The order with its timeline, if it is the customer's.
    pub(crate) async fn progress(&self, which: OrderOf) -> Result<Option<OrderRecord>, Error> {
        let wanted = order::Entity::find_by_id(which.order.to_string())
            .filter(order::Column::Customer.eq(which.customer.to_string()));
        self.one(wanted).await
    }

    /// The order with its timeline, whosever it is.
    pub(crate) async fn record(&self, id: OrderId) -> Result<Option<OrderRecord>, Error> {
        self.one(order::Entity::find_by_id(id.to_string())).await
    }

    /// The one order that is wanted, with what became of its lines at the moment of its version: both come
    /// by one statement.
    async fn one(&self, wanted: Select<order::Entity>) -> Result<Option<OrderRecord>, Error> {
        let found = wanted.find_with_related(line::Entity).all(&self.reader()).await?;
        let Some((row, lines)) = found.into_iter().next() else { return Ok(None) };
        let mut record = whole(row)?;
        counts::note(std::slice::from_mut(&mut record.order), lines)?;
        Ok(Some(record))
    }

    /// The order with this number, if it is the customer's.
    pub(crate) async fn numbered(&self, which: &NumberOf) -> Result<Option<Order>, Error> {
        let wanted = order::Entity::find()
            .filter(order::Column::Number.eq(which.number.as_str()))
            .filter(order::Column::Customer.eq(which.customer.to_string()));
        Ok(self.one(wanted).await?.map(|record| record.order))
    }

    /// The ids of the orders with these numbers, whosever they are.
    pub(crate) async fn ids_of(
        &self,
        numbers: Vec<OrderNumber>,
    ) -> Result<BTreeSet<String>, Error> {
        if numbers.is_empty() {
            return Ok(BTreeSet::new());
        }
        let numbers = numbers.iter().map(OrderNumber::as_str);
        let wanted = order::Entity::find().filter(order::Column::Number.is_in(numbers));
        let rows = wanted.all(&self.reader()).await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }

    /// One page of the orders that are wanted, the newest first: ids grow with time.
    pub(crate) async fn search(&self, wish: &Search) -> Result<Page<Order>, Error> {
        use order::Column;
        let Search { customer, status, payment_status, delivery_status, .. } = wish;
        let mut wanted = order::Entity::find().order_by_desc(Column::Id);
        let conditions = [
            customer.map(|id| Column::Customer.eq(id.to_string())),
            status.map(|it| Column::Status.eq(order::status(it))),
            payment_status.map(|it| Column::PaymentStatus.eq(order::payment_status(it))),
            delivery_status.map(|it| Column::DeliveryStatus.eq(order::delivery_status(it))),
            wish.placed_from.map(|at| Column::PlacedAt.gte(at.micros())),
            wish.placed_before.map(|at| Column::PlacedAt.lt(at.micros())),
            wish.page.after.as_ref().map(|after| Column::Id.lt(after)),
        ];
        for condition in conditions.into_iter().flatten() {
            wanted = wanted.filter(condition);
        }
        let rows = wanted.limit(u64::from(wish.page.limit) + 1).all(&self.reader()).await?;
        let mut orders = rows.into_iter().map(Order::try_from).collect::<Result<Vec<_>, _>>()?;
        counts::fill(&self.reader(), &mut orders).await?;
        Ok(Page::cut(orders, wish.page.limit, |order: &Order| order.id.to_string()))
    }

    /// One page of every order, by id, with what was announced of each.
    pub(crate) async fn records(&self, page: &PageRequest) -> Result<Page<OrderRecord>, Error> {
        let mut all = order::Entity::find().order_by_asc(order::Column::Id);
        if let Some(after) = &page.after {
            all = all.filter(order::Column::Id.gt(after));
        }
        let rows = all.limit(u64::from(page.limit) + 1).all(&self.reader()).await?;
        let announced = |row| {
            let mut record = whole(row)?;
            record.timeline.retain(|moment| timeline::is_announced(&moment.what));
            Ok(record)
        };
        let records = rows.into_iter().map(announced).collect::<Result<_, Error>>()?;
        Ok(Page::cut(records, page.limit, |record: &OrderRecord| record.order.id.to_string()))
    }

    /// Pending orders that are not paid and expire by `by`, the oldest first.
    pub(crate) async fn due(&self, by: Timestamp) -> Result<Vec<OrderRecord>, Error> {
        let found = order::Entity::find()
            .filter(order::Column::Status.eq("pending"))
            .filter(order::Column::PaymentStatus.is_in(["none", "authorized"]))
            .filter(order::Column::ExpiresAt.lte(by.micros()))
            .order_by_asc(order::Column::ExpiresAt)
            .limit(SWEPT_AT_ONCE)
            .all(&self.reader())
            .await?;
        found.into_iter().map(whole).collect()
    }
}

fn whole(mut row: order::Model) -> Result<OrderRecord, Error> {
    let text = std::mem::take(&mut row.timeline);
    let version = order::version(row.version)?;
    let timeline = timeline::moments(&text, version)?;
    row.timeline = text;
    Ok(OrderRecord { order: row.try_into()?, timeline })
}
