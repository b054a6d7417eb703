//! The answering end: calls that arrive on the internal listener.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Instant,
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{AUTHORIZATION, CONTENT_LENGTH, ContentType},
    },
    web,
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use identity::InternalTokens;
use ports::{Call, Headers, Reply, Trace, Transport, Unreachable};

use super::{
    Options, answer,
    header::{ATTEMPT, CALLER, KEY, KIND, OUTCOME, TIMEOUT, TRACEPARENT},
};
use crate::{contained::contained, text};

/// Answers `POST /calls/{module}/{method}`. Cloning shares the wires.
#[derive(Clone)]
pub struct Calls(Arc<Door>);

struct Door {
    wires: Vec<(&'static str, Arc<dyn Transport>)>,
    tokens: InternalTokens,
    body_limit: usize,
    draining: AtomicBool,
}

/// Answers calls to each module in `wires` with its transport, usually the skeleton of its port.
pub fn calls(
    wires: Vec<(&'static str, Arc<dyn Transport>)>,
    tokens: InternalTokens,
    options: &Options,
) -> Calls {
    let body_limit = options.body_limit;
    Calls(Arc::new(Door { wires, tokens, body_limit, draining: AtomicBool::new(false) }))
}

impl Calls {
    /// Mounts the route.
    pub fn configure(&self, app: &mut web::ServiceConfig) {
        let door = self.0.clone();
        let answer = move |request: HttpRequest, body: web::Payload| {
            let door = door.clone();
            async move {
                match door.answer(&request, body).await {
                    Ok(reply) => replied(reply),
                    Err(lost) => lost.response(),
                }
            }
        };
        app.route("/calls/{module}/{method}", web::post().to(answer));
    }

    /// Takes no more calls: whoever asks from now on is told to ask another instance. Calls under way
    /// are answered.
    pub fn drain(&self) {
        self.0.draining.store(true, Relaxed);
    }
}

impl Door {
    /// Answers one call, within the deadline that it brings along.
    async fn answer(&self, request: &HttpRequest, body: web::Payload) -> Result<Reply, Lost> {
        let part = |name| request.match_info().get(name).unwrap_or_default();
        let (module, transport) = self.wire(request, part("module"))?;
        let headers = headers(request)?;
        let deadline = headers.deadline.into();
        let work = async {
            let body = self.body(request, body).await?;
            let kind = text::read_kind(header(request, KIND.as_str()));
            let method = Cow::Owned(part("method").to_owned());
            let call = Call { module: Cow::Borrowed(module), method, kind, headers, body };
            contained(module, transport.call(call)).await.map_err(Lost::from)
        };
        let answer = tokio::time::timeout_at(deadline, work).await;
        answer.unwrap_or_else(|_| Err(Unreachable::DeadlineExceeded.into()))
    }

    /// The wire to `module`, for those who may ask it.
    fn wire(
        &self,
        request: &HttpRequest,
        module: &str,
    ) -> Result<(&'static str, &dyn Transport), Lost> {
        let shown = header(request, AUTHORIZATION.as_str());
        let Some(token) = shown.and_then(|shown| shown.strip_prefix("Bearer ")) else {
            let text = format!("{module} answers only who shows an internal token");
            return Err(Lost::no_reply(StatusCode::UNAUTHORIZED, text));
        };
        self.tokens.verify(token, module).map_err(|refusal| {
            let text = format!("{module} does not believe the internal token: {refusal}");
            Lost::no_reply(StatusCode::UNAUTHORIZED, text)
        })?;
        if self.draining.load(Relaxed) {
            let text = format!("{module} is about to stop here");
            return Err(Lost::no_reply(StatusCode::SERVICE_UNAVAILABLE, text));
        }
        let wire = self.wires.iter().find(|(name, _)| *name == module);
        let (module, transport) = wire.ok_or_else(|| {
            let text = format!("{module} does not live in the process that was asked");
            Lost::no_reply(StatusCode::NOT_FOUND, text)
        })?;
        Ok((module, &**transport))
    }

    /// The whole body, unless it is too large.
    async fn body(&self, request: &HttpRequest, mut body: web::Payload) -> Result<Bytes, Lost> {
        let told = header(request, CONTENT_LENGTH.as_str()).and_then(|it| it.parse().ok());
        if told.is_some_and(|length: usize| length > self.body_limit) {
            return Err(self.too_large());
        }
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|cause| {
                Lost::broken(StatusCode::BAD_REQUEST, format!("the request broke off: {cause}"))
            })?;
            if first.len() + all.len() + piece.len() > self.body_limit {
                return Err(self.too_large());
            }
            if first.is_empty() && all.is_empty() {
                first = piece;
                continue;
            }
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&piece);
        }
        Ok(if all.is_empty() { first } else { all.freeze() })
    }

    fn too_large(&self) -> Lost {
        let text = format!("the request is larger than {} bytes", self.body_limit);
        Lost::broken(StatusCode::PAYLOAD_TOO_LARGE, text)
    }
}

/// There is no reply, and a status says why.
struct Lost {
    status: StatusCode,
    unreachable: Unreachable,
}

impl Lost {
    fn no_reply(status: StatusCode, text: String) -> Self {
        Self { status, unreachable: Unreachable::NoReply(text) }
    }

    fn broken(status: StatusCode, text: String) -> Self {
        Self { status, unreachable: Unreachable::Broken(text) }
    }

    fn response(self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header(ContentType::json()).body(answer::write(self.unreachable))
    }
}

impl From<Unreachable> for Lost {
    fn from(unreachable: Unreachable) -> Self {
        let status = match unreachable {
            Unreachable::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
            Unreachable::Busy(_) => StatusCode::TOO_MANY_REQUESTS,
            Unreachable::NotTaken(_) => StatusCode::SERVICE_UNAVAILABLE,
            Unreachable::NoReply(_) | Unreachable::Broken(_) => StatusCode::BAD_GATEWAY,
        };
        Self { status, unreachable }
    }
}

fn replied(reply: Reply) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((OUTCOME.as_str(), text::outcome(reply.outcome)));
    response.insert_header(ContentType::json()).body(reply.body)
}

/// What travels beside the request. A call without a deadline is none.
fn headers(request: &HttpRequest) -> Result<Headers, Lost> {
    let timeout = header(request, TIMEOUT.as_str());
    let left = timeout.and_then(text::time_left).ok_or_else(|| {
        let text = "a call says in grpc-timeout how long its caller waits, as in 5000000u";
        Lost::broken(StatusCode::BAD_REQUEST, text.to_owned())
    })?;
    let trace = header(request, TRACEPARENT.as_str()).and_then(Trace::parse);
    let caller = header(request, CALLER.as_str()).unwrap_or("nobody");
    Ok(Headers {
        trace: trace.unwrap_or_else(Trace::start),
        deadline: Instant::now() + left.min(text::FURTHEST),
        caller: Cow::Owned(caller.to_owned()),
        idempotency_key: header(request, KEY.as_str()).map(Arc::from),
        is_repeat: header(request, ATTEMPT.as_str()) == Some(text::SECOND),
    })
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    std::str::from_utf8(request.headers().get(name)?.as_bytes()).ok()
}
