//! A whole shop without HTTP, every module real.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use carts_api::{CartId, CartOf, Carts, OpenCart, PutLine};
use deliveries_api::{Deliveries, Shipment, ShipmentsOf};
use host::Background;
use identity::GuestToken;
use kernel::{Clock, Currency, Ids, Money, SystemClock};
use messaging::{Module, Process, Running};
use orders_api::{
    Counts, Idempotency, Order, OrderOf, OrderRecord, Orders, PaymentStatus, PlaceOrder, Placed,
    RemoteOrders, Result, ShipTo, Status,
};
use payments_api::{NewAttempt, Payment, PaymentOf, Payments};
use ports::{Call, Meters, Reply, Transport, Unreachable, async_trait};
use products_api::{
    CategoryScope, NewCategory, NewProduct, NewVariant, ProductStatus, Products, VariantId,
};
use storage::{Database, Options};
use tokio_util::sync::CancellationToken;
use users_api::{PostalAddress, UserId};

use crate::Settings;

pub(super) const VISA: &str = "pm_card_visa";
const LIMIT: Duration = Duration::from_secs(20);

/// What is not as it comes.
#[derive(Clone, Default)]
pub(super) struct Setup {
    pub(super) settings: Settings,
    pub(super) products: products::Settings,
    pub(super) deliveries: deliveries::Settings,
    /// Whether payments hears nothing.
    pub(super) deaf: bool,
}

/// Runs `story` against orders here, then against orders behind the wire.
pub(super) async fn check(story: impl AsyncFn(Shop)) {
    check_with(Setup::default(), story).await;
}

pub(super) async fn check_with(setup: Setup, story: impl AsyncFn(Shop)) {
    for wire in [false, true] {
        story(Shop::open("sqlite::memory:", wire, setup.clone()).await).await;
    }
}

pub(super) async fn on_both_databases(story: impl AsyncFn(Shop)) {
    on_both_databases_with(Setup::default(), story).await;
}

pub(super) async fn on_both_databases_with(setup: Setup, story: impl AsyncFn(Shop)) {
    check_with(setup.clone(), &story).await;
    story(Shop::open(&testkit::postgres().await, false, setup).await).await;
}

pub(super) fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

/// A wire that leads nowhere.
pub(super) struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn call(&self, _: Call) -> std::result::Result<Reply, Unreachable> {
        Err(Unreachable::NoReply("nowhere".into()))
    }
}

/// Ten of one thing at 15.00 EUR, and a customer.
pub(super) struct Shop {
    pub(super) orders: Arc<dyn Orders>,
    pub(super) payments: Arc<dyn Payments>,
    pub(super) customer: UserId,
    products: Arc<dyn Products>,
    carts: Arc<dyn Carts>,
    pub(super) deliveries: Arc<dyn Deliveries>,
    variant: VariantId,
    ids: Ids,
    /// The carts that have become orders; carts hears of it by a message.
    ordered: Mutex<BTreeSet<CartId>>,
    stop: CancellationToken,
    _running: Running,
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn database(url: &str, module: &'static str) -> Database {
    let mut options = Options::new(url);
    options.schema = Some(module.to_owned());
    let db = Database::open(&options).await.unwrap();
    db.migrate(migrations::of(module).unwrap()).await.unwrap();
    db
}

/// Opens a module over a fresh database of its own and puts it on the bus.
macro_rules! open {
    ($bus:ident, $tasks:ident, $url:ident, $name:literal, $db:ident => $hosted:expr) => {{
        let $db = database($url, $name).await;
        let hosted = $hosted;
        let subscriptions = hosted.subscriptions;
        $bus.push(Module { name: $name, db: $db, subscriptions });
        $tasks.extend(hosted.background);
        (hosted.port, hosted.wire)
    }};
}

impl Shop {
    pub(super) async fn open(url: &str, wire: bool, setup: Setup) -> Self {
        let Setup { settings, products: of_products, deliveries: of_deliveries, deaf } = setup;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (ids, meters) = (Ids::system(), Meters::default());
        let (mut bus, mut tasks) = (Vec::new(), Vec::new());
        let (users, _) = open!(bus, tasks, url, "users", db => {
            let (clock, ids, meters) = (clock.clone(), ids.clone(), meters.clone());
            users::open(db.clone(), users::Needs { clock, ids, meters, settings: users::Settings::default() })
                .await
                .unwrap()
        });
        let (products, _) = open!(bus, tasks, url, "products", db => {
            let (clock, ids, meters) = (clock.clone(), ids.clone(), meters.clone());
            let settings = of_products;
            products::open(db.clone(), products::Needs { clock, ids, meters, settings })
        });
        let (deliveries, _) = open!(bus, tasks, url, "deliveries", db => {
            let (clock, ids, meters) = (clock.clone(), ids.clone(), meters.clone());
            let settings = of_deliveries;
            deliveries::open(db.clone(), deliveries::Needs { clock, ids, meters, settings })
        });
        let (carts, _) = open!(bus, tasks, url, "carts", db => {
            let (clock, ids, meters) = (clock.clone(), ids.clone(), meters.clone());
            let settings = carts::Settings::default();
            let (products, deliveries) = (products.clone(), deliveries.clone());
            carts::open(db.clone(), carts::Needs { products, deliveries, clock, ids, meters, settings })
        });
        let sandbox = database(url, "sandbox").await;
        let (payments, _) = open!(bus, tasks, url, "payments", db => {
            let (clock, ids, meters) = (clock.clone(), ids.clone(), meters.clone());
            let settings = payments::Settings::default();
            payments::open(db.clone(), payments::Needs { sandbox, clock, ids, meters, settings })
        });
        let (here, there) = open!(bus, tasks, url, "orders", db => {
            let (clock, ids, meters) = (clock.clone(), ids.clone(), meters.clone());
            let (carts, products) = (carts.clone(), products.clone());
            let (deliveries, payments) = (deliveries.clone(), payments.clone());
            crate::open(db.clone(), crate::Needs {
                carts, users, products, deliveries, payments, clock, ids, meters, settings,
            })
        });
        let stop = CancellationToken::new();
        tokio::spawn(Background::run_all(tasks, stop.clone()));
        bus.retain(|module| !(deaf && module.name == "payments"));
        let _running = Process::start(bus);
        let variant = publish(&*products).await;
        let orders = if wire { RemoteOrders::over(there) } else { here };
        let customer = ids.next();
        Self {
            orders,
            payments,
            customer,
            products,
            carts,
            deliveries,
            variant,
            ids,
            ordered: Mutex::default(),
            stop,
            _running,
        }
    }

