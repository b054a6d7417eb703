//! Every error is a problem document with a code from the closed list.

use reqwest::Method;
use serde_json::json;

use crate::world::{Answer, World};

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let world = World::whole().await;
    let guest = world.guest();
    for path in ["/v1/nothing", "/nothing", "/v1/products/no-such-thing"] {
        let problem = guest.get(path).await.problem(404, "not-found");
        assert_eq!(problem["instance"], path, "{problem}");
    }
    let ada = world.shopper("Ada").await;
    ada.get("/v1/orders/ord_01jd8k3v7tf8ntx3v1a9g5r2qc").await.problem(404, "not-found");
    ada.get("/v1/orders/not-an-id").await.problem(404, "not-found");
}

#[tokio::test]
async fn a_method_that_is_not_offered_is_a_problem_that_names_those_that_are() {
    let world = World::whole().await;
    let request = world.guest().request(Method::DELETE, "/v1/products");
    let answer = Answer::of(request).await.unwrap();
    assert!(answer.header("allow").contains("GET"), "{answer:?}");
    answer.problem(405, "method-not-allowed");
}

#[tokio::test]
async fn who_is_not_logged_in_is_told_how_to() {
    let world = World::whole().await;
    let answer = world.guest().get("/v1/users/me").await;
    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{answer:?}");
    answer.problem(401, "unauthenticated");
    for forged in ["nonsense", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c3JfMSJ9."] {
        let eve = world.guest().with_token(forged);
        eve.get("/v1/users/me").await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_look_the_same() {
    let world = World::whole().await;
    world.shopper("Ada").await;
    let mut answers = Vec::new();
    for email in ["ada@example.com", "nobody@example.com"] {
        let wrong = json!({ "email": email, "password": "not this one" });
        let answer = world.guest().post("/v1/sessions", &wrong).await;
        let mut problem = answer.problem(401, "unauthenticated");
        problem.as_object_mut().unwrap().remove("trace_id");
        answers.push(problem);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_a_problem() {
    let world = World::whole().await;
    let post = |kind: &str, body: String| {
        let request = world.guest().request(Method::POST, "/v1/users");
        Answer::of(request.header("Content-Type", kind).body(body))
    };
    let answer = post("application/json", "{\"email\":".to_owned()).await.unwrap();
    answer.problem(400, "malformed-request");
    let answer = post("text/plain", "{}".to_owned()).await.unwrap();
    answer.problem(415, "unsupported-media-type");
    let answer = post("application/json", "x".repeat(100_000)).await.unwrap();
    answer.problem(413, "payload-too-large");
}

#[tokio::test]
async fn a_body_that_breaks_rules_is_told_which_and_where() {
    let world = World::whole().await;
    let guest = world.guest();
    let pointers = |problem: &serde_json::Value| {
        let errors = problem["errors"].as_array().unwrap().iter();
        errors.map(|error| error["pointer"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let wish = json!({ "email": "not an address", "password": "short", "name": "" });
    let problem = guest.post("/v1/users", &wish).await.problem(422, "validation-failed");
    let mut found = pointers(&problem);
    found.sort();
    assert_eq!(found, ["/email", "/name", "/password"]);

    let wish = json!({ "email": "a@example.com", "password": "long enough" });
    let problem = guest.post("/v1/users", &wish).await.problem(422, "validation-failed");
    assert_eq!(pointers(&problem), ["/name"]);

    let wish =
        json!({ "email": "a@example.com", "password": "long enough", "name": "A", "admin": true });
    let problem = guest.post("/v1/users", &wish).await.problem(422, "validation-failed");
    assert_eq!(problem["errors"][0]["code"], "unknown-field");

    guest.get("/v1/products?limit=0").await.problem(422, "validation-failed");
    guest.get("/v1/products?cursor=forged").await.problem(422, "validation-failed");
}

#[tokio::test]
async fn a_second_account_for_an_address_is_refused() {
    let world = World::whole().await;
    world.shopper("Ada").await;
    let again =
        json!({ "email": "ADA@example.com", "password": "another password", "name": "Ada" });
    world.guest().post("/v1/users", &again).await.problem(409, "conflict");
}
