//! What is read: once, and in pages.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{Cast, Found, expect, is_problem};
use crate::{api::document::Operation, world::Answer};

/// How often something is read again that changed in between, and the pause before.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(200);

/// The most that is in a list here.
const PAGE: usize = 100;

impl Cast {
    /// Whoever has read it is told that it is still so.
    pub(super) async fn is_not_sent_twice(&self, operation: &Operation) -> Found {
        let (who, path) = (self.who(operation), self.path(operation));
        let again = async |tag: &str| {
            let request = who.request(Method::GET, &path).header("If-None-Match", tag);
            who.send(request).await.unwrap()
        };
        for _ in 0..TRIES {
            let read = who.get(&path).await;
            expect(&read, StatusCode::OK)?;
            let tag = read.header("etag");
            if tag.is_empty() {
                return Err("it has no ETag".to_owned());
            }
            expect(&again("\"of something else\"").await, StatusCode::OK)?;
            let known = again(&format!("\"of something else\", W/{tag}")).await;
            if known.status == StatusCode::NOT_MODIFIED {
                let same = known.text.is_empty() && known.header("etag") == tag;
                return if same { Ok(()) } else { Err(format!("its 304 says {known:?}")) };
            }
            if known.header("etag") == tag {
                return Err("its tag is known, and it is sent all the same".to_owned());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err("it never stays as it is".to_owned())
    }

    /// Page by page it is the same as at once, and its cursors are its own.
    pub(super) async fn is_read_in_pages(&self, operation: &Operation) -> Found {
        let (who, path) = (self.who(operation), self.path(operation));
        let page = async |query: &str| {
            let joint = if path.contains('?') { '&' } else { '?' };
            who.get(&format!("{path}{joint}{query}")).await
        };
        for limit in ["0", "101", "many"] {
            is_problem(&page(&format!("limit={limit}")).await, 422, "validation-failed")?;
        }
        let (mut pages, mut cursors) = (Vec::new(), Vec::new());
        for _ in 0..TRIES {
            let whole = items(&page(&format!("limit={PAGE}")).await)?;
            if whole.len() < 2 {
                return Err(format!("there are no two of them: {whole:?}"));
            }
            (pages, cursors) = (Vec::new(), Vec::new());
            let mut query = "limit=1".to_owned();
            loop {
                let answer = page(&query).await;
                let mut one = items(&answer)?;
                if one.len() > 1 {
                    return Err(format!("limit=1 gives {}", answer.text));
                }
                pages.append(&mut one);
                match answer.json()["next_cursor"].as_str() {
                    Some(cursor) if pages.len() < PAGE => cursors.push(cursor.to_owned()),
                    _ => break,
                }
                query = format!("limit=1&cursor={}", cursors[cursors.len() - 1]);
            }
            if pages == whole {
                let forged = forged(&cursors[0]);
                let answer = page(&format!("cursor={forged}")).await;
                return is_problem(&answer, 422, "validation-failed");
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(format!("by {} cursors it is {pages:?}", cursors.len()))
    }
}

/// A cursor of which one bit is another one.
fn forged(cursor: &str) -> String {
    let first = if cursor.starts_with('A') { 'B' } else { 'A' };
    format!("{first}{}", &cursor[1..])
}

fn items(page: &Answer) -> Result<Vec<Value>, String> {
    expect(page, StatusCode::OK)?;
    let items = page.json()["items"].as_array().cloned();
    items.ok_or_else(|| format!("no items in {}", page.text))
}
