//! What a webhook of a provider looks like, as far as we read it: an event with an object that carries
//! the metadata we gave it.

use orders_api::PaymentId;
use serde::Deserialize;

use crate::provider::{Forged, Notice};

#[derive(Deserialize)]
struct Event {
    id: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    payment: Option<String>,
}

/// Reads an event whose signature is good.
pub(crate) fn read(body: &str) -> Result<Notice, Forged> {
    let event: Event = serde_json::from_str(body).map_err(|_| Forged("its body is no event"))?;
    let payment = event.data.object.metadata.and_then(|metadata| metadata.payment);
    let payment: Option<PaymentId> = payment.and_then(|id| id.parse().ok());
    Ok(Notice { event: event.id, payment })
}
