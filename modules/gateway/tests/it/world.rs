//! Two small modules behind a gateway, and a client.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{App, HttpRequest, HttpServer, web};
use gateway::{Documents, Gateway, Needs, Settings};
use host::{
    Answer, Body, Cursors, Keyed, Listing, Paging, Param, Policy, Problem, Route, Routes, Who,
};
use identity::{Grant, Issuer, Permission, Role, SigningKey, Verifier};
use kernel::{Clock, Code, Page, SystemClock};
use ports::{Context, Meters};
use reqwest::{RequestBuilder, Response};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};
use telemetry::Metrics;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

kernel::id! {
    /// One toy.
    ToyId = "toy"
}

pub(crate) const TOY: &str = "toy_01jd8k3v7tf8ntx3v1a9g5r2qc";

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) issuer: Issuer,
    pub(crate) metrics: Metrics,
    pub(crate) verifier: Verifier,
    pub(crate) gateway: Gateway,
    client: reqwest::Client,
}

impl World {
    pub(crate) async fn open() -> Self {
        Self::with(Settings::default(), Duration::from_secs(10)).await
    }

    pub(crate) async fn with(settings: Settings, deadline: Duration) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let keys = vec![SigningKey::generate().unwrap()];
        let issuer = Issuer::new(keys, "shop", "shop", clock.clone());
        let verifier = Verifier::new(&issuer.jwks(), "shop", "shop", clock);
        let metrics = Metrics::new(Meters::default());
        let gateway = gateway::open(Needs {
            keys: verifier.clone().into(),
            routes: vec![toys(), games()],
            remote: Vec::new(),
            services: Vec::new(),
            client: None,
            documents: Documents::default(),
            cursors: Cursors::new(b"secret"),
            metrics: metrics.clone(),
            deadline,
            settings,
        });
        let gateway = gateway.unwrap();
        let address = serve(gateway.clone());
        Self { address, issuer, metrics, verifier, gateway, client: reqwest::Client::new() }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().unwrap();
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request("GET", path)
    }

    pub(crate) fn token(&self, roles: &[Role]) -> String {
        let grant = Grant {
            subject: "usr_1".into(),
            roles: roles.to_vec(),
            token: "tok_1".into(),
            session: None,
        };
        self.issuer.issue(grant).unwrap().token.expose_secret().to_owned()
    }

    /// Sends `text` as it is and reads the answer until the server closes, 10 s at most.
    pub(crate) async fn raw(&self, text: &str) -> String {
        raw(self.address, text).await
    }
}

/// Sends `text` to `address` as it is and reads the answer until the server closes, 10 s at most.
pub(crate) async fn raw(address: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(10), read).await.expect("an answer").unwrap();
    String::from_utf8(answer).unwrap()
}

/// Asserts that `response` is the problem `code`, whole, and gives back its document.
pub(crate) async fn problem(response: Response, code: Code) -> Value {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let path = response.url().path().to_owned();
    let text = response.text().await.unwrap();
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status} {text}"));
    assert_eq!(headers["content-type"], "application/problem+json", "{text}");
    assert_eq!((status, &body["code"]), (code.status(), &json!(code.as_str())), "{text}");
    assert_eq!(body["status"], code.status());
    assert_eq!(body["type"], format!("/problems/{code}"));
    assert_eq!(body["title"], code.title());
    assert_eq!(body["instance"], path);
    let trace = headers["traceparent"].to_str().unwrap();
    assert_eq!(body["trace_id"], trace[3..35], "{trace}");
    body
}

pub(crate) fn serve(gateway: Gateway) -> SocketAddr {
    let app = move || {
        let gateway = gateway.clone();
        App::new().wrap(gateway.middleware()).configure(|app| gateway.mount(app))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .client_request_timeout(Gateway::HEAD_TIMEOUT)
        .h1_allow_half_closed(false)
        .bind(("127.0.0.1", 0))
        .unwrap();
    let address = server.addrs()[0];
    tokio::spawn(server.run());
    address
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    name: String,
    count: u32,
}

fn toys() -> Routes {
    let all = [
        Route::get("/v1/toys", list).allow(Policy::Public),
        Route::post("/v1/toys", make).allow(Policy::Customer).needs_idempotency_key(),
        Route::get("/v1/toys/{id}", find).allow(Policy::Optional),
        Route::put("/v1/toys/{id}", change).allow(Policy::Public).body_limit(100),
        Route::delete("/v1/toys/{id}", remove).allow(Policy::Permission(Permission::ProductWrite)),
        Route::get("/v1/toys/broken", broken).allow(Policy::Public),
        Route::get("/v1/toys/endless", endless).allow(Policy::Public),
        Route::get("/v1/toys/failing", failing).allow(Policy::Public),
    ];
    all.into_iter().fold(Routes::new("toys"), |routes, route| routes.route(route.undocumented()))
}

fn games() -> Routes {
    Routes::new("games")
        .route(Route::get("/v1/echo", echo).allow(Policy::Optional).undocumented())
        .route(Route::post("/v1/plain", plain).allow(Policy::Public).undocumented())
}

async fn list(paging: Paging) -> Answer<Listing<u32>> {
    let first: u32 = paging.page.after.as_deref().map_or(0, |after| after.parse().unwrap());
    let rows: Vec<u32> = (first + 1..=45.min(first + paging.page.limit + 1)).collect();
    let page = Page::cut(rows, paging.page.limit, u32::to_string);
    Answer::ok(Listing::new(&paging, page))
}

async fn make(who: Who, wish: Keyed<Wish>) -> Result<Answer<Value>, Problem> {
    let (intent, wish) = wish.required()?;
    let body = json!({
        "by": who.customer()?.subject, "name": wish.name, "count": wish.count, "key": intent.key,
    });
    Ok(Answer::created(&format!("/v1/toys/{TOY}"), body))
}

async fn find(id: Param<ToyId>) -> Answer<Value> {
    Answer::ok(json!({ "id": id.0 })).version(kernel::Version(3))
}

async fn change(
    _: Param<ToyId>,
    based_on: host::IfMatch,
    wish: Body<Wish>,
) -> Result<Answer<Value>, Problem> {
    let version = based_on.version()?;
    if version.0 != 3 {
        return Err(host::IfMatch::stale(kernel::Version(3)));
    }
    Ok(Answer::ok(json!({ "name": wish.0.name })).version(version.next()))
}

async fn remove(_: Param<ToyId>) -> Answer<()> {
    Answer::ok(())
}

async fn broken() -> Answer<()> {
    panic!("the toy is broken")
}

async fn endless() -> Answer<()> {
    std::future::pending().await
}

async fn failing() -> Result<Answer<()>, Problem> {
    Err(Problem::of(Code::Internal, "the password of the database is hunter2"))
}

async fn echo(request: HttpRequest, who: Who) -> Answer<Value> {
    let context = Context::current();
    let headers: Vec<&str> = request.headers().keys().map(|name| name.as_str()).collect();
    Answer::ok(json!({
        "subject": who.0.as_ref().map(|principal| &*principal.subject),
        "headers": headers,
        "trace_id": context.trace.id(),
        "caller": context.caller,
        "left_ms": context.left().as_millis() as u64,
        "key": context.idempotency_key,
    }))
}

async fn plain(body: web::Json<Value>) -> web::Json<Value> {
    body
}
