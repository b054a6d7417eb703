//! A request that is sent twice.

use futures::future::join_all;

use crate::world::{VISA, World, euros, fresh_key};

#[tokio::test]
async fn the_same_key_twice_is_one_order_and_the_second_answer_says_so() {
    let world = World::whole().await;
    let goods = world.publish("teapot", 1999, 10).await;
    let ada = world.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    let wish = ada.wish(&cart, VISA).await;
    let first = ada.post_once("/v1/orders", "once", &wish).await;
    assert_eq!(first.header("idempotent-replayed"), "");
    let first = first.expect(201);
    ada.wait_for(&first, "completed").await;
    let again = ada.post_once("/v1/orders", "once", &wish).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(201), first, "what was said then, not what is true now");
    assert_eq!(ada.available(&goods).await, 9);
}

#[tokio::test]
async fn the_same_key_for_another_request_is_refused() {
    let world = World::whole().await;
    let goods = world.publish("teapot", 1999, 10).await;
    let ada = world.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    let mut wish = ada.wish(&cart, VISA).await;
    ada.post_once("/v1/orders", "once", &wish).await.expect(201);
    wish["expected_total"] = euros(1);
    ada.post_once("/v1/orders", "once", &wish).await.problem(422, "idempotency-key-reused");
}

#[tokio::test]
async fn an_order_without_a_key_is_refused() {
    let world = World::whole().await;
    let goods = world.publish("teapot", 1999, 10).await;
    let ada = world.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    let wish = ada.wish(&cart, VISA).await;
    ada.post("/v1/orders", &wish).await.problem(400, "idempotency-key-missing");
}

#[tokio::test]
async fn the_keys_of_two_customers_have_nothing_to_do_with_each_other() {
    let world = World::whole().await;
    let goods = world.publish("teapot", 1999, 10).await;
    for name in ["Ada", "Grace"] {
        let shopper = world.shopper(name).await;
        let cart = shopper.cart_with(&goods, 1).await;
        let wish = shopper.wish(&cart, VISA).await;
        let answer = shopper.post_once("/v1/orders", "mine", &wish).await;
        assert_eq!(answer.header("idempotent-replayed"), "");
        answer.expect(201);
    }
    assert_eq!(world.admin().await.available(&goods).await, 8);
}

#[tokio::test]
async fn ten_requests_at_once_under_one_key_are_one_order() {
    let world = World::whole().await;
    let goods = world.publish("teapot", 1999, 10).await;
    let ada = world.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    let wish = ada.wish(&cart, VISA).await;
    let key = fresh_key();
    let answers = join_all((0..10).map(|_| ada.post_once("/v1/orders", &key, &wish))).await;
    let mut orders = Vec::new();
    for answer in answers {
        match answer.status.as_u16() {
            201 => orders.push(answer.json()["id"].clone()),
            _ => drop(answer.problem(409, "request-in-progress")),
        }
    }
    orders.dedup();
    assert_eq!(orders.len(), 1, "{orders:?}");
    assert_eq!(ada.available(&goods).await, 9);
}
