//! Payments with somebody who asks for money, and ways to look at what became of it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use kernel::{Clock, Command, Currency, Ids, ManualClock, Money, SystemClock, Timestamp};
use messaging::{
    Delivery, Failure, Handle, HandleReply, Module, Process, Publish, ReplyTo, Running,
    Subscriptions,
};
use orders_api::PaymentId;
use payments_api::{
    Card, Collect, Collected, Declined, NewRefund, Payment, PaymentAuthorized, PaymentCompleted,
    PaymentFailed, PaymentOf, PaymentRefunded, Payments, Refund, RemotePayments, Status, Void,
};
use sea_orm::{ConnectionTrait, Statement};
use storage::{Database, Options, Tx};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Needs, Settings};

/// The longest a test waits for anything.
const LIMIT: Duration = Duration::from_secs(20);
const REPLIES: &str = "shop.replies";

/// What the shop heard from payments, in its order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard {
    Collect(Result<Collected, Declined>),
    Voided,
    Completed(PaymentId),
    Failed(PaymentId, String),
    Authorized(PaymentId),
    Refunded(PaymentId, i64),
}

/// Where payments are opened: databases that outlive a crash.
pub(super) struct Stage {
    payments: Options,
    sandbox: Options,
    shop: Options,
    remote: bool,
    clock: Arc<ManualClock>,
    heard: Arc<Mutex<Vec<Heard>>>,
    files: TempDir,
}

/// Payments at work.
pub(super) struct World {
    pub(super) payments: Arc<dyn Payments>,
    pub(super) routes: host::Routes,
    pub(super) db: Database,
    sandbox: Database,
    pub(super) clock: Arc<ManualClock>,
    shop: Database,
    running: Running,
    background: JoinSet<()>,
    stage: Stage,
}

/// Settings under which nobody waits long.
pub(super) fn quick() -> Settings {
    Settings {
        reconcile_every: Duration::from_millis(20),
        reconcile_after: Duration::ZERO,
        ..Settings::default()
    }
}

impl Stage {
    pub(super) fn here() -> Self {
        let files = tempfile::tempdir().unwrap();
        let url = |name: &str| format!("sqlite://{}", files.path().join(name).display());
        let options = |name: &str| {
            let mut options = Options::new(url(name));
            options.synchronous = storage::Synchronous::Normal;
            options
        };
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        Self {
            payments: options("payments.db"),
            sandbox: options("sandbox.db"),
            shop: options("shop.db"),
            remote: false,
            clock,
            heard: Arc::default(),
            files,
        }
    }

    pub(super) fn there() -> Self {
        Self { remote: true, ..Self::here() }
    }

    pub(super) async fn on_postgres() -> Self {
        let url = testkit::postgres().await;
        let options = |schema: &str| {
            let mut options = Options::new(&url);
            options.schema = Some(schema.to_owned());
            options
        };
        let (payments, sandbox) = (options("payments"), options("sandbox"));
        Self { payments, sandbox, ..Self::here() }
    }

    /// Opens payments and starts them.
    pub(super) async fn open(self, settings: Settings) -> World {
        let db = database(&self.payments, "payments").await;
        let sandbox = database(&self.sandbox, "sandbox").await;
        let shop = database(&self.shop, "orders").await;
        let needs = Needs {
            sandbox: sandbox.clone(),
            clock: self.clock.clone(),
            ids: Ids::system(),
            meters: ports::Meters::default(),
            settings,
        };
        let hosted = crate::open(db.clone(), needs);
        let payments = match self.remote {
            true => RemotePayments::over(hosted.wire),
            false => hosted.port,
        };
        let ear = Arc::new(Ear(self.heard.clone()));
        let subscriptions = Subscriptions::of("shop")
            .replies(REPLIES, ear.clone())
            .on::<PaymentCompleted>(ear.clone())
            .on::<PaymentFailed>(ear.clone())
            .on::<PaymentAuthorized>(ear.clone())
            .on::<PaymentRefunded>(ear);
        let running = Process::start(vec![
            Module { name: "payments", db: db.clone(), subscriptions: hosted.subscriptions },
            Module { name: "shop", db: shop.clone(), subscriptions },
        ]);
        let start = |task: host::Background| task.start(CancellationToken::new());
        let background = hosted.background.into_iter().map(start).collect();
        World {
            payments,
            routes: hosted.routes,
            db,
            sandbox,
            clock: self.clock.clone(),
            shop,
            running,
            background,
            stage: self,
        }
    }
}

