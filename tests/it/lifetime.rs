//! What one process does when it starts, and starts again.

use crate::world::{Goods, Patience, Stage, World, eventually, href, text};

#[tokio::test]
async fn a_demonstration_has_something_to_show_and_a_customer_to_try_it_with() {
    let stage = Stage::alone(World::demo().await);
    let guest = stage.guest();
    let categories = guest.get("/v1/categories").await.expect(200);
    let shelves = categories["items"].as_array().unwrap();
    assert!(shelves.len() >= 8, "{shelves:?}");
    let page = guest.get("/v1/products?limit=100").await.expect(200);
    let products = page["items"].as_array().unwrap();
    assert!(products.len() >= 60, "{}", products.len());

    let banner = async || customer_in(&stage.log());
    let (email, password) = eventually("it prints a banner", Patience::START, banner).await;
    let demo = stage.log_in("demo", &email, &password).await;
    let first = products.iter().find(|card| card["in_stock"] == true).unwrap();
    let product = guest.get(href(first, "self")).await.expect(200);
    let variants = product["variants"].as_array().unwrap();
    let variant = variants.iter().find(|it| it["available"].as_i64() > Some(0)).unwrap();
    let (slug, variant) = (text(&product["slug"]).to_owned(), text(&variant["id"]).to_owned());
    let order = demo.buy(&Goods { slug, variant }, 1).await;
    demo.wait_for(&order, "completed").await;

    stage.stop_all().await;
    stage.start_all().await;
    let again = guest.get("/v1/products?limit=100").await.expect(200);
    assert_eq!(again["items"].as_array().unwrap().len(), products.len(), "filled once");
    assert!(!stage.log().contains(&password), "the password is shown once");
}

/// E-mail address and password, as the banner of a demonstration shows them.
fn customer_in(log: &str) -> Option<(String, String)> {
    let (_, line) = log.split_once("  customer  ")?;
    let (email, rest) = line.split_once(", password ")?;
    let password = rest.split_whitespace().next()?;
    Some((email.to_owned(), password.to_owned()))
}
