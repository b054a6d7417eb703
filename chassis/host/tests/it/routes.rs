//! Routes and their documentation hold each other to account.

use actix_web::{
    App, HttpResponse,
    test::{TestRequest, call_and_read_body, init_service},
    web::Data,
};
use host::{Policy, Problem, Route, Routes, Unfit};
use utoipa::OpenApi;

/// Finds a toy.
#[utoipa::path(get, path = "/v1/toys/{id}", responses((status = 200), Problem))]
async fn find() -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn whose(name: Data<str>) -> String {
    name.to_string()
}

#[derive(OpenApi)]
#[openapi(paths(find))]
struct Document;

fn wrong(routes: &Routes) -> Vec<String> {
    routes.check().err().map(|Unfit(sentences)| sentences).unwrap_or_default()
}

fn route() -> Route {
    Route::get("/v1/toys/{id}", find).allow(Policy::Public)
}

#[test]
fn a_documented_route_with_a_policy_is_fit() {
    assert_eq!(wrong(&Routes::new("toys").route(route()).document::<Document>()), [""; 0]);
}

#[test]
fn a_route_without_a_document_and_a_document_without_a_route_are_told() {
    let undocumented = wrong(&Routes::new("toys").route(route()));
    assert!(
        undocumented[0].contains("GET /v1/toys/{id} of toys is not documented"),
        "{undocumented:?}"
    );
    let unrouted = wrong(&Routes::new("toys").document::<Document>());
    assert!(unrouted[0].contains("GET /v1/toys/{id} of toys is documented but"), "{unrouted:?}");
    let twice = wrong(&Routes::new("toys").route(route()).route(route()).document::<Document>());
    assert!(twice[0].contains("declared twice"), "{twice:?}");
}

#[test]
fn the_document_knows_what_a_problem_is() {
    let routes = Routes::new("toys").route(route()).document::<Document>();
    let json = routes.openapi().unwrap().to_json().unwrap();
    assert!(json.contains("\"Problem\":{") && json.contains("application/problem+json"), "{json}");
}

#[actix_web::test]
async fn each_module_sees_its_own_data_and_a_literal_wins_over_a_parameter() {
    let module = |name: &'static str, pattern: &'static str| {
        let route = Route::get(pattern, whose).allow(Policy::Public).undocumented();
        Routes::new(name).route(route).share(Data::from(std::sync::Arc::<str>::from(name)))
    };
    let games = module("games", "/v1/games");
    let any = Route::get("/v1/toys/{id}", async || "any").allow(Policy::Public).undocumented();
    let toys = module("toys", "/v1/toys/new").route(any);
    let app = App::new().configure(|app| games.configure(app)).configure(|app| toys.configure(app));
    let app = init_service(app).await;
    for (path, body) in [("/v1/games", "games"), ("/v1/toys/new", "toys"), ("/v1/toys/7", "any")] {
        let request = TestRequest::get().uri(path).to_request();
        assert_eq!(call_and_read_body(&app, request).await, body, "{path}");
    }
}
