//! Somebody who has one of everything that can be had, by the path under which it is found.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::document::Operation;
use crate::world::{DECLINED, Goods, Patience, Shopper, Stage, address, euros, href, text};

/// A customer's belongings: the name of one thing for each collection.
pub(super) struct Belongings {
    by_collection: BTreeMap<String, String>,
    /// The cart with something in it.
    pub(super) cart: Value,
}

impl Belongings {
    /// Everything `shopper` needs to have one of everything: two orders, one of them paid and sent, the
    /// other one waiting for another card; a cart, an address.
    pub(super) async fn of(stage: &Stage, shopper: &Shopper, goods: &Goods) -> Self {
        let paid = shopper.buy(goods, 1).await;
        let paid = shopper.wait_for(&paid, "completed").await;
        let shipment = shopper.shipments(&paid).await.remove(0);
        let open = shopper.buy_with(goods, 1, DECLINED).await;
        let declined = |payment: &Value| payment["attempts"][0]["status"] == "declined";
        let payment = shopper.payment(&open, declined).await;
        let timeline = format!("{}/timeline", href(&open, "self"));
        let told = |timeline: &Value| timeline["items"].as_array().is_some_and(|it| it.len() == 2);
        shopper.until("its timeline is told", Patience::MESSAGES, &timeline, told).await;
        let cart = shopper.cart_with(goods, 1).await;
        let entry = json!({ "label": "home", "address": address() });
        let entry = shopper.post("/v1/users/me/addresses", &entry).await.expect(201);
        let product = stage.guest().get(&goods.path()).await.expect(200);
        let (kept, shelf) = kept(stage).await;
        let me = shopper.get("/v1/users/me").await.expect(200);
        let sessions = shopper.get("/v1/users/me/sessions").await.expect(200);
        let id = |thing: &Value| text(&thing["id"]).to_owned();
        let of = |collection: &str, name: String| (collection.to_owned(), name);
        let by_collection = BTreeMap::from([
            of("/v1/users/me/addresses", id(&entry)),
            of("/v1/users/me/sessions", id(&sessions["items"][0])),
            of("/v1/admin/users", id(&me)),
            of("/v1/products", id(&product)),
            of("/v1/categories", id(&shelf)),
            of("/v1/admin/categories", id(&shelf)),
            of("/v1/admin/products", id(&kept)),
            of("/v1/admin/products/{id}/variants", id(&kept["variants"][0])),
            of("/v1/carts", id(&cart)),
            of("/v1/carts/{id}/lines", goods.variant.clone()),
            of("/v1/orders", id(&open)),
            of("/v1/payments", id(&payment)),
            of("/v1/payments/{id}/actions", "act_1".to_owned()),
            of(
                "/v1/admin/payments",
                text(&paid["_links"]["payment"]["href"]).replace("/v1/payments/", ""),
            ),
            of("/v1/admin/payments/{id}/refunds", "ref_01jd8k3v7tf8ntx3v1a9g5r2qc".to_owned()),
            of("/v1/deliveries", id(&shipment)),
            of("/v1/admin/deliveries", id(&shipment)),
            of("/v1/admin/orders", id(&open)),
            of("/v1/guest-orders", text(&open["number"]).to_owned()),
            of("/v1/tracking", text(&shipment["waybill"]).to_owned()),
            of("/v1/webhooks/carriers", "rialto-post".to_owned()),
            of("/v1/admin/reservations", id(&open)),
        ]);
        assert_eq!(href(&payment, "order"), href(&open, "self"));
        Self { by_collection, cart }
    }

    /// The path of an operation on these things.
    pub(super) fn path(&self, operation: &Operation) -> String {
        operation.at(|name| {
            let place = operation.path.find(&format!("/{{{name}}}")).unwrap();
            let collection = &operation.path[..place];
            let found = self.by_collection.get(collection);
            found.cloned().unwrap_or_else(|| {
                panic!("whose {collection}/… is meant? Say so in tests/it/api/cast.rs")
            })
        })
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
