//! Money moved: payments, their attempts, and the ledger.
//!
//! Start reading at [`open`]. The rules are in `domain`; commands arrive in `subscriptions`, customers in
//! `service`; both only record that money is to be taken. The `driver` then lets a `settler` ask the
//! provider, and what it says is written by the `recorder`.
//!
//! **Invariants:** the provider is never asked inside a transaction. An attempt is charged under one
//! key only, so never twice. What is unknown stays `processing` until the provider has said what
//! happened. A card number is looked at, and neither stored nor logged.

mod domain;
mod driver;
mod handover;
mod http;
mod payment;
mod provider;
mod recorder;
mod sandbox;
mod service;
mod settings;
mod settler;
mod store;
mod subscriptions;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use host::{Background, Hosted};
use kernel::{Clock, Ids};
use payments_api::{LocalPayments, Payments, PaymentsSkeleton};
use ports::Meters;
use storage::Database;

pub use settings::{Sandbox, Settings};

use crate::{driver::Driver, handover::Handover, service::Service, settler::Settler};

/// What payments needs of the process that hosts it.
pub struct Needs {
    /// Where the sandbox provider remembers its charges. It stands for somebody else's system, so it is
    /// not payments' own database, and nobody else looks into it.
    pub sandbox: Database,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where fresh ids come from.
    pub ids: Ids,
    /// Where calls are counted.
    pub meters: Meters,
    /// The numbers an operator may want to change.
    pub settings: Settings,
}

/// Opens payments over its own database, with the sandbox as the provider.
pub fn open(db: Database, needs: Needs) -> Hosted<dyn Payments> {
    let Needs { sandbox, clock, ids, meters, settings } = needs;
    let provider =
        Arc::new(sandbox::Sandbox::new(sandbox, clock.clone(), ids, settings.sandbox.clone()));
    let (handover, jobs) = Handover::new();
    let settler =
        Settler { db: db.clone(), provider, clock: clock.clone(), settings: settings.clone() };
    let driver = Driver::new(Arc::new(settler), jobs);
    let service = Service { db, clock: clock.clone(), driver: handover.clone(), settings };
    let port = LocalPayments::around(Arc::new(service), &meters);
    Hosted {
        wire: PaymentsSkeleton::new(port.clone()),
        routes: http::routes(port.clone(), clock.clone()),
        subscriptions: subscriptions::subscriptions(clock, handover),
        background: vec![Background::new("payments driver", |stop| driver.run(stop))],
        port,
    }
}
