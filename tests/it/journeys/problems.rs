//! Every error is a problem document with a code from the closed list.

use reqwest::Method;
use serde_json::json;

use crate::world::Stage;

pub(super) async fn what_is_not_there_is_a_problem(stage: &Stage) {
    let guest = stage.guest();
    for path in ["/v1/nothing", "/nothing", "/v1/products/no-such-thing"] {
        let problem = guest.get(path).await.problem(404, "not-found");
        assert_eq!(problem["instance"], path, "{problem}");
    }
    let ada = stage.shopper("Ada").await;
    ada.get("/v1/orders/ord_01jd8k3v7tf8ntx3v1a9g5r2qc").await.problem(404, "not-found");
    ada.get("/v1/orders/not-an-id").await.problem(404, "not-found");
}

pub(super) async fn a_method_that_is_not_offered_is_a_problem_that_names_those_that_are(
    stage: &Stage,
) {
    let request = stage.guest().request(Method::DELETE, "/v1/products");
    let answer = stage.guest().send(request).await.unwrap();
    assert!(answer.header("allow").contains("GET"), "{answer:?}");
    answer.problem(405, "method-not-allowed");
}

pub(super) async fn who_is_not_logged_in_is_told_how_to(stage: &Stage) {
    let answer = stage.guest().get("/v1/users/me").await;
    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{answer:?}");
    answer.problem(401, "unauthenticated");
    for forged in ["nonsense", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c3JfMSJ9."] {
        let eve = stage.guest().with_token("Eve", forged);
        eve.get("/v1/users/me").await.problem(401, "unauthenticated");
    }
}

pub(super) async fn a_wrong_password_and_an_unknown_account_look_the_same(stage: &Stage) {
    stage.shopper("Ada").await;
    let mut answers = Vec::new();
    for email in [stage.email("Ada"), stage.email("nobody")] {
        let wrong = json!({ "email": email, "password": "not this one" });
        let answer = stage.guest().post("/v1/sessions", &wrong).await;
        let mut problem = answer.problem(401, "unauthenticated");
        problem.as_object_mut().unwrap().remove("trace_id");
        answers.push(problem);
    }
    assert_eq!(answers[0], answers[1]);
}

pub(super) async fn a_body_that_cannot_be_read_is_a_problem(stage: &Stage) {
    let guest = stage.guest();
    let post = async |kind: &str, body: String| {
        let request = guest.request(Method::POST, "/v1/users");
        guest.send(request.header("Content-Type", kind).body(body)).await
    };
    let answer = post("application/json", "{\"email\":".to_owned()).await.unwrap();
    answer.problem(400, "malformed-request");
    let answer = post("text/plain", "{}".to_owned()).await.unwrap();
    answer.problem(415, "unsupported-media-type");
    let answer = post("application/json", "x".repeat(100_000)).await.unwrap();
    answer.problem(413, "payload-too-large");
}

pub(super) async fn a_body_that_breaks_rules_is_told_which_and_where(stage: &Stage) {
    let guest = stage.guest();
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

pub(super) async fn a_second_account_for_an_address_is_refused(stage: &Stage) {
    stage.shopper("Ada").await;
    let email = stage.email("Ada").to_uppercase();
    let again = json!({ "email": email, "password": "another password", "name": "Ada" });
    stage.guest().post("/v1/users", &again).await.problem(409, "conflict");
}

pub(super) async fn whoever_guesses_passwords_is_told_to_wait(stage: &Stage) {
    /// More than `users.failures_per_account` allows at once, in each of two processes.
    const GUESSES: u32 = 30;
    stage.shopper("Ada").await;
    let eve = stage.unrecorded("how many of two processes count the guesses is chance").guest();
    for guess in 0..GUESSES {
        let wrong = json!({ "email": stage.email("Ada"), "password": format!("guess {guess}") });
        let answer = eve.post("/v1/sessions", &wrong).await;
        if answer.status == 429 {
            let wait: u64 = answer.header("retry-after").parse().unwrap();
            assert!(wait > 0);
            let problem = answer.problem(429, "rate-limited");
            assert_eq!(problem["retryable"], true, "{problem}");
            return;
        }
        answer.problem(401, "unauthenticated");
    }
    panic!("{GUESSES} guesses were allowed at once");
}
