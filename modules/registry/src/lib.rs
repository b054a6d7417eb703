//! Where services are: a registry that speaks Eureka v2.
//!
//! Processes of this deployment and services in any language register here, say every few seconds that they
//! are alive, and take themselves out when they stop. Others read who is there, or listen to changes as they
//! happen. The operations are Netflix's, as its clients use them
//! (<https://github.com/Netflix/eureka/wiki/Eureka-REST-operations>), so that theirs are ours.
//!
//! Everything is in memory: whoever is alive registers again within one heartbeat of a restart.
//!
//! **Invariants:** nobody registers or reads without a credential, and nobody under a name that the
//! credential does not cover. No instance is listed whose address lies outside the allowed networks. What
//! an instance says about itself (its URLs, its host name) is passed on and never fetched. A registry that
//! hears of nobody forgets nobody.

mod book;
mod credentials;
mod http;
mod instance;
mod lease;
mod networks;
mod settings;
mod status;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use actix_web::web::ServiceConfig;
use host::Background;
use identity::InternalTokens;
use kernel::{Clock, Timestamp};

pub use settings::{Service, Settings};

use crate::{
    book::{Book, Moment},
    credentials::Credentials,
    networks::Networks,
};

/// Its name among the modules.
pub const NAME: &str = "registry";

/// How often leases that ran out are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// What the registry cannot do without.
pub struct Needs {
    /// Knows the processes of this deployment.
    pub tokens: InternalTokens,
    /// The names under which only processes of this deployment register.
    pub reserved: Vec<String>,
    /// Tells when something was said; leases run by the machine's monotonic clock.
    pub clock: Arc<dyn Clock>,
    /// What an operator may have changed.
    pub settings: Settings,
}

/// The registry of one process. Cloning shares it.
#[derive(Clone)]
pub struct Registry(Arc<Parts>);

struct Parts {
    book: Mutex<Book>,
    credentials: Credentials,
    networks: Networks,
    lease: Duration,
    clock: Arc<dyn Clock>,
}

/// Why a registry cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(String);

/// Makes the registry of one process.
///
/// # Errors
/// When a service has no way to prove who it is, or two have the same.
pub fn open(needs: Needs) -> Result<Registry, Unfit> {
    let Needs { tokens, reserved, clock, settings } = needs;
    let Settings { lease, networks, services } = settings;
    if lease < Duration::from_secs(1) {
        return Err(Unfit("registry.lease is shorter than a second: set it to 90s or so".into()));
    }
    Ok(Registry(Arc::new(Parts {
        book: Mutex::new(Book::default()),
        credentials: Credentials::of(tokens, reserved, services)?,
        networks: Networks::of(networks),
        lease,
        clock,
    })))
}

impl Registry {
    /// Answers `/eureka/…`, `/eureka/v2/…` and `/registry/watch`.
    pub fn configure(&self, app: &mut ServiceConfig) {
        http::configure(self, app);
    }

    /// What has to be done all the time: taking out whose lease ran out.
    pub fn background(&self) -> Vec<Background> {
        let registry = self.clone();
        Vec::from([Background::every("registry leases", SWEEP, move || {
            registry.0.sweep();
            std::future::ready(())
        })])
    }

    /// Ends every open `/registry/watch`, so that the process can stop. Whoever watched comes again, and finds
    /// the next one.
    pub fn close(&self) {
        self.0.book().close();
    }
}

impl Parts {
    /// The book, for a moment: nothing is awaited while it is held.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Moment {
        Moment { at: self.timestamp(), now: Instant::now() }
    }

    fn timestamp(&self) -> Timestamp {
        self.clock.now()
    }

    fn sweep(&self) {
        let swept = self.book().sweep(self.now());
        for lost in &swept.lost {
            let (app, id) = (&*lost.instance.app, &*lost.instance.id);
            tracing::warn!(app, id, "an instance has not been heard of and is taken out");
        }
        if swept.began_to_keep {
            tracing::warn!(
                silent = swept.kept,
                "so many instances fell silent that the fault may be ours: they are kept"
            );
        }
    }
}
