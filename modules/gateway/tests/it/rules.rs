//! What stops the start, and the conventions of answers.

use std::{sync::Arc, time::Duration};

use gateway::{Documents, Needs, Settings};
use host::{Cursors, Policy, Route, Routes};
use identity::{Jwks, Verifier};
use kernel::{Code, SystemClock};
use ports::Meters;
use serde_json::Value;
use telemetry::Metrics;

use crate::world::{TOY, World, problem};

async fn nothing() -> &'static str {
    ""
}

fn refused(routes: Vec<Routes>) -> String {
    let verifier = Verifier::new(&Jwks::default(), "shop", "shop", Arc::new(SystemClock));
    let needs = Needs {
        keys: verifier.into(),
        routes,
        remote: Vec::new(),
        services: Vec::new(),
        client: None,
        documents: Documents::default(),
        cursors: Cursors::new(b"secret"),
        metrics: Metrics::new(Meters::default()),
        deadline: Duration::from_secs(1),
        settings: Settings::default(),
    };
    gateway::open(needs).err().expect("a refusal").to_string()
}

#[test]
fn a_route_without_a_policy_stops_the_start() {
    let routes = Routes::new("toys").route(Route::get("/v1/toys", nothing).undocumented());
    let sentence = refused(vec![routes]);
    for part in ["GET /v1/toys of toys", "no policy", ".allow(Policy::…)"] {
        assert!(sentence.contains(part), "{sentence}");
    }
}

#[test]
fn two_modules_may_not_claim_one_operation() {
    let route =
        |pattern: &'static str| Route::get(pattern, nothing).allow(Policy::Public).undocumented();
    let toys = Routes::new("toys").route(route("/v1/toys/{id}"));
    let games = Routes::new("games").route(route("/v1/toys/{toy}"));
    let sentence = refused(vec![toys, games]);
    assert!(sentence.contains("GET /v1/toys/{toy} of games is claimed by toys"), "{sentence}");
}

#[tokio::test]
async fn a_known_representation_is_not_sent_again_and_head_has_no_body() {
    let world = World::open().await;
    let path = format!("/v1/toys/{TOY}");
    let first = world.get(&path).send().await.unwrap();
    assert_eq!(first.headers()["etag"], "\"3\"");
    let again = world.get(&path).header("if-none-match", "\"2\", W/\"3\"").send().await.unwrap();
    assert_eq!((again.status().as_u16(), again.text().await.unwrap()), (304, String::new()));
    let head = world.request("HEAD", &path).send().await.unwrap();
    assert_eq!((head.status().as_u16(), &head.headers()["etag"]), (200, &"\"3\"".parse().unwrap()));
}

#[tokio::test]
async fn a_change_says_which_version_it_is_based_on() {
    let world = World::open().await;
    let path = format!("/v1/toys/{TOY}");
    let put = || {
        let wish = serde_json::json!({ "name": "x", "count": 1 });
        world.request("PUT", &path).json(&wish)
    };
    problem(put().send().await.unwrap(), Code::PreconditionRequired).await;
    let stale = put().header("if-match", "\"2\"").send().await.unwrap();
    assert_eq!(problem(stale, Code::PreconditionFailed).await["current_version"], 3);
    assert_eq!(put().header("if-match", "\"3\"").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_list_is_read_page_by_page_to_its_end() {
    let world = World::open().await;
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    for _ in 0..3 {
        let query = cursor.map_or(String::new(), |cursor| format!("&cursor={cursor}"));
        let page = world.get(&format!("/v1/toys?limit=20{query}")).send().await.unwrap();
        let page: Value = page.json().await.unwrap();
        assert_eq!(page["_links"]["self"]["href"], "/v1/toys");
        seen.extend(page["items"].as_array().unwrap().iter().filter_map(Value::as_u64));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
    }
    assert_eq!((seen, cursor), ((1..=45).collect(), None));
    for query in ["limit=0", "limit=101", "limit=x", "cursor=AAAA"] {
        let refused = world.get(&format!("/v1/toys?{query}")).send().await.unwrap();
        problem(refused, Code::ValidationFailed).await;
    }
}
