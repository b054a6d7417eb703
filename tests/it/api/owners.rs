//! Two customers and every operation: what belongs to one of them does not exist for the other.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    cast::Belongings,
    document::{Api, Operation},
};
use crate::world::{Answer, Browser, Shopper, Stage, VISA, fresh_key};

/// Operations that name nothing in their path, and a thing of a customer's in their body.
const BY_BODY: [&str; 1] = ["POST /v1/orders"];

/// What is not as it should be yet.
const PENDING: &[&str] = &["POST /v1/payments/{id}/attempts"];

#[tokio::test]
async fn what_belongs_to_one_customer_is_not_there_for_another_and_does_not_change() {
    let stage = Stage::whole().await;
    let goods = stage.publish("teapot", 1999, 10).await;
    let (ada, eve) = (stage.shopper("Ada").await, stage.shopper("Eve").await);
    let belongings = Belongings::of(&stage, &ada, &goods).await;
    let api = Api::of(&stage.guest()).await;
    let private = api.operations.iter().filter(|it| is_private(it));
    let private: Vec<&Operation> = private.collect();
    assert!(private.len() > 10, "the document names few operations on somebody's things");

    let before = seen(&api, &private, &ada, &belongings).await;
    let mut wrong = Vec::new();
    for operation in &private {
        let path = belongings.path(operation) + &api.query(operation);
        let wish = match operation.name().as_str() {
            "POST /v1/orders" => Some(ada.wish(&belongings.cart, VISA).await),
            _ => api.example(operation).map(|example| belongings.meant(example)),
        };
        let answer = ask(&eve, operation, &path, wish.as_ref()).await;
        if !is_hidden(&answer) && !PENDING.contains(&operation.name().as_str()) {
            wrong.push(format!("{}: {} {}", operation.name(), answer.status, answer.text));
        }
        let answer = ask(&stage.guest(), operation, &path, wish.as_ref()).await;
        if answer.status != StatusCode::UNAUTHORIZED {
            wrong.push(format!("{} as a stranger: {}", operation.name(), answer.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let after = seen(&api, &private, &ada, &belongings).await;
    for ((path, before), (_, after)) in before.iter().zip(&after) {
        assert_eq!(before, after, "{path} has changed");
    }
}

/// Whether it is about something that belongs to a customer.
fn is_private(operation: &Operation) -> bool {
    let personal = matches!(operation.policy(), "customer" | "shopper");
    personal && (!operation.names().is_empty() || BY_BODY.contains(&operation.name().as_str()))
}

/// Whether an answer tells nothing and does nothing.
fn is_hidden(answer: &Answer) -> bool {
    let nothing = || answer.json()["items"] == json!([]);
    match answer.status {
        StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => true,
        StatusCode::OK => *answer.method() == Method::GET && nothing(),
        _ => false,
    }
}

/// Everything that its owner sees, by path.
async fn seen(
    api: &Api,
    private: &[&Operation],
    ada: &Shopper,
    things: &Belongings,
) -> Vec<(String, Value)> {
    let mut seen = Vec::new();
    let shown = |operation: &&&Operation| operation.method == Method::GET && !operation.is_stream();
    for operation in private.iter().filter(shown) {
        let path = things.path(operation) + &api.query(operation);
        let found = ada.get(&path).await.expect(200);
        seen.push((path, found));
    }
    seen
}

/// Asks for an operation with everything that it may want.
async fn ask(who: &Browser, operation: &Operation, path: &str, wish: Option<&Value>) -> Answer {
    let request = who.request(operation.method.clone(), path).header("If-Match", "\"1\"");
    let request = request.header("Idempotency-Key", fresh_key());
    let request = match (wish, operation.said.get("requestBody")) {
        (Some(wish), _) => request.json(wish),
        (None, Some(_)) => request.json(&json!({})),
        (None, None) => request,
    };
    who.send(request).await.unwrap()
}
