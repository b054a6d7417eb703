//! Somebody who is logged in and knows how to shop.

use std::{
    ops::Deref,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};

use super::{Answer, Browser, Patience, eventually, text};

/// A card that pays.
pub(crate) const VISA: &str = "pm_card_visa";
/// A card that is declined.
pub(crate) const DECLINED: &str = "pm_card_chargeDeclined";

/// Somebody logged in.
#[derive(Clone)]
pub(crate) struct Shopper {
    browser: Browser,
    /// The cart of the last order.
    ordered: Arc<Mutex<Option<Value>>>,
}

/// Something on sale.
#[derive(Clone, Debug)]
pub(crate) struct Goods {
    pub(crate) slug: String,
    pub(crate) variant: String,
}

impl Deref for Shopper {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}

impl Shopper {
    pub(crate) fn new(browser: Browser) -> Self {
        Self { browser, ordered: Arc::default() }
    }

    /// The same person with nothing written down, because what is heard is not the same each time.
    pub(crate) fn unrecorded(&self, why: &str) -> Self {
        Self { browser: self.browser.unrecorded(why), ..self.clone() }
    }

    /// Puts a product with one variant on sale; for staff.
    pub(crate) async fn publish(&self, slug: &str, cents: i64, on_hand: u32) -> Goods {
        self.publish_in(&[], slug, cents, on_hand).await
    }

    /// The same on these shelves.
    pub(crate) async fn publish_in(
        &self,
        categories: &[&str],
        slug: &str,
        cents: i64,
        on_hand: u32,
    ) -> Goods {
        let variant =
            json!({ "sku": slug.to_uppercase(), "price": euros(cents), "on_hand": on_hand });
        let product = json!({ "slug": slug, "title": slug, "status": "active", "variants": [variant], "categories": categories });
        let product = self.post("/v1/admin/products", &product).await.expect(201);
        let variant = text(&product["variants"][0]["id"]).to_owned();
        Goods { slug: slug.to_owned(), variant }
    }

    /// The active cart, opened if there is none. That of the last order is none any more, once a message
    /// has said so.
    pub(crate) async fn cart(&self) -> Value {
        let ordered = self.ordered.lock().unwrap().clone();
        let open = |browser: Browser| async move { browser.post("/v1/carts", &json!({})).await };
        let another = async || {
            let answer = open(self.quiet()).await;
            assert!(answer.status.is_success(), "{answer:?}");
            (ordered.as_ref() != Some(&answer.json()["id"])).then_some(answer)
        };
        let answer =
            eventually("the last cart has become an order", Patience::MESSAGES, another).await;
        self.record(&answer);
        answer.json()
    }

    /// The active cart with this in it.
    pub(crate) async fn cart_with(&self, goods: &Goods, quantity: u32) -> Value {
        let cart = self.cart().await;
        self.put_line(&cart, goods, quantity).await
    }

    /// The cart with so many of something in it.
    pub(crate) async fn put_line(&self, cart: &Value, goods: &Goods, quantity: u32) -> Value {
        let line = format!("/v1/carts/{}/lines/{}", text(&cart["id"]), goods.variant);
        self.put(&line, &json!({ "quantity": quantity })).await.expect(200)
    }

    /// What a cart costs with delivery, as the shop itself says.
    pub(crate) async fn total(&self, cart: &Value) -> Value {
        let methods = self.get("/v1/delivery-methods?country=DE&currency=EUR").await.expect(200);
        let methods = methods["items"].as_array().unwrap();
        let standard = methods.iter().find(|method| method["code"] == "standard").unwrap();
        let (items, delivery) = (&cart["total"]["minor"], &standard["price"]["minor"]);
        euros(items.as_i64().unwrap() + delivery.as_i64().unwrap())
    }

    /// The wish to buy a cart with a card. A guest says where to write to.
    pub(crate) async fn wish(&self, cart: &Value, card: &str) -> Value {
        let mut wish = json!({
            "cart_id": cart["id"],
            "expected_total": self.total(cart).await,
            "address": address(),
            "delivery_method": "standard",
            "payment": { "token": card },
        });
        if self.guest_token().is_some() {
            wish["contact"] = json!({ "email": "guest@guests.example" });
        }
        wish
    }

    /// Places an order under a key of its own.
    pub(crate) async fn place(&self, wish: &Value) -> Answer {
        self.place_under(&fresh_key(), wish).await
    }

