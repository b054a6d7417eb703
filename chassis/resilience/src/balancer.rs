//! A call goes to the instance that seems the quickest, and past those that do not take it.

use std::sync::Arc;

use ports::{Call, Reply, Transport, Unreachable, async_trait};

use crate::{edge::Edge, instance::Surroundings};

/// Chooses an instance for each call. One that did not take the call is followed by the next: nothing
/// happened there, so that this is no retry.
pub struct Balancer {
    edge: Arc<Edge>,
}

impl Balancer {
    /// Over the instances of `edge`.
    pub fn new(edge: Arc<Edge>) -> Self {
        Self { edge }
    }
}

#[async_trait]
impl Transport for Balancer {
    async fn call(&self, call: Call) -> Result<Reply, Unreachable> {
        let edge = &*self.edge;
        let table = edge.pool.table(edge.clock.now()).clone();
        let numbers = edge.numbers().clone();
        let around = Surroundings {
            edge: &edge.name,
            bench: &edge.pool.bench,
            all: table.members.len(),
            numbers: &numbers,
        };
        let mut tried = Vec::new();
        let mut answer =
            Err(Unreachable::NotTaken(format!("no instance of {} is known", edge.callee)));
        while let Some(index) = table.pick(&tried, edge.clock.now(), &numbers, rand::random()) {
            let instance = &table.members[index];
            let visit = instance.visit(around, &edge.clock);
            answer = instance.way.call(call.clone()).await;
            visit.end(&answer);
            if !matches!(answer, Err(Unreachable::NotTaken(_))) {
                return answer;
            }
            tried.push(index);
        }
        answer
    }
}
