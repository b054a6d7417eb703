//! A neighbour that does not answer is not asked, until one call has found that it does.

use std::sync::Arc;

use ports::{Call, Reply, Transport, Unreachable, async_trait};

use crate::{
    breaker::{Change, End, Ending, Permit},
    edge::{Edge, count},
    instance::ending,
};

/// Fails at once while the circuit is open.
pub struct CircuitBreaker<T> {
    edge: Arc<Edge>,
    inner: T,
}

impl<T: Transport> CircuitBreaker<T> {
    /// Around `inner`, with the circuit of `edge`.
    pub fn new(edge: Arc<Edge>, inner: T) -> Self {
        Self { edge, inner }
    }
}

/// A call under way, whose end is told to the circuit also when whoever asked goes away.
struct Attempt<'a> {
    edge: &'a Edge,
    permit: Option<Permit<'a>>,
    began: std::time::Duration,
}

#[async_trait]
impl<T: Transport> Transport for CircuitBreaker<T> {
    async fn call(&self, call: Call) -> Result<Reply, Unreachable> {
        let edge = &*self.edge;
        let began = edge.clock.now();
        let attempt = match edge.breaker.admit(began) {
            Ok(permit) => Attempt { edge, permit: Some(permit), began },
            Err(left) => {
                count(&edge.counted.refused);
                let text = format!("the circuit to {} is open for another {left:?}", edge.callee);
                return Err(Unreachable::NotTaken(text));
            }
        };
        let answer = self.inner.call(call).await;
        attempt.end(ending(&answer));
        answer
    }
}

impl Attempt<'_> {
    fn end(mut self, ending: Ending) {
        self.tell(ending);
    }

    fn tell(&mut self, ending: Ending) {
        let (edge, now) = (self.edge, self.edge.clock.now());
        let numbers = edge.numbers();
        let took = now.saturating_sub(self.began);
        let end = End { now, took, dice: rand::random(), by: &numbers.breaker };
        match self.permit.take().and_then(|permit| permit.end(ending, end)) {
            Some(Change::Opened) => {
                count(&edge.counted.opened);
                tracing::warn!(
                    edge = edge.name,
                    "the circuit is open: calls fail at once for a while"
                );
            }
            Some(Change::Closed) => tracing::info!(edge = edge.name, "the circuit is closed again"),
            None => {}
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let waited = self.edge.clock.now().saturating_sub(self.began);
        // Whoever asked went away, which says nothing about the neighbour unless it was slow already.
        if self.permit.is_some() && waited > self.edge.numbers().breaker.slow {
            self.tell(Ending::Failed);
        }
    }
}
