//! A module that lives elsewhere, and what it saw.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use actix_web::{
    HttpRequest, HttpResponse,
    body::SizedStream,
    cookie::Cookie,
    http::header::LOCATION,
    web::{Data, Path, Payload},
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use host::{Answer, Keyed, Policy, Problem, Route, Routes, Who};
use identity::Permission;
use kernel::Code;
use ports::Context;
use serde_json::{Value, json};
use tokio::sync::mpsc;

pub(crate) const MIB: usize = 1024 * 1024;

/// What the module saw.
#[derive(Default)]
pub(crate) struct Seen {
    /// Requests that reached a handler.
    pub(crate) requests: AtomicUsize,
    /// Bodies that were read to their end.
    pub(crate) complete: AtomicUsize,
    /// Bodies that broke off.
    pub(crate) broken: AtomicUsize,
    /// Handlers and bodies that were dropped before they were done.
    pub(crate) abandoned: AtomicUsize,
    /// Where the next listener for news is told them.
    pub(crate) news: Mutex<Option<mpsc::Receiver<String>>>,
}

impl Seen {
    /// Where to tell news to the next listener.
    pub(crate) fn tell(&self) -> mpsc::Sender<String> {
        let (teller, listener) = mpsc::channel(8);
        *self.news.lock().unwrap() = Some(listener);
        teller
    }

    pub(crate) fn count(counter: &AtomicUsize) -> usize {
        counter.load(SeqCst)
    }
}

/// Dropped, it notes that something was abandoned.
struct Watch(Arc<Seen>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abandoned.fetch_add(1, SeqCst);
    }
}

/// The module's routes.
pub(crate) fn routes(seen: &Arc<Seen>) -> Routes {
    let staff = Policy::Permission(Permission::ProductWrite);
    let all = [
        Route::get("/v1/toys/{id}", echo).allow(Policy::Optional),
        Route::post("/v1/toys", make).allow(Policy::Customer).needs_idempotency_key(),
        Route::delete("/v1/toys/{id}", echo).allow(staff),
        Route::put("/v1/parcels", swallow).allow(Policy::Public).body_limit(200 * MIB),
        Route::put("/v1/letters", swallow).allow(Policy::Public).body_limit(MIB),
        Route::put("/v1/mirror", mirror).allow(Policy::Public).body_limit(200 * MIB),
        Route::get("/v1/parcels/{mib}", pour).allow(Policy::Public),
        Route::get("/v1/boxes/{mib}", pour_sized).allow(Policy::Public),
        Route::get("/v1/news", news).allow(Policy::Public),
        Route::get("/v1/endless", endless).allow(Policy::Public),
        Route::get("/v1/half", half).allow(Policy::Public),
        Route::get("/v1/moved", moved).allow(Policy::Public),
        Route::get("/v1/same", same).allow(Policy::Public),
        Route::delete("/v1/gone", gone).allow(Policy::Public),
        Route::get("/v1/failing", failing).allow(Policy::Public),
        Route::get("/v1/plain", plain).allow(Policy::Public),
        Route::get("/v1/slow/{ms}", slow).allow(Policy::Public),
    ];
    let routes = Routes::new("toys").share(Data::from(seen.clone()));
    all.into_iter().fold(routes, |routes, route| routes.route(route.undocumented()))
}

async fn echo(request: HttpRequest, who: Who, seen: Data<Seen>) -> Answer<Value> {
    seen.requests.fetch_add(1, SeqCst);
    let context = Context::current();
    let headers = request.headers().iter();
    let headers: Vec<_> = headers.map(|(name, value)| (name.as_str(), text(value))).collect();
    Answer::ok(json!({
        "subject": who.0.as_ref().map(|principal| &*principal.subject),
        "roles": who.0.as_ref().map(|principal| &principal.roles),
        "headers": headers,
        "target": request.uri().to_string(),
        "trace_id": context.trace.id(),
        "caller": context.caller,
        "left_ms": context.left().as_millis() as u64,
        "key": context.idempotency_key,
    }))
}

