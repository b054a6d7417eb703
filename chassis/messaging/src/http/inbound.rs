//! The receiving end, on the internal listener.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::AUTHORIZATION},
    web,
};
use identity::InternalTokens;

use super::{Acknowledgement, BODY_LIMIT, RECEIVER_WAITS, Refusal};
use crate::{Envelope, Inlet, Undelivered};

/// Answers `POST /messages/{group}` and `POST /nudges/{module}`. Cloning shares the inlet.
#[derive(Clone)]
pub struct Inbound {
    inlet: Inlet,
    tokens: InternalTokens,
}

impl Inbound {
    /// Takes messages to the groups behind `inlet` from whoever shows one of `tokens`.
    pub fn new(inlet: Inlet, tokens: InternalTokens) -> Self {
        Self { inlet, tokens }
    }

    /// Mounts the routes.
    pub fn configure(&self, app: &mut web::ServiceConfig) {
        let inbound = self.clone();
        let messages = move |request: HttpRequest, group: web::Path<String>, body: web::Bytes| {
            let inbound = inbound.clone();
            async move { inbound.messages(&request, &group, &body).await.unwrap_or_else(refused) }
        };
        let inbound = self.clone();
        let nudges = move |request: HttpRequest, module: web::Path<String>| {
            let answer = inbound.nudge(&request, &module).unwrap_or_else(refused);
            async move { answer }
        };
        app.service(
            web::resource("/messages/{group}")
                .app_data(web::PayloadConfig::new(BODY_LIMIT))
                .route(web::post().to(messages)),
        );
        app.route("/nudges/{module}", web::post().to(nudges));
    }

    async fn messages(
        &self,
        request: &HttpRequest,
        group: &str,
        body: &[u8],
    ) -> Result<HttpResponse, Refused> {
        self.authorize(request, group)?;
        let messages: Vec<Envelope> = serde_json::from_slice(body).map_err(|cause| {
            let why = format!("the body is no array of envelopes: {cause}");
            Refused(StatusCode::BAD_REQUEST, Undelivered::Unanswered(why))
        })?;
        let applied = self.inlet.deliver(group, messages, RECEIVER_WAITS).await?;
        fault::point!("push.taken");
        Ok(HttpResponse::Ok().json(Acknowledgement { group: group.to_owned(), applied }))
    }

    fn nudge(&self, request: &HttpRequest, module: &str) -> Result<HttpResponse, Refused> {
        self.authorize(request, module)?;
        if self.inlet.nudge(module) {
            return Ok(HttpResponse::NoContent().finish());
        }
        Err(Undelivered::NotHere.into())
    }

    fn authorize(&self, request: &HttpRequest, audience: &str) -> Result<(), Refused> {
        let refused = |why: String| Refused(StatusCode::UNAUTHORIZED, Undelivered::Unanswered(why));
        let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = shown.and_then(|shown| shown.strip_prefix("Bearer ")).ok_or_else(|| {
            refused(format!("{audience} takes messages only from who shows an internal token"))
        })?;
        self.tokens.verify(token, audience).map_err(|cause| {
            refused(format!("{audience} does not believe the internal token: {cause}"))
        })?;
        Ok(())
    }
}

/// Nothing was taken, and a status says why.
struct Refused(StatusCode, Undelivered);

impl From<Undelivered> for Refused {
    fn from(undelivered: Undelivered) -> Self {
        let status = match undelivered {
            Undelivered::NotHere => StatusCode::NOT_FOUND,
            Undelivered::Busy => StatusCode::TOO_MANY_REQUESTS,
            Undelivered::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Undelivered::Unanswered(_) => StatusCode::BAD_GATEWAY,
        };
        Self(status, undelivered)
    }
}

fn refused(Refused(status, undelivered): Refused) -> HttpResponse {
    HttpResponse::build(status).json(Refusal { undelivered })
}
