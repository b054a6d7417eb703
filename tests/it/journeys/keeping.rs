//! How a merchant keeps the shelves.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Shopper, Stage, euros, text};

/// Sends a change that is based on what `seen` says.
async fn change(admin: &Shopper, method: Method, path: &str, seen: &str, body: Value) -> Answer {
    let request = admin.request(method, path).header("If-Match", seen);
    admin.send(request.json(&body)).await.unwrap()
}

pub(super) async fn a_draft_goes_on_sale_changes_and_leaves_the_shelves(stage: &Stage) {
    let (admin, guest) = (stage.admin().await, stage.guest());
    let slug = stage.own("tea-bowl");
    let draft = json!({ "slug": slug, "title": "Tea Bowl" });
    let draft = admin.post("/v1/admin/products", &draft).await.expect(201);
    let path = format!("/v1/admin/products/{}", text(&draft["id"]));
    guest.get(&format!("/v1/products/{slug}")).await.problem(404, "not-found");
    admin.post(&format!("{path}/publish"), &json!({})).await.problem(409, "conflict");

    let small = json!({ "sku": stage.own("bowl-s"), "price": euros(1900), "on_hand": 4,
        "options": [{ "name": "size", "value": "small" }] });
    let variants = format!("{path}/variants");
    let once = admin.post_once(&variants, &stage.own("bowl"), &small).await.expect(201);
    let twice = admin.post_once(&variants, &stage.own("bowl"), &small).await;
    assert_eq!(twice.header("idempotent-replayed"), "true");
    assert_eq!(twice.expect(201), once);
    let title = json!({ "title": "Tea Bowl, grey" });
    let unseen = admin.send(admin.request(Method::PATCH, &path).json(&title)).await.unwrap();
    unseen.problem(428, "precondition-required");
    let stale = change(&admin, Method::PATCH, &path, "\"1\"", title.clone()).await;
    assert_eq!(stale.problem(412, "precondition-failed")["current_version"], 2);
    change(&admin, Method::PATCH, &path, "\"2\"", title).await.expect(200);
    let sold = admin.post(&format!("{path}/publish"), &json!({})).await.expect(200);
    assert_eq!((&sold["status"], &sold["version"]), (&json!("active"), &json!(4)));

    let shown = guest.get(&format!("/v1/products/{slug}")).await.expect(200);
    assert_eq!(shown["title"], "Tea Bowl, grey");
    let variant = format!("{variants}/{}", text(&shown["variants"][0]["id"]));
    assert_eq!(admin.get(&variant).await.header("etag"), "\"4\"");
    let cheaper = json!({ "price": euros(1700), "compare_at": euros(1900) });
    let cheaper = change(&admin, Method::PATCH, &variant, "\"4\"", cheaper).await.expect(200);
    assert_eq!(cheaper["variants"][0]["price"]["minor"], 1700);
    let empty = json!({ "for_sale": false });
    change(&admin, Method::PATCH, &variant, "\"5\"", empty).await.problem(409, "conflict");
    let kept = admin.get(&format!("/v1/admin/products?q={slug}&status=active")).await.expect(200);
    assert_eq!(kept["items"].as_array().unwrap().len(), 1);
    admin.post(&format!("{path}/archive"), &json!({})).await.expect(200);
    guest.get(&format!("/v1/products/{slug}")).await.problem(404, "not-found");
    assert_eq!(admin.get(&path).await.expect(200)["status"], "archived");
    change(&admin, Method::DELETE, &path, "\"6\"", json!({})).await.problem(409, "conflict");
}

pub(super) async fn a_draft_that_nobody_needs_is_deleted(stage: &Stage) {
    let admin = stage.admin().await;
    let draft = json!({ "slug": stage.own("idea"), "title": "An Idea" });
    let draft = admin.post("/v1/admin/products", &draft).await.expect(201);
    let path = format!("/v1/admin/products/{}", text(&draft["id"]));
    let gone = change(&admin, Method::DELETE, &path, "\"1\"", json!({})).await;
    assert_eq!(gone.status, 204);
    admin.get(&path).await.problem(404, "not-found");
}

