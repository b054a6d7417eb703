//! What carts does when orders announces something.

use std::sync::Arc;

use messaging::{Delivery, Failure, Handle, Subscriptions};
use orders_api::OrderPlaced;
use ports::async_trait;
use storage::Tx;

use crate::store;

/// What carts listens to.
pub(crate) fn subscriptions() -> Subscriptions {
    Subscriptions::of("carts").on::<OrderPlaced>(Arc::new(Conversion))
}

/// A cart that became an order takes no more lines.
struct Conversion;

#[async_trait]
impl Handle<OrderPlaced> for Conversion {
    async fn handle(&self, tx: &mut Tx, placed: OrderPlaced, _: &Delivery) -> Result<(), Failure> {
        Ok(store::convert(tx, placed.cart).await?)
    }
}
