//! Where carriers tell what happened to parcels.

use actix_web::{HttpRequest, web::Data};
use deliveries_api::{Deliveries, Error, Webhook};
use host::{
    Answer, Fingerprint, Intent, KeyOnly, Param, Problem, RawBody, Who, idempotency::Replies,
};

use super::representation::CarrierReceipt;
use crate::carrier::Scan;

/// By which a carrier proves that it has sent a message.
const SIGNATURE: &str = "carrier-signature";

/// Takes in what happened to a parcel. It is applied soon afterwards, once, however often it is sent.
#[utoipa::path(
    post, path = "/v1/webhooks/carriers/{carrier}", tag = "deliveries",
    params(
        ("carrier" = String, Path, description = "The carrier: `rialto-post`"),
        ("Carrier-Signature" = String, Header,
            description = "`t=<seconds>,v1=<HMAC-SHA-256 of \"<seconds>.<body>\" in URL-safe base 64>`, not \
                           older than five minutes"),
    ),
    request_body(content = Scan, example = json!({
        "id": "RX473124829DE-2",
        "waybill": "RX473124829DE",
        "code": "in_transit",
        "occurred_at": "2026-01-01T12:00:00Z",
        "location": "Hamburg",
        "text": "The parcel left the sorting centre",
    })),
    responses(
        (status = 200, description = "It was taken in, now or before.", body = CarrierReceipt),
        (status = 401, description = "The signature is not the carrier's, or it is too old.",
            body = Problem, content_type = "application/problem+json"),
        Problem,
    ),
)]
pub(super) async fn receive(
    deliveries: Data<dyn Deliveries>,
    replies: Data<Replies>,
    who: Who,
    carrier: Param<String>,
    key: KeyOnly,
    request: HttpRequest,
    body: RawBody,
) -> Result<Answer<CarrierReceipt>, Problem> {
    let signature = request.headers().get(SIGNATURE).and_then(|value| value.to_str().ok());
    let signature = signature.ok_or(Error::Forged)?.to_owned();
    let body = String::from_utf8(body.0.into());
    let body = body.map_err(|_| Error::Unreadable("it is not UTF-8".to_owned()))?;
    let fingerprint = Fingerprint::of("POST", request.path(), &body.as_str().into());
    let intent = key.0.map(|intent| Intent { fingerprint, ..intent });
    let received = deliveries.receive(Webhook { carrier: carrier.0, signature, body });
    let received = replies.once(&who, "tell of a parcel", intent, received).await?;
    Ok(received.answer(|received| Answer::ok(received.into())))
}
