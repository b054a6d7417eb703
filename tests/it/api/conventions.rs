//! What every operation says about itself, and whether it does so when it is asked.

use reqwest::Method;
use serde_json::{Value, json};

use super::document::{Api, Operation};
use crate::world::Stage;

/// A rule: what is wrong with an operation, if something is.
type Rule = fn(&Api, &Operation) -> Option<String>;

const RULES: [(&str, Rule); 12] = [
    ("names", names),
    ("problems", problems),
    ("security", security),
    ("idempotency", idempotency),
    ("tags", tags),
    ("preconditions", preconditions),
    ("lists", lists),
    ("links", links),
    ("limits", limits),
    ("headers", headers),
    ("examples", examples),
    ("successes", successes),
];

/// What is not as it should be yet: rule and operation.
const PENDING: &[(&str, &str)] = &[];

/// Lists that are short by nature, and are read at once.
const SHORT_LISTS: [&str; 4] = [
    "/v1/carts/{id}/delivery-quotes",
    "/v1/categories",
    "/v1/delivery-methods",
    "/v1/orders/{id}/deliveries",
];

/// What is read by programs of others, in a form that these know.
const FOREIGN: [&str; 3] = [
    "/.well-known/jwks.json",
    "/v1/webhooks/carriers/{carrier}",
    "/v1/webhooks/payments/{provider}",
];

/// Lists of what is said and is nowhere: there is no place that a link could lead to.
const SAYINGS: [&str; 2] = ["/v1/carts/{id}/delivery-quotes", "/v1/delivery-methods"];

/// The paths below which a change says what it is based on.
const GUARDED: [&str; 6] = [
    "/v1/admin/products",
    "/v1/admin/categories",
    "/v1/admin/stock",
    "/v1/admin/messages",
    "/v1/users/me/addresses",
    "/v1/users/me",
];

/// What lies there and is no resource with versions.
const UNGUARDED: [&str; 2] = ["/v1/users/me/sessions", "/v1/users/me/password"];

#[tokio::test]
async fn every_operation_of_the_document_keeps_the_conventions() {
    let api = Api::of(&Stage::whole().await.guest()).await;
    let mut wrong = Vec::new();
    let mut pending: Vec<(&str, &str)> = PENDING.to_vec();
    for operation in &api.operations {
        for (name, rule) in RULES {
            let excused = (name, operation.name());
            let excused =
                pending.iter().position(|(rule, of)| excused == (*rule, (*of).to_owned()));
            match (rule(&api, operation), excused) {
                (None, None) => {}
                (Some(_), Some(place)) => drop(pending.remove(place)),
                (Some(why), None) => wrong.push(format!("{name}: {}: {why}", operation.name())),
                (None, Some(_)) => {
                    wrong.push(format!(
                        "{name}: {} is as it should be: strike it off",
                        operation.name()
                    ));
                }
            }
        }
    }
    let mut ids: Vec<&str> =
        api.operations.iter().filter_map(|it| it.said["operationId"].as_str()).collect();
    ids.sort_unstable();
    for twins in ids.windows(2).filter(|twins| twins[0] == twins[1]) {
        wrong.push(format!("names: two operations are called {}", twins[0]));
    }
    assert!(wrong.is_empty(), "{} conventions are broken:\n{}", wrong.len(), wrong.join("\n"));
}

/// A title, a name for programs, and a place among the others.
fn names(_: &Api, operation: &Operation) -> Option<String> {
    for key in ["summary", "operationId"] {
        if operation.said[key].as_str().is_none_or(str::is_empty) {
            return Some(format!("it has no {key}"));
        }
    }
    match operation.said["tags"].as_array().map_or(0, Vec::len) {
        1 => None,
        count => Some(format!("it has {count} tags")),
    }
}

