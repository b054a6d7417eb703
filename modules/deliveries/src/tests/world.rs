//! Deliveries with somebody who completes orders, and ways to look at what became of them.

use std::{
    mem,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use deliveries_api::{
    AlreadyDispatched, CancelDelivery, Deliveries, Received, RemoteDeliveries, Shipment,
    ShipmentCancelled, ShipmentDelivered, ShipmentDispatched, ShipmentId, ShipmentPrepared,
    ShipmentProgressed, ShipmentSplit, ShipmentsOf, Status, TrackingCode, Waybill, Webhook,
};
use host::Background;
use kernel::{Clock, Currency, Ids, ManualClock, Moment, Money, Timestamp, Version};
use messaging::{
    Delivery, Failure, Handle, HandleReply, Module, Process, Publish, ReplyTo, Running,
    Subscriptions,
};
use orders_api::{Counts, DeliveryStatus, Line, OrderCompleted, OrderNumber};
use storage::{Database, Options, Tx};
use tokio_util::sync::{CancellationToken, DropGuard};
use users_api::PostalAddress;

use crate::{Needs, Settings, carrier::Scan, signature::Signer};

const LIMIT: Duration = Duration::from_secs(20);

/// What the carrier signs with.
pub(super) const SECRET: &str = "what the carrier knows";

/// Deliveries at work.
pub(super) struct World {
    pub(super) clock: Arc<ManualClock>,
    pub(super) deliveries: Arc<dyn Deliveries>,
    pub(super) routes: host::Routes,
    pub(super) db: Database,
    shop: Database,
    running: Running,
    ear: Arc<Ear>,
    background: Mutex<Vec<Background>>,
    stop: CancellationToken,
    _stopped: DropGuard,
}

/// Something that deliveries announced.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Heard {
    pub(super) shipment: ShipmentId,
    pub(super) moment: Moment,
    pub(super) overall: DeliveryStatus,
}

/// What became of calling a delivery off.
pub(super) type CalledOff = Result<(), AlreadyDispatched>;

impl World {
    pub(super) async fn here() -> Self {
        Self::over("sqlite::memory:".to_owned(), Side::Here, settings()).await
    }

    pub(super) async fn there() -> Self {
        Self::over("sqlite::memory:".to_owned(), Side::There, settings()).await
    }

    pub(super) async fn on_postgres() -> Self {
        Self::over(testkit::postgres().await, Side::Here, settings()).await
    }

    /// One here, with these settings.
    pub(super) async fn here_with(settings: Settings) -> Self {
        Self::over("sqlite::memory:".to_owned(), Side::Here, settings).await
    }

    /// The same database after a restart with other settings.
    pub(super) async fn again(self, settings: Settings) -> Self {
        self.stop.cancel();
        self.running.drain(LIMIT).await.unwrap();
        Self::on(self.db, self.shop, self.clock, Side::Here, settings)
    }

    /// One on each database, with these settings.
    pub(super) async fn both(settings: Settings) -> [Self; 2] {
        let sqlite = Self::over("sqlite::memory:".to_owned(), Side::Here, settings.clone());
        [sqlite.await, Self::over(testkit::postgres().await, Side::Here, settings).await]
    }

