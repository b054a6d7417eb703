//! What becomes of intents and of what is given back of them.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::books::{Books, Form, Said, refused};

/// A card whose confirmation is carried out and never answered.
pub(crate) const ANSWER_LOST: &str = "pm_card_answerLost";

impl Books {
    /// A charge that nobody has paid yet.
    pub(crate) fn create(&mut self, form: &Form) -> Said {
        let card = form.get("payment_method").map(String::as_str).unwrap_or_default();
        if !card.starts_with("pm_card_") {
            let refused = refused("invalid_request_error", "resource_missing");
            return (StatusCode::BAD_REQUEST, refused);
        }
        let fits = form.get("currency").is_some_and(|currency| currency == "eur")
            && form.get("payment_method_types[]").is_some_and(|kind| kind == "card");
        let (Some(amount), true) = (number(form, "amount"), fits) else { return invalid() };
        let id = self.id("pi");
        let intent = json!({
            "id": id,
            "object": "payment_intent",
            "amount": amount,
            "amount_received": 0,
            "capture_method": form.get("capture_method"),
            "payment_method": card,
            "status": "requires_confirmation",
            "last_payment_error": null,
            "next_action": null,
            "metadata": {
                "payment": form.get("metadata[payment]"),
                "attempt": form.get("metadata[attempt]"),
            },
        });
        self.intents.insert(id, intent.clone());
        (StatusCode::OK, intent)
    }

    /// Pays with an intent, takes what it has set aside, or ends it.
    pub(crate) fn change(&mut self, id: &str, verb: &str, form: &Form) -> Said {
        let Some(intent) = self.intents.get_mut(id) else {
            return (StatusCode::NOT_FOUND, refused("invalid_request_error", "resource_missing"));
        };
        let status = intent["status"].as_str().unwrap_or_default().to_owned();
        match (verb, &*status) {
            ("confirm", "requires_confirmation") => return confirm(intent),
            ("capture", "requires_capture") => {
                let Some(amount) = number(form, "amount_to_capture") else { return invalid() };
                intent["amount_received"] = json!(amount);
                intent["status"] = json!("succeeded");
            }
            ("cancel", "succeeded" | "canceled") | ("capture" | "confirm", _) => {
                let mut error = refused("invalid_request_error", "payment_intent_unexpected_state");
                error["error"]["payment_intent"] = intent.clone();
                return (StatusCode::BAD_REQUEST, error);
            }
            ("cancel", _) => intent["status"] = json!("canceled"),
            _ => return (StatusCode::NOT_FOUND, refused("invalid_request_error", "url")),
        }
        (StatusCode::OK, intent.clone())
    }

    /// Gives back what was taken, or a part of it.
    pub(crate) fn refund(&mut self, form: &Form) -> Said {
        let of = form.get("payment_intent").cloned().unwrap_or_default();
        let (Some(intent), Some(amount)) = (self.intents.get(&of), number(form, "amount")) else {
            return invalid();
        };
        let same = |refund: &&Value| refund["payment_intent"] == *of;
        let back: i64 =
            self.refunds.values().filter(same).filter_map(|it| it["amount"].as_i64()).sum();
        if back + amount > intent["amount_received"].as_i64().unwrap_or_default() {
            let refused = refused("invalid_request_error", "charge_already_refunded");
            return (StatusCode::BAD_REQUEST, refused);
        }
        let waits = intent["payment_method"] == "pm_card_pendingRefund";
        let status = if waits { "pending" } else { "succeeded" };
        let id = self.id("re");
        let refund = json!({ "id": id, "payment_intent": of, "amount": amount, "status": status });
        self.refunds.insert(id, refund.clone());
        (StatusCode::OK, refund)
    }
}

fn number(form: &Form, name: &str) -> Option<i64> {
    form.get(name)?.parse().ok()
}

fn invalid() -> Said {
    (StatusCode::BAD_REQUEST, refused("invalid_request_error", "parameter_invalid"))
}

/// The payment that an intent is for.
pub(crate) fn payment(intent: &Value) -> Option<&str> {
    intent["metadata"]["payment"].as_str()
}

fn confirm(intent: &mut Value) -> Said {
    let card = intent["payment_method"].as_str().unwrap_or_default().to_owned();
    if let Some(why) = card.strip_prefix("pm_card_chargeDeclined") {
        let (code, decline_code) = match why {
            "InsufficientFunds" => ("card_declined", "insufficient_funds"),
            "ExpiredCard" => ("expired_card", ""),
            _ => ("card_declined", "generic_decline"),
        };
        let mut error = json!({ "type": "card_error", "code": code });
        if !decline_code.is_empty() {
            error["decline_code"] = json!(decline_code);
        }
        intent["status"] = json!("requires_payment_method");
        intent["last_payment_error"] = error.clone();
        error["payment_intent"] = intent.clone();
        return (StatusCode::PAYMENT_REQUIRED, json!({ "error": error }));
    }
    if card == "pm_card_authenticationRequired" {
        intent["status"] = json!("requires_action");
        let url = json!({ "url": "https://bank.example/3ds" });
        intent["next_action"] = json!({ "type": "redirect_to_url", "redirect_to_url": url });
    } else {
        pay(intent);
    }
    (StatusCode::OK, intent.clone())
}

/// Takes the money of an intent, or sets it aside.
pub(crate) fn pay(intent: &mut Value) {
    intent["next_action"] = Value::Null;
    if intent["capture_method"] == "manual" {
        intent["status"] = json!("requires_capture");
    } else {
        intent["amount_received"] = intent["amount"].clone();
        intent["status"] = json!("succeeded");
    }
}
