//! How long each method of a neighbour usually takes.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;

use crate::core::cost::Cost;

/// More methods than a port has; beyond them none is remembered, so that made-up names take no memory.
const MOST: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Methods(ArcSwap<HashMap<Box<str>, Arc<Cost>>>);

impl Methods {
    /// What is known of `method`.
    pub(crate) fn usual(&self, method: &str) -> Arc<Cost> {
        if let Some(known) = self.0.load().get(method) {
            return known.clone();
        }
        let fresh = Arc::new(Cost::default());
        self.0.rcu(|known| {
            let mut known = HashMap::clone(known);
            if known.len() < MOST {
                known.entry(method.into()).or_insert_with(|| fresh.clone());
            }
            known
        });
        self.0.load().get(method).cloned().unwrap_or(fresh)
    }
}
