//! What a module hands to the process that hosts it, and what its HTTP handlers are written with.
//!
//! A whole `http.rs`, for a module with one resource:
//!
//! ```
//! use std::sync::Arc;
//!
//! use actix_web::web::Data;
//! use host::{
//!     Answer, Body, IfMatch, Keyed, Links, Listing, Param, Paging, Policy, Problem, Route, Routes, Who,
//!     idempotency::Replies,
//! };
//! use kernel::{Code, Fault, Page, Version};
//! use serde::{Deserialize, Serialize};
//! use utoipa::{OpenApi, ToSchema};
//!
//! kernel::id! {
//!     /// One note.
//!     NoteId = "not"
//! }
//!
//! /// The module's port; in real life it lives in the contract's crate.
//! #[ports::async_trait]
//! pub trait Notes: Send + Sync {
//!     fn find(&self, id: NoteId) -> Option<(String, Version)>;
//!     async fn write(&self, text: String) -> Result<NoteId, Full>;
//! }
//!
//! #[derive(Debug, thiserror::Error)]
//! #[error("there is no room for another note")]
//! pub struct Full;
//!
//! impl Fault for Full {
//!     fn code(&self) -> Code {
//!         Code::Conflict
//!     }
//! }
//!
//! /// A representation: not the domain's type, and not the port's.
//! #[derive(Serialize, ToSchema)]
//! struct Note {
//!     #[schema(value_type = String)]
//!     id: NoteId,
//!     text: String,
//!     #[serde(rename = "_links")]
//!     links: Links,
//! }
//!
//! #[derive(Deserialize, ToSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Wish {
//!     text: String,
//! }
//!
//! #[derive(OpenApi)]
//! #[openapi(paths(list, find, write, change))]
//! struct Document;
//!
//! pub fn routes(notes: Arc<dyn Notes>, replies: Replies) -> Routes {
//!     Routes::new("notes")
//!         .route(Route::get("/v1/notes", list).allow(Policy::Public))
//!         .route(Route::get("/v1/notes/{id}", find).allow(Policy::Optional))
//!         .route(Route::post("/v1/notes", write).allow(Policy::Customer))
//!         .route(Route::put("/v1/notes/{id}", change).allow(Policy::Customer).body_limit(4096))
//!         .share(Data::from(notes))
//!         .share(Data::new(replies))
//!         .document::<Document>()
//! }
//!
//! /// Lists notes.
//! #[utoipa::path(get, path = "/v1/notes", tag = "notes",
//!     responses((status = 200, body = Listing<Note>), Problem))]
//! async fn list(paging: Paging) -> Result<Answer<Listing<Note>>, Problem> {
//!     let page: Page<Note> = Page { items: Vec::new(), next: None }; // port.list(paging.page)
//!     Ok(Answer::ok(Listing::new(&paging, page)))
//! }
//!
//! /// Finds a note.
//! #[utoipa::path(get, path = "/v1/notes/{id}", tag = "notes", params(("id" = String, Path)),
//!     responses((status = 200, body = Note), Problem))]
//! async fn find(notes: Data<dyn Notes>, id: Param<NoteId>) -> Result<Answer<Note>, Problem> {
//!     let (text, version) = notes.find(id.0).ok_or_else(Problem::not_found)?;
//!     Ok(Answer::ok(note(id.0, text)).version(version)) // ETag, and 304 for If-None-Match
//! }
//!
//! /// Writes a note: once, however often it is asked for under one `Idempotency-Key`.
//! #[utoipa::path(post, path = "/v1/notes", tag = "notes", request_body = Wish,
//!     responses((status = 201, body = Note), Problem))]
//! async fn write(
//!     notes: Data<dyn Notes>,
//!     replies: Data<Replies>,
//!     who: Who,
//!     wish: Keyed<Wish>, // KeyOnly, when there is no body
//! ) -> Result<Answer<Note>, Problem> {
//!     let Keyed { intent, body: Wish { text } } = wish;
//!     let written = notes.write(text.clone()); // says `idempotency::remember(&mut tx, &id)?`
//!     let written = replies.once(&who, "write a note", intent, written).await?;
//!     Ok(written.answer(|id| {
//!         let location = format!("/v1/notes/{id}");
//!         Answer::created(&location, note(id, text)).version(Version::FIRST)
//!     }))
//! }
//!
//! /// Changes a note.
//! #[utoipa::path(put, path = "/v1/notes/{id}", tag = "notes", request_body = Wish,
//!     params(("id" = String, Path), ("If-Match" = String, Header)),
//!     responses((status = 200, body = Note), Problem))]
//! async fn change(
//!     notes: Data<dyn Notes>,
//!     id: Param<NoteId>,
//!     based_on: IfMatch,
//!     wish: Body<Wish>,
//! ) -> Result<Answer<Note>, Problem> {
//!     let version = based_on.version()?;
//!     let (_, current) = notes.find(id.0).ok_or_else(Problem::not_found)?;
//!     if version != current {
//!         return Err(IfMatch::stale(current));
//!     }
//!     Ok(Answer::ok(note(id.0, wish.0.text)).version(current.next()))
//! }
//!
//! fn note(id: NoteId, text: String) -> Note {
//!     let href = format!("/v1/notes/{id}");
//!     let links = Links::of(&href).action(true, "change", actix_web::http::Method::PUT, &href);
//!     Note { id, text, links }
//! }
//!
//! # struct Empty;
//! # #[ports::async_trait]
//! # impl Notes for Empty {
//! #     fn find(&self, _: NoteId) -> Option<(String, Version)> { None }
//! #     async fn write(&self, _: String) -> Result<NoteId, Full> { Err(Full) }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let db = storage::Database::open(&storage::Options::new("sqlite::memory:")).await.unwrap();
//! # let replies = Replies::new(db, Arc::new(kernel::SystemClock));
//! // Every route has a policy and is documented, and nothing else is. The gateway checks it at start.
//! routes(Arc::new(Empty), replies).check().unwrap();
//! # }
//! ```
//!
//! The port's error is a [`kernel::Fault`], so `?` turns it into a [`Problem`].
//!
//! **Invariants:** no module is known here. A failure of ours tells a client its code and nothing else.

mod background;
mod document;
pub mod door;
mod extract;
pub mod health;
pub mod idempotency;
mod interior;
mod problem;
mod problem_schema;
mod represent;
mod route;
mod route_table;
mod routes;

use std::sync::Arc;

use ports::Transport;

pub use background::Background;
pub use extract::{
    Body, Cursors, Fingerprint, IdempotencyKey, Intake, Intent, KeyOnly, Keyed, Paging, Param,
    Peer, Query, RawBody, Who,
};
pub use health::Health;
pub use interior::Interior;
pub use problem::{PROBLEM_JSON, Problem};
pub use represent::{Answer, IfMatch, Link, Links, Listing, etag};
pub use route::{Chosen, Operation, Policy, Route};
pub use route_table::RouteTable;
pub use routes::{Routes, Unfit};

/// A module that lives in this process.
pub struct Hosted<P: ?Sized> {
    /// How its neighbours call it.
    pub port: Arc<P>,
    /// How other processes call it.
    pub wire: Arc<dyn Transport>,
    /// How the world calls it.
    pub routes: Routes,
    /// What it does when others say something.
    pub subscriptions: messaging::Subscriptions,
    /// What runs its sagas, if it begins any.
    pub sagas: Option<Arc<saga::Engine>>,
    /// What it does unasked; started by the process, awaited at drain.
    pub background: Vec<Background>,
}