async fn database(options: &Options, history: &str) -> Database {
    let db = Database::open(options).await.unwrap();
    db.migrate(migrations::of(history).unwrap()).await.unwrap();
    db
}

/// The number `n` of a query's only row.
async fn number(db: &Database, sql: &str) -> i64 {
    let reader = db.reader();
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    let row = reader.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

impl World {
    /// Ends everything where it stands; nothing is closed.
    pub(super) async fn crash(mut self) -> Stage {
        self.background.shutdown().await;
        self.clock.advance(Duration::from_millis(1));
        self.stage
    }

    /// A wish for money that can be paid for a quarter of an hour.
    pub(super) fn wish(&self, token: &str) -> Collect {
        let ids = Ids::system();
        Collect {
            payment: ids.next(),
            order: ids.next(),
            customer: ids.next(),
            amount: Money::new(1999, Currency::EUR),
            token: token.to_owned(),
            until: self.in_seconds(900),
        }
    }

    pub(super) fn in_seconds(&self, seconds: u64) -> Timestamp {
        self.clock.now().plus(Duration::from_secs(seconds))
    }

    pub(super) async fn send<C: Command>(&self, command: &C) {
        let mut tx = self.shop.begin().await.unwrap();
        let to = ReplyTo { channel: REPLIES.to_owned(), key: command.key() };
        tx.send(command, to).unwrap();
        tx.commit().await.unwrap();
    }

    /// Asks for money and waits until the payment is `status`.
    pub(super) async fn collect(&self, token: &str, status: Status) -> Collect {
        let wish = self.wish(token);
        self.send(&wish).await;
        self.until(&wish, status).await;
        wish
    }

    pub(super) async fn void(&self, wish: &Collect) {
        let Collect { payment, order, customer, amount, .. } = *wish;
        self.send(&Void { payment, order, customer, amount }).await;
    }

    pub(super) async fn payment(&self, wish: &Collect) -> Option<Payment> {
        let which = PaymentOf { customer: wish.customer, payment: wish.payment };
        self.payments.payment(which).await.ok()
    }

    /// Waits until the payment is `status` and everybody has heard of it.
    pub(super) async fn until(&self, wish: &Collect, status: Status) -> Payment {
        let found = async || {
            let payment = self.payment(wish).await;
            payment.is_some_and(|payment| payment.status == status)
        };
        testkit::eventually(&format!("the payment is {status:?}"), LIMIT, found).await;
        self.running.quiet(LIMIT).await.unwrap();
        self.payment(wish).await.unwrap()
    }

    /// Waits until `count` messages were heard, and for all that follow at once.
    pub(super) async fn heard(&self, count: usize) -> Vec<Heard> {
        self.hears(count).await;
        self.running.quiet(LIMIT).await.unwrap();
        self.stage.heard.lock().unwrap().clone()
    }

    /// Waits until `count` messages were heard, without asking a database.
    pub(super) async fn hears(&self, count: usize) {
        let enough = async || self.stage.heard.lock().unwrap().len() >= count;
        testkit::eventually("the shop has heard enough", LIMIT, enough).await;
    }

    pub(super) fn files(&self) -> &std::path::Path {
        self.stage.files.path()
    }

    /// How many charges the provider has under the payment's keys that took money.
    pub(super) async fn charges(&self, wish: &Collect) -> i64 {
        self.charged(wish, "captured > 0").await
    }

    /// How many of them still have it.
    pub(super) async fn kept(&self, wish: &Collect) -> i64 {
        self.charged(wish, "captured > refunded").await
    }

    async fn charged(&self, wish: &Collect, condition: &str) -> i64 {
        let id = wish.payment;
        let sql = format!(
            "SELECT COUNT(*) AS n FROM sandbox_charge \
             WHERE idempotency_key LIKE '{id}:%' AND {condition}"
        );
        number(&self.sandbox, &sql).await
    }

    /// The rows of the payment's ledger and their sum.
    pub(super) async fn ledger(&self, wish: &Collect) -> (i64, i64) {
        let of = format!("FROM ledger_entry WHERE payment_id = '{}'", wish.payment);
        let rows = self.number(&format!("SELECT COUNT(*) AS n {of}")).await;
        let sum = format!("SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS n {of}");
        (rows, self.number(&sum).await)
    }

    /// Gives something back.
    pub(super) async fn give_back(
        &self,
        wish: &Collect,
        minor: i64,
    ) -> payments_api::Result<Refund> {
        let amount = Money::new(minor, Currency::EUR);
        let refund = NewRefund { payment: wish.payment, amount, reason: "a broken cup".to_owned() };
        self.payments.give_back(refund).await
    }

    /// Changes the sandbox's books behind its back.
    pub(super) async fn bank(&self, sql: &str) {
        let tx = self.sandbox.begin().await.unwrap();
        tx.execute_unprepared(sql).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A number of the sandbox's books.
    pub(super) async fn banked(&self, sql: &str) -> i64 {
        number(&self.sandbox, sql).await
    }

    pub(super) async fn number(&self, sql: &str) -> i64 {
        number(&self.db, sql).await
    }

    pub(super) async fn token(&self, number: &str) -> String {
        let card = Card { number: number.to_owned() };
        self.payments.tokenize(card).await.unwrap().token
    }
}

/// Remembers what the shop hears.
struct Ear(Arc<Mutex<Vec<Heard>>>);

impl Ear {
    fn hear(&self, heard: Heard) {
        self.0.lock().unwrap().push(heard);
    }
}

#[async_trait]
impl HandleReply for Ear {
    async fn handle(&self, _: &mut Tx, delivery: &Delivery) -> Result<(), Failure> {
        if let Ok(answer) = delivery.answer::<Collect>() {
            self.hear(Heard::Collect(answer));
        } else {
            let Ok(()) = delivery.answer::<Void>()?;
            self.hear(Heard::Voided);
        }
        Ok(())
    }
}

#[async_trait]
impl Handle<PaymentCompleted> for Ear {
    async fn handle(
        &self,
        _: &mut Tx,
        event: PaymentCompleted,
        _: &Delivery,
    ) -> Result<(), Failure> {
        self.hear(Heard::Completed(event.payment));
        Ok(())
    }
}

#[async_trait]
impl Handle<PaymentFailed> for Ear {
    async fn handle(&self, _: &mut Tx, event: PaymentFailed, _: &Delivery) -> Result<(), Failure> {
        self.hear(Heard::Failed(event.payment, event.decline_code));
        Ok(())
    }
}

#[async_trait]
impl Handle<PaymentAuthorized> for Ear {
    async fn handle(
        &self,
        _: &mut Tx,
        event: PaymentAuthorized,
        _: &Delivery,
    ) -> Result<(), Failure> {
        self.hear(Heard::Authorized(event.payment));
        Ok(())
    }
}

#[async_trait]
impl Handle<PaymentRefunded> for Ear {
    async fn handle(
        &self,
        _: &mut Tx,
        event: PaymentRefunded,
        _: &Delivery,
    ) -> Result<(), Failure> {
        self.hear(Heard::Refunded(event.payment, event.amount.minor));
        Ok(())
    }
}