    /// A wish for `quantity` of the thing, in a cart of the customer's.
    pub(super) async fn wish(&self, quantity: u32) -> PlaceOrder {
        self.wish_of(self.customer, quantity).await
    }

    pub(super) async fn wish_of_a_stranger(&self, quantity: u32) -> PlaceOrder {
        self.wish_of(self.ids.next(), quantity).await
    }

    /// A wish of somebody without an account.
    pub(super) async fn wish_of_a_guest(&self, guest: &GuestToken) -> PlaceOrder {
        self.wish_of(guest.subject().parse().unwrap(), 1).await
    }

    pub(super) async fn wish_of(&self, customer: UserId, quantity: u32) -> PlaceOrder {
        // The last order's cart is converted by a message, so a fresh one may be a moment away.
        let mut cart = None;
        testkit::eventually("a fresh cart", LIMIT, async || {
            let opened =
                self.carts.open(OpenCart { customer, currency: Currency::EUR }).await.unwrap();
            cart = Some(opened.id);
            if self.ordered.lock().unwrap().contains(&opened.id) {
                return false;
            }
            self.carts
                .put_line(PutLine { customer, cart: opened.id, variant: self.variant, quantity })
                .await
                .is_ok()
                && self.carts.cart(CartOf { customer, cart: opened.id }).await.unwrap().status
                    == carts_api::Status::Active
        })
        .await;
        PlaceOrder {
            contact: None,
            customer,
            cart: cart.unwrap(),
            expected_total: eur(1_500 * i64::from(quantity) + 490),
            ship_to: ShipTo::Here(address()),
            bill_to: None,
            delivery_method: "standard".into(),
            payment_token: VISA.into(),
            idempotency: Idempotency {
                key: self.ids.uuid().to_string(),
                fingerprint: "of this request".into(),
            },
        }
    }

    pub(super) async fn place(&self, wish: &PlaceOrder) -> Result<Placed> {
        let placed = self.orders.place(wish.clone()).await;
        if placed.is_ok() {
            self.ordered.lock().unwrap().insert(wish.cart);
        }
        placed
    }

    pub(super) async fn order(&self, order: &Order) -> Order {
        let which = OrderOf { customer: order.customer, order: order.id };
        self.orders.order(which).await.unwrap()
    }

    pub(super) async fn until(&self, order: &Order, status: Status) -> Order {
        let what = format!("the order is {status:?}");
        testkit::eventually(&what, LIMIT, async || self.order(order).await.status == status).await;
        self.order(order).await
    }

