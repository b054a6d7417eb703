//! What passes between a client and a module elsewhere, and what does not.

use std::{sync::Arc, time::Duration};

use identity::{Principal, Role};
use kernel::{Clock, Code, SystemClock, Timestamp};
use serde_json::{Value, json};

use crate::{
    neighbour::{Neighbour, Then},
    split::{Process, Setting, Shop, client, games, tokens},
    toys::{self, Seen},
    world::{problem, raw},
};

async fn shop() -> (Shop, Process, Arc<Seen>) {
    let seen = Arc::<Seen>::default();
    let process = Process::hosting(vec![toys::routes(&seen)]).await;
    (Shop::with_toys_at([process.address]).await, process, seen)
}

/// The values of the header `name` that the module saw.
fn seen<'a>(body: &'a Value, name: &str) -> Vec<&'a str> {
    let all = body["headers"].as_array().unwrap().iter();
    all.filter(|header| header[0] == name).filter_map(|header| header[1].as_str()).collect()
}

#[tokio::test]
async fn a_request_is_answered_by_the_module_wherever_it_lives() {
    let (shop, _process, _) = shop().await;
    let here = shop.get("/v1/games").send().await.unwrap();
    assert_eq!(here.json::<Value>().await.unwrap(), "here");
    let make = shop.request("POST", "/v1/toys").bearer_auth(shop.token(&[]));
    let make = make.header("idempotency-key", "k-1").json(&json!({ "name": "ball" }));
    let made = make.send().await.unwrap();
    assert_eq!(
        (made.status().as_u16(), &made.headers()["location"]),
        (201, &"/v1/toys/7".parse().unwrap())
    );
    let cookies: Vec<_> = made.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    assert_eq!(made.headers()["content-type"], "application/json");
    assert!(!made.headers().contains_key("via") && !made.headers().contains_key("server"));
    let body: Value = made.json().await.unwrap();
    assert_eq!((&body["by"], &body["key"]), (&json!("usr_1"), &json!("k-1")));
    assert_eq!(
        (&body["wish"]["name"], &body["_links"]["self"]["href"]),
        (&json!("ball"), &json!("/v1/toys/7"))
    );
}

#[tokio::test]
async fn the_module_hears_who_asks_in_which_trace_for_how_long_and_under_which_key() {
    let (shop, _process, _) = shop().await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let request = shop
        .get("/v1/toys/caf%C3%A9?a=%2F&b=1")
        .bearer_auth(shop.token(&[Role::Support]))
        .header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"))
        .header("x-request-id", "mine-1")
        .header("idempotency-key", "k-1")
        .header("grpc-timeout", "2S");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["x-request-id"], "mine-1");
    let traceparent = answer.headers()["traceparent"].to_str().unwrap().to_owned();
    let body: Value = answer.json().await.unwrap();
    assert_eq!((&body["subject"], &body["roles"]), (&json!("usr_1"), &json!(["support"])));
    assert_eq!((&body["caller"], &body["trace_id"]), (&json!("gateway"), &json!(trace)));
    assert_eq!(
        (&body["key"], &body["target"]),
        (&json!("k-1"), &json!("/v1/toys/caf%C3%A9?a=%2F&b=1"))
    );
    assert!((1_000..=2_000).contains(&body["left_ms"].as_u64().unwrap()), "{body}");
    assert_eq!(seen(&body, "x-request-id"), ["mine-1"]);
    assert_eq!(
        seen(&body, "traceparent"),
        [traceparent],
        "the module is a step behind the gateway"
    );
}

#[tokio::test]
async fn what_a_client_says_about_itself_has_no_effect_inside() {
    let (shop, _process, _) = shop().await;
    let secret = shop.token(&[]);
    let spoofed = [
        "X-User-Id",
        "x_user",
        "X-Internal-Token",
        "X-Forwarded-For",
        "Forwarded",
        "Rialto-Caller",
        "rialto_kind",
    ];
    let lines: String = spoofed.iter().map(|name| format!("{name}: usr_admin\r\n")).collect();
    let request = format!(
        "GET /v1/toys/7 HTTP/1.1\r\nhost: shop\r\nauthorization: Bearer {secret}\r\nx-kept: 1\r\n\
         {lines}connection: close\r\n\r\n"
    );
    let answer = raw(shop.address, &request).await;
    let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["subject"], "usr_1");
    assert!(!body.to_string().contains(&secret), "the client's own token stays outside");
    assert_eq!(seen(&body, "authorization").len(), 1);
    assert_eq!(seen(&body, "x-kept"), ["1"]);
    for name in spoofed {
        assert_eq!(seen(&body, &name.to_lowercase()), [""; 0], "{name}");
    }
    let inside = tokens("s").sign_for("gateway", "toys", &somebody(&[Role::Admin]));
    let refused = shop.get("/v1/toys/7").bearer_auth(inside).send().await.unwrap();
    problem(refused, Code::Unauthenticated).await;
}

