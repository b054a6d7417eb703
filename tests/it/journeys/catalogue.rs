//! What there is, and how it is found.

use serde_json::{Value, json};

use crate::world::{Stage, euros, text};

pub(super) async fn a_list_is_read_to_its_end_page_by_page(stage: &Stage) {
    let admin = stage.admin().await;
    let shelf = stage.own("cups");
    let category = json!({ "slug": shelf, "name": "Cups" });
    admin.post("/v1/admin/categories", &category).await.expect(201);
    for number in 1..=7 {
        admin.publish_in(&[&shelf], &stage.own(&format!("cup-{number}")), 800 - number, 5).await;
    }
    for (sort, first) in [("title", "cup-1"), ("price", "cup-7"), ("newest", "cup-7")] {
        let start = format!("/v1/products?category={shelf}&sort={sort}&limit=3");
        let slugs = read(stage, &start).await;
        assert_eq!(slugs.len(), 7, "{slugs:?}");
        assert_eq!(slugs[0], stage.own(first), "by {sort}");
    }
}

/// The slugs of all pages from `start` on.
async fn read(stage: &Stage, start: &str) -> Vec<String> {
    let guest = stage.guest();
    let (mut slugs, mut path) = (Vec::new(), start.to_owned());
    loop {
        let page = guest.get(&path).await.expect(200);
        slugs.extend(slugs_in(&page));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("{start}&cursor={cursor}"),
            None => return slugs,
        }
    }
}

fn slugs_in(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|card| text(&card["slug"]).to_owned()).collect()
}

pub(super) async fn goods_are_found_by_words_and_lie_on_shelves_below_shelves(stage: &Stage) {
    let admin = stage.admin().await;
    let (kitchen, tea) = (stage.own("kitchen"), stage.own("tea"));
    let shelf = json!({ "slug": kitchen, "name": "Kitchen" });
    admin.post("/v1/admin/categories", &shelf).await.expect(201);
    let shelf = json!({ "slug": tea, "name": "Tea", "parent": kitchen });
    admin.post("/v1/admin/categories", &shelf).await.expect(201);
    let pot = admin.publish_in(&[&tea], &stage.own("teapot"), 1999, 5).await;
    admin.publish_in(&[&kitchen], &stage.own("pan"), 2999, 5).await;

    let guest = stage.guest();
    let below = guest.get(&format!("/v1/products?category={kitchen}")).await.expect(200);
    assert_eq!(slugs_in(&below), [stage.own("pan"), stage.own("teapot")]);
    let found = guest.get(&format!("/v1/products?q={}", stage.own("teapot"))).await.expect(200);
    assert_eq!(slugs_in(&found), [pot.slug.as_str()]);
    let none = guest.get(&format!("/v1/products?category={}", stage.own("no-such"))).await;
    none.problem(404, "not-found");
    let all = stage.unrecorded("others put up shelves at the same time");
    let shelves = all.guest().get("/v1/categories").await.expect(200);
    let place = |slug: &str| {
        let items = shelves["items"].as_array().unwrap();
        items.iter().position(|shelf| shelf["slug"] == slug).unwrap()
    };
    assert!(place(&kitchen) < place(&tea), "parents come before children");
}

pub(super) async fn two_products_cannot_share_a_name(stage: &Stage) {
    let admin = stage.admin().await;
    let goods = admin.publish(&stage.own("teapot"), 1999, 5).await;
    let variant = json!({ "sku": stage.own("another"), "price": euros(1), "on_hand": 1 });
    let again = json!({ "slug": goods.slug, "title": "Another", "variants": [variant] });
    admin.post("/v1/admin/products", &again).await.problem(409, "conflict");
    let shelf = json!({ "slug": stage.own("tea"), "name": "Tea" });
    admin.post("/v1/admin/categories", &shelf).await.expect(201);
    admin.post("/v1/admin/categories", &shelf).await.problem(409, "conflict");
}
