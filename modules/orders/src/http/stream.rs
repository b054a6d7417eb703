//! The way of an order as it happens: Server-Sent Events (WHATWG HTML, 9.2).
//!
//! Each event's id is the version of the order, so that a client that was cut off goes on where it was. The
//! stream ends when the purchase is settled; whoever comes back then is told to stop by 204.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    web::{Bytes, Data},
};
use futures::{Stream, stream};
use host::{Param, Problem, Who};
use kernel::{Code, Version};
use orders_api::{OrderId, OrderOf, OrderRecord, Orders, Status, Wait};
use ports::Context;
use tokio_util::sync::CancellationToken;

use super::view::ProgressView;

/// How long nothing is said; then a comment is, so that nobody takes the stream for dead.
const SILENCE: Duration = Duration::from_secs(10);
/// How long a look at an order may take beyond waiting for news.
const LOOK: Duration = Duration::from_secs(5);
/// How many of these pass before the client is asked to come again: the token it came with grows old.
const TURNS: u32 = 30;

/// Tells open streams that the process stops.
#[derive(Clone, Default)]
pub(crate) struct Closing(pub(crate) CancellationToken);

/// Tells the way of an order until its purchase is settled.
///
/// Each event `progress` has the version of the order as its id. Send the last one as `Last-Event-ID` to go
/// on from there; 204 says that there will be nothing more.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}/events",
    tag = "orders",
    params(
        ("id" = String, Path, description = "ord_…"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen."),
    ),
    responses(
        (status = 200, description = "Events `progress`, whose data is a `ProgressView`.", content_type = "text/event-stream", body = String),
        (status = 204, description = "Nothing has happened since and nothing will."),
        Problem,
    ),
)]
pub(super) async fn events(
    who: Who,
    orders: Data<dyn Orders>,
    closing: Data<Closing>,
    id: Param<OrderId>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let which = OrderOf { customer: who.user()?, order: id.0 };
    let after = last_event(&request);
    let now = Wait { which, after: None, patience: Duration::ZERO };
    let record = orders.progress(now).await?;
    let known = after.is_some_and(|after| after >= record.order.version);
    if known && is_settled(record.order.status) {
        return Ok(HttpResponse::NoContent().finish());
    }
    let listener = Listener {
        orders: orders.into_inner(),
        closing: closing.get_ref().clone(),
        which,
        after,
        turns: TURNS,
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(listener.told()))
}

fn last_event(request: &HttpRequest) -> Option<Version> {
    let id = request.headers().get("last-event-id")?.to_str().ok()?;
    id.trim().parse().ok().map(Version)
}

/// Whether the purchase goes no further by itself.
pub(super) fn is_settled(status: Status) -> bool {
    !matches!(status, Status::Pending | Status::Cancelling)
}

/// Somebody who wants to hear of an order.
struct Listener {
    orders: Arc<dyn Orders>,
    closing: Closing,
    which: OrderOf,
    after: Option<Version>,
    turns: u32,
}

impl Listener {
    fn told(self) -> impl Stream<Item = Result<Bytes, String>> {
        stream::unfold(Some(self), |listener| async move {
            let mut listener = listener?;
            let closing = listener.closing.clone();
            let text = tokio::select! {
                () = closing.0.cancelled() => return None,
                text = listener.next() => text,
            };
            match text {
                Ok((text, more)) => Some((Ok(text), more.then_some(listener))),
                Err(problem) => Some((Err(problem.to_string()), None)),
            }
        })
    }

    /// What is to be said next, and whether there will be more.
    async fn next(&mut self) -> Result<(Bytes, bool), Problem> {
        let wait = Wait { which: self.which, after: self.after, patience: SILENCE };
        let look = self.orders.progress(wait);
        let mut record = Context::begin(crate::NAME, SILENCE + LOOK).scope(look).await?;
        self.turns -= 1;
        let (version, settled) = (record.order.version, is_settled(record.order.status));
        let more = !settled && self.turns > 0;
        if self.after.is_some_and(|after| after >= version) {
            return Ok((Bytes::from_static(b": nothing new\n\n"), more));
        }
        record.timeline.retain(|moment| self.after.is_none_or(|after| moment.version > after));
        self.after = Some(version);
        Ok((event(record)?, more))
    }
}

fn event(record: OrderRecord) -> Result<Bytes, Problem> {
    let version = record.order.version;
    let data = serde_json::to_string(&ProgressView::from(record))
        .map_err(|cause| Problem::of(Code::Internal, cause.to_string()))?;
    Ok(Bytes::from(format!("id: {version}\nevent: progress\ndata: {data}\n\n")))
}
