//! A neighbour that does not answer takes no more than its part of what the caller has.

use std::sync::Arc;

use ports::{Call, Reply, Transport, Unreachable, async_trait};

use crate::{
    core::permits::Permits,
    edge::{Edge, count},
};

/// Bounds the calls under way.
pub struct Bulkhead<T> {
    edge: Arc<Edge>,
    inner: T,
}

/// A place that is given back, however the call ends.
struct Place<'a>(&'a Permits);

impl<T: Transport> Bulkhead<T> {
    /// Around `inner`, with as many places as `edge` says.
    pub fn new(edge: Arc<Edge>, inner: T) -> Self {
        Self { edge, inner }
    }
}

#[async_trait]
impl<T: Transport> Transport for Bulkhead<T> {
    async fn call(&self, call: Call) -> Result<Reply, Unreachable> {
        let most = self.edge.numbers().at_once;
        if !self.edge.permits.take(most) {
            count(&self.edge.counted.crowded);
            let text = format!("{most} calls are under way from {}", self.edge.name);
            return Err(Unreachable::Busy(text));
        }
        let _place = Place(&self.edge.permits);
        self.inner.call(call).await
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.give_back();
    }
}