/// Every failure is a problem, and those that can be foreseen are named.
fn problems(api: &Api, operation: &Operation) -> Option<String> {
    let answers = api.answers(operation);
    let failures = answers.iter().filter(|(status, _)| !status.starts_with(['2', '3']));
    for (status, answer) in failures.clone() {
        let schema = &answer["content"]["application/problem+json"]["schema"]["$ref"];
        if *schema != "#/components/schemas/Problem" {
            return Some(format!("{status} is no problem document"));
        }
    }
    let needed = ["default", "429", "500", "503"];
    let missing = needed.iter().find(|status| !failures.clone().any(|(known, _)| known == *status));
    missing.map(|status| format!("{status} is not documented"))
}

/// Which tokens are wanted, or that none is.
fn security(_: &Api, operation: &Operation) -> Option<String> {
    let said = operation.said["security"].as_array().cloned().unwrap_or_default();
    let expected = match operation.policy() {
        "public" => vec![json!({})],
        "optional" => vec![json!({}), json!({ "access_token": [] })],
        "shopper" => vec![json!({ "access_token": [] }), json!({ "guest_token": [] })],
        "customer" | "permission" => vec![json!({ "access_token": [] })],
        unknown => return Some(format!("nobody knows what {unknown} means")),
    };
    (said != expected).then(|| format!("{said:?} instead of {expected:?}"))
}

/// Every POST and PATCH may be repeated under a key.
fn idempotency(api: &Api, operation: &Operation) -> Option<String> {
    let repeatable = matches!(operation.method, Method::POST | Method::PATCH);
    let key = api.parameter(operation, "header", "Idempotency-Key");
    match (repeatable, key) {
        (true, None) => Some("it takes no Idempotency-Key".to_owned()),
        (false, Some(_)) => Some("it takes an Idempotency-Key for nothing".to_owned()),
        _ => None,
    }
}

/// What can be read has a tag, and is not sent again to those who know it.
fn tags(api: &Api, operation: &Operation) -> Option<String> {
    let (_, found) = api.answers(operation).into_iter().find(|(status, _)| *status == "200")?;
    if operation.method != Method::GET || api.json(found).is_none() {
        return None;
    }
    if found["headers"].get("ETag").is_none() {
        return Some("its answer has no ETag".to_owned());
    }
    let unchanged = api.answers(operation).iter().any(|(status, _)| *status == "304");
    let asked = api.parameter(operation, "header", "If-None-Match").is_some();
    (!unchanged || !asked).then(|| "If-None-Match and 304 are not documented".to_owned())
}

/// A change of what several may change says which version it is based on.
fn preconditions(api: &Api, operation: &Operation) -> Option<String> {
    let changes = matches!(operation.method, Method::PUT | Method::PATCH | Method::DELETE);
    let path = operation.path.as_str();
    let below = |places: &[&str]| places.iter().any(|place| path.starts_with(place));
    if !changes || !below(&GUARDED) || below(&UNGUARDED) {
        return None;
    }
    let Some(given) = api.parameter(operation, "header", "If-Match") else {
        return Some("it takes no If-Match".to_owned());
    };
    let statuses: Vec<&str> =
        api.answers(operation).into_iter().map(|(status, _)| status).collect();
    let told = ["412", "428"].iter().all(|status| statuses.contains(status));
    (given["required"] != true || !told)
        .then(|| "If-Match is not required, or 412 and 428 are not documented".to_owned())
}

/// A list is read in pages and leads on.
fn lists(api: &Api, operation: &Operation) -> Option<String> {
    let (_, found) = api.answers(operation).into_iter().find(|(status, _)| *status == "200")?;
    let properties = api.json(found)?["properties"].as_object()?;
    let is_list =
        properties.get("items").is_some_and(|items| api.resolved(items)["type"] == "array");
    if operation.method != Method::GET || !is_list {
        return None;
    }
    for name in ["next_cursor", "_links"] {
        let spared = name == "next_cursor" && SHORT_LISTS.contains(&operation.path.as_str());
        if !properties.contains_key(name) && !spared {
            return Some(format!("its pages have no {name}"));
        }
    }
    let paged =
        ["limit", "cursor"].iter().all(|it| api.parameter(operation, "query", it).is_some());
    let short = SHORT_LISTS.contains(&operation.path.as_str());
    (!paged && !short).then(|| "it takes no limit and cursor".to_owned())
}

