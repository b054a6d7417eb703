//! The public API, as a browser sees it.

use actix_web::{
    App,
    http::{StatusCode, header},
    test::{TestRequest, call_service, init_service, read_body_json},
    web::Data,
};
use host::Cursors;
use serde_json::{Value, json};

use super::*;

/// Answers one request; without a gateway in front nobody is logged in.
async fn ask(shop: &Shop, request: TestRequest) -> (StatusCode, header::HeaderMap, Value) {
    let cursors = Data::new(Cursors::new(b"the secret of this test"));
    let app = App::new().app_data(cursors).configure(|app| shop.routes.configure(app));
    let app = init_service(app).await;
    let response = call_service(&app, request.to_request()).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = if status == StatusCode::NOT_MODIFIED {
        Value::Null
    } else {
        read_body_json(response).await
    };
    (status, headers, body)
}

fn get(uri: &str) -> TestRequest {
    TestRequest::get().uri(uri)
}

#[tokio::test]
async fn every_route_has_a_policy_and_is_documented() {
    Shop::open(on_sqlite().await).routes.check().unwrap();
}

#[tokio::test]
async fn a_list_is_read_page_by_page_with_cursors() {
    check(async |shop| {
        for slug in ["a", "b", "c"] {
            shop.stocked(slug, 1).await;
        }
        let (status, _, first) = ask(&shop, get("/v1/products?limit=2&sort=title")).await;
        assert_eq!(status, StatusCode::OK);
        let slugs = |page: &Value| -> Vec<String> {
            let items = page["items"].as_array().unwrap().iter();
            items.map(|item| item["slug"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(slugs(&first), ["a", "b"]);
        assert_eq!(first["items"][0]["price_from"], json!({ "minor": 900, "currency": "EUR" }));
        assert_eq!(first["items"][0]["_links"]["self"]["href"], "/v1/products/a");
        let cursor = first["next_cursor"].as_str().unwrap();
        let next = format!("/v1/products?limit=2&sort=title&cursor={cursor}");
        let (_, _, second) = ask(&shop, get(&next)).await;
        assert_eq!(slugs(&second), ["c"]);
        assert_eq!(second.get("next_cursor"), None);
    })
    .await;
}

#[tokio::test]
async fn a_product_is_not_sent_again_until_it_or_its_stock_changes() {
    check(async |shop| {
        let mug = shop.stocked("mug", 2).await;
        let (status, headers, body) = ask(&shop, get("/v1/products/mug")).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body["variants"][0]["available"], 2);
        let tag = headers.get(header::ETAG).unwrap().clone();
        let again = || get("/v1/products/mug").insert_header((header::IF_NONE_MATCH, tag.clone()));
        let (status, headers, _) = ask(&shop, again()).await;
        assert_eq!((status, headers.get(header::ETAG)), (StatusCode::NOT_MODIFIED, Some(&tag)));
        shop.products.reserve(hold("order", &[(mug, 2)])).await.unwrap();
        let (status, _, body) = ask(&shop, again()).await;
        assert_eq!((status, &body["variants"][0]["available"]), (StatusCode::OK, &json!(0)));
    })
    .await;
}

#[tokio::test]
async fn a_product_is_found_by_its_id_and_an_unknown_one_is_a_problem() {
    check(async |shop| {
        let product = shop.products.add_product(wish("mug", &[("mug", 900, 1)])).await.unwrap();
        let (status, _, body) = ask(&shop, get(&format!("/v1/products/{}", product.id))).await;
        assert_eq!((status, &body["slug"]), (StatusCode::OK, &json!("mug")));
        let (status, headers, problem) = ask(&shop, get("/v1/products/unicorn")).await;
        assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("not-found")));
        assert_eq!(headers.get(header::CONTENT_TYPE).unwrap(), host::PROBLEM_JSON);
    })
    .await;
}

#[tokio::test]
async fn staff_put_a_category_and_a_product_on_the_shelves() {
    check(async |shop| {
        let kitchen = json!({ "slug": "kitchen", "name": "Kitchen" });
        let request = TestRequest::post().uri("/v1/admin/categories").set_json(kitchen);
        let (status, _, body) = ask(&shop, request).await;
        assert_eq!(status, StatusCode::CREATED);
        assert_eq!(body["_links"]["products"]["href"], "/v1/products?category=kitchen");
        let mug = json!({
            "slug": "mug", "title": "Mug", "status": "active", "categories": ["kitchen"],
            "variants": [{ "sku": "M-1", "price": { "minor": 900, "currency": "EUR" }, "on_hand": 3 }]
        });
        let request = TestRequest::post().uri("/v1/admin/products").set_json(mug.clone());
        let (status, headers, body) = ask(&shop, request).await;
        assert_eq!((status, &body["variants"][0]["available"]), (StatusCode::CREATED, &json!(3)));
        let place = headers.get(header::LOCATION).unwrap().to_str().unwrap();
        assert_eq!(place, body["_links"]["self"]["href"]);
        let request = TestRequest::post().uri("/v1/admin/products").set_json(mug);
        let (status, _, problem) = ask(&shop, request).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("conflict")));
        let (_, _, list) = ask(&shop, get("/v1/products?category=kitchen&q=mug")).await;
        assert_eq!(list["items"][0]["title"], "Mug");
        let (_, _, categories) = ask(&shop, get("/v1/categories")).await;
        assert_eq!(categories["items"][0]["slug"], "kitchen");
    })
    .await;
}

#[tokio::test]
async fn a_movement_needs_somebody_who_may_book_it() {
    check(async |shop| {
        let mug = shop.stocked("mug", 1).await;
        let body = json!({ "variant": mug, "change": 1, "reason": "a delivery" });
        let request = TestRequest::post().uri("/v1/admin/stock-movements").set_json(body);
        let request = request.insert_header(("Idempotency-Key", "one"));
        let (status, _, _) = ask(&shop, request).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(shop.available(mug).await, 1);
    })
    .await;
}
