//! Whether the journeys lead everywhere.

use std::{collections::BTreeSet, fs};

use kernel::Code;

use crate::world::Stage;

/// What a process says about itself, and not the shop.
const PROBES: [&str; 3] = ["/livez", "/readyz", "/startupz"];

/// What is asked for and looked at, but not recorded: others put up shelves and hold things at the same time, and
/// how often a mail is tried is chance. The ids of parked messages and of sagas tell where
/// they are.
const UNRECORDED: [&str; 13] = [
    "GET /v1/categories",
    "GET /v1/admin/reservations",
    "GET /v1/admin/mails",
    "GET /v1/admin/mails/{id}",
    "GET /v1/admin/messages",
    "GET /v1/admin/messages/{id}",
    "PATCH /v1/admin/messages/{id}",
    "POST /v1/admin/messages/{id}/drop",
    "POST /v1/admin/messages/{id}/retry",
    "GET /v1/admin/sagas",
    "GET /v1/admin/explain/{key}",
    "GET /v1/admin/sagas/{id}",
    "POST /v1/admin/sagas/{id}/retry",
];

/// What takes a token that only a mail tells: these are asked with it in the stories of users.
const BY_MAIL: [&str; 2] = ["POST /v1/users/verify-email", "PUT /v1/password-resets/{token}"];

#[tokio::test]
async fn every_operation_of_the_api_is_asked_for_in_some_journey_and_answers() {
    let asked = requests();
    let document = Stage::whole().await.guest().get("/openapi.json").await.expect(200);
    let paths = document["paths"].as_object().unwrap();
    let mut left = Vec::new();
    for (path, operations) in paths.iter().filter(|(path, _)| !PROBES.contains(&path.as_str())) {
        for method in operations.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let operation = format!("{method} {path}");
            let walked = asked.iter().any(|(verb, place)| *verb == method && fits(path, place));
            let elsewhere = UNRECORDED.iter().chain(&BY_MAIL).any(|it| *it == operation);
            if !walked && !elsewhere {
                left.push(operation);
            }
        }
    }
    assert!(left.is_empty(), "no journey gets an answer from {left:?}");
}

/// Codes that no transcript shows: what goes wrong with us is in `failures`, two requests at once and guesses are
/// not recorded, and half a request is what an idle connection sends.
const UNSEEN: [Code; 6] = [
    Code::Internal,
    Code::DependencyUnavailable,
    Code::DeadlineExceeded,
    Code::RequestInProgress,
    Code::RateLimited,
    Code::RequestTimeout,
];

#[test]
fn every_code_is_the_answer_in_some_journey() {
    let seen = said("", "code");
    let mut left: Vec<Code> = Code::ALL.to_vec();
    left.retain(|code| !seen.contains(code.as_str()) && !UNSEEN.contains(code));
    assert!(left.is_empty(), "no journey is told {left:?}");
}

/// What a customer or a stranger can see something to be, by where it is seen. How long a payment is in work is
/// chance, and one that expires has waited for a day.
const STATES: [(&str, &str, &[&str]); 5] = [
    (
        "/v1/orders",
        "status",
        &["pending", "completed", "cancelling", "cancelled", "expired", "rejected"],
    ),
    (
        "/v1/orders",
        "payment_status",
        &["none", "authorized", "paid", "partially_refunded", "refunded"],
    ),
    (
        "/v1/orders",
        "delivery_status",
        &[
            "none",
            "preparing",
            "in_transit",
            "partially_delivered",
            "delivered",
            "returning",
            "returned",
        ],
    ),
    (
        "/v1/payments/",
        "status",
        &["requested", "requires_action", "authorized", "captured", "voided", "failed"],
    ),
    (
        "/v1/tracking/",
        "status",
        &["out_for_delivery", "failed_attempt", "delivered", "returning", "returned", "lost"],
    ),
];

#[test]
fn every_state_is_seen_in_some_journey() {
    let mut left = Vec::new();
    for (place, member, states) in STATES {
        let seen = said(place, member);
        let unseen = states.iter().filter(|state| !seen.contains(**state));
        left.extend(unseen.map(|state| format!("{place} {member} {state}")));
    }
    assert!(left.is_empty(), "no journey sees {left:?}");
}

/// What answers say in this member of theirs, wherever a path begins with `place`.
fn said(place: &str, member: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let begins = format!("  \"{member}\": \"");
    for exchange in exchanges() {
        let path = exchange.split_whitespace().find(|word| word.starts_with('/'));
        if path.is_some_and(|path| path.starts_with(place)) {
            let members = exchange.lines().filter_map(|line| line.strip_prefix(&begins));
            seen.extend(members.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
    seen
}

/// Every request in a transcript with its answer.
fn exchanges() -> Vec<String> {
    let transcripts = super::ALL.iter().map(|journey| journey.transcript());
    let texts = transcripts.map(|transcript| fs::read_to_string(transcript).unwrap());
    texts.flat_map(|text| text.split("\n\n").map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Method and path of every request in a transcript that was answered well.
fn requests() -> BTreeSet<(String, String)> {
    let mut asked = BTreeSet::new();
    for exchange in exchanges() {
        let mut lines = exchange.lines();
        let request = lines.next().and_then(|line| line.split_once(": ")?.1.split_once(' '));
        let well = lines.next().is_some_and(|status| status.starts_with('2'));
        if let (Some((method, path)), true) = (request, well) {
            let path = path.split('?').next().unwrap_or_default();
            asked.insert((method.to_owned(), path.to_owned()));
        }
    }
    asked
}

/// Whether a path is one of those that a template with `{parameters}` stands for.
fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    let same = |(there, here): (&str, &str)| there == here || there.starts_with('{');
    template.clone().count() == path.clone().count() && template.zip(path).all(same)
}
