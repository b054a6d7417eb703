//! Who comes in by the internal door, and what it does for those who do.

use std::{sync::Arc, time::Duration};

use actix_web::{
    App, HttpRequest,
    body::to_bytes,
    dev::Service,
    http::header::HeaderMap,
    test::{TestRequest, init_service},
};
use host::{Answer, Cursors, Interior, Keyed, Policy, Problem, Route, RouteTable, Routes, Who};
use identity::{InternalTokens, Permission, Principal, Role};
use kernel::{Clock, Code, SystemClock, Timestamp};
use ports::Context;
use serde_json::{Value, json};

fn tokens(secret: &str) -> InternalTokens {
    InternalTokens::new(&secret.repeat(32).into(), Arc::new(SystemClock)).unwrap()
}

fn somebody(roles: &[Role]) -> Principal {
    Principal {
        subject: "usr_1".into(),
        roles: roles.to_vec(),
        session: None,
        token: "tok_1".into(),
        expires_at: Timestamp::from_micros(SystemClock.now().micros() + 60_000_000),
    }
}

async fn echo(request: HttpRequest, who: Who) -> Answer<Value> {
    let context = Context::current();
    Answer::ok(json!({
        "subject": who.0.map(|principal| principal.subject),
        "caller": context.caller,
        "trace_id": context.trace.id(),
        "left_ms": context.left().as_millis() as u64,
        "key": context.idempotency_key,
        "path": request.path(),
    }))
}

async fn make(wish: Keyed<Value>) -> Result<Answer<Value>, Problem> {
    Ok(Answer::ok(wish.required()?.1))
}

async fn broken() -> Answer<()> {
    panic!("the toy is broken: hunter2")
}

async fn endless() -> Answer<()> {
    std::future::pending().await
}

fn toys() -> Routes {
    let staff = Policy::Permission(Permission::ProductWrite);
    let all = [
        Route::get("/v1/toys/{id}", echo).allow(Policy::Optional),
        Route::get("/v1/toys", echo).allow(Policy::Public),
        Route::post("/v1/toys", make)
            .allow(Policy::Customer)
            .needs_idempotency_key()
            .body_limit(20),
        Route::delete("/v1/toys/{id}", echo).allow(staff),
        Route::get("/v1/toys/broken", broken).allow(Policy::Public),
        Route::get("/v1/toys/endless", endless).allow(Policy::Public),
    ];
    all.into_iter().fold(Routes::new("toys"), |routes, route| routes.route(route.undocumented()))
}

fn games() -> Routes {
    Routes::new("games").route(Route::get("/v1/games", echo).allow(Policy::Optional).undocumented())
}

fn interior(deadline: Duration) -> Interior {
    let routes = vec![toys(), games()];
    Interior::new(routes, tokens("s"), Cursors::new(b"secret"), deadline).unwrap()
}

/// What came back: status, headers and JSON.
type Answered = (u16, HeaderMap, Value);

async fn ask(request: TestRequest) -> Answered {
    ask_within(Duration::from_secs(10), request).await
}

async fn ask_within(deadline: Duration, request: TestRequest) -> Answered {
    let interior = interior(deadline);
    let app = init_service(App::new().configure(|app| interior.configure(app))).await;
    let response = match app.call(request.to_request()).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.error_response(),
    };
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = to_bytes(response.into_body()).await.unwrap();
    (status, headers, serde_json::from_slice(&body).unwrap_or_default())
}

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

fn bearing(request: TestRequest, token: &str) -> TestRequest {
    request.insert_header(("authorization", format!("Bearer {token}")))
}

/// A request in the gateway's own name, to `module`.
fn inside(request: TestRequest, module: &str) -> TestRequest {
    bearing(request, &tokens("s").sign("gateway", module))
}

/// A request for `principal`, to toys.
fn for_user(request: TestRequest, principal: &Principal) -> TestRequest {
    bearing(request, &tokens("s").sign_for("gateway", "toys", principal))
}

/// Asserts that the answer is the problem `code`, and says whether it is the door that refused.
#[track_caller]
fn problem((status, headers, body): Answered, code: Code) -> bool {
    assert_eq!((status, &body["code"]), (code.status(), &json!(code.as_str())), "{body}");
    assert_eq!(headers.get("content-type").unwrap(), "application/problem+json");
    headers.get("rialto-door").expect("it is from behind a door") == "refused"
}

#[actix_web::test]
async fn nobody_comes_in_without_a_token_of_this_deployment_or_learns_what_is_here() {
    let paths = ["/v1/toys", "/v1/toys/7", "/v1/nothing", "/routes/toys", "/routes/nobody", "/"];
    for path in paths {
        assert!(problem(ask(get(path)).await, Code::Unauthenticated), "{path}");
        let forged = tokens("x").sign_for("gateway", "toys", &somebody(&[Role::Admin]));
        assert!(problem(ask(bearing(get(path), &forged)).await, Code::Unauthenticated), "{path}");
        let basic = get(path).insert_header(("authorization", "Basic eDp5"));
        assert!(problem(ask(basic).await, Code::Unauthenticated), "{path}");
    }
    let wrong_method = TestRequest::patch().uri("/v1/toys");
    assert!(problem(ask(wrong_method).await, Code::Unauthenticated));
}

