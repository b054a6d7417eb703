//! What a handler does to itself, it does to nobody else; and what is said about every request.

use std::time::Duration;

use gateway::Settings;
use kernel::Code;
use serde_json::Value;

use crate::world::{TOY, World, problem};

#[tokio::test]
async fn a_panic_is_a_500_and_the_neighbours_go_on() {
    let world = World::open().await;
    for _ in 0..3 {
        let (broken, neighbour) =
            tokio::join!(world.get("/v1/toys/broken").send(), world.get("/v1/echo").send());
        let body = problem(broken.unwrap(), Code::Internal).await;
        assert!(!body.to_string().contains("the toy is broken"), "{body}");
        assert_eq!(neighbour.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_failure_of_ours_tells_nothing_but_its_code() {
    let world = World::open().await;
    let body = problem(world.get("/v1/toys/failing").send().await.unwrap(), Code::Internal).await;
    assert!(!body.to_string().contains("hunter2"), "{body}");
}

#[tokio::test]
async fn a_handler_that_never_answers_is_given_up_at_the_deadline() {
    let world = World::with(Settings::default(), Duration::from_millis(100)).await;
    problem(world.get("/v1/toys/endless").send().await.unwrap(), Code::DeadlineExceeded).await;
}

#[tokio::test]
async fn a_client_may_ask_for_less_time_but_not_for_more() {
    let world = World::open().await;
    let left = async |timeout: &'static str| {
        let request = world.get("/v1/echo").header("grpc-timeout", timeout);
        request.send().await.unwrap().json::<Value>().await.unwrap()["left_ms"].as_u64().unwrap()
    };
    assert!(left("2S").await <= 2_000);
    assert!((2_001..=10_000).contains(&left("1H").await));
}

#[tokio::test]
async fn a_trace_goes_on_and_a_request_keeps_its_id() {
    let world = World::open().await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let request = world
        .get("/v1/echo")
        .header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"))
        .header("x-request-id", "mine-1")
        .header("idempotency-key", "k-1");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "mine-1");
    let traceparent = response.headers()["traceparent"].to_str().unwrap().to_owned();
    assert!(traceparent.starts_with(&format!("00-{trace}-")) && !traceparent.contains("b7ad6b71"));
    let body: Value = response.json().await.unwrap();
    assert_eq!((&body["trace_id"], &body["caller"]), (&trace.into(), &"gateway".into()));
    assert_eq!(body["key"], "k-1");
    let fresh = world.get("/v1/nothing").send().await.unwrap();
    let id = fresh.headers()["x-request-id"].to_str().unwrap();
    assert_eq!(id.len(), 32, "a request without an id gets one: {id}");
}

#[tokio::test]
async fn requests_are_counted_by_pattern_and_status() {
    let world = World::open().await;
    world.get(&format!("/v1/toys/{TOY}")).send().await.unwrap();
    world.get("/v1/toys/broken").send().await.unwrap();
    world.get("/v1/some/thing").send().await.unwrap();
    let page = world.metrics.render().unwrap();
    for (route, status) in [("/v1/toys/{id}", 200), ("/v1/toys/broken", 500), ("", 404)] {
        let line = format!(
            "http_requests_total{{method=\"GET\",route=\"{route}\",status=\"{status}\"}} 1"
        );
        assert!(page.contains(&line), "{line} is missing from\n{page}");
    }
    assert!(!page.contains("/v1/some/thing"));
}
