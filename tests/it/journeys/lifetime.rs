//! How a shop starts, stops and starts again.

use crate::world::{Patience, World, eventually, text};

#[tokio::test]
async fn an_order_placed_just_before_the_stop_is_completed_after_the_next_start() {
    let mut world = World::with(&["payments.sandbox.latency = \"300ms\""]).await;
    let goods = world.publish("teapot", 1999, 10).await;
    let ada = world.shopper("Ada").await;
    let order = ada.buy(&goods, 1).await;
    let log = world.stop().await;
    assert!(log.contains("draining") && log.contains("stopped"), "{log}");
    world.start().await;
    let order = ada.wait_for(&order, "completed").await;
    assert_eq!(ada.shipments(&order).await.len(), 1);
    assert_eq!(ada.available(&goods).await, 9);
}

#[tokio::test]
async fn a_stop_lets_what_is_under_way_finish() {
    let mut world = World::whole().await;
    let goods = world.publish("teapot", 1999, 100).await;
    let ada = world.shopper("Ada").await;
    let browsing = tokio::spawn(async move {
        let mut answered = 0;
        while let Ok(answer) = ada.try_get(&format!("/v1/products/{}", goods.slug)).await {
            if answer.status != 200 {
                break;
            }
            answered += 1;
        }
        answered
    });
    let guest = world.guest();
    let busy = async || (guest.try_get("/livez").await.ok()?.status == 200).then_some(());
    eventually("it answers", Patience::START, busy).await;
    let log = world.stop().await;
    let answered = browsing.await.unwrap();
    assert!(!log.contains("\"status\":5"), "nobody was turned away with an error: {log}");
    println!("{answered} requests were answered before the stop");
}

#[tokio::test]
async fn a_demonstration_has_something_to_show_and_a_customer_to_try_it_with() {
    let mut world = World::demo().await;
    let guest = world.guest();
    let categories = guest.get("/v1/categories").await.expect(200);
    let shelves = categories["items"].as_array().unwrap();
    assert!(shelves.len() >= 8, "{shelves:?}");
    let page = guest.get("/v1/products?limit=100").await.expect(200);
    let products = page["items"].as_array().unwrap().len();
    assert!(products >= 60, "{products}");

    let banner = async || customer_in(&world.log());
    let (email, password) = eventually("it prints a banner", Patience::START, banner).await;
    let demo = world.log_in(&email, &password).await;
    let order = {
        let first = &page["items"].as_array().unwrap().iter().find(|it| it["in_stock"] == true);
        let product = guest.get(crate::world::href(first.unwrap(), "self")).await.expect(200);
        let variants = product["variants"].as_array().unwrap();
        let variant = variants.iter().find(|it| it["available"].as_i64() > Some(0)).unwrap();
        let goods = crate::world::Goods {
            slug: text(&product["slug"]).to_owned(),
            variant: text(&variant["id"]).to_owned(),
        };
        demo.buy(&goods, 1).await
    };
    demo.wait_for(&order, "completed").await;

    world.stop().await;
    world.start().await;
    let again = guest.get("/v1/products?limit=100").await.expect(200);
    assert_eq!(again["items"].as_array().unwrap().len(), products, "filled once");
    assert!(!world.log().contains(&password), "the password is shown once");
}

/// E-mail address and password, as the banner of a demonstration shows them.
fn customer_in(log: &str) -> Option<(String, String)> {
    let (_, line) = log.split_once("  customer  ")?;
    let (email, rest) = line.split_once(", password ")?;
    let password = rest.split_whitespace().next()?;
    Some((email.to_owned(), password.to_owned()))
}
