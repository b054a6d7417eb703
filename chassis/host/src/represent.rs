//! How resources look on the wire: links, lists, entity tags.

use std::{
    collections::BTreeMap,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, Responder, ResponseError,
    dev::Payload,
    http::{
        Method, StatusCode,
        header::{
            ContentType, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH,
            LOCATION,
        },
    },
};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{Code, Page, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Paging, Problem};

/// Tells that nothing was done for this answer, because it was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Link {
    /// A path on this host.
    pub href: String,
    /// The method, when following the link is not a GET.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

/// `_links`: the resource itself, what it is related to, and the actions that are allowed now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Links(pub BTreeMap<String, Link>);

impl Links {
    /// The links of the resource at `href`.
    pub fn of(href: impl Into<String>) -> Self {
        Self::default().to("self", href)
    }

    /// Adds something related that can be read.
    #[must_use]
    pub fn to(mut self, relation: &str, href: impl Into<String>) -> Self {
        self.0.insert(relation.to_owned(), Link { href: href.into(), method: None });
        self
    }

    /// Adds an action, if it is allowed now.
    #[must_use]
    pub fn action(
        mut self,
        allowed: bool,
        relation: &str,
        method: Method,
        href: impl Into<String>,
    ) -> Self {
        if allowed {
            let method = Some(method.to_string());
            self.0.insert(relation.to_owned(), Link { href: href.into(), method });
        }
        self
    }
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Listing<T> {
    /// In the order of the list.
    pub items: Vec<T>,
    /// Send it as `cursor` to read on; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// `self`.
    #[serde(rename = "_links")]
    pub links: Links,
}

impl<T> Listing<T> {
    /// The answer to `paging`.
    pub fn new(paging: &Paging, page: Page<T>) -> Self {
        Self {
            items: page.items,
            next_cursor: page.next.map(|next| paging.cursor(&next)),
            links: Links::of(paging.path()),
        }
    }
}

/// A representation on its way out: status, body, entity tag, location.
///
/// The answer to a GET has an entity tag: of the version, where one is given, else of what it says. When
/// `If-None-Match` names it, the answer is 304 without a body.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    status: StatusCode,
    body: T,
    tag: Tag,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Where the entity tag of an answer comes from.
#[derive(Clone, Copy, Debug)]
enum Tag {
    Content,
    Version(Version),
}

impl<T> Answer<T> {
    /// 200 with `body`.
    pub fn ok(body: T) -> Self {
        Self { status: StatusCode::OK, body, tag: Tag::Content, headers: Vec::new() }
    }

    /// 201: `body` now lives at `location`.
    pub fn created(location: &str, body: T) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }.with(LOCATION, location)
    }

    /// 202: it is being worked on.
    pub fn accepted(body: T) -> Self {
        Self { status: StatusCode::ACCEPTED, ..Self::ok(body) }
    }

    /// Tags the representation with the version of the aggregate, on every method.
    #[must_use]
    pub fn version(mut self, version: Version) -> Self {
        self.tag = Tag::Version(version);
        self
    }

    /// Says `Idempotent-Replayed: true` when the answer was given before.
    #[must_use]
    pub fn replayed(self, replayed: bool) -> Self {
        if replayed { self.with(REPLAYED, "true") } else { self }
    }

    /// Adds a header. A value that cannot be one is left out and logged.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => self.headers.push((name, value)),
            Err(_) => tracing::error!(header = %name, "a value cannot be a header"),
        }
        self
    }
}

impl<T: Serialize> Responder for Answer<T> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let body = match serde_json::to_vec(&self.body) {
            Ok(body) => body,
            Err(cause) => return Problem::of(Code::Internal, cause.to_string()).error_response(),
        };
        let readable = matches!(*request.method(), Method::GET | Method::HEAD);
        let tagged = self.headers.iter().any(|(name, _)| name == ETAG);
        let tag = match self.tag {
            Tag::Version(version) => Some(etag(version)),
            Tag::Content if readable && !tagged => Some(digest_tag(&body)),
            Tag::Content => None,
        };
        let known = tag.as_deref().is_some_and(|tag| none_match(request.headers(), tag));
        let mut response = match readable && known {
            true => HttpResponse::NotModified(),
            false => HttpResponse::build(self.status),
        };
        for header in self.headers {
            response.insert_header(header);
        }
        if let Some(tag) = tag {
            response.insert_header((ETAG, tag));
        }
        if readable && known {
            return response.finish();
        }
        response.content_type(ContentType::json()).body(body)
    }
}

/// The entity tag of an aggregate at `version`.
pub fn etag(version: Version) -> String {
    format!("\"{version}\"")
}

/// The entity tag of a representation by what it says: 96 bits of its SHA-256.
fn digest_tag(body: &[u8]) -> String {
    let digest = digest(&SHA256, body);
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest.as_ref()[..12]))
}

/// Whether `If-None-Match` names `tag`. The comparison is weak (RFC 9110, 13.1.2).
fn none_match(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|given| given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag)
}

/// The version a change is based on, from `If-Match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(Expected);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Unsaid,
    Foreign,
    Version(Version),
}

impl IfMatch {
    /// The version that must still be the current one.
    ///
    /// # Errors
    /// 428 without `If-Match` (or with `*`, which says nothing), 412 when it is not a tag of ours.
    pub fn version(self) -> Result<Version, Problem> {
        match self.0 {
            Expected::Version(version) => Ok(version),
            Expected::Foreign => Err(Problem::of(
                Code::PreconditionFailed,
                "If-Match names no version of this resource",
            )),
            Expected::Unsaid => {
                let detail = "send If-Match with the ETag of the version that you have read";
                Err(Problem::of(Code::PreconditionRequired, detail))
            }
        }
    }

    /// The version that must still be the current one, if the client said one.
    ///
    /// # Errors
    /// 412 when what it said is not a tag of ours.
    pub fn if_said(self) -> Result<Option<Version>, Problem> {
        match self.0 {
            Expected::Unsaid => Ok(None),
            _ => self.version().map(Some),
        }
    }

    /// The refusal of a change that is based on another version than `current`.
    pub fn stale(current: Version) -> Problem {
        let detail = "the resource has changed since it was read: read it again";
        Problem::of(Code::PreconditionFailed, detail).member("current_version", current.0)
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let value = request.headers().get(IF_MATCH);
        let expected = match value.map(|value| value.to_str().unwrap_or_default().trim()) {
            None | Some("*") => Expected::Unsaid,
            Some(tag) => {
                let number = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
                let version = number.and_then(|number| number.parse().ok());
                version.map_or(Expected::Foreign, |version| Expected::Version(Version(version)))
            }
        };
        ready(Ok(Self(expected)))
    }
}