#[actix_web::test]
async fn a_token_opens_the_module_that_it_is_addressed_to_and_no_other() {
    assert_eq!(ask(inside(get("/v1/games"), "games")).await.0, 200);
    assert!(problem(ask(inside(get("/v1/toys"), "games")).await, Code::Unauthenticated));
    assert!(problem(ask(inside(get("/routes/toys"), "games")).await, Code::Unauthenticated));
    assert!(problem(ask(inside(get("/v1/games"), "toys")).await, Code::Unauthenticated));
    assert!(problem(ask(inside(get("/v1/toys"), "*")).await, Code::Unauthenticated));
}

#[actix_web::test]
async fn what_is_not_here_is_told_to_insiders_only() {
    assert!(problem(ask(inside(get("/v1/nothing"), "toys")).await, Code::NotFound));
    assert!(problem(ask(inside(get("/routes/nobody"), "nobody")).await, Code::NotFound));
    let answer = ask(inside(TestRequest::patch().uri("/v1/toys"), "games")).await;
    assert_eq!(answer.1.get("allow").unwrap(), "GET, POST, HEAD");
    assert!(problem(answer, Code::MethodNotAllowed));
}

#[actix_web::test]
async fn who_asks_is_known_from_the_token_and_from_nothing_else() {
    let told = |request: TestRequest| {
        ["x-user-id", "x-internal-user", "x-user", "x-forwarded-user", "rialto-caller", "forwarded"]
            .into_iter()
            .fold(request, |request, name| request.insert_header((name, "usr_admin")))
    };
    let guest = ask(told(inside(get("/v1/toys/7"), "toys"))).await;
    assert_eq!(
        (guest.0, &guest.2["subject"], &guest.2["caller"]),
        (200, &Value::Null, &json!("gateway"))
    );
    let user = ask(told(for_user(get("/v1/toys/7"), &somebody(&[])))).await;
    assert_eq!(user.2["subject"], "usr_1");
    let public = ask(for_user(get("/v1/toys"), &somebody(&[Role::Admin]))).await;
    assert_eq!(
        (public.0, &public.2["subject"]),
        (200, &Value::Null),
        "a public route knows nobody"
    );
}

#[actix_web::test]
async fn the_policy_and_the_limits_are_decided_again() {
    let delete = || TestRequest::delete().uri("/v1/toys/7");
    assert!(!problem(ask(inside(delete(), "toys")).await, Code::Unauthenticated));
    let customer = for_user(delete(), &somebody(&[Role::Customer]));
    assert!(!problem(ask(customer).await, Code::Forbidden));
    assert_eq!(ask(for_user(delete(), &somebody(&[Role::Catalogue]))).await.0, 200);

    let post = |body: &str| {
        let request = TestRequest::post().uri("/v1/toys").set_payload(body.to_owned());
        let request = request.insert_header(("content-type", "application/json"));
        for_user(request, &somebody(&[]))
    };
    assert!(!problem(ask(post("{}")).await, Code::IdempotencyKeyMissing));
    let keyed = |body: &str| post(body).insert_header(("idempotency-key", "k"));
    assert_eq!(ask(keyed("{}")).await.0, 200);
    let large = format!("\"{}\"", "x".repeat(20));
    problem(ask(keyed(&large)).await, Code::PayloadTooLarge);
    let announced = keyed("").insert_header(("content-length", "21"));
    problem(ask(announced).await, Code::PayloadTooLarge);
}

#[actix_web::test]
async fn the_trace_the_deadline_and_the_key_go_on() {
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let request = inside(get("/v1/toys/7"), "toys")
        .insert_header(("traceparent", format!("00-{trace}-b7ad6b7169203331-01")))
        .insert_header(("grpc-timeout", "2500m"))
        .insert_header(("idempotency-key", "k-1"));
    let (_, _, body) = ask(request).await;
    assert_eq!((&body["trace_id"], &body["key"]), (&json!(trace), &json!("k-1")));
    assert!((1_000..=2_500).contains(&body["left_ms"].as_u64().unwrap()), "{body}");
    let patient = inside(get("/v1/toys/7"), "toys").insert_header(("grpc-timeout", "1H"));
    assert!(ask(patient).await.2["left_ms"].as_u64().unwrap() <= 10_000);
}

#[actix_web::test]
async fn what_a_handler_does_to_itself_becomes_a_problem() {
    let answer = ask(inside(get("/v1/toys/broken"), "toys")).await;
    assert!(!answer.2.to_string().contains("hunter2"), "{}", answer.2);
    assert!(!problem(answer, Code::Internal));
    let soon = Duration::from_millis(50);
    let endless = ask_within(soon, inside(get("/v1/toys/endless"), "toys")).await;
    assert_eq!(endless.2["instance"], "/v1/toys/endless");
    problem(endless, Code::DeadlineExceeded);
    let caller_gives_up =
        inside(get("/v1/toys/endless"), "toys").insert_header(("grpc-timeout", "50m"));
    problem(ask(caller_gives_up).await, Code::DeadlineExceeded);
}

#[actix_web::test]
async fn a_gateway_is_told_what_it_may_forward() {
    let (status, _, body) = ask(inside(get("/routes/toys"), "toys")).await;
    let told: RouteTable = serde_json::from_value(body).unwrap();
    assert_eq!((status, told.operations("toys").unwrap()), (200, toys().table()));
}
