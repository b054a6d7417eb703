//! The page of one process's edges, on its internal listener: `GET /edges`, `PATCH /edges/{caller}/{callee}`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::AUTHORIZATION},
    web,
};
use identity::InternalTokens;
use kernel::{Clock, Ids, SystemClock};
use operations::{Deed, Entry};
use resilience::{Edges, Tuning, Untuned};
use serde_json::json;
use std::sync::Arc;
use storage::Database;

use super::{AUDIENCE, Tune};

/// Answers who shows an internal token. Cloning shares it.
#[derive(Clone)]
pub struct Page(Arc<Inner>);

struct Inner {
    edges: Edges,
    tokens: InternalTokens,
    ids: Ids,
    /// Where callers that keep tables have their audit.
    databases: Vec<(&'static str, Database)>,
}

impl Page {
    /// The page of a process that has `edges`.
    pub fn of(
        edges: Edges,
        tokens: InternalTokens,
        ids: Ids,
        databases: Vec<(&'static str, Database)>,
    ) -> Self {
        Self(Arc::new(Inner { edges, tokens, ids, databases }))
    }

    /// Mounts the routes.
    pub fn configure(&self, app: &mut web::ServiceConfig) {
        let page = self.0.clone();
        let list = move |request: HttpRequest| {
            let answer = page.list(&request).unwrap_or_else(Refused::response);
            async move { answer }
        };
        let page = self.0.clone();
        let tune = move |request: HttpRequest,
                         ends: web::Path<(String, String)>,
                         body: web::Bytes| {
            let page = page.clone();
            async move { page.tune(&request, &ends, &body).await.unwrap_or_else(Refused::response) }
        };
        app.route("/edges", web::get().to(list));
        app.route("/edges/{caller}/{callee}", web::patch().to(tune));
    }
}

impl Inner {
    fn list(&self, request: &HttpRequest) -> Result<HttpResponse, Refused> {
        self.authorize(request)?;
        let all: Vec<_> = self.edges.all().iter().map(|edge| edge.state()).collect();
        Ok(HttpResponse::Ok().json(all))
    }

    /// Writes down who changes what, and then changes it: other numbers, until the process ends.
    async fn tune(
        &self,
        request: &HttpRequest,
        (caller, callee): &(String, String),
        body: &[u8],
    ) -> Result<HttpResponse, Refused> {
        self.authorize(request)?;
        let bad = |cause: String| Refused(StatusCode::BAD_REQUEST, cause);
        let Tune { numbers, by } =
            serde_json::from_slice(body).map_err(|cause| bad(cause.to_string()))?;
        let tuning = self.edges.tuning(caller, callee, &numbers).map_err(|cause| match cause {
            Untuned::Unknown(..) => Refused(StatusCode::NOT_FOUND, cause.to_string()),
            Untuned::Unusable(_) => bad(cause.to_string()),
        })?;
        if tuning.before != tuning.after {
            self.audit(caller, callee, &by, &tuning).await?;
        }
        Ok(HttpResponse::Ok().json(tuning.apply()))
    }

    async fn audit(
        &self,
        caller: &str,
        callee: &str,
        by: &str,
        tuning: &Tuning,
    ) -> Result<(), Refused> {
        let entry = Entry {
            id: self.ids.next(),
            at: SystemClock.now(),
            actor: by.to_owned(),
            deed: Deed::Tune,
            subject: format!("{caller} -> {callee}"),
            before: json!(tuning.before),
            after: json!(tuning.after),
        };
        tracing::info!(by, edge = entry.subject, after = %entry.after, "an edge gets other numbers");
        // The gateway keeps no tables: the log is its audit.
        let Some((_, db)) = self.databases.iter().find(|(module, _)| *module == caller) else {
            return Ok(());
        };
        operations::note(db, &entry).await.map_err(|cause| {
            let text = format!("nothing is changed, because it cannot be written down: {cause}");
            Refused(StatusCode::SERVICE_UNAVAILABLE, text)
        })
    }

    fn authorize(&self, request: &HttpRequest) -> Result<(), Refused> {
        let refused = |text: String| Refused(StatusCode::UNAUTHORIZED, text);
        let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = shown.and_then(|shown| shown.strip_prefix("Bearer ")).ok_or_else(|| {
            refused("edges are shown only to who shows an internal token".to_owned())
        })?;
        let believed = self.tokens.verify(token, AUDIENCE);
        believed.map(drop).map_err(|cause| refused(format!("the internal token: {cause}")))
    }
}

/// Nothing was done, and a status and a sentence say why.
struct Refused(StatusCode, String);

impl Refused {
    fn response(self) -> HttpResponse {
        HttpResponse::build(self.0).body(self.1)
    }
}
