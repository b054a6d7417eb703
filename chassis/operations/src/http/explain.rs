//! Why something happened, over all modules.

use ::explain::{Gathered, Line, Missing, assemble, sentences};
use actix_web::web::Data;
use host::{Answer, Links, Param, Problem};
use kernel::{Code, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::desks::Desks;

/// The tree of causes of one thing.
#[derive(Serialize, ToSchema)]
pub(super) struct Explanation {
    /// What was asked for.
    key: String,
    /// In the order in which a tree is read.
    lines: Vec<CauseView>,
    /// Modules that did not answer: what they know is missing here.
    silent: Vec<SilentBooks>,
    /// Whether there was too much, and some of it is left out.
    is_cut: bool,
    #[serde(rename = "_links")]
    links: Links,
}

/// One thing that happened. It was caused by the next line above it whose depth is smaller.
#[derive(Serialize, ToSchema)]
struct CauseView {
    /// How many causes it has in the tree.
    depth: usize,
    at: Timestamp,
    /// What happened, for people.
    #[schema(example = "payments calls sandbox: attempt 1: paid after 37 ms")]
    text: String,
    /// What happened, for programs. Its `what` is `origin`, `message`, `late`, `waiting`, `call`, `move` or `gap`;
    /// what else is in it depends on that.
    #[schema(value_type = Object)]
    event: Value,
}

/// A module that did not answer.
#[derive(Serialize, ToSchema)]
struct SilentBooks {
    #[schema(example = "payments")]
    module: String,
    /// What it did instead.
    #[schema(value_type = String, example = "dependency-unavailable")]
    code: Code,
}

/// Why something happened to an order, or to anything else: requests, messages, steps of sagas, calls to
/// providers, failures and compensations of all modules, as a tree of causes.
///
/// A module that does not answer is named in `silent`; what it knows is missing then. What nobody remembers any
/// more is a `gap`.
#[utoipa::path(
    get, path = "/v1/admin/explain/{key}", tag = "operations", operation_id = "explain",
    params((
        "key" = String, Path, min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9_.:-]+$",
        description = "The id of an order or its number; the id of anything else; or of a trace, 32 digits.",
    )),
    responses((status = 200, description = "All that is remembered of it.", body = Explanation), Problem),
)]
pub(super) async fn find(
    desks: Data<Desks>,
    key: Param<String>,
) -> Result<Answer<Explanation>, Problem> {
    let key = key.0;
    let Gathered { fragments, missing, cut } = desks.explain(key.as_str().into()).await;
    let lines = assemble(&fragments);
    if lines.is_empty() && missing.is_empty() {
        return Err(Problem::not_found());
    }
    let views = lines.iter().zip(sentences(&lines)).map(|(line, text)| CauseView::of(line, text));
    let silent = |Missing { module, why }: Missing<Code>| SilentBooks { module, code: why };
    Ok(Answer::ok(Explanation {
        lines: views.collect::<Result<_, _>>()?,
        silent: missing.into_iter().map(silent).collect(),
        is_cut: cut,
        links: Links::of(format!("/v1/admin/explain/{key}")),
        key,
    }))
}

impl CauseView {
    fn of(line: &Line, text: String) -> Result<Self, Problem> {
        let event = serde_json::to_value(&line.what);
        let event = event.map_err(|cause| Problem::of(Code::Internal, cause.to_string()))?;
        Ok(Self { depth: line.depth, at: line.at, text, event })
    }
}