#[tokio::test]
async fn what_is_for_one_connection_only_goes_no_further_in_either_direction() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close, X-Hop-Back\r\n\
                  keep-alive: timeout=5\r\nx-hop-back: 1\r\nproxy-authenticate: Basic\r\ntrailer: x\r\n\
                  upgrade: h2c\r\nx-internal-note: 1\r\nrialto-door: answered\r\nx-kept: 2\r\n\r\nok";
    let neighbour = Neighbour::saying(&toys::routes(&Arc::default()), answer, Then::Close).await;
    let shop = Shop::with_toys_at([&neighbour.address]).await;
    let request = "GET /v1/toys/7 HTTP/1.1\r\nhost: shop.example\r\nte: trailers\r\ntrailer: x\r\n\
                   keep-alive: 1\r\nproxy-authorization: Basic eA==\r\nproxy-connection: close\r\n\
                   upgrade: h2c\r\nx-hop: 1\r\nexpect: 100-continue\r\nx-kept: 1\r\n\
                   connection: close, x-hop, upgrade\r\n\r\n";
    let answer = raw(shop.address, request).await;
    let head = neighbour.heads.lock().unwrap()[0].to_lowercase();
    let gone = [
        "te:",
        "trailer:",
        "keep-alive:",
        "proxy-",
        "upgrade:",
        "x-hop:",
        "expect:",
        "connection:",
    ];
    for name in gone {
        assert!(!head.contains(&format!("\r\n{name}")), "{name} in {head}");
    }
    assert!(
        head.contains("\r\nx-kept: 1\r\n") && head.contains("\r\nhost: shop.example\r\n"),
        "{head}"
    );
    assert!(head.starts_with("get /v1/toys/7 http/1.1\r\n"), "{head}");
    let lower = answer.to_lowercase();
    let gone =
        ["keep-alive:", "x-hop-back:", "proxy-", "trailer:", "upgrade:", "x-internal", "rialto-"];
    for name in gone {
        assert!(!lower.contains(&format!("\r\n{name}")), "{name} in {answer}");
    }
    assert!(lower.contains("\r\nx-kept: 2\r\n") && answer.ends_with("\r\n\r\nok"), "{answer}");
}

#[tokio::test]
async fn answers_without_a_body_and_redirects_stay_what_they_are() {
    let (shop, _process, _) = shop().await;
    let moved = shop.get("/v1/moved").send().await.unwrap();
    assert_eq!(moved.status(), 302);
    assert_eq!(moved.headers()["location"], "https://elsewhere.example/x?y=1");
    let plain = |method: &str, path: &str| {
        let request =
            format!("{method} {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n");
        async move { raw(shop.address, &request).await.to_lowercase() }
    };
    let gone = plain("DELETE", "/v1/gone").await;
    assert!(gone.starts_with("http/1.1 204 ") && gone.ends_with("\r\n\r\n"), "{gone}");
    assert!(!gone.contains("content-length") && !gone.contains("transfer-encoding"), "{gone}");
    let same = plain("GET", "/v1/same").await;
    assert!(same.starts_with("http/1.1 304 ") && same.ends_with("\r\n\r\n"), "{same}");
    assert!(same.contains("etag: \"7\"") && same.contains("content-length: 12"), "{same}");
    let sized = plain("HEAD", "/v1/boxes/1").await;
    assert!(sized.starts_with("http/1.1 200 ") && sized.ends_with("\r\n\r\n"), "{sized}");
    assert!(sized.contains("content-length: 1048576\r\n"), "{sized}");
    let unsized_ = plain("HEAD", "/v1/parcels/1").await;
    assert!(unsized_.starts_with("http/1.1 200 ") && unsized_.ends_with("\r\n\r\n"), "{unsized_}");
}

