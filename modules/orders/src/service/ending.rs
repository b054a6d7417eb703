//! How an order ends before its time: cancelled, or not paid in time.

use host::idempotency;
use orders_api::{Asker, CancelOrder, Error, Order, OrderId, OrderOf, Result, Status};
use saga::{Abandoned, SagaId};
use storage::Failure;

use super::{Service, broken};
use crate::{
    announce,
    cancellation::Cancellation,
    checkout::Checkout,
    domain::{self, Happening},
    store::Happened,
};

/// How often an order is looked at again because it moved meanwhile.
const LOOKS: u32 = 3;

/// What became of a wish to end an order: nothing when it had moved meanwhile.
type Ended = std::result::Result<Option<Order>, Failure<Error>>;

impl Service {
    /// Ends an order that somebody does not want any more, or begins to.
    pub(super) async fn cancelled(&self, wish: CancelOrder) -> Result<Order> {
        let reason = domain::reason(&wish.reason)?;
        let mut order = self.of(wish.asker, wish.order).await?;
        for _ in 0..LOOKS {
            let ended = match order.status {
                Status::Cancelled | Status::Cancelling => return Ok(order),
                Status::Expired | Status::Rejected => break,
                Status::Pending => {
                    storage::retry(|| self.end(&order, Happening::Cancelled, &reason)).await
                }
                Status::Completed => storage::retry(|| self.call_off(&order, &reason)).await,
            };
            match ended {
                Ok(Some(ended)) => return Ok(ended),
                Ok(None) => order = self.of(wish.asker, wish.order).await?,
                Err(Failure::Refused(refusal)) => return Err(refusal),
                Err(Failure::Storage(cause)) => return Err(broken(cause)),
            }
        }
        Err(Error::NotCancellable(order.status))
    }

    /// The order, if it is `asker`'s to see.
    async fn of(&self, asker: Asker, order: OrderId) -> Result<Order> {
        let found = match asker {
            Asker::Customer(customer) => self.store.find(OrderOf { customer, order }).await,
            Asker::Staff => self.store.record(order).await.map(|it| it.map(|it| it.order)),
        };
        found.map_err(broken)?.ok_or(Error::UnknownOrder(order))
    }

    /// Ends a pending order and undoes its checkout.
    pub(super) async fn end(&self, order: &Order, happening: Happening, why: &str) -> Ended {
        let mut tx = self.store.begin().await?;
        let saga = SagaId::of::<Checkout>(order.id);
        let abandoned = self.engine.abandon(&mut tx, &saga, why).await?;
        let reason = (happening == Happening::Cancelled).then(|| why.to_owned());
        let happened = Happened { happening, at: self.needs.clock.now(), detail: reason };
        let ended = match abandoned {
            Abandoned::Taken => self.store.advance(&mut tx, order.id, &happened).await?,
            Abandoned::Already | Abandoned::TooLate | Abandoned::Unknown => None,
        };
        let Some(ended) = ended else {
            tx.rollback().await?;
            return Ok(None);
        };
        announce::told(&mut tx, &ended, &happened)?;
        idempotency::remember(&mut tx, &ended)?;
        tx.commit().await?;
        Ok(Some(ended))
    }

    /// Begins to cancel a completed order.
    async fn call_off(&self, order: &Order, reason: &str) -> Ended {
        let mut tx = self.store.begin().await?;
        let detail = Some(reason.to_owned());
        let happening = Happening::Cancelling;
        let happened = Happened { happening, at: self.needs.clock.now(), detail };
        let Some(order) = self.store.advance(&mut tx, order.id, &happened).await? else {
            tx.rollback().await?;
            return Ok(None);
        };
        let cancellation = Cancellation {
            order: order.id,
            version: order.version,
            payment: order.payment,
            customer: order.customer,
            amount: order.totals.grand,
            reason: reason.to_owned(),
        };
        self.engine.start(&mut tx, &cancellation).await?;
        announce::told(&mut tx, &order, &happened)?;
        idempotency::remember(&mut tx, &order)?;
        tx.commit().await?;
        Ok(Some(order))
    }
}
