//! Every POST and PATCH, sent twice under one key.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    cast::{Belongings, parked, saga},
    document::{Api, Operation},
};
use crate::world::{
    Answer, Browser, DECLINED, Goods, PASSWORD, Shopper, Stage, VISA, fresh_key, href, text,
};

/// A card whose bank wants to see the customer.
const AUTHENTICATION: &str = "pm_card_authenticationRequired";

/// What cannot be sent by somebody who knows the document only.
const SIGNED_BY_OTHERS: &str = "/v1/webhooks/";

/// What takes a word that only an e-mail tells.
const MAILED: &str = "/v1/users/verify-email";

/// What takes a list, and no JSON.
const LISTED: &str = "/v1/admin/products/import";

/// What does not answer the second request as the first one yet.
const PENDING: &[&str] = &[];

/// Those who ask, and what they have.
struct Cast {
    stage: Stage,
    goods: Goods,
    mary: Shopper,
    belongings: Belongings,
}

#[tokio::test]
async fn whatever_is_sent_twice_under_one_key_is_done_once_and_answered_alike() {
    let stage = Stage::whole().await;
    let api = Api::of(&stage.guest()).await;
    let goods = stage.publish("teapot", 1999, 50).await;
    let mary = stage.shopper("Mary").await;
    let belongings = Belongings::of(&stage, &mary, &goods).await;
    let cast = Cast { stage, goods, mary, belongings };
    let mut wrong = Vec::new();
    for operation in api.operations.iter().filter(|it| is_repeatable(it)) {
        let name = operation.name();
        let outcome = repeated(&cast, &api, operation).await;
        match (outcome, PENDING.contains(&name.as_str())) {
            (Ok(()), false) | (Err(_), true) => {}
            (Err(why), false) => wrong.push(format!("{name}: {why}")),
            (Ok(()), true) => wrong.push(format!("{name} is as it should be: strike it off")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_list_is_taken_once_under_a_key_and_another_one_of_its_length_is_refused() {
    let stage = Stage::whole().await;
    let admin = stage.admin().await;
    let sent = async |key: &str, price: &str| {
        let list = format!("slug,title,sku,price,currency\nmug,Mug,MUG-1,{price},EUR\n");
        let request = admin.request(Method::POST, LISTED).header("Content-Type", "text/csv");
        admin.send(request.header("Idempotency-Key", key).body(list)).await.unwrap()
    };
    let key = fresh_key();
    let first = sent(&key, "9.50").await;
    assert_eq!(first.header("idempotent-replayed"), "");
    let again = sent(&key, "9.50").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.text, first.text);
    assert_eq!(first.expect(200)["created"], 1);
    sent(&key, "8.50").await.problem(422, "idempotency-key-reused");
    assert_eq!(sent(&fresh_key(), "8.50").await.expect(200)["changed"], 1);
}

fn is_repeatable(operation: &Operation) -> bool {
    let method = &operation.method;
    (*method == Method::POST || *method == Method::PATCH)
        && !operation.path.starts_with(SIGNED_BY_OTHERS)
        && operation.path != MAILED
        && operation.path != LISTED
}

/// Sends it twice, and then something else under the same key.
async fn repeated(cast: &Cast, api: &Api, operation: &Operation) -> Result<(), String> {
    let who = cast.who(operation).await;
    let (path, wish) = cast.wish(api, operation).await;
    let key = fresh_key();
    let first = send(&who, operation, &path, &key, wish.as_ref()).await;
    if !first.status.is_success() {
        return Err(format!("its example does not work: {} {}", first.status, first.text));
    }
    if !first.header("idempotent-replayed").is_empty() {
        return Err("the first answer says that it is a repetition".to_owned());
    }
    let again = send(&who, operation, &path, &key, wish.as_ref()).await;
    if again.status != first.status || again.text != first.text {
        return Err(format!(
            "{} {} became {} {}",
            first.status, first.text, again.status, again.text
        ));
    }
    if again.header("idempotent-replayed") != "true" {
        return Err("the second answer does not say that it is a repetition".to_owned());
    }
    if wish.is_none() {
        return Ok(());
    }
    let other = json!({ "nobody": "asks for this" });
    let other = send(&who, operation, &path, &key, Some(&other)).await;
    match other.status.as_u16() {
        422 => Ok(()),
        status => Err(format!("another request under the same key was answered with {status}")),
    }
}

async fn send(
    who: &Browser,
    operation: &Operation,
    path: &str,
    key: &str,
    wish: Option<&Value>,
) -> Answer {
    let request = who.request(operation.method.clone(), path).header("Idempotency-Key", key);
    let known = match operation.method == Method::PATCH {
        true => who.get(path).await.header("etag").to_owned(),
        false => String::new(),
    };
    let request = if known.is_empty() { request } else { request.header("If-Match", known) };
    who.send(match wish {
        Some(wish) => operation.with_body(request, wish),
        None => request,
    })
    .await
    .unwrap()
}

impl Cast {
    /// Somebody who may.
    async fn who(&self, operation: &Operation) -> Browser {
        match operation.policy() {
            "permission" => Browser::clone(&*self.stage.admin().await),
            "public" => self.stage.guest(),
            _ => Browser::clone(&self.mary),
        }
    }

    /// An order that is paid.
    async fn bought(&self) -> Value {
        let order = self.mary.buy(&self.goods, 1).await;
        self.mary.wait_for(&order, "completed").await
    }

    fn credentials(&self) -> Value {
        json!({ "email": self.stage.email("Mary"), "password": PASSWORD })
    }

    /// Where to send what, so that it is done: the example of the document, about things that are there.
    async fn wish(&self, api: &Api, operation: &Operation) -> (String, Option<Value>) {
        let path = || self.belongings.path(operation);
        let example = || {
            let example = api.example(operation)?;
            Some(self.belongings.meant(example))
        };
        match operation.name().as_str() {
            "POST /v1/orders" => {
                let cart = self.mary.cart_with(&self.goods, 1).await;
                let wish = self.mary.wish(&cart, VISA).await;
                (operation.path.clone(), Some(wish))
            }
            "POST /v1/carts/{id}/merge" => {
                let cart = self.stage.guest().post("/v1/carts", &json!({})).await.expect(201);
                let proof = json!({ "guest_token": cart["guest_token"] });
                (operation.at(|_| text(&cart["id"]).to_owned()), Some(proof))
            }
            "POST /v1/orders/{id}/cancellation" | "POST /v1/admin/orders/{id}/cancellation" => {
                let order = self.mary.buy_with(&self.goods, 1, DECLINED).await;
                (operation.at(|_| text(&order["id"]).to_owned()), example())
            }
            "POST /v1/admin/payments/{id}/refunds" => {
                let payment = self.mary.follow(&self.bought().await, "payment").await;
                (operation.at(|_| text(&payment["id"]).to_owned()), example())
            }
            "POST /v1/admin/deliveries/{id}/dispatch"
            | "POST /v1/admin/deliveries/{id}/cancellation" => {
                let shipment = self.mary.shipments(&self.bought().await).await.remove(0);
                (operation.at(|_| text(&shipment["id"]).to_owned()), example())
            }
            "POST /v1/admin/deliveries/{id}/split" => {
                let order = self.mary.buy(&self.goods, 2).await;
                let order = self.mary.wait_for(&order, "completed").await;
                let shipment = self.mary.shipments(&order).await.remove(0);
                let part = json!({ "lines": [{ "variant": self.goods.variant, "qty": 1 }] });
                (operation.at(|_| text(&shipment["id"]).to_owned()), Some(part))
            }
            "POST /v1/payments/{id}/actions/{action}/complete" => {
                let order = self.mary.buy_with(&self.goods, 1, AUTHENTICATION).await;
                let waiting = |payment: &Value| payment["status"] == "requires_action";
                let payment = self.mary.payment(&order, waiting).await;
                (href(&payment, "complete").to_owned(), None)
            }
            "POST /v1/admin/messages/{id}/drop" | "POST /v1/admin/messages/{id}/retry" => {
                let id = parked(&self.stage).await;
                (operation.at(|_| id.clone()), None)
            }
            "POST /v1/admin/sagas/{id}/retry" => {
                let order = self.mary.buy_with(&self.goods, 1, DECLINED).await;
                let id = saga(&self.stage, &order).await;
                (operation.at(|_| id.clone()), None)
            }
            "POST /v1/admin/payments/{id}/captures" => (path(), Some(json!({}))),
            "POST /v1/admin/payments/{id}/void" => {
                let order = self.mary.buy_with(&self.goods, 1, DECLINED).await;
                let reason = json!({ "reason": "found it cheaper" });
                self.mary.post(href(&order, "cancel"), &reason).await.expect(200);
                let voided = |payment: &Value| payment["status"] == "voided";
                let payment = self.mary.payment(&order, voided).await;
                (operation.at(|_| text(&payment["id"]).to_owned()), None)
            }
            "POST /v1/sessions" => (operation.path.clone(), Some(self.credentials())),
            "POST /v1/sessions/refresh" => {
                let session = self.stage.guest().post("/v1/sessions", &self.credentials()).await;
                let token = json!({ "refresh_token": session.expect(201)["refresh_token"] });
                (operation.path.clone(), Some(token))
            }
            "POST /v1/admin/users/{id}/lock" | "POST /v1/admin/users/{id}/unlock" => {
                let somebody = self.stage.shopper(&fresh_key()).await;
                let id = somebody.get("/v1/users/me").await.expect(200)["id"].clone();
                (operation.at(|_| text(&id).to_owned()), None)
            }
            _ => (path(), example()),
        }
    }
}
