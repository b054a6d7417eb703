//! Customers who change their minds, and those whose banks do: they cancel, pay with another card, and show
//! themselves to their banks, again and again until there is an answer.

use std::time::{Duration, Instant};

use rand::{RngExt, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};

use super::{PAUSE, TENACITY};
use crate::world::{Answer, DECLINED, Shopper, VISA, fresh_key};

/// A card whose bank wants to see the customer.
const AUTHENTICATION: &str = "pm_card_authenticationRequired";
/// How long a customer looks whether something is as they want it, before they leave it at that.
const INTEREST: Duration = Duration::from_secs(3);

/// The card of a customer who may have another one.
pub(super) fn card(random: &mut StdRng) -> &'static str {
    match random.random_range(0..100) {
        0..12 => DECLINED,
        12..24 => AUTHENTICATION,
        _ => VISA,
    }
}

/// What a customer does about an order that was placed with `card`: what has to be done, or nothing, and some
/// do not want it any more.
pub(super) async fn follow(
    customer: Shopper,
    order: Value,
    card: &'static str,
    mut random: StdRng,
) {
    let (customer, order) = (&customer, &order);
    let forgets = random.random_range(0..3) == 0;
    match card {
        DECLINED if !forgets => {
            let declined = |it: &Value| it["attempts"][0]["status"] == "declined";
            let card = json!({ "token": VISA });
            act(customer, order, "payment", declined, "attempts", &card).await;
        }
        AUTHENTICATION if !forgets => {
            let waits = |it: &Value| it["status"] == "requires_action";
            act(customer, order, "payment", waits, "complete", &json!({})).await;
        }
        _ => {}
    }
    let regret = json!({ "reason": "I have changed my mind" });
    match random.random_range(0..20) {
        0 => act(customer, order, "self", |_| true, "cancel", &regret).await,
        1 => {
            act(customer, order, "self", |it| it["status"] == "completed", "cancel", &regret).await
        }
        _ => {}
    }
}

/// Does something about what `order` links to, as soon as that is as expected and offers it.
async fn act(
    customer: &Shopper,
    order: &Value,
    resource: &str,
    like: impl Fn(&Value) -> bool,
    action: &str,
    wish: &Value,
) {
    let Some(path) = order["_links"][resource]["href"].as_str() else { return };
    let begun = Instant::now();
    while begun.elapsed() < INTEREST {
        let read = customer.send(customer.request(Method::GET, path)).await;
        let read = read.ok().filter(|answer| answer.status.is_success());
        let found = read.map(|answer| answer.json()).filter(&like);
        let place = found.as_ref().and_then(|it| it["_links"][action]["href"].as_str());
        if let Some(place) = place {
            return drop(insist(customer, place, wish).await);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Sends it under one key until there is an answer.
async fn insist(customer: &Shopper, path: &str, wish: &Value) -> Answer {
    let (key, begun) = (fresh_key(), Instant::now());
    loop {
        assert!(begun.elapsed() < TENACITY, "no answer to {wish} at {path}");
        match customer.try_post_once(path, &key, wish).await {
            Ok(answer) if is_final(&answer) => return answer,
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Whether asking again would change nothing. What is refused is refused for a reason.
fn is_final(answer: &Answer) -> bool {
    match answer.status.as_u16() {
        200..300 | 402 => true,
        409 => answer.json()["code"] != "request-in-progress",
        500.. => false,
        _ => panic!("{answer:?}"),
    }
}
