//! What changes, as it happens: Server-Sent Events (WHATWG HTML, 9.2).
//!
//! First comes `registry` with everybody, as `GET /apps` says it; then, for each change, `instance`, as
//! `GET /instances/{id}` says it, whose `actionType` says what happened. Whoever falls far behind is told
//! everything anew. Heartbeats are no changes. Each event's id is the registry's version.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    web::{Bytes, Data},
};
use futures::{Stream, stream};
use host::Problem;
use kernel::Code;
use serde_json::{Value, json};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::timeout,
};

use super::view;
use crate::{
    Registry,
    book::{Change, Listing},
};

/// How long nothing is said; then a comment is, so that both sides find out that the other is gone.
const SILENCE: Duration = Duration::from_secs(5);

/// Tells everybody there is, and then what changes.
pub(super) async fn watch(registry: Data<Registry>) -> Result<HttpResponse, Problem> {
    let (listing, told) = begin(&registry).ok_or_else(|| {
        let cause = "the registry stops; there may be another one soon";
        Problem::of(Code::DependencyUnavailable, cause).retry_after(Duration::from_secs(1))
    })?;
    let watcher = Watcher { registry: registry.get_ref().clone(), told, anew: Some(listing) };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(watcher.told()))
}

fn begin(registry: &Registry) -> Option<(Listing, Receiver<Change>)> {
    registry.0.book().watch()
}

struct Watcher {
    registry: Registry,
    told: Receiver<Change>,
    /// What is to be said before anything else.
    anew: Option<Listing>,
}

impl Watcher {
    fn told(self) -> impl Stream<Item = Result<Bytes, String>> {
        stream::unfold(self, |mut watcher| async move {
            let text = watcher.next().await?;
            Some((Ok(text), watcher))
        })
    }

    /// What is to be said next; nothing when the registry stops.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(listing) = self.anew.take() {
            let all = json!({ "applications": view::applications(&listing) });
            return Some(event("registry", listing.version, &all));
        }
        match timeout(SILENCE, self.told.recv()).await {
            Err(_) => Some(Bytes::from_static(b": nothing new\n\n")),
            Ok(Ok(Change { version, record })) => {
                Some(event("instance", version, &json!({ "instance": view::instance(&record) })))
            }
            Ok(Err(RecvError::Closed)) => None,
            Ok(Err(RecvError::Lagged(_))) => {
                let (listing, told) = begin(&self.registry)?;
                self.told = told;
                let all = json!({ "applications": view::applications(&listing) });
                Some(event("registry", listing.version, &all))
            }
        }
    }
}

fn event(name: &str, version: u64, data: &Value) -> Bytes {
    Bytes::from(format!("id: {version}\nevent: {name}\ndata: {data}\n\n"))
}
