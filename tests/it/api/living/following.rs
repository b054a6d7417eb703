//! Where links lead.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{Cast, Found, expect};
use crate::api::document::Operation;

/// A stream of events never ends.
const ENDLESS: &str = "/events";

impl Cast {
    /// What it leads to is there for whoever was told, and what it offers is an operation.
    pub(super) async fn leads_somewhere(&self, operation: &Operation) -> Found {
        let who = self.reader(operation);
        let read = who.get(&self.path(operation)).await;
        expect(&read, StatusCode::OK)?;
        let mut links = Vec::new();
        collect(&read.json(), &mut links);
        links.sort_unstable();
        links.dedup();
        for (href, method) in links {
            let method = method.as_deref().unwrap_or("GET");
            let Some(operation) = self.api.operation(method, &href) else {
                return Err(format!("nobody has heard of {method} {href}"));
            };
            if operation.method != Method::GET || href.ends_with(ENDLESS) {
                continue;
            }
            // Some ask for more than a link can know: to which country.
            let query = if href.contains('?') { String::new() } else { self.api.query(operation) };
            let found = who.get(&format!("{href}{query}")).await;
            expect(&found, StatusCode::OK).map_err(|why| format!("{href}: {why}"))?;
        }
        Ok(())
    }
}

/// Every link in it, and the methods of those that are actions.
fn collect(value: &Value, links: &mut Vec<(String, Option<String>)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, links)),
        Value::Object(members) => {
            for (name, member) in members {
                if name != "_links" {
                    collect(member, links);
                    continue;
                }
                let all = member.as_object().into_iter().flatten();
                let word = |link: &Value, name: &str| link[name].as_str().map(str::to_owned);
                links.extend(
                    all.filter_map(|(_, it)| Some((word(it, "href")?, word(it, "method")))),
                );
            }
        }
        _ => {}
    }
}
