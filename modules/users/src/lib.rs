//! Who is asking: accounts, address books, log-ins, and the keys that sign access tokens.
//!
//! Start reading at [`open`]; the rules are in `domain` and `session`, the story in `service`.
//!
//! What is *per process*: failed log-ins and mails are counted in memory, by each replica for itself, so
//! that `n` replicas let pass up to `n` times as many. What is *shared* by all replicas over one database:
//! accounts, log-ins, tokens, and which key signs.

mod background;
mod domain;
mod hashers;
mod http;
mod keys;
mod passwords;
mod sealed;
mod secrets;
mod service;
mod session;
mod settings;
mod store;
#[cfg(test)]
mod tests;
mod throttle;

use std::sync::Arc;

use host::{Hosted, idempotency::Replies};
use identity::{InvalidKey, Issuer};
use kernel::{Clock, Ids};
use messaging::Subscriptions;
use storage::Database;
use tokio::sync::Notify;
use users_api::{LocalUsers, Users, UsersSkeleton};

pub use settings::Settings;
pub use throttle::Rate;

use crate::{
    hashers::Hashers, passwords::Passwords, service::Service, store::Store, throttle::Attempts,
};

/// What users cannot do without.
pub struct Needs {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Ids,
    /// Where calls are counted.
    pub meters: ports::Meters,
    /// The numbers an operator may have changed.
    pub settings: Settings,
}

/// Why users could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database did not give, or keep, the signing keys.
    #[error("the signing keys could not be loaded: {0}")]
    Storage(#[from] storage::Error),
    /// A stored signing key is broken, or none could be made.
    #[error("a signing key is unusable: {0}")]
    Key(#[from] InvalidKey),
}

/// Opens users over their own, migrated database; makes the first signing key when there is none.
///
/// # Errors
/// When the signing keys cannot be loaded.
pub async fn open(db: Database, needs: Needs) -> Result<Hosted<dyn Users>, OpenError> {
    let Settings { hashing_threads, hashing_niceness, .. } = needs.settings;
    let hashers = Hashers::start(hashing_threads, hashing_niceness);
    open_with(db, needs, Arc::new(Passwords::new(hashers))).await
}

async fn open_with(
    db: Database,
    needs: Needs,
    passwords: Arc<Passwords>,
) -> Result<Hosted<dyn Users>, OpenError> {
    let Needs { clock, ids, meters, settings } = needs;
    let store = Store::new(db.clone());
    let keys = keys::load(&store, clock.now()).await?;
    let service = Arc::new(Service {
        store,
        passwords: passwords.clone(),
        attempts: Attempts::new(settings.failures_per_account, settings.failures_per_address),
        mails: Attempts::new(settings.mails_per_account, settings.mails_per_address),
        issuer: Issuer::new(keys, &settings.issuer, &settings.audience, clock.clone()),
        clock: clock.clone(),
        ids,
        settings,
        wished: Arc::new(Notify::new()),
    });
    let port = LocalUsers::around(service.clone(), &meters);
    let replies = Replies::new(db, clock);
    let mut background = background::tasks(&service);
    background.push(replies.sweeper("idempotent answers of users"));
    Ok(Hosted {
        wire: UsersSkeleton::new(port.clone()),
        routes: http::routes(port.clone(), replies, http::Discretion(passwords)),
        subscriptions: Subscriptions::of("users"),
        sagas: None,
        background,
        port,
    })
}