#[tokio::test]
async fn a_refusal_of_the_module_is_passed_on_as_it_is() {
    let (shop, _process, _) = shop().await;
    let request = shop.get("/v1/failing").header("x-request-id", "mine-2");
    let refused = request.send().await.unwrap();
    assert_eq!(
        (&refused.headers()["retry-after"], &refused.headers()["x-request-id"]),
        (&"3".parse().unwrap(), &"mine-2".parse().unwrap())
    );
    let body = problem(refused, Code::PriceChanged).await;
    assert_eq!((&body["detail"], &body["total"]), (&json!("dearer now"), &json!(7)));
    let plain = problem(shop.get("/v1/plain").send().await.unwrap(), Code::Internal).await;
    assert!(!plain.to_string().contains("hunter2"), "{plain}");
}

fn somebody(roles: &[Role]) -> Principal {
    Principal {
        subject: "usr_9".into(),
        roles: roles.to_vec(),
        session: None,
        token: "tok_9".into(),
        expires_at: Timestamp::from_micros(SystemClock.now().micros() + 60_000_000),
    }
}

#[tokio::test]
async fn the_policy_is_decided_at_both_ends() {
    let (shop, process, seen) = shop().await;
    let delete =
        |roles: &[Role]| shop.request("DELETE", "/v1/toys/7").bearer_auth(shop.token(roles)).send();
    problem(delete(&[Role::Customer]).await.unwrap(), Code::Forbidden).await;
    problem(shop.request("DELETE", "/v1/toys/7").send().await.unwrap(), Code::Unauthenticated)
        .await;
    assert_eq!(Seen::count(&seen.requests), 0, "what the gateway refuses reaches nobody");
    assert_eq!(delete(&[Role::Catalogue]).await.unwrap().status(), 200);

    let inside = |token: Option<String>| {
        let request = client().delete(format!("http://{}/v1/toys/7", process.address));
        token.into_iter().fold(request, |request, token| request.bearer_auth(token)).send()
    };
    let customer = tokens("s").sign_for("gateway", "toys", &somebody(&[Role::Customer]));
    assert_eq!(inside(Some(customer)).await.unwrap().status(), 403);
    for refused in [
        None,
        Some(tokens("x").sign_for("gateway", "toys", &somebody(&[Role::Admin]))),
        Some(tokens("s").sign_for("gateway", "games", &somebody(&[Role::Admin]))),
        Some(shop.token(&[Role::Admin])),
    ] {
        assert_eq!(inside(refused).await.unwrap().status(), 401);
    }
    assert_eq!(Seen::count(&seen.requests), 1);
    let admin = tokens("s").sign_for("gateway", "toys", &somebody(&[Role::Admin]));
    assert_eq!(inside(Some(admin)).await.unwrap().status(), 200);
}

#[tokio::test]
async fn requests_that_are_forwarded_are_counted_by_pattern() {
    let (shop, _process, _) = shop().await;
    shop.get("/v1/toys/7").send().await.unwrap();
    let page = shop.metrics.render().unwrap();
    let line = "http_requests_total{method=\"GET\",route=\"/v1/toys/{id}\",status=\"200\"} 1";
    assert!(page.contains(line), "{page}");
}

#[tokio::test]
async fn whole_replicas_answer_for_every_module() {
    let seen = Arc::<Seen>::default();
    let whole = async || Process::hosting(vec![toys::routes(&seen), games()]).await;
    let (one, two) = (whole().await, whole().await);
    let at = || vec![one.address.to_string(), two.address.to_string()];
    let remote = vec![("toys", at()), ("games", at())];
    let shop = Shop::open(Setting { local: Vec::new(), remote, ..Setting::default() }).await;
    for _ in 0..10 {
        assert_eq!(shop.get("/v1/toys/7").send().await.unwrap().status(), 200);
        assert_eq!(shop.get("/v1/games").send().await.unwrap().status(), 200);
    }
    one.kill().await;
    for _ in 0..10 {
        assert_eq!(shop.get("/v1/toys/7").send().await.unwrap().status(), 200);
    }
    two.kill().await;
    let gone = shop.get("/v1/games").timeout(Duration::from_secs(5)).send().await.unwrap();
    problem(gone, Code::DependencyUnavailable).await;
}
