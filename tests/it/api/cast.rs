//! Somebody who has one of everything that can be had, by the path under which it is found.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::document::Operation;
use crate::world::{
    DECLINED, Goods, Patience, Shopper, Stage, address, euros, fresh_key, href, text,
};

/// What somebody has: the name of one thing for each collection.
pub(super) struct Belongings {
    by_collection: BTreeMap<String, String>,
    /// The cart with something in it.
    pub(super) cart: Value,
}

/// What is not only its owner's.
const EVERYBODYS: [&str; 8] = [
    "/v1/products",
    "/v1/categories",
    "/v1/carts/{id}/lines",
    "/v1/admin/categories",
    "/v1/admin/products",
    "/v1/admin/products/{id}/variants",
    "/v1/payments/{id}/actions",
    "/v1/webhooks/carriers",
];

impl Belongings {
    /// What a customer has who has everything: what can be bought, an account, and staff who know of it.
    pub(super) async fn of(stage: &Stage, shopper: &Shopper, goods: &Goods) -> Self {
        let mut all = Self::of_visitor(stage, shopper, goods).await;
        let entry = json!({ "label": "home", "address": address() });
        let entry = shopper.post("/v1/users/me/addresses", &entry).await.expect(201);
        let me = shopper.get("/v1/users/me").await.expect(200);
        let sessions = shopper.get("/v1/users/me/sessions").await.expect(200);
        let (kept, shelf) = kept(stage).await;
        all.add("/v1/users/me/addresses", &entry["id"]);
        all.add("/v1/users/me/sessions", &sessions["items"][0]["id"]);
        all.add("/v1/admin/users", &me["id"]);
        all.add("/v1/categories", &shelf["id"]);
        all.add("/v1/admin/categories", &shelf["id"]);
        all.add("/v1/admin/products", &kept["id"]);
        all.add("/v1/admin/products/{id}/variants", &kept["variants"][0]["id"]);
        all
    }

    /// What can be had without an account: two orders, one of them paid, partly given back and about to be
    /// sent, the other one waiting for another card; and a cart.
    pub(super) async fn of_visitor(stage: &Stage, shopper: &Shopper, goods: &Goods) -> Self {
        let paid = shopper.buy(goods, 1).await;
        let paid = shopper.wait_for(&paid, "completed").await;
        let shipment = shopper.shipments(&paid).await.remove(0);
        let refund = refunded(stage, shopper, &paid).await;
        let open = shopper.buy_with(goods, 1, DECLINED).await;
        let declined = |payment: &Value| payment["attempts"][0]["status"] == "declined";
        let payment = shopper.payment(&open, declined).await;
        assert_eq!(href(&payment, "order"), href(&open, "self"));
        told(shopper, &open).await;
        let mail = written(stage, &open).await;
        let cart = shopper.cart_with(goods, 1).await;
        let product = stage.guest().get(&goods.path()).await.expect(200);
        let mut all = Self { by_collection: BTreeMap::new(), cart: cart.clone() };
        all.add("/v1/products", &product["id"]);
        all.add("/v1/carts", &cart["id"]);
        all.add("/v1/carts/{id}/lines", &json!(goods.variant));
        all.add("/v1/orders", &open["id"]);
        all.add("/v1/payments", &payment["id"]);
        all.add("/v1/payments/{id}/actions", &json!("act_1"));
        all.add("/v1/admin/payments", &refund["payment_id"]);
        all.add("/v1/admin/payments/{id}/refunds", &refund["id"]);
        all.add("/v1/deliveries", &shipment["id"]);
        all.add("/v1/admin/deliveries", &shipment["id"]);
        all.add("/v1/admin/orders", &open["id"]);
        all.add("/v1/admin/mails", &mail["id"]);
        all.add("/v1/guest-orders", &open["number"]);
        all.add("/v1/tracking", &shipment["waybill"]);
        all.add("/v1/webhooks/carriers", &json!("rialto-post"));
        all.add("/v1/admin/reservations", &open["id"]);
        all.add("/v1/admin/explain", &open["id"]);
        all.add("/v1/admin/messages", &json!(parked(stage).await));
        all.add("/v1/admin/sagas", &json!(saga(stage, &open).await));
        all
    }

    fn add(&mut self, collection: &str, name: &Value) {
        self.by_collection.insert(collection.to_owned(), text(name).to_owned());
    }

    /// The path of an operation on these things.
    pub(super) fn path(&self, operation: &Operation) -> String {
        self.find(operation).unwrap_or_else(|| {
            panic!("whose thing is meant by {}? Say so in tests/it/api/cast.rs", operation.path)
        })
    }

    /// The path of an operation on these things, if they are of its kinds.
    pub(super) fn find(&self, operation: &Operation) -> Option<String> {
        let named = |name: &str| {
            let place = operation.path.find(&format!("/{{{name}}}"))?;
            self.by_collection.get(&operation.path[..place])
        };
        operation
            .names()
            .into_iter()
            .all(|name| named(name).is_some())
            .then(|| operation.at(|name| named(name).cloned().unwrap_or_default()))
    }