fn text(value: &actix_web::http::header::HeaderValue) -> &str {
    value.to_str().unwrap()
}

async fn make(who: Who, wish: Keyed<Value>) -> Result<HttpResponse, Problem> {
    let (intent, wish) = wish.required()?;
    let body = json!({
        "by": who.customer()?.subject, "wish": wish, "key": intent.key,
        "_links": { "self": { "href": "/v1/toys/7" } },
    });
    let cookies = [Cookie::new("a", "1"), Cookie::new("b", "2")];
    let mut response = HttpResponse::Created().insert_header((LOCATION, "/v1/toys/7")).json(body);
    cookies.iter().for_each(|cookie| response.add_cookie(cookie).unwrap());
    Ok(response)
}

async fn swallow(mut body: Payload, seen: Data<Seen>) -> Result<Answer<usize>, Problem> {
    seen.requests.fetch_add(1, SeqCst);
    let mut length = 0;
    while let Some(piece) = body.next().await {
        let Ok(piece) = piece else {
            seen.broken.fetch_add(1, SeqCst);
            return Err(Problem::of(Code::MalformedRequest, "the body broke off"));
        };
        length += piece.len();
    }
    seen.complete.fetch_add(1, SeqCst);
    Ok(Answer::ok(length))
}

/// Says every piece back as soon as it is there.
async fn mirror(body: Payload) -> HttpResponse {
    HttpResponse::Ok().content_type("application/octet-stream").streaming(body)
}

fn pieces(mib: usize) -> impl futures::Stream<Item = Result<Bytes, Infallible>> {
    let piece = Bytes::from(vec![7; MIB / 16]);
    stream::iter(std::iter::repeat_n(Ok(piece), mib * 16))
}

async fn pour(mib: Path<usize>) -> HttpResponse {
    HttpResponse::Ok().streaming(pieces(*mib))
}

async fn pour_sized(mib: Path<usize>) -> HttpResponse {
    HttpResponse::Ok().body(SizedStream::new((*mib * MIB) as u64, pieces(*mib)))
}

async fn news(seen: Data<Seen>) -> HttpResponse {
    let listener = seen.news.lock().unwrap().take().unwrap();
    let watch = Watch(seen.into_inner());
    let events = stream::unfold((listener, watch), async |(mut listener, watch)| {
        let text = listener.recv().await?;
        let event = Bytes::from(format!("data: {text}\n\n"));
        Some((Ok::<_, Infallible>(event), (listener, watch)))
    });
    HttpResponse::Ok().content_type("text/event-stream").streaming(events)
}

async fn endless(seen: Data<Seen>) -> HttpResponse {
    seen.requests.fetch_add(1, SeqCst);
    let _watch = Watch(seen.into_inner());
    std::future::pending().await
}

/// Half of a body, and then nothing.
async fn half() -> HttpResponse {
    let first = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"half"))]);
    HttpResponse::Ok().streaming(first.chain(stream::pending()))
}

async fn moved() -> HttpResponse {
    HttpResponse::Found().insert_header((LOCATION, "https://elsewhere.example/x?y=1")).finish()
}

async fn same() -> HttpResponse {
    HttpResponse::NotModified()
        .insert_header(("etag", "\"7\""))
        .insert_header(("content-length", "12"))
        .finish()
}

async fn gone() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

async fn failing() -> Result<Answer<()>, Problem> {
    let problem = Problem::of(Code::PriceChanged, "dearer now").member("total", 7);
    Err(problem.retry_after(Duration::from_secs(3)))
}

async fn plain() -> HttpResponse {
    HttpResponse::InternalServerError().content_type("text/plain").body("hunter2 at line 7")
}

async fn slow(ms: Path<u64>, seen: Data<Seen>) -> Answer<u64> {
    seen.requests.fetch_add(1, SeqCst);
    tokio::time::sleep(Duration::from_millis(*ms)).await;
    Answer::ok(*ms)
}
