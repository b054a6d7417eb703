//! Nobody can order for a while. What somebody wants is kept, and is ordered afterwards.

use serde_json::json;

use crate::world::{
    Deployment, Patience, Stage, VISA, World, euros, eventually, fresh_key, href, text,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carts_are_filled_while_orders_are_away_over_http() {
    orders_are_away(Deployment::SERVICES_OVER_HTTP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carts_are_filled_while_orders_are_away_over_rabbitmq() {
    orders_are_away(Deployment::SERVICES_OVER_RABBITMQ).await;
}

async fn orders_are_away(deployment: Deployment) {
    let stage = Stage::alone(World::open(deployment, &[]).await);
    let pot = stage.publish("teapot", 1999, 10).await;
    let cup = stage.publish("cup", 450, 10).await;
    let (ada, guest) = (stage.shopper("Ada").await, stage.guest());
    let first = ada.buy(&cup, 1).await;
    ada.wait_for(&first, "completed").await;
    let cart = ada.cart_with(&pot, 1).await;

    stage.kill("orders").await;
    let cart = ada.put_line(&cart, &cup, 4).await;
    assert_eq!(cart["total"], euros(1999 + 4 * 450));
    let line = format!("{}/lines/{}", href(&cart, "self"), pot.variant);
    ada.delete(&line).await.expect(200);
    ada.put_line(&cart, &pot, 2).await;
    let cart = ada.follow(&cart, "self").await;
    assert_eq!((&cart["requirements"], cart.get("warnings")), (&json!([]), None), "{cart}");
    ada.get(&format!("{}?country=DE", href(&cart, "delivery-quotes"))).await.expect(200);
    let theirs = guest.post("/v1/carts", &json!({})).await.expect(201);
    let merge = format!("{}/merge", href(&theirs, "self"));
    let proof = json!({ "guest_token": text(&theirs["guest_token"]) });
    let cart = ada.post(&merge, &proof).await.expect(200);
    let (key, wish) = (fresh_key(), ada.wish(&cart, VISA).await);
    ada.place_under(&key, &wish).await.problem(503, "dependency-unavailable");
    ada.get(href(&first, "self")).await.problem(503, "dependency-unavailable");

    stage.start("orders").await;
    let placed = async || {
        let answer = ada.place_under(&key, &wish).await;
        (answer.status == 201).then(|| answer.json())
    };
    let order = eventually("the order is placed", Patience::START, placed).await;
    let order = ada.wait_for(&order, "completed").await;
    assert_eq!(order["totals"]["items"], euros(2 * 1999 + 4 * 450));
    stage.stop_all().await;
}
