//! Who and what is not taken in.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{PASSWORD, TOKEN, World, instance};

#[actix_web::test]
async fn nobody_reads_or_registers_who_does_not_prove_who_they_are() {
    let world = World::open().await;
    let asked = [
        (Method::GET, "/eureka/v2/apps"),
        (Method::GET, "/eureka/apps/"),
        (Method::POST, "/eureka/v2/apps/SHOP"),
        (Method::PUT, "/eureka/v2/apps/SHOP/one"),
        (Method::DELETE, "/eureka/v2/apps/SHOP/one"),
        (Method::GET, "/registry/watch"),
        (Method::GET, "/eureka/nothing"),
    ];
    for (method, path) in asked {
        let nobody = world.anonymous(method.clone(), path);
        let wrong = world.anonymous(method.clone(), path).basic_auth("shop", Some("guess"));
        let stranger = world.anonymous(method.clone(), path).basic_auth("other", Some(PASSWORD));
        let forged = world.anonymous(method.clone(), path).bearer_auth("a token of another kind");
        let foreign = world.tokens.sign("gateway", "orders");
        let foreign = world.anonymous(method.clone(), path).bearer_auth(&*foreign);
        for request in [nobody, wrong, stranger, forged, foreign] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
            let asked = answer.headers()["www-authenticate"].to_str().unwrap().to_owned();
            assert!(asked.starts_with("Basic"), "{asked}");
        }
    }
}

#[actix_web::test]
async fn everybody_registers_under_their_own_names_only() {
    let world = World::open().await;
    let post = |app: &str| {
        let mut said = instance("one");
        said["app"] = app.into();
        let request = world.anonymous(Method::POST, &format!("/eureka/v2/apps/{app}"));
        request.json(&json!({ "instance": said }))
    };
    let shop = |app: &str| post(app).basic_auth("shop", Some(PASSWORD));
    let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status();
    assert_eq!(status(shop("SHOP")).await, StatusCode::NO_CONTENT);
    assert_eq!(status(shop("stall")).await, StatusCode::NO_CONTENT);
    assert_eq!(status(shop("OTHER")).await, StatusCode::FORBIDDEN);
    assert_eq!(status(shop("orders")).await, StatusCode::FORBIDDEN);
    assert_eq!(status(post("BEARER").bearer_auth(TOKEN)).await, StatusCode::NO_CONTENT);
    assert_eq!(status(post("SHOP").bearer_auth(TOKEN)).await, StatusCode::FORBIDDEN);
    let insider = world.tokens.sign("edge", "registry");
    assert_eq!(status(post("ORDERS").bearer_auth(&*insider)).await, StatusCode::NO_CONTENT);
    for path in ["ORDERS/one", "BEARER/one", "BEARER/one/status", "BEARER/one/metadata"] {
        let path = format!("/eureka/v2/apps/{path}");
        assert_eq!(world.status(Method::PUT, &path).await, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(world.is_listed("ORDERS", "one").await, "everybody may read");
}

#[actix_web::test]
async fn what_is_missing_is_named() {
    let world = World::open().await;
    for field in ["hostName", "ipAddr", "app", "dataCenterInfo"] {
        let mut said = instance("one");
        said.as_object_mut().unwrap().remove(field);
        let request = world.ask(Method::POST, "/eureka/v2/apps/SHOP");
        let answer = request.json(&json!({ "instance": said })).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{field}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["detail"], format!("{field} is missing"));
        assert_eq!(problem["errors"][0]["pointer"], format!("/instance/{field}"));
    }
    assert!(!world.is_listed("SHOP", "one").await);
}

#[actix_web::test]
async fn nobody_is_listed_where_no_service_may_be() {
    let world = World::open().await;
    let poison = [
        ("ipAddr", "169.254.169.254"),
        ("ipAddr", "::ffff:169.254.169.254"),
        ("ipAddr", "fe80::1"),
        ("ipAddr", "0.0.0.0"),
        ("ipAddr", "224.0.0.1"),
        ("ipAddr", "8.8.8.8"),
        ("ipAddr", "2001:db8::1"),
        ("ipAddr", "localhost"),
        ("ipAddr", "127.1"),
        ("hostName", "169.254.169.254"),
        ("hostName", "[fe80::1]"),
        ("hostName", "8.8.8.8"),
        ("hostName", "2852039166"),
        ("hostName", "0xa9fea9fe"),
        ("hostName", "metadata.google.internal"),
        ("hostName", "evil.example/path"),
        ("hostName", "user@evil"),
    ];
    for (field, value) in poison {
        let mut said = instance("poison");
        said[field] = value.into();
        let answer = world.register(&said).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{field} {value}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["pointer"], format!("/instance/{field}"), "{value}");
    }
    let all = world.read("/eureka/v2/apps").await;
    assert_eq!(all["applications"]["application"], json!([]));
}

#[actix_web::test]
async fn nonsense_is_refused_in_words() {
    let world = World::open().await;
    let bodies = [
        "",
        "{}",
        "[]",
        "{\"instance\": 3}",
        "{\"other\": {}}",
        "<instance>",
        "<other/>",
        "<!DOCTYPE a><instance/>",
        "{\"instance\": {\"app\": {}}}",
    ];
    for body in bodies {
        let request = world.ask(Method::POST, "/eureka/v2/apps/SHOP").body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{body}");
        let problem: Value = answer.json().await.unwrap();
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
    let mut wrong = instance("one");
    wrong["port"] = json!({ "$": 70_000, "@enabled": "true" });
    assert_eq!(world.register(&wrong).await.status(), StatusCode::BAD_REQUEST);
    let mut wrong = instance("one");
    wrong["metadata"] = json!({ "zone": "a\u{0}b" });
    assert_eq!(world.register(&wrong).await.status(), StatusCode::BAD_REQUEST);
    let request = world.ask(Method::POST, "/eureka/v2/apps/STALL");
    let mismatch = request.json(&json!({ "instance": instance("one") })).send().await.unwrap();
    assert_eq!(mismatch.status(), StatusCode::BAD_REQUEST);
    let mut large = instance("one");
    large["homePageUrl"] = "x".repeat(100_000).into();
    assert_eq!(world.register(&large).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
}