    /// Places an order under this key.
    pub(crate) async fn place_under(&self, key: &str, wish: &Value) -> Answer {
        let answer = self.post_once("/v1/orders", key, wish).await;
        if answer.status == 201 {
            *self.ordered.lock().unwrap() = Some(wish["cart_id"].clone());
        }
        answer
    }

    /// From cart to pending order, with a card that pays.
    pub(crate) async fn buy(&self, goods: &Goods, quantity: u32) -> Value {
        self.buy_with(goods, quantity, VISA).await
    }

    /// From cart to pending order.
    pub(crate) async fn buy_with(&self, goods: &Goods, quantity: u32, card: &str) -> Value {
        let cart = self.cart().await;
        self.buy_in(&cart, goods, quantity, card).await
    }

    /// From the first line in an open cart to a pending order.
    pub(crate) async fn buy_in(
        &self,
        cart: &Value,
        goods: &Goods,
        quantity: u32,
        card: &str,
    ) -> Value {
        let cart = self.put_line(cart, goods, quantity).await;
        let wish = self.wish(&cart, card).await;
        self.place(&wish).await.expect(201)
    }

    /// What a link of a resource leads to.
    pub(crate) async fn follow(&self, resource: &Value, link: &str) -> Value {
        self.get(href(resource, link)).await.expect(200)
    }

    /// The order once it has got this far.
    pub(crate) async fn wait_for(&self, order: &Value, status: &str) -> Value {
        let what = format!("{} is {status}", order["id"]);
        let like = |order: &Value| order["status"] == status;
        self.until(&what, Patience::MESSAGES, href(order, "self"), like).await
    }

    /// The pending order once its card was declined, which is a change of it.
    pub(crate) async fn declined(&self, order: &Value) -> Value {
        let what = format!("the card of {} is declined", order["id"]);
        let like = |order: &Value| order["version"] == 2 && order["status"] == "pending";
        self.until(&what, Patience::MESSAGES, href(order, "self"), like).await
    }

    /// The payment of an order once it is like this. It begins when the order's message has arrived.
    pub(crate) async fn payment(&self, order: &Value, like: impl Fn(&Value) -> bool) -> Value {
        let what = format!("the payment of {} is as expected", order["id"]);
        self.until(&what, Patience::MESSAGES, href(order, "payment"), like).await
    }

    /// The shipments of a completed order, once there are some.
    pub(crate) async fn shipments(&self, order: &Value) -> Vec<Value> {
        let some = |shipments: &Value| shipments["items"] != json!([]);
        let (what, path) = ("a shipment is prepared", href(order, "deliveries"));
        let shipments = self.until(what, Patience::MESSAGES, path, some).await;
        shipments["items"].as_array().unwrap().clone()
    }

    /// How many of something can be bought now.
    pub(crate) async fn available(&self, goods: &Goods) -> i64 {
        let product = self.get(&goods.path()).await.expect(200);
        product["variants"][0]["available"].as_i64().unwrap()
    }

    /// Waits until so many of something can be bought.
    pub(crate) async fn wait_for_stock(&self, goods: &Goods, available: i64, limit: Duration) {
        let what = format!("{available} of {} are available", goods.slug);
        let there = |product: &Value| product["variants"][0]["available"] == available;
        self.until(&what, limit, &goods.path(), there).await;
    }
}

impl Goods {
    /// Where they are shown.
    pub(crate) fn path(&self) -> String {
        format!("/v1/products/{}", self.slug)
    }
}

/// Where a link of a resource leads.
pub(crate) fn href<'a>(resource: &'a Value, link: &str) -> &'a str {
    let href = resource["_links"][link]["href"].as_str();
    href.unwrap_or_else(|| panic!("no link {link} in {resource}"))
}

/// A key nobody has used.
pub(crate) fn fresh_key() -> String {
    format!("key-{:032x}", rand::random::<u128>())
}

/// Where things are sent.
pub(crate) fn address() -> Value {
    json!({
        "recipient": "Ada Lovelace",
        "line1": "Unter den Linden 1",
        "city": "Berlin",
        "postal_code": "10117",
        "country": "DE",
    })
}

/// An amount as the API writes it.
pub(crate) fn euros(cents: i64) -> Value {
    json!({ "minor": cents, "currency": "EUR" })
}
