//! Tells people by mail what happened to their orders and their accounts. Only listens.
//!
//! Start reading at [`open`]. What others announce becomes mails in `subscriptions`, one for each event,
//! in the transaction that marks the event as heard. The `sender` finds out where each goes, has it
//! written (`letters`) and posted (`post`), again and again if need be.
//!
//! **Invariants:** nothing is sent inside of a transaction. One event makes one mail; a crash between the
//! server's answer and ours makes the same mail twice, under the same Message-ID. A secret is kept until
//! its mail is sent, and is never shown. Whoever is forgotten is written to no more.

mod domain;
mod http;
mod letters;
mod post;
mod sender;
mod service;
mod settings;
mod store;
mod subscriptions;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use host::{Background, Hosted};
use kernel::Clock;
use notifications_api::{LocalNotifications, Notifications, NotificationsSkeleton};
use ports::Meters;
use storage::Database;
use tokio::sync::Notify;

pub use post::Unusable;
pub use settings::Settings;

use crate::{letters::Letters, post::Post, sender::Sender, service::Service};

/// What notifications needs of the process that hosts it.
pub struct Needs {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where calls are counted.
    pub meters: Meters,
    /// What an operator may want to change.
    pub settings: Settings,
}

/// Opens notifications over its own database.
///
/// # Errors
/// When the settings name no sender or no mail server that could be used.
pub fn open(db: Database, needs: Needs) -> Result<Hosted<dyn Notifications>, Unusable> {
    let Needs { clock, meters, settings } = needs;
    let letters = Arc::new(Letters::new(&settings.shop)?);
    let post = Post::open(&settings)?;
    let woken = Arc::new(Notify::new());
    let service = Service { db: db.clone(), letters: letters.clone() };
    let port = LocalNotifications::around(Arc::new(service), &meters);
    let sender = Sender { db, clock: clock.clone(), letters, post, settings, woken: woken.clone() };
    Ok(Hosted {
        wire: NotificationsSkeleton::new(port.clone()),
        routes: http::routes(port.clone()),
        subscriptions: subscriptions::subscriptions(clock).after_commit(woken),
        sagas: None,
        background: vec![Background::new("mail sender", |stop| sender.run(stop))],
        port,
    })
}
