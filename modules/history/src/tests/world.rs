//! History with somebody who announces, as orders, payments and deliveries would.

use std::{sync::Arc, time::Duration};

use deliveries_api::{RemoteDeliveries, ShipmentId, ShipmentPrepared, Waybill};
use history_api::{Entry, Filter, Happened, History, OrdersOf, RemoteHistory, TimelineOf};
use kernel::{
    Clock, Currency, Event, Ids, Money, Page, PageRequest, SystemClock, Timestamp, Version,
};
use messaging::{Module, Process, Publish, Running, Subscriptions};
use orders_api::{
    Counts, DeliveryStatus, Line, OrderCompleted, OrderId, OrderNumber, OrderPlaced, PaymentId,
    Position, RemoteOrders, Totals,
};
use payments_api::{PaymentCompleted, RemotePayments};
use ports::{Call, Reply, Transport, Unreachable, async_trait};
use storage::{Database, Options};
use users_api::{PostalAddress, UserId};

use crate::{Needs, Settings, Sources};

const LIMIT: Duration = Duration::from_secs(20);

/// On which database, and whether the port is reached over a wire.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Here,
    There,
    OnPostgres,
}

pub(super) struct World {
    pub(super) history: Arc<dyn History>,
    pub(super) routes: host::Routes,
    pub(super) db: Database,
    shop: Database,
    running: Running,
    _files: tempfile::TempDir,
}

/// Nobody answers there.
struct Silence;

#[async_trait]
impl Transport for Silence {
    async fn call(&self, _: Call) -> Result<Reply, Unreachable> {
        Err(Unreachable::NoReply("nobody is there".to_owned()))
    }
}

/// Sources that do not answer.
pub(super) fn silent() -> Sources {
    Sources {
        orders: RemoteOrders::over(Arc::new(Silence)),
        payments: RemotePayments::over(Arc::new(Silence)),
        deliveries: RemoteDeliveries::over(Arc::new(Silence)),
    }
}

/// An empty database with the tables of history.
pub(super) async fn database(place: Place, files: &tempfile::TempDir) -> Database {
    let options = match place {
        Place::Here | Place::There => file(files, "history"),
        Place::OnPostgres => {
            let mut options = Options::new(testkit::postgres().await);
            options.schema = Some("history".to_owned());
            options
        }
    };
    open(&options, "history").await
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

impl World {
    pub(super) async fn open(place: Place) -> Self {
        let settings = Settings {
            patience: Duration::from_millis(300),
            ask_orders_after: Duration::from_millis(100),
            ..Settings::default()
        };
        let files = tempfile::tempdir().unwrap();
        let db = database(place, &files).await;
        let shop = open(&file(&files, "orders"), "orders").await;
        let needs = Needs { orders: silent().orders, meters: ports::Meters::default(), settings };
        let hosted = crate::open(db.clone(), needs).await.unwrap();
        let history = match place {
            Place::There => RemoteHistory::over(hosted.wire),
            Place::Here | Place::OnPostgres => hosted.port,
        };
        let running = Process::start(vec![
            Module { name: "history", db: db.clone(), subscriptions: hosted.subscriptions },
            Module { name: "orders", db: shop.clone(), subscriptions: Subscriptions::of("orders") },
        ]);
        Self { history, routes: hosted.routes, db, shop, running, _files: files }
    }

    /// Announces something and goes on.
    pub(super) async fn announce<E: Event>(&self, event: &E) {
        let mut tx = self.shop.begin().await.unwrap();
        tx.publish(event).unwrap();
        tx.commit().await.unwrap();
    }

    /// Announces something and waits until everybody has heard it.
    pub(super) async fn tell<E: Event>(&self, event: &E) {
        self.announce(event).await;
        self.running.quiet(LIMIT).await.unwrap();
    }

    pub(super) async fn list(&self, life: &Life, filter: Filter) -> Vec<Entry> {
        self.page(life.customer, filter, PageRequest::default()).await.items
    }

    pub(super) async fn page(
        &self,
        customer: UserId,
        filter: Filter,
        page: PageRequest,
    ) -> Page<Entry> {
        self.history.orders(OrdersOf { customer, filter, page, after: None }).await.unwrap()
    }

    pub(super) async fn entry(&self, life: &Life) -> Entry {
        let list = self.list(life, Filter::default()).await;
        list.into_iter().find(|entry| entry.order == life.order).unwrap()
    }

    pub(super) async fn timeline(&self, life: &Life) -> history_api::Result<Vec<Happened>> {
        let (customer, order, page) = (life.customer, life.order, PageRequest::default());
        let wish = TimelineOf { customer, order, page, after: None };
        Ok(self.history.timeline(wish).await?.items)
    }
}

/// One order and what happens to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) order: OrderId,
    pub(super) customer: UserId,
    pub(super) payment: PaymentId,
    pub(super) shipment: ShipmentId,
    pub(super) born: Timestamp,
}

