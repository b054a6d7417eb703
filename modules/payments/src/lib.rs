//! Money moved: payments, their attempts, their refunds, and the ledger.
//!
//! Start reading at [`open`]. The rules are in `domain`; commands arrive in `subscriptions`, people in
//! `service`; both only record that money is to be moved. The `driver` then lets a `settler` ask the
//! provider, and what it says is written by the `recorder`. What providers tell us of their own accord is
//! kept in the `inbox` and makes the settler ask as well.
//!
//! **Invariants:** the provider is never asked inside a transaction. An attempt is charged under one
//! key only, so never twice. What is given back was reserved before, so never more than was taken. What is
//! unknown stays `processing` until the provider has said what happened. No webhook is believed. A card
//! number is looked at, and neither stored nor logged.

mod calls;
mod domain;
mod driver;
mod handover;
mod http;
mod inbox;
mod notice;
mod payment;
mod provider;
mod recorder;
mod sandbox;
mod service;
mod settings;
mod settler;
mod signature;
mod store;
mod stripe;
mod subscriptions;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use host::{Background, Hosted, idempotency::Replies};
use kernel::{Clock, Ids};
use payments_api::{LocalPayments, Payments, PaymentsSkeleton};
use ports::Meters;
use storage::Database;
use tokio::sync::Notify;

pub use calls::calls;
pub use settings::{ProviderName, Sandbox, SandboxWebhooks, Secret, Settings, Stripe};

use crate::{
    domain::Terms,
    driver::Driver,
    handover::Handover,
    inbox::{Inbox, Reader},
    provider::{PaymentProvider, Providers},
    service::Service,
    settler::Settler,
    subscriptions::Cashier,
};

/// What payments needs of the process that hosts it.
pub struct Needs {
    /// Where the sandbox provider keeps its books. It stands for somebody else's system, so it is not
    /// payments' own database, and nobody else looks into it.
    pub sandbox: Database,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where fresh ids come from.
    pub ids: Ids,
    /// Where calls are counted.
    pub meters: Meters,
    /// What an operator may want to decide.
    pub settings: Settings,
}

/// Opens payments over its own database.
pub fn open(db: Database, needs: Needs) -> Hosted<dyn Payments> {
    let Needs { sandbox, clock, ids, meters, settings } = needs;
    let sandbox =
        sandbox::Sandbox::new(sandbox, clock.clone(), ids.clone(), settings.sandbox.clone());
    let sandbox = Arc::new(sandbox);
    let providers = providers(sandbox.clone(), &settings);
    let terms = Terms {
        provider: settings.provider.as_str().to_owned(),
        capture: settings.capture,
        attempts: settings.attempts,
    };
    let (handover, jobs) = Handover::new();
    let settler = Arc::new(Settler {
        db: db.clone(),
        providers: providers.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        terms: terms.clone(),
        settings: settings.clone(),
    });
    let news = Arc::new(Notify::new());
    let inbox = Inbox { db: db.clone(), providers, clock: clock.clone(), news };
    let replies = Replies::new(db.clone(), clock.clone());
    let mut background = background(&db, &clock, &settings, &replies);
    let driver = Driver::new(settler.clone(), jobs);
    background.push(Background::new("payments driver", |stop| driver.run(stop)));
    let reader = Reader { inbox: inbox.clone(), settler, driver: handover.clone() };
    background.push(Background::new("payments: webhooks", |stop| reader.run(stop)));
    if settings.sandbox.webhooks.send {
        let sender = sandbox::Sender { sandbox, inbox: inbox.clone() };
        background.push(Background::new("sandbox: webhooks", |stop| sender.run(stop)));
    }
    let cashier = Cashier {
        clock: clock.clone(),
        ids: ids.clone(),
        terms: terms.clone(),
        driver: handover.clone(),
    };
    let service =
        Service { db, clock: clock.clone(), ids, driver: handover, inbox, terms, settings };
    let port = LocalPayments::around(Arc::new(service), &meters);
    Hosted {
        wire: PaymentsSkeleton::new(port.clone()),
        routes: http::routes(port.clone(), clock, replies),
        subscriptions: subscriptions::subscriptions(cashier),
        sagas: None,
        background,
        port,
    }
}

/// Everybody who has or may have been asked for money. Stripe is one once there is a key for it.
fn providers(sandbox: Arc<sandbox::Sandbox>, settings: &Settings) -> Providers {
    let mut all: BTreeMap<&'static str, Arc<dyn PaymentProvider>> = BTreeMap::new();
    all.insert(ProviderName::Sandbox.as_str(), sandbox);
    if let Some(key) = &settings.stripe.api_key {
        let stripe = stripe::Stripe::new(&settings.stripe, key.clone());
        all.insert(ProviderName::Stripe.as_str(), Arc::new(stripe));
    }
    Providers::new(all)
}

/// What tidies up.
fn background(
    db: &Database,
    clock: &Arc<dyn Clock>,
    settings: &Settings,
    replies: &Replies,
) -> Vec<Background> {
    let (db, clock, kept) = (db.clone(), clock.clone(), settings.webhooks_kept);
    let webhooks = Background::every("payments: old webhooks", inbox::SWEEP, move || {
        let (db, clock) = (db.clone(), clock.clone());
        async move { inbox::sweep(&db, kept, &*clock).await }
    });
    vec![webhooks, replies.sweeper("payments: old answers")]
}
