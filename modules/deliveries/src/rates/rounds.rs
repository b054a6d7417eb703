//! The rounds: now and then all carriers are asked at once what they charge, and what comes in time is gathered.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kernel::{Clock, Timestamp};
use messaging::{Aggregator, Conclude, Failure, Gather, Gathered};
use storage::{Database, Error, Tx};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{AskRates, Card, Rates, Tariff, Written};
use crate::{carriers::Carriers, settings::Settings, store};

/// How often a card is looked for that another replica wrote.
const LOOK: Duration = Duration::from_millis(250);
/// The pause after a round in which somebody was silent; it doubles while that lasts.
const AGAIN: Duration = Duration::from_secs(1);
/// How long after its deadline the outcome of a round is waited for.
const SLACK: Duration = Duration::from_secs(5);

/// Asks all carriers, again and again.
pub(crate) struct Rounds {
    pub(crate) db: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) carriers: Carriers,
    pub(crate) rates: Arc<Rates>,
    pub(crate) aggregator: Arc<Aggregator<AskRates>>,
    pub(crate) settings: Settings,
}

impl Rounds {
    /// Begins a round at once, and then one every so often, until `stop`. It is sooner while a carrier is silent.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let every = self.settings.rates_every;
        let rounds = async {
            let mut again = AGAIN;
            loop {
                if let Err(cause) = self.round().await {
                    tracing::warn!(%cause, "the carriers were not asked what they charge");
                }
                let complete = self.rates.known().is_some_and(|card| card.silent().is_empty());
                if complete {
                    again = AGAIN;
                    sleep(every).await;
                } else {
                    sleep(again.min(every)).await;
                    again = (again * 2).min(every);
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = rounds => {}
        }
    }

    async fn round(&self) -> Result<(), Error> {
        let asked_at = self.clock.now();
        let question = |name: &str| AskRates { carrier: name.to_owned() };
        let questions: Vec<_> = self.carriers.names().map(question).collect();
        let mut tx = self.db.begin().await?;
        let how = Gather::about(asked_at.micros().to_string(), self.settings.rates_within);
        self.aggregator.ask(&mut tx, &questions, how).await?;
        tx.commit().await?;
        let outcome = timeout(self.settings.rates_within + SLACK, self.outcome(asked_at)).await;
        if outcome.is_err() {
            tracing::warn!("nothing came of asking the carriers what they charge");
        }
        Ok(())
    }

    /// Waits for the card of a round, which may be written here or by another replica.
    async fn outcome(&self, asked_at: Timestamp) {
        loop {
            let changed = self.rates.changed.notified();
            if self.rates.known().is_some_and(|card| card.asked_at >= asked_at) {
                return;
            }
            if timeout(LOOK, changed).await.is_err() {
                match store::rates::read(&self.db.reader()).await {
                    Ok(Some(card)) if card.asked_at >= asked_at => self.rates.take(card),
                    Ok(_) => {}
                    Err(cause) => tracing::warn!(%cause, "what carriers charge cannot be read"),
                }
            }
        }
    }
}

/// Writes down what came of a round.
pub(crate) struct Clerk {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) carriers: Carriers,
    pub(crate) rates: Arc<Rates>,
}

#[async_trait]
impl Conclude<AskRates> for Clerk {
    async fn conclude(&self, tx: &mut Tx, gathered: Gathered<AskRates>) -> Result<(), Failure> {
        let asked_at = gathered.about.parse().map_err(Failure::permanent)?;
        let asked_at = Timestamp::from_micros(asked_at);
        let before = store::rates::read(tx).await?;
        let now = self.clock.now();
        let mut told: Vec<_> =
            gathered.answers.into_iter().filter_map(|said| said.answer.ok()).collect();
        let tariff = |name: &str| match told.iter().position(|told| told.carrier == name) {
            Some(nth) => Tariff {
                carrier: name.to_owned(),
                methods: told.swap_remove(nth).methods,
                heard_at: Some(now),
                silent: false,
            },
            None => silent(name, before.as_ref()),
        };
        let card = Card { asked_at, carriers: self.carriers.names().map(tariff).collect() };
        if store::rates::write(tx, &card).await? {
            tx.attachment::<Written>().set(&self.rates, card);
        }
        Ok(())
    }
}

/// What is known of a carrier that did not answer.
fn silent(name: &str, before: Option<&Card>) -> Tariff {
    let known = before.and_then(|card| card.carriers.iter().find(|tariff| tariff.carrier == name));
    match known {
        Some(known) => Tariff { silent: true, ..known.clone() },
        None => {
            Tariff { carrier: name.to_owned(), methods: Vec::new(), heard_at: None, silent: true }
        }
    }
}