pub(super) async fn a_shelf_is_moved_with_what_lies_below_it(stage: &Stage) {
    let (admin, guest) = (stage.admin().await, stage.guest());
    let (home, tea, cups) = (stage.own("home"), stage.own("tea"), stage.own("cups"));
    let mut paths = Vec::new();
    for (slug, parent) in [(&home, None), (&tea, None), (&cups, Some(&tea))] {
        let shelf = json!({ "slug": slug, "name": slug, "parent": parent });
        let shelf = admin.post("/v1/admin/categories", &shelf).await.expect(201);
        paths.push(format!("/v1/admin/categories/{}", text(&shelf["id"])));
    }
    let cup = admin.publish_in(&[&cups], &stage.own("cup"), 900, 3).await;
    let found = async |shelf: &str| {
        let page = guest.get(&format!("/v1/products?category={shelf}")).await.expect(200);
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(found(&home).await, 0);
    let into = |parent: &str| json!({ "parent": parent });
    let moved = change(&admin, Method::PATCH, &paths[1], "\"1\"", into(&home)).await.expect(200);
    assert_eq!(moved["parent"], home.as_str());
    assert_eq!(found(&home).await, 1, "{} moved along", cup.slug);
    assert_eq!(admin.get(&paths[1]).await.expect(200), moved);
    let circle = change(&admin, Method::PATCH, &paths[0], "\"1\"", into(&cups)).await;
    circle.problem(422, "validation-failed");
    change(&admin, Method::DELETE, &paths[2], "\"1\"", json!({})).await.problem(409, "conflict");
    let shelf = guest.get(&format!("/v1/categories/{tea}")).await;
    assert_eq!(shelf.header("etag"), "\"2\"");
    let empty = json!({ "slug": stage.own("empty"), "name": "Nothing" });
    let empty = admin.post("/v1/admin/categories", &empty).await.expect(201);
    let empty = format!("/v1/admin/categories/{}", text(&empty["id"]));
    let gone = change(&admin, Method::DELETE, &empty, "\"1\"", json!({})).await;
    assert_eq!(gone.status, 204);
}

pub(super) async fn a_list_is_imported_and_the_same_list_again_changes_nothing(stage: &Stage) {
    let (admin, guest) = (stage.admin().await, stage.guest());
    let (shelf, mug, pot) = (stage.own("cups"), stage.own("mug"), stage.own("pot"));
    let list = format!(
        "slug,title,categories,attributes,sku,options,price,currency,on_hand\n\
         {mug},Mug,{shelf},material=stoneware|made=by hand,{mug}-s,size=small,9.50,EUR,3\n\
         {mug},,,,{mug}-l,size=large,12,EUR,5\n\
         {pot},Pot,{shelf},material=clay,{pot},,many,EUR,1\n"
    );
    let import = async || {
        let request = admin.request(Method::POST, "/v1/admin/products/import");
        let request = request.header("Content-Type", "text/csv").body(list.clone());
        admin.send(request).await.unwrap().expect(200)
    };
    let report = import().await;
    assert_eq!((&report["created"], &report["refused"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(report["errors"][0]["pointer"], "/price");
    let report = import().await;
    assert_eq!((&report["created"], &report["unchanged"]), (&json!(0), &json!(1)), "{report}");
    let found = guest.get(&format!("/v1/products?category={shelf}&facets=true")).await.expect(200);
    assert_eq!(found["facets"][1]["values"][0], json!({ "value": "stoneware", "count": 1 }));
}

pub(super) async fn goods_are_narrowed_by_what_they_are_like(stage: &Stage) {
    let (admin, guest) = (stage.admin().await, stage.guest());
    let word = stage.own("lamp");
    for (number, (material, colour, price, on_hand)) in
        [("brass", "red", 1000, 1), ("brass", "blue", 2000, 0), ("steel", "blue", 3000, 1)]
            .into_iter()
            .enumerate()
    {
        let slug = stage.own(&format!("lamp-{number}"));
        let lamp = json!({
            "slug": slug, "title": word, "status": "active",
            "attributes": [{ "name": "material", "value": material },
                { "name": "colour", "value": colour }],
            "variants": [{ "sku": slug, "price": euros(price), "on_hand": on_hand }]
        });
        admin.post("/v1/admin/products", &lamp).await.expect(201);
    }
    for (narrowed, count) in [
        ("", 3),
        ("&in_stock=true", 2),
        ("&price_min=1500&price_max=2500", 1),
        ("&attributes=material:brass", 2),
        ("&attributes=material:brass,material:steel,colour:blue", 2),
        ("&attributes=material:wood", 0),
    ] {
        let path = format!("/v1/products?q={word}{narrowed}&sort=price-down&facets=true");
        let found = guest.get(&path).await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), count, "{narrowed}: {found}");
    }
}

pub(super) async fn the_books_tell_what_became_of_stock(stage: &Stage) {
    let (admin, goods) = (stage.admin().await, stage.publish("teapot", 1999, 5).await);
    let back =
        json!({ "variant": goods.variant, "kind": "returned", "change": 1, "reason": "regret" });
    admin.post_once("/v1/admin/stock-movements", &stage.own("back"), &back).await.expect(200);
    let path = format!("/v1/admin/stock-movements?variant={}", goods.variant);
    let books = admin.get(&path).await.expect(200);
    let kinds: Vec<&str> =
        books["items"].as_array().unwrap().iter().map(|movement| text(&movement["kind"])).collect();
    assert_eq!(kinds, ["returned", "received"], "the latest first");
    let path = format!("/v1/admin/stock?sku={}", goods.slug.to_uppercase());
    let level = admin.get(&path).await.expect(200);
    assert_eq!(level["items"][0]["on_hand"], 6);
    let all = stage.unrecorded("others hold things at the same time");
    let held = all.admin().await.get("/v1/admin/reservations?state=held").await.expect(200);
    assert!(held["items"].is_array());
}