    async fn over(url: String, side: Side, settings: Settings) -> Self {
        let mut options = Options::new(url);
        options.schema = Some("deliveries".to_owned());
        let db = database(&options, "deliveries").await;
        let shop = database(&Options::new("sqlite::memory:"), "orders").await;
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_767_225_600_000_000)));
        Self::on(db, shop, clock, side, settings)
    }

    fn on(
        db: Database,
        shop: Database,
        clock: Arc<ManualClock>,
        side: Side,
        settings: Settings,
    ) -> Self {
        let needs = Needs {
            clock: clock.clone(),
            ids: Ids::system(),
            meters: ports::Meters::default(),
            settings,
        };
        let hosted = crate::open(db.clone(), needs);
        let deliveries = match side {
            Side::Here => hosted.port,
            Side::There => RemoteDeliveries::over(hosted.wire),
        };
        let ear = Arc::new(Ear::default());
        let running = Process::start(vec![
            Module { name: "deliveries", db: db.clone(), subscriptions: hosted.subscriptions },
            Module {
                name: "orders",
                db: shop.clone(),
                subscriptions: Subscriptions::of("orders")
                    .on::<ShipmentPrepared>(ear.clone())
                    .on::<ShipmentDispatched>(ear.clone())
                    .on::<ShipmentProgressed>(ear.clone())
                    .on::<ShipmentDelivered>(ear.clone())
                    .on::<ShipmentCancelled>(ear.clone())
                    .on::<ShipmentSplit>(ear.clone())
                    .replies(orders_api::REPLIES, ear.clone()),
            },
        ]);
        let stop = CancellationToken::new();
        Self {
            clock,
            deliveries,
            routes: hosted.routes,
            db,
            shop,
            running,
            ear,
            background: Mutex::new(hosted.background),
            _stopped: stop.clone().drop_guard(),
            stop,
        }
    }

    /// Lets the background tasks work.
    pub(super) fn work(&self) {
        for task in mem::take(&mut *self.background.lock().unwrap()) {
            tokio::spawn(task.start(self.stop.clone()));
        }
    }

    /// A completed order and its shipment.
    pub(super) async fn prepared(&self) -> (OrderCompleted, Shipment) {
        let order = order();
        self.complete(&order).await;
        let shipment = self.shipments(&order).await.remove(0);
        (order, shipment)
    }

    /// The shipment as it is now.
    pub(super) async fn look(&self, shipment: &Shipment) -> Shipment {
        self.deliveries.inspect(shipment.id).await.unwrap()
    }

    /// Waits until a shipment has got this far.
    pub(super) async fn reaches(&self, shipment: &Shipment, status: Status) {
        let there = async || self.look(shipment).await.status == status;
        testkit::eventually(&format!("the shipment is {status}"), LIMIT, there).await;
    }

    /// What the carrier sends now.
    pub(super) async fn tell(&self, scan: &Scan) -> deliveries_api::Result<Received> {
        self.deliveries.receive(self.signed(scan)).await
    }

    pub(super) fn signed(&self, scan: &Scan) -> Webhook {
        let body = serde_json::to_string(scan).unwrap();
        let signer = Signer::new(SECRET.as_bytes(), Duration::ZERO);
        let signature = signer.sign(&body, self.clock.now());
        Webhook { carrier: "rialto-post".to_owned(), signature, body }
    }

    /// Announces that `order` is completed and waits until everybody has heard of it.
    pub(super) async fn complete(&self, order: &OrderCompleted) {
        self.announce(order).await;
        self.quiet().await;
    }

    /// Waits until everybody has heard of everything.
    pub(super) async fn quiet(&self) {
        self.running.quiet(LIMIT).await.unwrap();
    }

    /// Announces that `order` is completed.
    pub(super) async fn announce(&self, order: &OrderCompleted) {
        let mut tx = self.shop.begin().await.unwrap();
        tx.publish(order).unwrap();
        tx.commit().await.unwrap();
    }

    /// Waits until `count` shipments were announced, without asking a database.
    pub(super) async fn hears(&self, count: usize) {
        let enough = async || self.heard().len() >= count;
        testkit::eventually("the shipments are announced", LIMIT, enough).await;
    }

    pub(super) async fn shipments(&self, order: &OrderCompleted) -> Vec<Shipment> {
        let which = ShipmentsOf { customer: order.customer, order: order.order };
        self.deliveries.of_order(which).await.unwrap()
    }

    /// Calls a delivery off as orders does, and waits for the answer.
    pub(super) async fn call_off(&self, order: &OrderCompleted) -> CalledOff {
        let command = CancelDelivery {
            order: order.order,
            customer: order.customer,
            reason: "changed my mind".to_owned(),
        };
        let answers = self.ear.answers.lock().unwrap().len();
        let mut tx = self.shop.begin().await.unwrap();
        let here = ReplyTo { channel: orders_api::REPLIES.to_owned(), key: "saga".to_owned() };
        tx.send(&command, here).unwrap();
        tx.commit().await.unwrap();
        let answered = async || self.ear.answers.lock().unwrap().len() > answers;
        testkit::eventually("the command is answered", LIMIT, answered).await;
        self.ear.answers.lock().unwrap()[answers]
    }

    /// Everything that was announced.
    pub(super) fn heard(&self) -> Vec<Heard> {
        self.ear.heard.lock().unwrap().clone()
    }

    /// What was announced, by name.
    pub(super) fn told(&self) -> Vec<String> {
        self.heard().into_iter().map(|heard| heard.moment.what).collect()
    }
}

