//! What is refused, and that every refusal is a problem.

use std::time::Duration;

use gateway::Settings;
use kernel::Code;
use serde_json::json;

use crate::world::{TOY, World, problem};

#[tokio::test]
async fn an_unknown_path_is_a_404_and_a_wrong_method_a_405_that_says_what_is_allowed() {
    let world = World::open().await;
    problem(world.get("/v1/nothing").send().await.unwrap(), Code::NotFound).await;
    problem(world.get("/v1/toys/not-an-id").send().await.unwrap(), Code::NotFound).await;
    problem(world.get("/v1/toys/").send().await.unwrap(), Code::NotFound).await;
    let response = world.request("PATCH", "/v1/toys").send().await.unwrap();
    assert_eq!(response.headers()["allow"], "GET, POST, HEAD");
    problem(response, Code::MethodNotAllowed).await;
}

#[tokio::test]
async fn a_body_of_another_type_size_or_shape_is_refused_with_its_own_code() {
    let world = World::open().await;
    let path = format!("/v1/toys/{TOY}");
    let put = || world.request("PUT", &path).header("if-match", "\"3\"");
    let sent = async |request: reqwest::RequestBuilder| request.send().await.unwrap();

    problem(sent(put().body("name=x")).await, Code::UnsupportedMediaType).await;
    let text = put().header("content-type", "text/plain").body("{}");
    problem(sent(text).await, Code::UnsupportedMediaType).await;
    let json = || put().header("content-type", "application/json; charset=utf-8");
    problem(sent(json().body("{\"name\":")).await, Code::MalformedRequest).await;
    problem(sent(json().body(" ".repeat(101))).await, Code::PayloadTooLarge).await;
    let wrong =
        problem(sent(json().body(r#"{"name":"x","count":"3"}"#)).await, Code::ValidationFailed);
    assert_eq!(wrong.await["errors"][0]["pointer"], "/count");
    let missing = problem(sent(json().body(r#"{"name":"x"}"#)).await, Code::ValidationFailed);
    assert_eq!(missing.await["errors"][0]["code"], "required");
    let fine = sent(json().body(r#"{"name":"x","count":3}"#)).await;
    assert_eq!((fine.status().as_u16(), &fine.headers()["etag"]), (200, &"\"4\"".parse().unwrap()));
}

#[tokio::test]
async fn a_body_without_a_length_is_cut_at_the_limit() {
    let world = World::open().await;
    let chunk = format!("40\r\n{}\r\n", " ".repeat(64));
    let head = format!(
        "PUT /v1/toys/{TOY} HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n\
         if-match: \"3\"\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    );
    let answer = world.raw(&format!("{head}{chunk}{chunk}0\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("payload-too-large"), "{answer}");
}

#[tokio::test]
async fn errors_of_the_framework_are_problems_too() {
    let world = World::open().await;
    let post = || world.request("POST", "/v1/plain");
    let json = || post().header("content-type", "application/json");
    problem(json().body("{").send().await.unwrap(), Code::MalformedRequest).await;
    problem(post().body("{}").send().await.unwrap(), Code::MalformedRequest).await;
}

#[tokio::test]
async fn a_path_that_can_be_read_in_two_ways_is_refused() {
    let world = World::open().await;
    for path in [
        "/v1/toys/..;/echo",
        "/v1//echo",
        "/v1/%2e%2e/v1/echo",
        "/v1%2fecho",
        "/v1/%252e",
        "/v1/a%00",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n");
        let answer = world.raw(&request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{path}: {answer}");
        assert!(answer.contains("\"code\":\"malformed-request\""), "{path}: {answer}");
    }
}

#[tokio::test]
async fn an_idempotency_key_is_asked_for_where_it_is_needed() {
    let world = World::open().await;
    let post = || {
        let wish = json!({ "name": "ball", "count": 1 });
        world.request("POST", "/v1/toys").bearer_auth(world.token(&[])).json(&wish)
    };
    problem(post().send().await.unwrap(), Code::IdempotencyKeyMissing).await;
    let bad = post().header("idempotency-key", "two words").send().await.unwrap();
    problem(bad, Code::MalformedRequest).await;
    let made = post().header("idempotency-key", "k-1").send().await.unwrap();
    assert_eq!(made.status(), 201);
    assert_eq!(made.headers()["location"], format!("/v1/toys/{TOY}"));
    assert_eq!(made.json::<serde_json::Value>().await.unwrap()["by"], "usr_1");
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let settings = Settings { address_rate: 1, address_burst: 3, ..Settings::default() };
    let world = World::with(settings, Duration::from_secs(10)).await;
    for left in [2, 1, 0] {
        let response = world.get("/v1/echo").send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["ratelimit-policy"], "\"address\";q=3;w=3");
        let limit = response.headers()["ratelimit"].to_str().unwrap();
        assert!(limit.starts_with(&format!("\"address\";r={left};t=")), "{limit}");
    }
    let refused = world.get("/v1/echo").send().await.unwrap();
    assert_eq!(refused.headers()["retry-after"], "1");
    assert!(refused.headers().contains_key("ratelimit"));
    assert_eq!(problem(refused, Code::RateLimited).await["retryable"], true);
}

#[tokio::test]
async fn a_user_has_a_limit_of_their_own() {
    let settings = Settings { user_rate: 1, user_burst: 1, ..Settings::default() };
    let world = World::with(settings, Duration::from_secs(10)).await;
    let token = world.token(&[]);
    let ask = || world.get("/v1/echo").bearer_auth(&token).send();
    assert_eq!(ask().await.unwrap().headers()["ratelimit-policy"], "\"user\";q=1;w=1");
    problem(ask().await.unwrap(), Code::RateLimited).await;
    assert_eq!(world.get("/v1/echo").send().await.unwrap().status(), 200, "a guest is another");
}
