//! Who is let in, and that only the token says who it is.

use identity::{Jwks, Role};
use kernel::Code;
use serde_json::Value;

use crate::world::{TOY, World, problem};

#[tokio::test]
async fn a_protected_route_asks_for_a_token_and_refuses_a_bad_one() {
    let world = World::open().await;
    let post = || world.request("POST", "/v1/toys").header("idempotency-key", "k");
    let missing = post().send().await.unwrap();
    assert_eq!(missing.headers()["www-authenticate"], "Bearer");
    problem(missing, Code::Unauthenticated).await;
    let mut forged = world.token(&[Role::Admin]);
    forged.truncate(forged.len() - 4);
    forged.push_str("AAAA");
    for token in ["nonsense", forged.as_str()] {
        let refused =
            post().header("authorization", format!("Bearer {token}")).send().await.unwrap();
        assert_eq!(refused.headers()["www-authenticate"], "Bearer error=\"invalid_token\"");
        problem(refused, Code::Unauthenticated).await;
    }
    let basic = post().basic_auth("usr_1", Some("x")).send().await.unwrap();
    problem(basic, Code::Unauthenticated).await;
}

#[tokio::test]
async fn an_optional_token_is_verified_when_it_is_sent() {
    let world = World::open().await;
    let echo = |token: Option<&str>| {
        let request = world.get("/v1/echo");
        token.map_or_else(|| world.get("/v1/echo"), |token| request.bearer_auth(token)).send()
    };
    let guest: Value = echo(None).await.unwrap().json().await.unwrap();
    assert_eq!(guest["subject"], Value::Null);
    let user: Value = echo(Some(&world.token(&[]))).await.unwrap().json().await.unwrap();
    assert_eq!(user["subject"], "usr_1");
    problem(echo(Some("nonsense")).await.unwrap(), Code::Unauthenticated).await;
}

#[tokio::test]
async fn a_permission_is_needed_and_a_role_gives_it() {
    let world = World::open().await;
    let path = format!("/v1/toys/{TOY}");
    let delete =
        |roles: &[Role]| world.request("DELETE", &path).bearer_auth(world.token(roles)).send();
    problem(delete(&[Role::Customer, Role::Finance]).await.unwrap(), Code::Forbidden).await;
    assert_eq!(delete(&[Role::Catalogue]).await.unwrap().status(), 200);
    let nobody = world.request("DELETE", &path).send().await.unwrap();
    problem(nobody, Code::Unauthenticated).await;
}

#[tokio::test]
async fn a_retired_key_ends_its_tokens_while_the_gateway_runs() {
    let world = World::open().await;
    let token = world.token(&[]);
    world.verifier.rotate(&Jwks::default());
    problem(world.get("/v1/echo").bearer_auth(token).send().await.unwrap(), Code::Unauthenticated)
        .await;
}

#[tokio::test]
async fn identity_headers_of_a_client_never_reach_a_module() {
    let world = World::open().await;
    let spoofed = [
        "X-User-Id",
        "X_User_Id",
        "x-user",
        "X-Internal-Token",
        "X-Forwarded-For",
        "X_Forwarded_User",
        "Forwarded",
        "X-Envoy-Original-Path",
        "X-Hop",
    ];
    let lines: String = spoofed.iter().map(|name| format!("{name}: usr_admin\r\n")).collect();
    let request = format!(
        "GET /v1/echo HTTP/1.1\r\nhost: shop\r\nx-kept: 1\r\n{lines}connection: x-hop, close\r\n\r\n"
    );
    let answer = world.raw(&request).await;
    let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["subject"], Value::Null);
    let seen: Vec<&str> =
        body["headers"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(seen.contains(&"x-kept"), "{seen:?}");
    for name in spoofed {
        assert!(!seen.contains(&name.to_lowercase().as_str()), "{name} in {seen:?}");
    }
}
