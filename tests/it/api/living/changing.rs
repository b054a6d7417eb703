//! What changes something: on what it is based, and how much of it is taken.

use std::convert::Infallible;

use futures::stream;
use reqwest::{Body, Method, RequestBuilder};
use serde_json::Value;

use super::{Cast, Found, is_problem};
use crate::{
    api::document::Operation,
    world::{Answer, fresh_key},
};

/// What is sent as pieces of this size when nobody says how long it is.
const PIECE: usize = 16 * 1024;
/// The longest that is sent so. Longer ones are looked into as they come, for as long as there is time.
const LONGEST: usize = 1024 * 1024;

impl Cast {
    /// Whoever has not read it, or not as it is now, does not change it.
    pub(super) async fn is_based_on_a_version(&self, operation: &Operation) -> Found {
        let path = self.path(operation);
        let wish = self.api.example(operation).map(|example| self.things.meant(example));
        let reading = self.api.operations.iter().find(|it| {
            let whole = it.method == Method::GET && it.path == operation.path;
            whole && self.api.is_read_whole(it)
        });
        let now = async || match reading {
            Some(_) => self.who(operation).get(&path).await.header("etag").to_owned(),
            None => String::new(),
        };
        let before = now().await;
        let given = self.api.parameter(operation, "header", "If-Match");
        let needed = given.is_some_and(|given| given["required"] == true);
        for said in [None, Some("*")].into_iter().filter(|_| needed) {
            let answer = self.ask(operation, &path, said, wish.as_ref()).await;
            is_problem(&answer, 428, "precondition-required")?;
        }
        for stale in ["\"0\"", "\"of something else\""] {
            let answer = self.ask(operation, &path, Some(stale), wish.as_ref()).await;
            is_problem(&answer, 412, "precondition-failed")?;
            let current = &answer.json()["current_version"];
            if stale == "\"0\"" && !current.is_u64() {
                return Err(format!("it does not say which version it is: {}", answer.text));
            }
            if current.is_u64() && reading.is_some() && format!("\"{current}\"") != before {
                return Err(format!("its version is {current}, and its tag is {before}"));
            }
        }
        let after = now().await;
        if before == after { Ok(()) } else { Err(format!("from {before} it became {after}")) }
    }

    async fn ask(
        &self,
        operation: &Operation,
        path: &str,
        based_on: Option<&str>,
        wish: Option<&Value>,
    ) -> Answer {
        let who = self.who(operation);
        let mut request = who.request(operation.method.clone(), path);
        if let Some(tag) = based_on {
            request = request.header("If-Match", tag);
        }
        if let Some(wish) = wish {
            request = operation.with_body(request, wish);
        }
        who.send(request).await.unwrap()
    }

    /// Whoever sends more than it takes is told so, whether they say how much it is or not.
    pub(super) async fn takes_no_more_than_it_says(&self, operation: &Operation) -> Found {
        let limit = operation.said["x-body-limit"].as_u64().ok_or("it says no limit")?;
        let size = usize::try_from(limit).map_err(|cause| cause.to_string())? + 1;
        let (who, path) = (self.who(operation), self.path(operation));
        let media = operation.media().unwrap_or_default();
        let request = || {
            let request = who.request(operation.method.clone(), &path);
            let request =
                request.header("Idempotency-Key", fresh_key()).header("If-Match", "\"0\"");
            request.header("Content-Type", media)
        };
        let is_refused = async |how: &str, request: RequestBuilder| {
            let answer = who.send(request).await.map_err(|cause| format!("{how}: {cause:?}"))?;
            is_problem(&answer, 413, "payload-too-large").map_err(|why| format!("{how}: {why}"))
        };
        // Nobody waits for what is too much already by its length.
        let never = Body::wrap_stream(stream::pending::<Result<Vec<u8>, Infallible>>());
        is_refused("announced", request().header("Content-Length", size).body(never)).await?;
        if size > LONGEST {
            return Ok(());
        }
        // A JSON text that has not begun.
        let pieces = (0..size.div_ceil(PIECE))
            .map(move |number| Ok::<_, Infallible>(vec![b'\n'; PIECE.min(size - number * PIECE)]));
        let pieces = Body::wrap_stream(stream::iter(pieces));
        is_refused("in pieces", request().body(pieces)).await
    }
}
