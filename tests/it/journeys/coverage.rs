//! Whether the journeys lead everywhere.

use std::{collections::BTreeSet, fs};

use crate::world::Stage;

/// What a process says about itself, and not the shop.
const PROBES: [&str; 3] = ["/livez", "/readyz", "/startupz"];

/// What is asked for and looked at, but not recorded: others put up shelves and hold things at the same time, and
/// how often a mail is tried is chance.
const UNRECORDED: [&str; 4] = [
    "GET /v1/categories",
    "GET /v1/admin/reservations",
    "GET /v1/admin/mails",
    "GET /v1/admin/mails/{id}",
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

/// Method and path of every request in a transcript that was answered well.
fn requests() -> BTreeSet<(String, String)> {
    let mut asked = BTreeSet::new();
    for journey in super::ALL {
        let text = fs::read_to_string(journey.transcript()).unwrap();
        for exchange in text.split("\n\n") {
            let mut lines = exchange.lines();
            let request = lines.next().and_then(|line| line.split_once(": ")?.1.split_once(' '));
            let well = lines.next().is_some_and(|status| status.starts_with('2'));
            if let (Some((method, path)), true) = (request, well) {
                let path = path.split('?').next().unwrap_or_default();
                asked.insert((method.to_owned(), path.to_owned()));
            }
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
