//! PaymentIntents and Refunds as Stripe shows them, and what they mean.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::provider::{Outcome, Repaid, Repayal, Silence, Verdict};

/// A PaymentIntent, as far as we read it.
#[derive(Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    status: String,
    #[serde(default)]
    amount_received: i64,
    #[serde(default)]
    last_payment_error: Option<Reason>,
    #[serde(default)]
    next_action: Option<NextAction>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
}

#[derive(Deserialize)]
struct NextAction {
    #[serde(default)]
    redirect_to_url: Option<Redirect>,
}

#[derive(Deserialize)]
struct Redirect {
    url: String,
}

#[derive(Deserialize)]
struct Found {
    data: Vec<Intent>,
}

#[derive(Deserialize)]
struct Refund {
    id: String,
    status: String,
    #[serde(default)]
    failure_reason: Option<String>,
}

impl Intent {
    /// Whether nobody has paid with it yet.
    pub(super) fn is_unpaid(&self) -> bool {
        let waits = matches!(&*self.status, "requires_confirmation" | "requires_payment_method");
        waits && self.last_payment_error.is_none()
    }

    /// What it means to its charge.
    pub(super) fn outcome(self) -> Outcome {
        let verdict = match &*self.status {
            "succeeded" => Verdict::Captured(self.amount_received),
            "requires_capture" => Verdict::Authorized,
            "canceled" => Verdict::Cancelled,
            "requires_action" => {
                let redirect = self.next_action.and_then(|action| action.redirect_to_url);
                Verdict::NeedsAction(redirect.map(|redirect| redirect.url))
            }
            "requires_payment_method" => match self.last_payment_error {
                Some(reason) => Verdict::Declined(reason.code()),
                None => Verdict::Pending,
            },
            // `processing`, `requires_confirmation`, and what may be added to them.
            _ => Verdict::Pending,
        };
        Outcome { reference: Some(self.id), verdict }
    }
}

impl Reason {
    fn code(self) -> String {
        let precise = self.decline_code.filter(|code| code != "generic_decline");
        precise.or(self.code).unwrap_or_else(|| "card_declined".to_owned())
    }
}

/// Reads an intent.
pub(super) fn read(value: Value) -> Result<Intent, Silence> {
    parsed(value)
}

/// The first intent of a search, if it found any.
pub(super) fn first(value: Value) -> Result<Option<Intent>, Silence> {
    let found: Found = parsed(value)?;
    Ok(found.data.into_iter().next())
}

/// What a refund means.
pub(super) fn repaid(value: Value) -> Result<Repaid, Silence> {
    let refund: Refund = parsed(value)?;
    let verdict = match &*refund.status {
        "succeeded" => Repayal::Done,
        "failed" | "canceled" => {
            Repayal::Refused(refund.failure_reason.unwrap_or_else(|| refund.status.clone()))
        }
        _ => Repayal::Pending,
    };
    Ok(Repaid { reference: Some(refund.id), verdict })
}

fn parsed<T: DeserializeOwned>(value: Value) -> Result<T, Silence> {
    serde_json::from_value(value).map_err(|cause| Silence(format!("unexpected answer: {cause}")))
}
