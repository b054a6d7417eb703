//! What one process tells another about its routes, and that the other understands the same.

use actix_web::HttpResponse;
use host::{Policy, Problem, Route, RouteTable, Routes, Unfit};
use identity::Permission;
use serde_json::{Value, json};
use utoipa::OpenApi;

async fn nothing() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// Finds a toy.
#[utoipa::path(get, path = "/v1/toys/{id}", params(("id" = String, Path, example = "toy_1")),
    responses((status = 200, body = Toy), Problem))]
async fn find() -> HttpResponse {
    nothing().await
}

#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only described")]
struct Toy {
    id: Option<String>,
    #[schema(minimum = 1, example = 3)]
    count: u32,
    parts: Vec<String>,
}

#[derive(OpenApi)]
#[openapi(paths(find), components(schemas(Toy)))]
struct Document;

fn toys() -> Routes {
    let all = [
        Route::get("/v1/toys/{id}", find).allow(Policy::Optional),
        Route::get("/v1/toys", nothing).allow(Policy::Public).undocumented(),
        Route::post("/v1/toys", nothing)
            .allow(Policy::Customer)
            .needs_idempotency_key()
            .body_limit(7)
            .undocumented(),
        Route::delete("/v1/toys/{id}", nothing)
            .allow(Policy::Permission(Permission::ProductWrite))
            .undocumented(),
        Route::get("/v1/pictures/{file:.*}", nothing).allow(Policy::Public).undocumented(),
    ];
    all.into_iter().fold(Routes::new("toys"), Routes::route).document::<Document>()
}

/// The table as the other process reads it.
fn sent(table: &RouteTable) -> RouteTable {
    serde_json::from_str(&serde_json::to_string(table).unwrap()).unwrap()
}

fn refused(text: Result<impl Sized, Unfit>) -> String {
    text.err().expect("a refusal").to_string()
}

#[test]
fn another_process_reads_the_operations_and_the_document_that_were_meant() {
    let routes = toys();
    let read = sent(&RouteTable::of(&routes).unwrap());
    let operations = read.operations("toys").unwrap();
    assert_eq!(operations.len(), 5);
    assert_eq!(operations, routes.table());
    let json = |document: &utoipa::openapi::OpenApi| serde_json::to_value(document).unwrap();
    assert_eq!(json(&read.openapi.unwrap()), json(&routes.openapi().unwrap()));
}

#[test]
fn a_pattern_that_only_a_regular_expression_understands_stays_at_home() {
    for pattern in ["/v1/toys/{id:\\d+}", "/v1/{file:.*}/raw", "/v1/{slug}.jpg", "v1"] {
        let route = Route::get(pattern, nothing).allow(Policy::Public).undocumented();
        let sentence = refused(RouteTable::of(&Routes::new("toys").route(route)));
        assert!(sentence.contains("whole segments"), "{sentence}");
    }
}

fn with(member: &str, value: Value) -> RouteTable {
    let mut operation = json!({
        "method": "GET", "pattern": "/v1/toys", "policy": "public", "body_limit": 1,
        "idempotency_key": false, "documented": false,
    });
    operation[member] = value;
    serde_json::from_value(json!({ "operations": [operation], "openapi": null })).unwrap()
}

#[test]
fn a_policy_of_a_later_version_lets_nobody_in() {
    for policy in [json!("wizards"), json!({ "permission": "moon:walk" }), Value::Null] {
        assert_eq!(with("policy", policy).operations("toys").unwrap()[0].policy, None);
    }
    let operations = with("policy", json!({ "permission": "stock:read" })).operations("toys");
    let policy = operations.unwrap()[0].policy;
    assert_eq!(policy, Some(Policy::Permission(Permission::StockRead)));
}

#[test]
fn a_table_that_makes_no_sense_is_refused() {
    assert!(refused(with("method", json!("G T")).operations("toys")).contains("no HTTP method"));
    for pattern in ["{", "/v1/{", "/v1/}{", "", "/{a}{b}", "/{a:(}"] {
        let sentence = refused(with("pattern", json!(pattern)).operations("toys"));
        assert!(sentence.contains("whole segments"), "{pattern}: {sentence}");
    }
}