/// What it leads to is said with it, and with everything that is in a list.
fn links(api: &Api, operation: &Operation) -> Option<String> {
    let path = operation.path.as_str();
    let answers = api.answers(operation);
    let good = answers.iter().filter(|(status, _)| status.starts_with('2'));
    for (status, schema) in good.filter_map(|(status, it)| Some((status, api.json(it)?))) {
        if api.member(schema, "_links").is_none() && !FOREIGN.contains(&path) {
            return Some(format!("{status} has no _links"));
        }
        let Some(items) = api.member(schema, "items") else { continue };
        if api.member(&items["items"], "_links").is_none() && !SAYINGS.contains(&path) {
            return Some(format!("what {status} lists has no _links"));
        }
    }
    None
}

/// How much it takes is said, and what happens to those who send more.
fn limits(api: &Api, operation: &Operation) -> Option<String> {
    let taken = operation.media().is_some();
    let said = operation.said["x-body-limit"].as_u64().is_some_and(|limit| limit > 0);
    let told = api.answers(operation).iter().any(|(status, _)| *status == "413");
    (taken != said || taken != told)
        .then(|| "its x-body-limit, or 413, is missing or for nothing".to_owned())
}

/// What every answer says beside its body.
fn headers(api: &Api, operation: &Operation) -> Option<String> {
    for (status, answer) in api.answers(operation) {
        for name in ["RateLimit", "RateLimit-Policy", "X-Request-Id", "traceparent"] {
            let header = answer["headers"].get(name).map(|header| api.resolved(header));
            if header.is_none_or(|header| header["schema"].is_null()) {
                return Some(format!("{status} has no {name}"));
            }
        }
    }
    None
}

/// Whoever reads it can try it.
fn examples(api: &Api, operation: &Operation) -> Option<String> {
    let wanted = operation.said.get("requestBody").is_some();
    (wanted && api.example(operation).is_none()).then(|| "its body has no example".to_owned())
}

/// What is there when it went well.
fn successes(api: &Api, operation: &Operation) -> Option<String> {
    let answers = api.answers(operation);
    let good: Vec<_> = answers.iter().filter(|(status, _)| status.starts_with('2')).collect();
    if good.is_empty() {
        return Some("it never goes well".to_owned());
    }
    let blank = |answer: &Value| answer["description"].as_str().is_none_or(str::is_empty);
    let (status, _) = good.iter().find(|(_, answer)| blank(answer))?;
    Some(format!("{status} has no description"))
}

#[tokio::test]
async fn every_operation_answers_strangers_in_the_documented_way() {
    let stage = Stage::with(&["gateway.address_rate = 1000000"]).await;
    let guest = stage.guest();
    let api = Api::of(&guest).await;
    let mut wrong = Vec::new();
    for operation in &api.operations {
        let path = operation.at(|_| "nothing".to_owned());
        let answer = guest.send(guest.request(operation.method.clone(), &path)).await.unwrap();
        let status = answer.status.as_u16().to_string();
        let mut complain =
            |why: String| wrong.push(format!("{}: {status}: {why}", operation.name()));
        for name in ["ratelimit", "ratelimit-policy", "x-request-id", "traceparent"] {
            if answer.header(name).is_empty() {
                complain(format!("no {name}"));
            }
        }
        let answers = api.answers(operation);
        let Some((_, documented)) = answers.iter().find(|(known, _)| *known == status) else {
            complain("not documented".to_owned());
            continue;
        };
        let kind = answer.header("content-type").split(';').next().unwrap_or_default();
        if documented["content"].get(kind).is_none() && !answer.text.is_empty() {
            complain(format!("{kind} is not documented"));
        }
        let open = matches!(operation.policy(), "public" | "optional");
        if !open && status != "401" {
            complain("a stranger came in".to_owned());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