impl Life {
    pub(super) fn new() -> Self {
        Self::of(Ids::system().next())
    }

    /// Another order of this customer's.
    pub(super) fn of(customer: UserId) -> Self {
        let ids = Ids::system();
        let (order, payment, shipment) = (ids.next(), ids.next(), ids.next());
        Self { order, customer, payment, shipment, born: SystemClock.now() }
    }

    /// So many seconds after it began.
    pub(super) fn second(&self, seconds: u64) -> Timestamp {
        self.born.plus(Duration::from_secs(seconds))
    }

    pub(super) fn position(&self, version: u64) -> Position {
        Position { order: self.order, version: Version(version) }
    }

    fn number(&self) -> OrderNumber {
        OrderNumber::new(7)
    }

    fn lines() -> Vec<Line> {
        let price = euros(1999);
        let (variant, title) = (Ids::system().next(), "Teapot".to_owned());
        vec![Line {
            variant,
            quantity: 2,
            sku: "TEA".to_owned(),
            title,
            price,
            counts: Counts::default(),
        }]
    }

    pub(super) fn placed(&self) -> OrderPlaced {
        OrderPlaced {
            order: self.order,
            number: self.number(),
            customer: self.customer,
            contact: None,
            cart: Ids::system().next(),
            lines: Self::lines(),
            totals: Totals { items: euros(3998), shipping: euros(490), grand: euros(4488) },
            payment: self.payment,
            expires_at: self.second(900),
            version: Version(1),
            at: self.second(0),
        }
    }

    pub(super) fn completed(&self) -> OrderCompleted {
        OrderCompleted {
            order: self.order,
            number: self.number(),
            customer: self.customer,
            contact: None,
            lines: Self::lines(),
            ship_to: PostalAddress {
                recipient: "Ada Lovelace".to_owned(),
                phone: None,
                line1: "Unter den Linden 1".to_owned(),
                line2: None,
                city: "Berlin".to_owned(),
                region: None,
                postal_code: "10117".to_owned(),
                country: "DE".to_owned(),
            },
            delivery_method: "standard".to_owned(),
            total: euros(4488),
            version: Version(3),
            at: self.second(2),
        }
    }

    pub(super) fn paid(&self) -> PaymentCompleted {
        PaymentCompleted {
            payment: self.payment,
            order: self.order,
            customer: self.customer,
            amount: euros(4488),
            version: Version(2),
            at: self.second(1),
        }
    }

    pub(super) fn prepared(&self) -> ShipmentPrepared {
        ShipmentPrepared {
            shipment: self.shipment,
            order: self.order,
            customer: self.customer,
            carrier: "rialto-post".to_owned(),
            waybill: Waybill::new(7),
            lines: Vec::new(),
            overall: DeliveryStatus::Preparing,
            version: Version(1),
            at: self.second(3),
        }
    }
}

pub(super) fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}
