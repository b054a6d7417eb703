//! Somebody who is logged in and knows how to shop.

use std::{ops::Deref, time::Duration};

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
    pub(super) fn new(browser: Browser) -> Self {
        Self { browser }
    }

    /// Puts a product with one variant on sale; for staff.
    pub(crate) async fn publish(&self, slug: &str, cents: i64, on_hand: u32) -> Goods {
        let variant =
            json!({ "sku": slug.to_uppercase(), "price": euros(cents), "on_hand": on_hand });
        let product = json!({ "slug": slug, "title": slug, "variants": [variant] });
        let product = self.post("/v1/admin/products", &product).await.expect(201);
        let variant = text(&product["variants"][0]["id"]).to_owned();
        Goods { slug: slug.to_owned(), variant }
    }

    /// The active cart, opened if there is none.
    pub(crate) async fn cart(&self) -> Value {
        let answer = self.post("/v1/carts", &json!({})).await;
        assert!(answer.status.is_success(), "{answer:?}");
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

    /// The wish to buy a cart with a card.
    pub(crate) async fn wish(&self, cart: &Value, card: &str) -> Value {
        json!({
            "cart_id": cart["id"],
            "expected_total": self.total(cart).await,
            "address": address(),
            "delivery_method": "standard",
            "payment": { "token": card },
        })
    }

    /// Places an order under a key of its own.
    pub(crate) async fn place(&self, wish: &Value) -> Answer {
        self.post_once("/v1/orders", &fresh_key(), wish).await
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
        let arrived = async || {
            let order = self.follow(order, "self").await;
            (order["status"] == status).then_some(order)
        };
        eventually(&what, Patience::MESSAGES, arrived).await
    }

    /// The payment of an order once it is like this. It begins when the order's message has arrived.
    pub(crate) async fn payment(&self, order: &Value, like: impl Fn(&Value) -> bool) -> Value {
        let what = format!("the payment of {} is as expected", order["id"]);
        let begun = async || {
            let answer = self.get(href(order, "payment")).await;
            let payment = answer.status.is_success().then(|| answer.json())?;
            like(&payment).then_some(payment)
        };
        eventually(&what, Patience::MESSAGES, begun).await
    }

    /// The shipments of a completed order, once there are some.
    pub(crate) async fn shipments(&self, order: &Value) -> Vec<Value> {
        let prepared = async || {
            let shipments = self.follow(order, "deliveries").await;
            let items = shipments["items"].as_array().unwrap().clone();
            (!items.is_empty()).then_some(items)
        };
        eventually("a shipment is prepared", Patience::MESSAGES, prepared).await
    }

    /// How many of something can be bought now.
    pub(crate) async fn available(&self, goods: &Goods) -> i64 {
        let product = self.get(&format!("/v1/products/{}", goods.slug)).await.expect(200);
        product["variants"][0]["available"].as_i64().unwrap()
    }

    /// Waits until so many of something can be bought.
    pub(crate) async fn wait_for_stock(&self, goods: &Goods, available: i64, limit: Duration) {
        let what = format!("{available} of {} are available", goods.slug);
        let there = async || (self.available(goods).await == available).then_some(());
        eventually(&what, limit, there).await;
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
