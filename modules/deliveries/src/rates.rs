//! What the carriers charge, in memory: quotes are made of it without asking anybody.
//!
//! All carriers are asked now and then (`rounds`), by messages that one aggregator gathers the answers to
//! (`asking`). Whoever wants a quote before the first round is over waits for it.

mod asking;
mod rounds;

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Attachment, Database, Error, Tx};
use tokio::{sync::Notify, time::timeout};

use crate::settings::Method;

pub(crate) use asking::{AskRates, Asker};
pub(crate) use rounds::{Clerk, Rounds};

/// What all carriers charge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Card {
    /// When they were asked.
    pub(crate) asked_at: Timestamp,
    pub(crate) carriers: Vec<Tariff>,
}

/// What one carrier charges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tariff {
    pub(crate) carrier: String,
    /// As it said the last time it answered.
    pub(crate) methods: Vec<Method>,
    pub(crate) heard_at: Option<Timestamp>,
    /// Whether it did not answer the last time it was asked.
    pub(crate) silent: bool,
}

/// The card, once there is one.
#[derive(Default)]
pub(crate) struct Rates {
    card: RwLock<Option<Arc<Card>>>,
    changed: Notify,
}

impl Rates {
    /// The card as it is.
    pub(crate) fn known(&self) -> Option<Arc<Card>> {
        self.card.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The card; until there is one on which somebody has spoken it is waited for, no longer than `patience`.
    pub(crate) async fn card(&self, patience: Duration) -> Option<Arc<Card>> {
        let first = async {
            loop {
                let changed = self.changed.notified();
                if let Some(card) = self.known()
                    && card.carriers.iter().any(|tariff| tariff.heard_at.is_some())
                {
                    return card;
                }
                changed.await;
            }
        };
        timeout(patience, first).await.ok()
    }

    /// Takes a card, unless there is a newer one.
    pub(crate) fn take(&self, card: Card) {
        let mut known = self.card.write().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_none_or(|known| known.asked_at <= card.asked_at) {
            *known = Some(Arc::new(card));
        }
        drop(known);
        self.changed.notify_waiters();
    }
}

impl Card {
    /// The methods whose prices are not older than `valid`.
    pub(crate) fn methods(&self, now: Timestamp, valid: Duration) -> Vec<&Method> {
        let fresh = |tariff: &&Tariff| tariff.heard_at.is_some_and(|at| now.since(at) <= valid);
        self.carriers.iter().filter(fresh).flat_map(|tariff| &tariff.methods).collect()
    }

    /// Those who did not answer the last time.
    pub(crate) fn silent(&self) -> Vec<String> {
        let silent = self.carriers.iter().filter(|tariff| tariff.silent);
        silent.map(|tariff| tariff.carrier.clone()).collect()
    }
}

/// A card that is taken when the transaction that writes it is durable.
#[derive(Default)]
pub(crate) struct Written(Option<(Arc<Rates>, Card)>);

impl Written {
    pub(crate) fn set(&mut self, rates: &Arc<Rates>, card: Card) {
        self.0 = Some((Arc::clone(rates), card));
    }
}

#[async_trait]
impl Attachment for Written {
    async fn before_commit(&mut self, _tx: &Tx) -> Result<(), Error> {
        Ok(())
    }

    fn committed(self: Box<Self>, _db: &Database) {
        if let Some((rates, card)) = self.0 {
            rates.take(card);
        }
    }
}