/// What a test needs: tasks that do not wait for long, and a carrier that is asked by nobody.
pub(super) fn settings() -> Settings {
    Settings {
        webhook_secret: SECRET.into(),
        sweep: Duration::from_millis(20),
        track_after: Duration::from_hours(1000),
        ..Settings::default()
    }
}

/// The `nth` thing that happened to a parcel, so many minutes after it was prepared.
pub(super) fn scan(waybill: &Waybill, nth: u64, code: TrackingCode) -> Scan {
    let at = Timestamp::from_micros(1_767_225_600_000_000).plus(Duration::from_mins(nth));
    Scan {
        id: format!("{waybill}-{nth}"),
        waybill: waybill.clone(),
        code,
        occurred_at: at,
        location: Some("Leipzig".to_owned()),
        text: "Something happened".to_owned(),
    }
}

enum Side {
    Here,
    There,
}

async fn database(options: &Options, history: &str) -> Database {
    let db = Database::open(options).await.unwrap();
    db.migrate(migrations::of(history).unwrap()).await.unwrap();
    db
}

/// An order of two mugs for somebody in Leipzig.
pub(super) fn order() -> OrderCompleted {
    let ids = Ids::system();
    let price = Money::new(900, Currency::EUR);
    OrderCompleted {
        order: ids.next(),
        number: OrderNumber::new(4_711_081_539),
        customer: ids.next(),
        contact: None,
        lines: vec![Line {
            variant: ids.next(),
            quantity: 2,
            sku: "MUG-1".to_owned(),
            title: "Mug".to_owned(),
            price,
            counts: Counts::default(),
        }],
        ship_to: PostalAddress {
            recipient: "Ada Reader".to_owned(),
            phone: None,
            line1: "Buchstraße 1".to_owned(),
            line2: None,
            city: "Leipzig".to_owned(),
            region: None,
            postal_code: "04109".to_owned(),
            country: "DE".to_owned(),
        },
        delivery_method: "standard".to_owned(),
        total: Money::new(2290, Currency::EUR),
        version: Version(3),
        at: Timestamp::from_micros(1_767_225_600_000_000),
    }
}

/// Remembers what is announced and answered.
#[derive(Default)]
struct Ear {
    heard: Mutex<Vec<Heard>>,
    answers: Mutex<Vec<CalledOff>>,
}

macro_rules! hears {
    ($($event:ident),+) => {$(
        #[async_trait]
        impl Handle<$event> for Ear {
            async fn handle(&self, _: &mut Tx, event: $event, _: &Delivery) -> Result<(), Failure> {
                let $event { shipment, overall, .. } = event;
                let heard = Heard { shipment, moment: Moment::from(&event), overall };
                self.heard.lock().unwrap().push(heard);
                Ok(())
            }
        }
    )+};
}

hears!(
    ShipmentPrepared,
    ShipmentDispatched,
    ShipmentProgressed,
    ShipmentDelivered,
    ShipmentCancelled,
    ShipmentSplit
);

#[async_trait]
impl HandleReply for Ear {
    async fn handle(&self, _: &mut Tx, delivery: &Delivery) -> Result<(), Failure> {
        self.answers.lock().unwrap().push(delivery.answer::<CancelDelivery>()?);
        Ok(())
    }
}
