//! What products do when they are told to by a message.

use std::sync::Arc;

use kernel::{Clock, Ids};
use messaging::{Answer, Answered, Delivery, Failure, Subscriptions};
use ports::async_trait;
use products_api::{CommitReservation, ReleaseReservation, Unavailable};
use storage::Tx;

use crate::store::{Books, Committed};

pub(crate) fn of(clock: Arc<dyn Clock>, ids: Ids) -> Subscriptions {
    let stock = Arc::new(Stock(Books::new(clock, ids)));
    Subscriptions::of("products")
        .answer::<CommitReservation>(stock.clone())
        .answer::<ReleaseReservation>(stock)
}

struct Stock(Books);

#[async_trait]
impl Answer<CommitReservation> for Stock {
    async fn answer(
        &self,
        tx: &mut Tx,
        command: CommitReservation,
        _: &Delivery,
    ) -> Result<Answered<CommitReservation>, Failure> {
        let owner = &command.owner;
        match self.0.commit(tx, owner).await? {
            Committed::Sold => Ok(Answered::Now(Ok(()))),
            Committed::Unavailable(shortages) => {
                Ok(Answered::Now(Err(Unavailable { owner: owner.clone(), shortages })))
            }
        }
    }
}

#[async_trait]
impl Answer<ReleaseReservation> for Stock {
    async fn answer(
        &self,
        tx: &mut Tx,
        command: ReleaseReservation,
        _: &Delivery,
    ) -> Result<Answered<ReleaseReservation>, Failure> {
        self.0.release(tx, &command.owner).await?;
        Ok(Answered::Now(Ok(())))
    }
}
