//! All edges that lead out of one process.

use std::sync::{Arc, Mutex, PoisonError};

use discovery::Instances;
use serde_json::Value;

use crate::{Clock, Dial, Edge, Numbers, numbers::Unusable, state::EdgeState};

/// Makes edges and knows them. Cloning shares them.
#[derive(Clone)]
pub struct Edges {
    clock: Clock,
    all: Arc<Mutex<Vec<Arc<Edge>>>>,
}

/// Why an edge was not tuned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untuned {
    /// There is no such edge in this process.
    #[error("no call leads from {0} to {1} out of this process")]
    Unknown(String, String),
    /// The numbers cannot be used.
    #[error(transparent)]
    Unusable(#[from] Unusable),
}

impl Edges {
    /// No edges yet, all by `clock`.
    pub fn new(clock: Clock) -> Self {
        Self { clock, all: Arc::default() }
    }

    /// The edge between two modules; made when it is asked for the first time.
    pub fn edge(
        &self,
        ends: (&'static str, &'static str),
        numbers: Numbers,
        instances: Instances,
        dial: Dial,
    ) -> Arc<Edge> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter().find(|it| (it.caller, it.callee) == ends) {
            return known.clone();
        }
        let edge = Edge::new(ends, numbers, self.clock.clone(), instances, dial);
        all.push(edge.clone());
        edge
    }

    /// Every edge there is.
    pub fn all(&self) -> Vec<Arc<Edge>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the edges of `caller` know.
    pub fn states(&self, caller: &str) -> Vec<EdgeState> {
        let all = self.all();
        all.iter().filter(|it| it.caller == caller).map(|it| it.state()).collect()
    }

    /// What the edge between two modules would be with the numbers of `patch` in place of its own, and what
    /// it is. Nothing is changed.
    ///
    /// # Errors
    /// When there is no such edge, or the numbers cannot be used.
    pub fn tuning(&self, caller: &str, callee: &str, patch: &Value) -> Result<Tuning, Untuned> {
        let all = self.all();
        let edge = all.into_iter().find(|it| it.caller == caller && it.callee == callee);
        let edge = edge.ok_or_else(|| Untuned::Unknown(caller.to_owned(), callee.to_owned()))?;
        let before = Numbers::clone(&edge.numbers());
        let after = before.patched(patch)?;
        Ok(Tuning { edge, before, after })
    }
}

/// Numbers about to be put in force.
pub struct Tuning {
    edge: Arc<Edge>,
    /// The numbers as they are.
    pub before: Numbers,
    /// The numbers as they will be.
    pub after: Numbers,
}

impl Tuning {
    /// Puts them in force, from the next call on, until the process ends.
    pub fn apply(self) -> EdgeState {
        self.edge.set(self.after);
        self.edge.state()
    }
}
