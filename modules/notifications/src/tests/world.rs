//! Notifications with somebody who announces, and a mail server.

use std::{sync::Arc, time::Duration};

use kernel::{Currency, Event, Ids, Money, SystemClock, Version};
use messaging::{Module, Process, Publish, Running, Subscriptions};
use notifications_api::{Mail, Mails, Notifications, RemoteNotifications, Status};
use orders_api::{Contact, Counts, Line, OrderId, OrderNumber, OrderPlaced, Totals};
use storage::{Database, Options};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use users_api::{UserId, UserRegistered};

use super::server::Server;
use crate::{Needs, Settings};

pub(super) const LIMIT: Duration = Duration::from_secs(20);

pub(super) struct World {
    pub(super) notifications: Arc<dyn Notifications>,
    pub(super) routes: host::Routes,
    pub(super) db: Database,
    shop: Database,
    running: Running,
    _background: JoinSet<()>,
    _files: tempfile::TempDir,
}

/// Where the outbox is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Sqlite,
    Postgres,
}

/// Settings under which nobody waits long.
pub(super) fn quick(url: &str) -> Settings {
    Settings {
        smtp: url.into(),
        shop: "The Shop".to_owned(),
        first_pause: Duration::from_millis(50),
        ..Settings::default()
    }
}

fn file(files: &tempfile::TempDir, name: &str) -> Options {
    let path = files.path().join(format!("{name}.db"));
    let mut options = Options::new(format!("sqlite://{}", path.display()));
    options.synchronous = storage::Synchronous::Normal;
    options
}

async fn open(options: &Options, history: &str) -> Database {
    let db = Database::open(options).await.unwrap();
    db.migrate(migrations::of(history).unwrap()).await.unwrap();
    db
}

/// A sender of its own over the same outbox, as in another replica.
pub(super) fn another_sender(db: &Database, settings: Settings) -> JoinSet<()> {
    let hosted = crate::open(db.clone(), needs(settings)).unwrap();
    let start = |task: host::Background| task.start(CancellationToken::new());
    hosted.background.into_iter().map(start).collect()
}

fn needs(settings: Settings) -> Needs {
    Needs { clock: Arc::new(SystemClock), meters: ports::Meters::default(), settings }
}

impl World {
    pub(super) async fn with(server: &Server) -> Self {
        Self::open(Place::Sqlite, quick(&server.url())).await
    }

    pub(super) async fn open(place: Place, settings: Settings) -> Self {
        let files = tempfile::tempdir().unwrap();
        let options = match place {
            Place::Sqlite => file(&files, "notifications"),
            Place::Postgres => {
                let mut options = Options::new(testkit::postgres().await);
                options.schema = Some("notifications".to_owned());
                options
            }
        };
        let db = open(&options, "notifications").await;
        let shop = open(&file(&files, "orders"), "orders").await;
        let hosted = crate::open(db.clone(), needs(settings)).unwrap();
        let running = Process::start(vec![
            Module { name: "notifications", db: db.clone(), subscriptions: hosted.subscriptions },
            Module { name: "orders", db: shop.clone(), subscriptions: Subscriptions::of("orders") },
        ]);
        let start = |task: host::Background| task.start(CancellationToken::new());
        let background = hosted.background.into_iter().map(start).collect();
        Self {
            notifications: RemoteNotifications::over(hosted.wire),
            routes: hosted.routes,
            db,
            shop,
            running,
            _background: background,
            _files: files,
        }
    }

    /// Announces something and waits until it was heard.
    pub(super) async fn tell<E: Event>(&self, event: &E) {
        let mut tx = self.shop.begin().await.unwrap();
        tx.publish(event).unwrap();
        tx.commit().await.unwrap();
        self.running.quiet(LIMIT).await.unwrap();
    }

    /// Every mail, the oldest first.
    pub(super) async fn outbox(&self) -> Vec<Mail> {
        let mut mails = self.notifications.mails(Mails::default()).await.unwrap().items;
        mails.reverse();
        mails
    }

    /// The only mail, once it has got this far.
    pub(super) async fn mail(&self, status: Status) -> Mail {
        let there = async || {
            let [mail] = &self.outbox().await[..] else { return false };
            mail.status == status
        };
        testkit::eventually(&format!("the mail is {status:?}"), LIMIT, there).await;
        self.outbox().await.remove(0)
    }

    /// The only mail, once it was tried so often.
    pub(super) async fn tried(&self, attempts: u32) -> Mail {
        let there = async || {
            let outbox = self.outbox().await;
            outbox.first().is_some_and(|mail| mail.attempts >= attempts && mail.reason.is_some())
        };
        testkit::eventually("the mail was tried", LIMIT, there).await;
        self.outbox().await.remove(0)
    }
}

pub(super) fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

pub(super) fn ada() -> UserRegistered {
    UserRegistered {
        user: Ids::system().next(),
        email: "ada@example.com".to_owned(),
        name: "Ada Lovelace".to_owned(),
        at: now(),
    }
}

pub(super) fn now() -> kernel::Timestamp {
    kernel::Clock::now(&SystemClock)
}

pub(super) fn placed(customer: UserId, contact: Option<&str>) -> OrderPlaced {
    let ids = Ids::system();
    let order: OrderId = ids.next();
    OrderPlaced {
        order,
        number: OrderNumber::new(4711),
        customer,
        contact: contact.map(|email| Contact { email: email.to_owned() }),
        cart: ids.next(),
        lines: vec![Line {
            variant: ids.next(),
            quantity: 2,
            sku: "TEA".to_owned(),
            title: "Tea & <pot>".to_owned(),
            price: euros(1999),
            counts: Counts::default(),
        }],
        totals: Totals { items: euros(3998), shipping: euros(490), grand: euros(4488) },
        payment: ids.next(),
        expires_at: now(),
        version: Version(1),
        at: now(),
    }
}