    /// The order once that has become of its line.
    pub(super) async fn until_counted(&self, order: &Order, counts: Counts) -> Order {
        let counted = async || self.order(order).await.lines[0].counts == counts;
        testkit::eventually(&format!("{counts:?}"), LIMIT, counted).await;
        self.order(order).await
    }

    pub(super) async fn until_declined(&self, order: &Order) {
        let which = PaymentOf { customer: order.customer, payment: order.payment };
        testkit::eventually("the card is declined", LIMIT, async || {
            let payment = self.payments.payment(which).await;
            payment.is_ok_and(|payment| payment.status == payments_api::Status::Requested)
        })
        .await;
    }

    /// Tries another card.
    pub(super) async fn pay(&self, order: &Order, token: &str) {
        let (customer, payment) = (order.customer, order.payment);
        let attempt = NewAttempt { customer, payment, token: token.into(), key: token.into() };
        self.payments.attempt(attempt).await.unwrap();
    }

    /// Tries another card, which may be too late.
    pub(super) async fn try_card(&self, order: &Order, token: &str) {
        let (customer, payment) = (order.customer, order.payment);
        let attempt = NewAttempt { customer, payment, token: token.into(), key: token.into() };
        let tried = self.payments.attempt(attempt).await;
        let late = |no: &_| matches!(no, payments_api::Error::NotPayable(_));
        assert!(tried.as_ref().err().is_none_or(late), "{tried:?}");
    }

    /// How much of the order's money the shop keeps, once payments is done with it.
    pub(super) async fn until_settled(&self, order: &Order) -> i64 {
        use payments_api::Status::{Processing, RequiresAction};
        let closed = order.status != Status::Completed;
        testkit::eventually("the payment is settled", LIMIT, async || {
            let payment = self.payment(order).await;
            let kept = payment.captured - payment.refunded;
            let open = matches!(payment.status, Processing | RequiresAction);
            !open && (kept == 0 || !closed)
        })
        .await;
        let payment = self.payment(order).await;
        payment.captured - payment.refunded
    }

    pub(super) async fn until_payment(&self, order: &Order, status: PaymentStatus) {
        let what = format!("its money is {status:?}");
        testkit::eventually(&what, LIMIT, async || {
            self.order(order).await.payment_status == status
        })
        .await;
    }

    /// Somebody who has bought nothing.
    pub(super) fn stranger(&self) -> UserId {
        self.ids.next()
    }

    pub(super) async fn payment(&self, order: &Order) -> Payment {
        let which = PaymentOf { customer: order.customer, payment: order.payment };
        self.payments.payment(which).await.unwrap()
    }

    pub(super) async fn record(&self, order: &Order) -> OrderRecord {
        self.orders.record(order.id).await.unwrap()
    }

    pub(super) async fn shipment(&self, order: &Order) -> Shipment {
        let which = ShipmentsOf { customer: order.customer, order: order.id };
        testkit::eventually("a shipment is prepared", LIMIT, async || {
            !self.deliveries.of_order(which).await.unwrap().is_empty()
        })
        .await;
        self.deliveries.of_order(which).await.unwrap().remove(0)
    }

    /// How many can be bought.
    pub(super) async fn available(&self) -> i64 {
        self.products.variants(vec![self.variant]).await.unwrap()[0].available
    }

    pub(super) async fn until_available(&self, available: i64) {
        let what = format!("{available} can be bought");
        testkit::eventually(&what, LIMIT, async || self.available().await == available).await;
    }
}

async fn publish(products: &dyn Products) -> VariantId {
    let shelf = NewCategory { slug: "mugs".into(), name: "Mugs".into(), parent: None, position: 1 };
    products.add_category(shelf).await.unwrap();
    assert_eq!(products.categories(CategoryScope::All).await.unwrap().len(), 1);
    let variant = NewVariant {
        sku: "MUG-1".into(),
        options: Vec::new(),
        price: eur(1_500),
        compare_at: None,
        weight_g: 300,
        barcode: None,
        track_stock: true,
        for_sale: true,
        on_hand: 10,
    };
    let product = NewProduct {
        slug: "mug".into(),
        title: "Mug".into(),
        description: "Holds tea.".into(),
        status: ProductStatus::Active,
        categories: vec!["mugs".into()],
        attributes: Vec::new(),
        media: Vec::new(),
        variants: vec![variant],
    };
    products.add_product(product).await.unwrap().variants[0].id
}

fn address() -> PostalAddress {
    PostalAddress {
        recipient: "Ada Lovelace".into(),
        phone: None,
        line1: "Hauptstraße 1".into(),
        line2: None,
        city: "Berlin".into(),
        region: None,
        postal_code: "10115".into(),
        country: "DE".into(),
    }
}