    /// The names of what is nobody else's.
    pub(super) fn secrets(&self) -> Vec<&str> {
        let own = |collection: &str| !EVERYBODYS.contains(&collection);
        let own = self.by_collection.iter().filter(|(collection, _)| own(collection));
        own.map(|(_, name)| name.as_str()).collect()
    }

    /// The same wish about these things: whatever looks like the name of one of them becomes that.
    pub(super) fn meant(&self, wish: Value) -> Value {
        match wish {
            Value::String(name) => Value::String(self.alike(&name).unwrap_or(name)),
            Value::Array(items) => items.into_iter().map(|item| self.meant(item)).collect(),
            Value::Object(members) => {
                let meant = members.into_iter().map(|(key, value)| (key, self.meant(value)));
                Value::Object(meant.collect())
            }
            plain => plain,
        }
    }

    /// The thing whose name begins as this one does: `crt_…`.
    fn alike(&self, name: &str) -> Option<String> {
        let kind =
            name.split_once('_').filter(|(kind, rest)| kind.len() == 3 && rest.len() == 26)?.0;
        let mut all = self.by_collection.values();
        all.find(|known| known.split_once('_').is_some_and(|(known, _)| known == kind)).cloned()
    }
}

/// A part of the money of an order, once it is given back and its owner's list knows of it.
async fn refunded(stage: &Stage, shopper: &Shopper, order: &Value) -> Value {
    let admin = stage.admin().await;
    let payment = href(order, "payment").replace("/v1/payments", "/v1/admin/payments");
    let part = json!({ "amount": euros(100), "reason": "a scratch" });
    let refunds = format!("{payment}/refunds");
    let refund = admin.post_once(&refunds, &fresh_key(), &part).await.expect(201);
    let there = |refund: &Value| refund["status"] == "succeeded";
    let what = "a part is given back";
    let refund = admin.until(what, Patience::MESSAGES, href(&refund, "self"), there).await;
    let known = |list: &Value| {
        let mut items = list["items"].as_array().into_iter().flatten();
        items.any(|entry| {
            entry["id"] == order["id"]
                && entry["payment_status"] == "partially_refunded"
                && entry["delivery_status"] == "preparing"
        })
    };
    let what = "the list knows what was given back";
    shopper.until(what, Patience::MESSAGES, "/v1/orders", known).await;
    refund
}

/// Waits until everything about an order whose card was declined is told.
async fn told(shopper: &Shopper, order: &Value) {
    shopper.declined(order).await;
    let timeline = format!("{}/timeline", href(order, "self"));
    let told = |timeline: &Value| timeline["items"].as_array().is_some_and(|it| it.len() == 2);
    shopper.until("its timeline is told", Patience::MESSAGES, &timeline, told).await;
}

/// What was written about an order, once it is sent.
async fn written(stage: &Stage, order: &Value) -> Value {
    let mails = format!("/v1/admin/mails?status=sent&order={}", text(&order["id"]));
    let sent = |mails: &Value| mails["items"] != json!([]);
    let what = "a mail about the order is sent";
    let mails = stage.admin().await.until(what, Patience::MESSAGES, &mails, sent).await;
    mails["items"][0].clone()
}

/// A message that nobody can handle.
pub(super) async fn parked(stage: &Stage) -> String {
    let user = stage.poison(&[|user| json!({ "user": user })]).await;
    let list = stage.admin().await.get(&format!("/v1/admin/messages?key={user}")).await.expect(200);
    text(&list["items"][0]["id"]).to_owned()
}

/// The saga of an order whose card was declined.
pub(super) async fn saga(stage: &Stage, order: &Value) -> String {
    let admin = stage.admin().await;
    let waiting = "/v1/admin/sagas?module=orders&name=checkout&status=waiting&limit=100";
    let own = |saga: &&Value| text(&saga["saga"]).ends_with(text(&order["id"]));
    let found = |list: &Value| list["items"].as_array().unwrap().iter().find(own).cloned();
    let is_there = |list: &Value| found(list).is_some();
    let list = admin.until("its saga waits", Patience::MESSAGES, waiting, is_there).await;
    text(&found(&list).unwrap()["id"]).to_owned()
}

/// A product and a shelf to be changed at will.
async fn kept(stage: &Stage) -> (Value, Value) {
    let admin = stage.admin().await;
    let variant = json!({ "sku": "KEPT-S", "price": euros(100), "on_hand": 1,
        "options": [{ "name": "size", "value": "small" }] });
    let wish =
        json!({ "slug": "kept", "title": "Kept", "status": "active", "variants": [variant] });
    let product = admin.post("/v1/admin/products", &wish).await.expect(201);
    let shelf = json!({ "slug": "kept", "name": "Kept" });
    (product, admin.post("/v1/admin/categories", &shelf).await.expect(201))
}
