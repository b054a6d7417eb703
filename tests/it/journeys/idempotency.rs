//! A request that is sent twice.

use futures::future::join_all;

use crate::world::{Stage, VISA, euros, fresh_key};

pub(super) async fn the_same_key_twice_is_one_order_and_the_second_answer_says_so(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let ada = stage.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    let wish = ada.wish(&cart, VISA).await;
    let first = ada.place_under("once", &wish).await;
    assert_eq!(first.header("idempotent-replayed"), "");
    let first = first.expect(201);
    ada.wait_for(&first, "completed").await;
    let again = ada.place_under("once", &wish).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(201), first, "what was said then, not what is true now");
    assert_eq!(ada.available(&goods).await, 9);
}

pub(super) async fn the_same_key_for_another_request_is_refused(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let ada = stage.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    let mut wish = ada.wish(&cart, VISA).await;
    ada.place_under("once", &wish).await.expect(201);
    wish["expected_total"] = euros(1);
    ada.post_once("/v1/orders", "once", &wish).await.problem(422, "idempotency-key-reused");
}

pub(super) async fn an_order_without_a_key_is_refused(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let ada = stage.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    let wish = ada.wish(&cart, VISA).await;
    ada.post("/v1/orders", &wish).await.problem(400, "idempotency-key-missing");
}

pub(super) async fn the_keys_of_two_customers_have_nothing_to_do_with_each_other(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    for name in ["Ada", "Grace"] {
        let shopper = stage.shopper(name).await;
        let cart = shopper.cart_with(&goods, 1).await;
        let wish = shopper.wish(&cart, VISA).await;
        let answer = shopper.place_under("mine", &wish).await;
        assert_eq!(answer.header("idempotent-replayed"), "");
        answer.expect(201);
    }
    assert_eq!(stage.admin().await.available(&goods).await, 8);
}

pub(super) async fn ten_requests_at_once_under_one_key_are_one_order(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let ada = stage.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    let wish = ada.wish(&cart, VISA).await;
    let key = fresh_key();
    let hurried = ada.unrecorded("which of them comes first is chance");
    let answers = join_all((0..10).map(|_| hurried.place_under(&key, &wish))).await;
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
